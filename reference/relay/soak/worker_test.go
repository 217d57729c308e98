package soak_test

import (
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// patience is how long a connection waits for an answer.
const patience = time.Minute

// worker is one connection after the other, each of which does random things.
type worker struct {
	m      *model
	site   *site
	number int
	latest bool // connects at the latest version
	rng    *mathrand.Rand
	*session
}

// session is what one connection knows.
type session struct {
	id      int64
	conn    *transport.Conn
	leg     *leg
	service *service // nil for an ordinary client
	sent    int64    // messages
	fresh   int64    // when the newest command that is answered was written
	ops     map[string]*op
	uses    map[string]*use // by the ids of topics: what was asked for or came
	written [][]byte        // transmissions for the next blocks
	// rounds are when the first answer of each round of commands was read.
	rounds []int64
	serviceUse
}

// op is a command that waits for its answer.
type op struct {
	span
	command smp.Command
	queue   *queue
	changes *span     // what the command changes, in the model
	topic   *topic    // of SUB and NSUB
	made    *notifier // of NKEY and NEW
	message *message  // of SEND, and what ACK acknowledges
	waiting int       // of SEND: messages that the queue had taken before
	ids     smp.IDS   // the answer to NEW
	before  map[*queue]int

	use       *use // of ACK
	heldSince int64
}

// use is a topic from which the connection receives.
type use struct {
	*topic
	since      int64 // when the last SUB or NSUB was written; 0 for none
	active     int64 // when the last one that is answered was written
	answered   int64 // when its answer was read
	began      int64 // when the last command that made the connection the subscriber was written
	round      int   // the one after it
	asking     int   // those that are not answered
	subscribed bool
	got        bool     // GET was used
	came       bool     // a message
	held       []byte   // the id of the message that is not acknowledged
	heldSince  int64    // active, when it came
	message    *message // nil for a quota marker
}

func (w *worker) connect(ctx context.Context) error {
	w.site.gate.RLock()
	l, err := w.site.dial()
	if err != nil {
		w.site.gate.RUnlock()
		return err
	}
	v := w.pickService()
	config := w.site.clientConfig(w.rng)
	if w.latest {
		config.Versions.Max = smp.MaxVersion
	}
	if v != nil {
		config.Versions.Max = max(config.Versions.Max, smp.VersionServices)
		config.Service = &transport.ServiceCredentials{Role: v.role, Credentials: v.credentials}
	}
	conn, err := transport.Client(ctx, l.near, config)
	if err != nil {
		return w.site.refused(l, err)
	}
	w.m.count("connections")
	w.session = &session{
		id: w.m.conns.Add(1), conn: conn, leg: l, service: v,
		ops: map[string]*op{}, uses: map[string]*use{},
	}
	if v != nil {
		w.m.count("connections of services")
		return w.introduce()
	}
	return nil
}

// leave ends the connection with whatever is under way, and waits until the relay is
// done with it.
func (w *worker) leave() {
	// The relay has to cope with any end.
	_ = w.conn.Abort()
	<-w.leg.over
	w.m.mu.Lock()
	now := w.m.tick()
	for _, o := range w.ops {
		w.abandon(o, now)
	}
	for _, u := range w.uses {
		u.attended(w.session, w.fresh)
		u.left = now
	}
	w.leaveService(now)
	w.m.mu.Unlock()
	w.session = nil
	w.site.gate.RUnlock()
}

// abandon ends a command whose answer will never come.
func (w *worker) abandon(o *op, now int64) {
	if o.changes != nil {
		o.changes.answered = now
	}
	if _, ok := o.command.(smp.SEND); ok {
		o.message.span.answered = now
	}
}

// ask puts a command into the next block.
func (w *worker) ask(o *op, key keys.PrivateKey, entity []byte) error {
	t, err := w.transmission(o, key, entity)
	if err != nil {
		return err
	}
	encoded, err := t.Encode(w.conn.Version())
	if err != nil {
		return err
	}
	if o.asked == 0 {
		o.asked = w.m.tick()
	}
	w.ops[string(t.CorrelationID)] = o
	w.written = append(w.written, encoded)
	return nil
}

// transmission is a command with its authorization.
func (w *worker) transmission(o *op, key keys.PrivateKey, entity []byte) (t smp.Transmission, err error) {
	version := w.conn.Version()
	t = smp.Transmission{CorrelationID: make([]byte, smp.CorrelationIDSize), EntityID: entity}
	if c, ok := o.command.(smp.NEW); ok && c.Request != nil && c.Request.Link != nil {
		copy(t.CorrelationID, o.queue.correlationID)
	} else if _, err := rand.Read(t.CorrelationID); err != nil {
		return t, err
	}
	if t.Command, err = smp.EncodeCommand(version, o.command); err != nil {
		return t, err
	}
	if version < smp.VersionAuthenticators {
		t.SessionID = w.conn.SessionID()
	}
	switch o.command.(type) {
	case smp.SUBS, smp.NSUBS:
		return t, t.AuthorizeByService(w.conn.SessionID(), w.serviceCredentials())
	}
	if key.IsZero() {
		return t, nil
	}
	a, err := smp.NewAuthorizer(key, w.conn.PeerKey())
	if err != nil {
		return t, err
	}
	if w.service != nil && smp.UsesServiceSignature(o.command) {
		return t, t.AuthorizeInService(w.conn.SessionID(), a, w.serviceCredentials())
	}
	return t, t.Authorize(w.conn.SessionID(), a)
}

// flush writes what was asked for, in as few blocks as possible.
func (w *worker) flush() error {
	written := w.written
	w.written = nil
	for _, b := range smp.Batch(written, w.conn.MaxContent()) {
		if b.Err != nil {
			return b.Err
		}
		if err := w.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err := w.conn.WriteBlock(b.Content); err != nil {
			return err
		}
	}
	return nil
}

// settle writes what was asked for and reads until everything is answered, and what a
// service has asked for has come.
func (w *worker) settle() error {
	if err := w.flush(); err != nil {
		return err
	}
	round := len(w.rounds)
	for len(w.ops) > 0 || w.collecting {
		if err := w.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		content, err := w.conn.ReadBlock()
		if err != nil {
			return err
		}
		for _, r := range smp.DecodeResponses(w.conn.Version(), w.conn.SessionID(), content) {
			if r.Err != nil {
				return r.Err
			}
			w.read(&r, round)
		}
	}
	w.m.mu.Lock()
	defer w.m.mu.Unlock()
	for _, u := range w.uses {
		if u.subscribed && u.displaced(w.id, u.answered, w.fresh) {
			w.m.fail("no END came for %s %d, which another connection took over", u.name, u.queue.number)
		}
	}
	w.checkTakeover()
	return nil
}

// run does random things until ctx ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.connect(ctx); err != nil {
			if errors.Is(err, errClosed) {
				continue
			}
			if ctx.Err() == nil {
				w.m.fail("connecting: %v", err)
			}
			return
		}
		err := w.work(ctx)
		if err != nil && !errors.Is(err, errLeft) && ctx.Err() == nil && !w.site.closing.Load() {
			w.m.fail("a connection at version %d: %v", w.conn.Version(), err)
		}
		w.leave()
	}
}
