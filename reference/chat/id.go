package chat

import (
	"encoding/base64"
	"fmt"
	"io"
)

// Sizes of the identifiers that clients choose, in bytes. An identifier of a peer may have
// any size but zero.
const (
	MessageIDSize = 12
	RequestIDSize = 16
)

// ID is the identifier of a message, which updates refer to, or of a contact request, with
// which repeated requests are recognised. It holds the bytes; String has the text. The
// empty ID stands for none.
type ID string

// String returns the ID as it stands in JSON: base64url with padding.
func (id ID) String() string { return base64.URLEncoding.EncodeToString([]byte(id)) }

// NewMessageID returns MessageIDSize bytes from rand.
func NewMessageID(rand io.Reader) (ID, error) { return newID(rand, MessageIDSize) }

// NewRequestID returns RequestIDSize bytes from rand.
func NewRequestID(rand io.Reader) (ID, error) { return newID(rand, RequestIDSize) }

func newID(rand io.Reader, n int) (ID, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand, b); err != nil {
		return "", fmt.Errorf("random identifier: %w", err)
	}
	return ID(b), nil
}

// parseID reads canonical, padded base64url of at least one byte. Line ends, which the
// standard decoder skips, are refused.
func parseID(text string) (ID, error) {
	b, err := base64.URLEncoding.DecodeString(text)
	if err != nil || len(b) == 0 || ID(b).String() != text {
		return "", fmt.Errorf("%w: identifier is not base64url", ErrMalformed)
	}
	return ID(b), nil
}
