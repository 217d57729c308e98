package chat

import "errors"

// Errors of the package. Callers match them with errors.Is; the text that wraps them says
// where, and never repeats what the peer wrote.
var (
	// ErrNotChat: the body has none of the forms of a chat message. A peer that is no chat
	// client may have sent plain text.
	ErrNotChat = errors.New("not a chat message")
	// ErrMalformed: a JSON value is not a chat message, or lacks a field of its event.
	ErrMalformed = errors.New("malformed chat message")
	// ErrCompressed: a zstd frame does not decode, or does not state its content size.
	ErrCompressed = errors.New("malformed compressed chat message")
	// ErrTooLarge: the message does not fit, to be sent or to be decompressed.
	ErrTooLarge = errors.New("chat message too large")
	// ErrDisplayName: the official app does not accept the name of a profile.
	ErrDisplayName = errors.New("invalid display name")
	// ErrText: a text to send is empty or not UTF-8.
	ErrText = errors.New("text is empty or not UTF-8")
)
