// Package probe is the hand of the conformance cases: one connection to the
// relay under test whose every byte the case decides, and words for what the
// rules of the protocol talk about – queues, answers, deliveries.
//
// A case distinguishes what it needs from what it tests. Methods named Require…
// and the setup methods (Dial, NewQueue, Secure, …) end the case with the
// verdict skip, "blocked", when the relay does not do what the case builds on:
// another case tests that. Methods named Expect… end it with fail. So a relay is
// only reported for the rule that it breaks.
//
// A connection reads only when a case waits for something, in the goroutine of
// the case. What arrives meanwhile stays in order in the inbox.
package probe
