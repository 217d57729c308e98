// Package planted holds relays with faults of the kinds that a fuzzer should find: they
// crash, hang, grow, mix up their state, take what they have to refuse, or answer what is
// outside of the protocol. With them the fuzzer is tried: each has to be found in a
// minute.
//
// A fault is the reference relay with some of its stages replaced; the reference knows
// nothing of it. Unlike those of package conformance/fault, a fault does not break a rule
// for everybody: an ordinary conversation goes on undisturbed, and only something unusual
// shows it, which commands in an unusual order or one changed field can reach.
//
// What a fault remembers of sessions and queues it does not keep alive, so that only those
// about memory grow.
package planted
