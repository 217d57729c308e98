// Package hostile has relays that misbehave, each in one named way, to hold
// clients against: the conformance runner, its probes and the reference client.
// A client passes if it ends within its deadlines, with an error that says what
// came, and with bounded memory.
//
// Some never get as far as TLS, some break it, some break the hello of SMP, and
// some are proper relays until the hello is done. What floods does so only as
// fast as the client reads, and ends with the connection.
package hostile
