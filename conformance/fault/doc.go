// Package fault holds relays that are wrong on purpose, to prove that the suite notices
// what it claims to check.
//
// A Fault is one mistake that an author of a relay could make. It is made by replacing
// stages of the reference relay, or by its configuration; the reference itself knows no
// faults. Each names the requirements that it breaks and the cases that have to report
// them; package mutants tries whether they do. There is one file for each topic, as for
// the cases.
package fault
