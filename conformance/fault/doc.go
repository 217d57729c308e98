// Package fault holds relays that are wrong on purpose, to prove that the suite notices
// what it claims to check.
//
// A Fault is one mistake that an author of a relay could make. It is made by replacing
// stages of the reference relay, or by its configuration; the reference itself knows no
// faults. Each names the requirements that it breaks and the cases that have to report
// them; package mutants tries whether they do.
//
// The faults of a topic are in a package of its own below this one, which exports Faults
// and nothing else; package all brings them together. Here is what a fault is, and what
// several topics replace: functions that return a mistake, ready to be Apply of a Fault,
// and those that look at requests and outputs.
package fault
