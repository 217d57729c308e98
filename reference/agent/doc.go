// Package agent is an SMP agent: connections between two people, each made of
// two queues on relays that may differ, with all that the layers below leave
// open. It creates and joins connections through 1-time invitations and contact
// addresses, by the standard and by the fast duplex procedure; sends and receives
// numbered messages encrypted by the post-quantum double ratchet; acknowledges
// them to their sender; moves connections to other relays; and negotiates a new
// ratchet when two sides have lost each other.
//
// Everything that matters is in one SQLite file and changes in transactions: an
// Agent may be killed at any point, and the next one goes on where it was. What
// was accepted by Send is sent, in order; what arrived becomes an Event that
// comes again until Agent.Ack. An application that keeps its own tables in the
// same file can write them in the same transactions, and then neither loses a
// message nor has it twice.
//
// One process at a time uses a file. Methods are safe for concurrent use.
//
// Packages below it: message (codecs), network (connections to relays), store
// (the file). Source: agent protocol version 7, and the official agent where the
// document is silent, as comments say.
package agent
