// Package ratchet holds the end-to-end layer of the SimpleX agent protocol: the
// X3DH key agreement over X448 and the double ratchet with encrypted headers,
// augmented with the key encapsulation mechanism sntrup761 (PQDR).
//
// The way of a connection: the initiating side makes PrivateParameters with
// Propose and publishes them as an Offer. The joining side agrees on a version,
// answers with Reply and has a State from InitSender; it sends first. The
// initiating side gets a State from InitReceiver when the answer comes.
//
// A State is a value. Encrypt and Decrypt return the next one and leave the
// old one as it was, so that a caller stores the next state before it sends
// what depends on it, and drops it when anything fails. New keys come from a
// Keys source, which a test may script.
//
// The package is a reference to check others against. Its KEM is constant-time
// where package sntrup761 is; nothing in it wipes memory.
//
// Sources: PQDR (pqdr.md), "Double ratchet with encrypted headers augmented
// with double PQ KEM" and "Ratchet message wire format"; agent protocol,
// "End-to-end encryption". Neither text defines the key derivations, the
// associated data or the encoding of the parameters; these follow the official
// implementation and its known answers.
package ratchet
