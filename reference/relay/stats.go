package relay

import (
	"sync/atomic"
	"time"

	"smpcheck/reference/smp"
)

// Stats are totals of a relay. They have nothing about single queues, connections
// or clients.
type Stats struct {
	// Uptime is how long the relay exists.
	Uptime time.Duration
	// Connections are those that are served, Handshakes those of them that are in
	// the handshake.
	Connections, Handshakes int
	// Queues are those that exist, Blocked those of them that the operator has
	// blocked, and Messages what they hold, quota markers included.
	Queues, Blocked, Messages int
	// Destinations are the relays that this one is connected to, or connecting, to
	// forward to them.
	Destinations int
	// Commands counts the commands that came, by their tags, since the start; what
	// came forwarded too, besides its RFWD. Those that never came are missing, and
	// those that were malformed in themselves are among the errors only.
	Commands map[string]uint64
	// Errors counts the errors that were answered, by their first word or, for CMD,
	// PROXY and NAME, words, and those inside of RRES. BLOCKED and AUTH that
	// subscribers are told without asking count too.
	Errors map[string]uint64
	// BytesReceived and BytesSent are those of all blocks, which are what a client
	// and the relay say inside of TLS after the handshake.
	BytesReceived, BytesSent uint64
}

// Stats returns the totals. It looks at every queue, one after the other, and so
// takes some time if there are many.
func (r *Relay) Stats() Stats {
	s := Stats{
		Uptime:        time.Since(r.startedAt),
		Queues:        r.Queues(),
		Commands:      make(map[string]uint64),
		Errors:        make(map[string]uint64),
		BytesReceived: smp.BlockSize * r.counters.total(func(c *counts) *atomic.Uint64 { return &c.blocksIn }),
		BytesSent:     smp.BlockSize * r.counters.total(func(c *counts) *atomic.Uint64 { return &c.blocksOut }),
	}
	r.mu.Lock()
	s.Connections, s.Handshakes = len(r.connections), r.handshakes
	r.mu.Unlock()
	if r.destinations != nil {
		s.Destinations = r.destinations.len()
	}
	for i, tag := range commandTags {
		if n := r.counters.total(func(c *counts) *atomic.Uint64 { return &c.commands[i] }); n > 0 {
			s.Commands[tag] = n
		}
	}
	for i, kind := range errorKinds {
		if n := r.counters.total(func(c *counts) *atomic.Uint64 { return &c.errors[i] }); n > 0 {
			s.Errors[kind.String()] = n
		}
	}
	for _, q := range r.store.all() {
		q.mu.Lock()
		s.Messages += q.mailbox.Len()
		if q.record.Blocked() && !q.deleted {
			s.Blocked++
		}
		q.mu.Unlock()
	}
	return s
}
