// Package client is an SMP client: one connection to one relay, with many
// commands in flight.
//
// Dial connects, New takes a connection whose handshake is done. Every method
// that sends a command is safe for concurrent use and blocks until the relay
// answers, the context ends, the default deadline passes or the connection is
// lost; commands that are queued at the same moment leave in one block. A
// response finds its command by its random correlation id, whatever the order
// in which the relay answers. An answer that breaks the rules is the error of
// its command only; the connection ends when blocks cannot be read any more.
//
// What the relay sends unasked – messages, the end of a subscription, the
// deletion of a queue – comes through Client.Events, in the order of arrival.
// An event that arrived before a response is in the channel when the call that
// waits for the response returns. See Client.Events for its bounds.
//
// Client.Proxy makes a session with another relay through the one that the
// client is connected to, which then sees neither commands nor queues; see
// ProxySession.
//
// The client never reconnects. Done is closed when the connection is lost, Err
// says why, and the values of type Queue can be used with another Client.
//
// Nothing that the relay does can block a call for ever or make the client
// hold more than a fixed amount of memory.
package client
