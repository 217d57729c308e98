package relay

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// reasons are what a log may say about an error. The text of an error itself is
// not logged: that of a network error has addresses, that of a handshake has
// fingerprints.
var reasons = []struct {
	err  error
	text string
}{
	{errLimit, "limit of connections reached"},
	{errOverflow, "output limit reached"},
	{errDuplicate, "ids are taken"},
	{errForbidden, "address that the relay may not connect to"},
	{os.ErrDeadlineExceeded, "deadline exceeded"},
	{context.DeadlineExceeded, "deadline exceeded"},
	{io.ErrUnexpectedEOF, "connection ended inside a block"},
	{io.EOF, "connection ended"},
	{net.ErrClosed, "connection closed"},
	{keys.ErrLowOrder, "key of low order"},
	{transport.ErrIdentity, "client expects another relay"},
	{transport.ErrVersion, "no version in common"},
	{transport.ErrHandshakeParse, "malformed hello"},
	{transport.ErrBadAuth, "bad credentials in the handshake"},
	{transport.ErrBadService, "service refused"},
	{transport.ErrTLS, "TLS settings not allowed"},
}

// reason says in general words why something failed.
func reason(err error) string {
	for _, r := range reasons {
		if errors.Is(err, r.err) {
			return r.text
		}
	}
	return "network or TLS failure"
}
