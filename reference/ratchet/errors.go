package ratchet

import "errors"

// Errors of the package. Callers match them with errors.Is.
var (
	// ErrVersion: the end-to-end version is not one of those supported.
	ErrVersion = errors.New("unsupported end-to-end version")
	// ErrParameters: X3DH parameters hold a key of another algorithm or size,
	// or KEM parameters where their version has none.
	ErrParameters = errors.New("malformed ratchet parameters")
	// ErrKEMSize: a KEM key or ciphertext has another length than those of
	// sntrup761. ErrParameters is in the chain too.
	ErrKEMSize = errors.New("wrong length of KEM parameters")
	// ErrKEMTag: KEM parameters start with neither 'P' nor 'A'.
	ErrKEMTag = errors.New("KEM parameters are neither proposed nor accepted")
	// ErrKEMState: KEM parameters came that the state before does not allow,
	// such as a ciphertext for a key that was never sent.
	ErrKEMState = errors.New("KEM parameters do not fit the state of the key encapsulation")

	// ErrEncoding: the bytes are not a ratchet message, or its decrypted
	// header is none.
	ErrEncoding = errors.New("malformed ratchet message")
	// ErrHeader: no header key opens the header of the message. It belongs to
	// another ratchet, was changed, or came twice.
	ErrHeader = errors.New("no key opens the header of the message")
	// ErrBody: the header is authentic and the body is not.
	ErrBody = errors.New("body of the message fails to authenticate")
	// ErrDuplicate: the message is the one received last.
	ErrDuplicate = errors.New("duplicate message")
	// ErrEarlier: the message is earlier than the one received last and its
	// key is no longer there.
	ErrEarlier = errors.New("message earlier than expected")
	// ErrTooManySkipped: the message is more than MaxSkip ahead.
	ErrTooManySkipped = errors.New("too many skipped messages")
	// ErrNoSendingChain: the initiating side cannot send before it received.
	ErrNoSendingChain = errors.New("nothing was received yet, there is no sending chain")
	// ErrCounter: the 32-bit counter of messages in a chain is used up.
	ErrCounter = errors.New("message counter of the chain is used up")

	// ErrState: a stored state is malformed or contradicts itself.
	ErrState = errors.New("malformed ratchet state")
)

// MessageError is the failure to decrypt a message whose header is authentic:
// the body is not (ErrBody), or its number was already received (ErrDuplicate,
// ErrEarlier) or is too far ahead (ErrTooManySkipped).
//
// Decrypt leaves its state as it was in these cases too, so that the true
// message still decrypts when a changed copy of it came first. The official
// implementation goes on with another state, which counts the message as
// received and keeps a ratchet step; it is given here for comparison.
type MessageError struct {
	Err      error
	Official State
}

// Error returns the text of the cause.
func (e *MessageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *MessageError) Unwrap() error { return e.Err }
