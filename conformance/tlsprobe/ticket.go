package tlsprobe

import (
	"fmt"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// keptTickets bounds how many tickets of a connection State keeps; it counts all.
const keptTickets = 8

// Ticket is a session ticket that a server sent, with the secret that goes with
// it. It can be offered in the Config of one or more later connections.
type Ticket struct {
	// Identity is the ticket itself, opaque to the client.
	Identity []byte
	// Lifetime is what the server promised, in seconds on the wire.
	Lifetime time.Duration
	// CipherSuite is that of the connection that brought the ticket; the hash of
	// a connection that resumes must be the same.
	CipherSuite CipherSuite
	// EarlyData is how many bytes of early data the server allows with it; 0 for none.
	EarlyData uint32
	// Received is when the ticket came.
	Received time.Time

	ageAdd uint32
	secret []byte
	suite  *suite
}

// String leaves the secret out.
func (t *Ticket) String() string {
	return fmt.Sprintf("ticket of %d bytes for %s, valid %s", len(t.Identity), t.CipherSuite, t.Lifetime)
}

// GoString leaves the secret out.
func (t *Ticket) GoString() string { return t.String() }

// newTicket derives the secret of a ticket ("New Session Ticket Message").
func newTicket(m *newSessionTicket, s *suite, resumption []byte, now time.Time) *Ticket {
	return &Ticket{
		Identity:    m.ticket,
		Lifetime:    time.Duration(m.lifetime) * time.Second,
		CipherSuite: s.id,
		EarlyData:   m.earlyData,
		Received:    now,
		ageAdd:      m.ageAdd,
		secret:      s.expandLabel(resumption, "resumption", m.nonce, s.hashLen()),
		suite:       s,
	}
}

// extension is pre_shared_key with this ticket and room for its binder.
func (t *Ticket) extension() Extension {
	age := uint32(time.Since(t.Received).Milliseconds()) + t.ageAdd
	var b cryptobyte.Builder
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) {
		addOpaque16(b, t.Identity)
		b.AddUint32(age)
	})
	b.AddUint16LengthPrefixed(func(b *cryptobyte.Builder) { addOpaque8(b, make([]byte, t.suite.hashLen())) })
	return Extension{ExtPreSharedKey, b.BytesOrPanic()}
}

// bind writes the binder into the end of a ClientHello ("PSK Binder"); prefix is
// what the transcript holds before it.
func (t *Ticket) bind(hello, prefix []byte) {
	n := t.suite.hashLen()
	list := len(hello) - n - 3
	k := newSchedule(t.suite, t.secret)
	binderKey := k.deriveEmpty("res binder")
	k.transcript.Write(prefix)
	k.transcript.Write(hello[:list])
	copy(hello[len(hello)-n:], k.finished(binderKey, k.sum()))
}

// longestIdentity is what fits pre_shared_key, whose list of identities has a
// length of two bytes: a server can send a ticket that no client can offer.
const longestIdentity = 1<<16 - 1 - 2 - 4

// usable says why a ticket cannot be offered; a Ticket that no connection made
// has no secret.
func (t *Ticket) usable() error {
	if len(t.Identity) > longestIdentity {
		return fmt.Errorf("%w: a ticket of %d bytes, at most %d fit a hello", ErrConfig, len(t.Identity), longestIdentity)
	}
	if t.suite == nil || len(t.Identity) == 0 {
		return fmt.Errorf("%w: a ticket that no connection of this package brought", ErrConfig)
	}
	return nil
}
