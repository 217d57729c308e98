package relay

import (
	"sync"
	"sync/atomic"

	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Session is one connection after its handshake.
type Session struct {
	relay *Relay
	conn  *transport.Conn
	out   *outbox
	count *counts
	// writeErr is why writing failed. It is the writer's, and afterwards that of the reader.
	writeErr error

	version  uint16              // of a forwarded command; 0 for the agreed one
	proxying chan struct{}       // has an element for each PRXY and PFWD under way; nil before the first one
	asked    map[string]struct{} // the destinations of PRXY; guarded by destinations.mu
	lookups  atomic.Int64        // RSLV under way, those in forwarded commands too
	beside   sync.WaitGroup
	forward  *forwarding // for the session of a forwarded command; nil otherwise

	block     sync.Mutex // is held while a block is executed
	verifier  smp.Verifier
	service   *service // nil for an ordinary client
	mu        sync.Mutex
	queues    map[*Queue]struct{} // those that the session is subscribed to or uses GET with
	postponed []*Queue            // those whose message waits for the end of a block, or for room
	// collected is what SUBS of this block wants, collecting what the writer is
	// at; nil for nothing.
	collected, collecting *collection
}

// newSession starts the session of a connection. It fails if the connection is
// that of a service that cannot be known any more.
func newSession(r *Relay, conn *transport.Conn) (*Session, error) {
	service, err := r.services.join(conn.Service())
	if err != nil {
		return nil, err
	}
	s := &Session{
		relay:    r,
		conn:     conn,
		verifier: verifier(conn),
		service:  service,
		count:    r.counters.share(),
	}
	s.out = newOutbox(r.config.MaxOutput, func() { r.workers.do(s.write) })
	return s, nil
}

// agreedKeys is for how many keys of senders a connection remembers what was agreed.
const agreedKeys = 32

// verifier verifies what comes from a connection.
func verifier(conn *transport.Conn) smp.Verifier {
	v := smp.Verifier{
		SessionID: conn.SessionID(), SessionKey: conn.SessionKey(), Agreed: smp.NewAgreements(agreedKeys),
	}
	if s := conn.Service(); s != nil {
		v.Service = &smp.ServicePeer{ID: s.ID, CertFingerprint: s.Fingerprint, Key: s.Key}
	}
	return v
}

// Relay is the relay that serves the session.
func (s *Session) Relay() *Relay { return s.relay }

// Conn is the connection with what was agreed in the handshake. Reading from
// it and writing to it is for the stages Read and Write only.
func (s *Session) Conn() *transport.Conn { return s.conn }

// Forwarded reports whether the session is that of a command which came through a
// proxy: it has the connection of the proxy and lasts as long as the command.
func (s *Session) Forwarded() bool { return s.forward != nil }

// Version is the agreed version of SMP. While a forwarded command is executed it
// is the version of that command, which the client of the proxy chose.
func (s *Session) Version() uint16 {
	if s.version != 0 {
		return s.version
	}
	return s.conn.Version()
}

// Send puts outputs into the session's queue and never blocks. The writer is
// told about them by Flush. A session whose queue is over its limit is closed.
func (s *Session) Send(outs ...Output) {
	if err := s.out.put(outs...); err != nil {
		s.relay.log.Warn("connection closed", "reason", err.Error())
		s.Close()
	}
}

// Flush makes the writer send what was put into the queue.
func (s *Session) Flush() { s.out.signal() }

// Close ends the session at once; what waits to be sent is lost. It may be
// called at any time and from anywhere, and more than once.
func (s *Session) Close() {
	s.out.close()
	// The connection is of no more use, whatever closing it says.
	_ = s.conn.Abort()
}

// remember and forget keep the set of queues that know the session. They are
// called with the lock of the queue held.

func (s *Session) remember(q *Queue) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.queues == nil {
		s.queues = make(map[*Queue]struct{})
	}
	s.queues[q] = struct{}{}
}

func (s *Session) forget(q *Queue) {
	s.mu.Lock()
	delete(s.queues, q)
	s.mu.Unlock()
}

// leaveAll ends all subscriptions of a session that executes nothing any more.
func (s *Session) leaveAll() {
	if s.service != nil {
		s.service.leave(s)
		// Until no change of a queue that makes it belong to the service is on
		// its way, the service must not be forgotten.
		defer s.relay.services.leave(s.service)
	}
	s.mu.Lock()
	queues := s.queues
	s.queues, s.postponed, s.collected, s.collecting = nil, nil, nil, nil
	s.mu.Unlock()
	for q := range queues {
		s.relay.lock(q)
		s.relay.stages.Leave(s, q)
		q.mu.Unlock()
	}
}

// postpone notes that a message of q waits. It is called with the lock of the
// queue held, and at most once for a queue until takePostponed.
func (s *Session) postpone(q *Queue) {
	s.mu.Lock()
	s.postponed = append(s.postponed, q)
	s.mu.Unlock()
}

func (s *Session) takePostponed() []*Queue {
	s.mu.Lock()
	defer s.mu.Unlock()
	queues := s.postponed
	s.postponed = nil
	return queues
}
