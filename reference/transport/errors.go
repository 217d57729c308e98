package transport

import (
	"fmt"
	"slices"
	"strings"
)

// Error is an error of the transport, with the name that the official
// implementation gives it in the handshake and in protocol errors.
type Error string

// The errors of the transport.
const (
	// ErrBlock: a block has the wrong size.
	ErrBlock Error = "BLOCK"
	// ErrVersion: there is no version in common, or the client chose another
	// than those offered.
	ErrVersion Error = "VERSION"
	// ErrLargeMessage: a content does not fit a block. Also a received block
	// that does not decrypt, or whose length prefix is too large.
	ErrLargeMessage Error = "LARGE_MSG"
	// ErrSessionID: the relay's hello has another session identifier than the
	// connection.
	ErrSessionID Error = "SESSION"
	// ErrNoAuth: the relay sent no session key although one is needed.
	ErrNoAuth Error = "NO_AUTH"
	// ErrHandshakeParse: a hello cannot be parsed.
	ErrHandshakeParse Error = "HANDSHAKE PARSE"
	// ErrIdentity: the key hash in the client's hello is not that of the relay.
	ErrIdentity Error = "HANDSHAKE IDENTITY"
	// ErrBadAuth: certificates or signature of a session key are wrong.
	ErrBadAuth Error = "HANDSHAKE BAD_AUTH"
	// ErrBadService: the relay does not accept the service.
	ErrBadService Error = "HANDSHAKE BAD_SERVICE"
)

var wireErrors = []Error{
	ErrBlock, ErrVersion, ErrLargeMessage, ErrSessionID, ErrNoAuth,
	ErrHandshakeParse, ErrIdentity, ErrBadAuth, ErrBadService,
}

// Error is the name of the error with a word in front.
func (e Error) Error() string { return "transport error " + string(e) }

// parseError decodes the name of an error at the start of text. As in the
// official implementation a space ends it, and so text after a space is
// ignored.
func parseError(text []byte) (Error, error) {
	words := strings.SplitN(string(text), " ", 3)
	name := words[0]
	if name == "HANDSHAKE" && len(words) > 1 {
		name += " " + words[1]
	}
	if e := Error(name); slices.Contains(wireErrors, e) {
		return e, nil
	}
	return "", fmt.Errorf("%w: unknown transport error", ErrHandshakeParse)
}

// wrap puts the cause of an Error into its chain.
func wrap(e Error, cause error) error { return fmt.Errorf("%w: %w", e, cause) }
