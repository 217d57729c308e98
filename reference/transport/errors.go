package transport

import (
	"errors"
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

// Errors that say more about one of the above, in whose chain they are.
var (
	// ErrRole: a service role is none of M, N and P.
	ErrRole = errors.New("unknown service role")
	// ErrResponseTag: the relay's answer to a service starts with neither R nor E.
	ErrResponseTag = errors.New("tag is neither R nor E")
	// ErrErrorName: the relay's answer to a service has an error that does not exist.
	ErrErrorName = errors.New("unknown transport error")
	// ErrOtherCertificates: a service shows other certificates in its hello than in TLS.
	ErrOtherCertificates = errors.New("service has other certificates in the hello than in TLS")
	// ErrServiceRefused: the relay does not accept the service. What the relay answered
	// is in the chain too.
	ErrServiceRefused = errors.New("relay refused the service")
)

var wireErrors = []Error{
	ErrBlock, ErrVersion, ErrLargeMessage, ErrSessionID, ErrNoAuth,
	ErrHandshakeParse, ErrIdentity, ErrBadAuth, ErrBadService,
}

// Error is the name of the error with a word in front.
func (e Error) Error() string { return "transport error " + string(e) }

// Known reports whether e is one of the errors of the transport.
func (e Error) Known() bool { return slices.Contains(wireErrors, e) }

// parseError decodes the name of an error at the start of text. As in the
// official implementation a space ends it, and so text after a space is
// ignored.
func parseError(text []byte) (Error, error) {
	words := strings.SplitN(string(text), " ", 3)
	name := words[0]
	if name == "HANDSHAKE" && len(words) > 1 {
		name += " " + words[1]
	}
	if e := Error(name); e.Known() {
		return e, nil
	}
	return "", wrap(ErrHandshakeParse, ErrErrorName)
}

// wrap puts the cause of an Error into its chain.
func wrap(e Error, cause error) error { return fmt.Errorf("%w: %w", e, cause) }
