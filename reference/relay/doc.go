// Package relay is the reference relay of the SimpleX Messaging Protocol: the
// simplex queues, their messages and subscriptions, in memory; with Config.Store
// the records of queues and services, and nothing else, outlive the relay.
//
// The way of a command through the relay is a pipeline: accept, handshake,
// decode, authorise, execute, deliver, encode. Each step is a field of Stages,
// so that another package can replace one of them – the reference itself always
// does what the protocol says.
//
// It serves versions 6 to 20.
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
//   - OFF for a queue that the operator has blocked suspends it and leaves it
//     blocked, so that its recipient cannot undo that.
//
// The answer to SUB is SOK, OK below version 16, and the message that waits
// comes behind it with an empty correlation id, at every version. A
// relay that has as many queues as it may answers NEW like one with a wrong
// password, with AUTH.
//
// # Notifications
//
// A message that is stored and has the flag is announced to the notifier, once,
// whether the recipient has received it or not. What the documents leave open is
// as in the official relay: notifications of a notifier that is not subscribed
// are kept and come after NSUB, in the order of the messages; NKEY replaces the
// credentials that the queue had, id and keys; a session that is subscribed with
// credentials that are deleted or replaced, or whose queue is deleted, gets DELD
// unless it did that itself; OFF changes nothing for the notifier; the commands
// are known at every version. The differences:
//
//   - NMSG is sent at once and comes after the answers to the block with NSUB,
//     not from a task that runs every 1.5 seconds, in which several of them
//     share a block.
//   - Not more than Config.MaxNotifications are kept for a queue, where the
//     official relay keeps all of the last 24 hours.
//   - A queue is deleted with its notifier when it expires.
//
// # Client services
//
// A certificate has one service id and one role, for as long as the relay lives or
// its record does: Config.Store, Services, Config.Services. A queue belongs to the service that
// created it or used SUB last, to none after SUB of an ordinary client; the same
// holds for notifications and NSUB. One connection of a service has everything
// that belongs to it: the one that used SUBS, SUB or NEW last, or NSUBS or NSUB.
// It gets messages of all queues of the service that come from then on, and after
// SUBS those that waited. What the documents leave open is as in the official
// relay 7.0, at every version that has services, with these differences:
//
//   - ENDS is sent at once, and counts all queues of the service, also if the
//     connection that loses them had subscribed to some of them only.
//   - A connection that got ENDS can take everything back with SUBS.
//   - A service whose role does not allow a command is told so whether the queue
//     exists or not.
//
// # Store
//
// With Config.Store a command that changes what is stored is answered when the
// change is durable. Until then nobody sees it: commands for the same queue wait,
// those for other queues do not. Changes of all connections that come while the
// store is busy are one commit. If it fails they are undone, and each of the
// commands is answered with ERR INTERNAL; everything that needs no change goes on.
// What ends something that others have, a deletion, another notifier, SUB and NSUB
// that give a queue to another service or to none, comes with the commit, and so do
// END and DELD. A service gets its id when its record is durable.
//
// A restart forgets messages, notifications, subscriptions and the times of use:
// a recipient finds an empty queue, with its notifier and its service, and QueueTTL
// begins anew. The day of a suspension is kept. SEND
// is answered without the store, so that a crash can bring back a link that the
// first message of its sender has deleted; the next message deletes it again.
//
// # Forwarding
//
// Every relay is a destination: it takes RFWD on every connection with a session
// key of both sides, and executes what is inside like any other command, in the
// form and with the limits of the version that the client chose. A command that a
// proxy sends again in the same session, by the key of its client, is CRYPTO, as if
// it did not decrypt: the official relay executes it again. With Config.Proxy it is a proxy as well. The
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
// # Names
//
// With Config.Names the relay answers RSLV from a resolver, otherwise with NAME
// NO_RESOLVER; below version 20 it is CMD UNKNOWN, also inside of RFWD, while the
// official relay 7.0 knows it at every version. Lookups run beside all other
// commands, and above their limits are answered with NAME RESOLVER at once, where
// the official relay lets the connection wait. A record that RNAME must not carry,
// because a field has not the form of the document or the whole is too long, is
// NAME RESOLVER too.
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
