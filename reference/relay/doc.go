// Package relay is the reference relay of the SimpleX Messaging Protocol: the
// simplex queues, their messages and subscriptions, in memory only.
//
// The way of a command through the relay is a pipeline: accept, handshake,
// decode, authorise, execute, deliver, encode. Each step is a field of Stages,
// so that another package can replace one of them – the reference itself always
// does what the protocol says.
//
// It serves versions 6 to 20. Commands for notifications, short links,
// forwarding, services and names are decoded and refused: see Execute in
// Stages for what each of them is answered.
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
// Link data in NEW is refused with CMD PROHIBITED, and no queue is made: a
// queue without its link would be of no use to the client.
package relay
