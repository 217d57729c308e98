// Package conformance runs black-box checks against an implementation of the SimpleX
// Messaging Protocol and tells, for each rule, whether it is kept.
//
// A Case tests one or more requirements of package spec. A Registry holds the cases
// and refuses those that contradict themselves or the catalogue. A Runner executes
// them against a target, each at every protocol version that the rule and the target
// share, and returns one Result for each case, in the order of registration whatever
// ran in parallel. One seed reproduces every random choice of a run.
//
// A case ends with a verdict. A violated rule is never mixed up with a broken
// connection: the former is "fail" or "nonstrict" by the level of the case, the latter
// is "error".
package conformance
