package message

import "errors"

// Errors of the decoders, of which one is in the chain of every error. What is wrong
// inside is in the chain too: the errors of packages wire, keys, ratchet and link, and of
// fields in package smp (ErrUnknownTag, ErrEmptyList, ErrKeyAlgorithm).
var (
	// ErrEnvelope: the body of the SMP client message is malformed.
	ErrEnvelope = errors.New("malformed agent envelope")
	// ErrMessage: what the ratchet decrypted is malformed.
	ErrMessage = errors.New("malformed agent message")
)

// ErrNoContent: a structure to encode holds nil where a message has to be.
var ErrNoContent = errors.New("nothing to encode")
