// Package network keeps the connections of an agent to its relays. It knows
// relays, queues and commands, and nothing of what is sent.
//
// A Network has one client.Client for each relay, made when it is first needed
// and shared by all queues. Queues that are watched are subscribed to whenever
// there is a connection: when one is lost the Network connects again, waiting
// longer each time, and subscribes again. A relay with no watched queue and no
// command is disconnected after a while.
//
// What relays deliver comes as events, in the order of arrival for each relay.
// The reader of the events may be slow, and may wait for commands in between:
// commands never wait for it, and what waits for it is bounded by the number of
// watched queues, see Network.Events.
//
// A command fails when it cannot be done now; trying it again is for the caller,
// whom Temporary tells whether that can help. Every error of a command is an
// *Error, whose text is one sentence that can be shown to a person: it names the
// relay, and holds no ids and no secrets.
//
// Senders' commands go to the relay of the queue directly, or through a relay
// that is asked to forward them, see Config.Proxies.
package network
