// Package mutants tries whether the suite notices relays that are wrong on purpose.
//
// For each fault it starts the reference relay with the fault and runs the cases that the
// fault names: at the highest version of both, and if a case notices nothing there, at
// the lowest. A fault is killed if each of its cases reports a violation of a requirement
// that the fault breaks. A case that reports another one, or an error, does not count.
// What could not be judged is tried once more, alone and with more patience.
// A relay without a usable hello, which ends an ordinary run with an error before any
// case, is tried by its cases all the same.
package mutants
