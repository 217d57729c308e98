// Package relay is the reference relay of the SimpleX Messaging Protocol: the
// simplex queues, their messages and subscriptions, in memory; with Config.Store
// the records of queues, and nothing else, outlive the relay.
//
// The way of a command through the relay is a pipeline: accept, handshake,
// decode, authorise, execute, deliver, encode. Each step is a field of Stages,
// so that another package can replace one of them – the reference itself always
// does what the protocol says.
//
// It serves versions 6 to 20. Commands for notifications, services and names are
// decoded and refused: see Execute in Stages for what each of them is answered.
//
// # Where the documents leave a choice
//
// The relay does what the official one does, with these differences:
//
//   - END and DELD are sent at once, not by a periodic task.
//   - A SEND with an authorization to a queue that is not secured costs a
//     verification, as every other ERR AUTH does.
//   - A service signature outside of a service session is refused before the
//     queue is looked up, so that the answer does not tell whether it exists.
//   - A message that is pushed travels in a block of its own, also behind the
//     answer to SUB.
//   - An answer that fits no block, a message under a correlation id that is
//     much too long, becomes ERR LARGE_MSG instead of nothing.
//   - Suspended queues expire, as the document wants.
//
// The answer to SUB is SOK, OK below version 16, and the message that waits
// comes behind it with an empty correlation id, at every version. RSLV is
// answered with NAME NO_RESOLVER at every version too. A relay that has as many
// queues as it may answers NEW like one with a wrong password, with AUTH.
//
// Notifier keys in NEW are ignored: the answer has no notifier credentials,
// which the document allows and from which a client sees that there are none.
//
// # Store
//
// With Config.Store a command that changes what is stored is answered when the
// change is durable. Until then nobody sees it: commands for the same queue wait,
// those for other queues do not. Changes of all connections that come while the
// store is busy are one commit. If it fails they are undone, and each of the
// commands is answered with ERR INTERNAL; everything that needs no change goes on.
//
// A restart forgets messages, subscriptions and the times of use: a recipient finds
// an empty queue, and QueueTTL begins anew. The day of a suspension is kept. SEND
// is answered without the store, so that a crash can bring back a link that the
// first message of its sender has deleted; the next message deletes it again.
//
// # Forwarding
//
// Every relay is a destination: it takes RFWD on every connection with a session
// key of both sides, and executes what is inside like any other command, in the
// form and with the limits of the version that the client chose. It does not
// notice when a proxy repeats one. With Config.Proxy it is a proxy as well. The
// encryptions are those of the official relay: what is padded is the content of
// a block with one transmission, and the nonce of a response is that of its
// command with the bytes reversed, where the document has a bare transmission and
// an increment. Unlike the official proxy
//
//   - a destination that cannot be reached is connected to anew for every PRXY
//     that comes after the failure, not only after 30 seconds;
//   - silence while connecting is PROXY BROKER TIMEOUT, not NETWORK;
//   - a connection that ends while a command is under way is NETWORK at once,
//     not TIMEOUT later;
//   - PRXY for a relay without a version for forwarding, or without session key,
//     leaves no connection behind;
//   - connections that nobody uses are closed, and their number is limited;
//   - the answer of a destination has to be for the command that was sent.
//
// # Short links
//
// Link data are bytes of any size that fits a block; the relay never looks into
// them. Link ids have a space of their own. The sender id of a queue with link
// data in NEW is the one that the client derived from its correlation id, any
// other is CMD PROHIBITED, and if it or the link id is taken the answer is AUTH,
// also when a client repeats its NEW. What the documents leave open is as in the
// official relay 7.0: commands for links are known at every version; LSET sets
// the link of any queue but a secured messaging queue, and changes neither link
// id nor fixed data; the first SEND to a messaging queue that has a sender key
// deletes its link, after which LKEY is AUTH also with this key. Unlike there
// the link id of a deleted queue is free again.
package relay
