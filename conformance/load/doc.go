// Package load puts load on a relay and measures how it bears it: messages a second,
// latencies, errors, and what the relay's process spends.
//
// The unit of load is the message cycle: SEND, the MSG that follows from it, and its
// ACK, as recipients and senders of the protocol do it over connections of their own.
// Every message has a body of its own that is compared when it arrives, so that a relay
// cannot be fast by losing, repeating or mixing up messages.
//
// In a closed loop each queue has one cycle in flight and begins the next when it ends.
// In an open loop cycles begin at times that are fixed beforehand, and latencies count
// from these times: if the relay stalls, everything that should have begun meanwhile
// shows the stall.
//
// Run is bounded in connections, queues, memory and time; see Options.
package load
