package tlsprobe

import (
	"crypto/rand"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
)

// Tickets are the sessions that servers can resume. The zero value is ready for use by
// any number of servers.
type Tickets struct {
	// Refuse makes the server hand out tickets and resume nothing.
	Refuse bool
	// EarlyData is how many bytes of early data tickets allow; 0 for none. The server
	// takes none all the same.
	EarlyData uint32

	mu   sync.Mutex
	kept map[string]*Ticket
}

const ticketLifetime = time.Hour

// find returns the ticket that a client offers, nil if it cannot be resumed.
func (t *Tickets) find(identity []byte, s CipherSuite) *Ticket {
	if t == nil || t.Refuse {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	ticket := t.kept[string(identity)]
	if ticket == nil || ticket.CipherSuite != s {
		return nil
	}
	return ticket
}

func (t *Tickets) keep(ticket *Ticket) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kept == nil {
		t.kept = make(map[string]*Ticket)
	}
	t.kept[string(ticket.Identity)] = ticket
}

// sendTicket gives a ticket to a client that can use one.
func (hs *serverHandshake) sendTicket() error {
	if hs.server.Tickets == nil || !hs.offer.pskModes {
		return nil
	}
	m := &newSessionTicket{lifetime: uint32(ticketLifetime / time.Second), nonce: []byte{0}, ticket: make([]byte, 32)}
	rand.Read(m.ticket)
	hs.server.Tickets.keep(newTicket(m, hs.suite, hs.resumption, time.Now()))
	var extensions []Extension
	if limit := hs.server.Tickets.EarlyData; limit > 0 {
		var b cryptobyte.Builder
		b.AddUint32(limit)
		extensions = append(extensions, Extension{ExtEarlyData, b.BytesOrPanic()})
	}
	msg, err := message(msgNewSessionTicket, func(b *cryptobyte.Builder) {
		b.AddUint32(m.lifetime)
		b.AddUint32(m.ageAdd)
		addOpaque8(b, m.nonce)
		addOpaque16(b, m.ticket)
		addExtensions(b, extensions)
	})
	if err != nil {
		return err
	}
	hs.out.mu.Lock()
	defer hs.out.mu.Unlock()
	hs.queue(ContentHandshake, msg)
	return hs.flush()
}
