package soak_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	mathrand "math/rand/v2"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// patience is how long a connection waits for an answer.
const patience = time.Minute

// worker is one connection after the other, each of which does random things.
type worker struct {
	m      *model
	e      *relay.Endpoint
	number int
	rng    *mathrand.Rand
	*session
}

// session is what one connection knows.
type session struct {
	id      int64
	conn    *transport.Conn
	sent    int64           // messages
	fresh   int64           // when the newest command that is answered was written
	ops     map[string]*op  // by correlation id: not answered yet
	queues  map[string]*use // by recipient id: what was asked for
	written [][]byte        // transmissions for the next blocks
}

// op is a command that waits for its answer.
type op struct {
	asked   int64
	command smp.Command
	queue   *queue
	asking  *span    // of SUB
	message *message // of SEND, and what ACK acknowledges
	waiting int      // of SEND: messages that the queue had taken before
	ids     smp.IDS  // the answer to NEW

	use       *use // of ACK
	heldSince int64
}

// use is a queue from which the connection receives.
type use struct {
	queue      *queue
	since      int64 // when the last SUB was written; 0 for none
	active     int64 // when the last SUB that is answered was written
	answered   int64 // when its answer was read
	asking     int   // SUBs that are not answered
	subscribed bool
	got        bool     // GET was used
	held       []byte   // the id of the message that is not acknowledged
	heldSince  int64    // active, when it came
	message    *message // nil for a quota marker
}

func (w *worker) connect(ctx context.Context) error {
	fingerprint := w.e.Fingerprint()
	conn, err := transport.Dial(ctx, w.e.Addr().String(), transport.ClientConfig{
		KeyHash: fingerprint[:], Timeout: patience, Versions: wire.Versions(6, uint16(6+w.rng.IntN(15))),
	})
	if err != nil {
		return err
	}
	w.m.count("connections")
	w.session = &session{id: w.m.conns.Add(1), conn: conn, ops: map[string]*op{}, queues: map[string]*use{}}
	return nil
}

// leave ends the connection with whatever is under way.
func (w *worker) leave() {
	// The relay has to cope with any end.
	_ = w.conn.Abort()
	w.session = nil
}

// ask puts a command into the next block.
func (w *worker) ask(o *op, key keys.PrivateKey, entity []byte) error {
	version := w.conn.Version()
	body, err := smp.EncodeCommand(version, o.command)
	if err != nil {
		return err
	}
	t := smp.Transmission{CorrelationID: make([]byte, smp.CorrelationIDSize), EntityID: entity, Command: body}
	if _, err := rand.Read(t.CorrelationID); err != nil {
		return err
	}
	if version < smp.VersionAuthenticators {
		t.SessionID = w.conn.SessionID()
	}
	if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, w.conn.PeerKey())
		if err != nil {
			return err
		}
		if err := t.Authorize(w.conn.SessionID(), a); err != nil {
			return err
		}
	}
	encoded, err := t.Encode(version)
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

// flush writes what was asked for, in as few blocks as possible.
func (w *worker) flush() error {
	written := w.written
	w.written = nil
	for _, b := range smp.Batch(written, w.conn.MaxContent()) {
		if err := w.conn.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			return err
		}
		if err := w.conn.WriteBlock(b.Content); err != nil {
			return err
		}
	}
	return nil
}

// settle writes what was asked for and reads until everything is answered.
func (w *worker) settle() error {
	if err := w.flush(); err != nil {
		return err
	}
	for len(w.ops) > 0 {
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
			w.read(&r)
		}
	}
	for _, u := range w.queues {
		if u.subscribed && u.queue.displaced(w.id, u.answered, w.fresh) {
			w.m.fail("no END came for queue %d, which another connection took over", u.queue.number)
		}
	}
	return nil
}

// read takes one thing that the relay sent.
func (w *worker) read(r *smp.ReceivedResponse) {
	if len(r.Transmission.CorrelationID) == 0 {
		w.event(r)
		return
	}
	o := w.ops[string(r.Transmission.CorrelationID)]
	if o == nil {
		w.m.fail("an answer to nothing: %T", r.Response)
		return
	}
	delete(w.ops, string(r.Transmission.CorrelationID))
	w.fresh = max(w.fresh, o.asked)
	w.answer(o, r.Response)
}

// event takes what the relay sent by itself.
func (w *worker) event(r *smp.ReceivedResponse) {
	u := w.queues[string(r.Transmission.EntityID)]
	if u == nil {
		w.m.fail("%T about a queue that the connection did not subscribe to", r.Response)
		return
	}
	switch e := r.Response.(type) {
	case smp.MSG:
		if !u.subscribed && u.asking == 0 {
			w.m.fail("a message of queue %d after its subscription ended", u.queue.number)
		}
		w.message(u, e)
	case smp.END, smp.DELD:
		u.queue.mu.Lock()
		deleted := u.queue.del != nil // which versions before 10 are told as END
		u.queue.mu.Unlock()
		if !deleted && (e.Tag() == "DELD" || !u.queue.mayDisplace(w.id, u.active)) {
			w.m.fail("%s of queue %d, which nobody deleted or subscribed to", e.Tag(), u.queue.number)
		}
		u.subscribed = false
		w.m.count(e.Tag())
	default:
		w.m.fail("an event %T", e)
	}
}

// message takes a delivery.
func (w *worker) message(u *use, msg smp.MSG) {
	m, err := smp.OpenRcvMessage(msg, &u.queue.secret)
	if err != nil {
		w.m.fail("a delivery of queue %d: %v", u.queue.number, err)
		return
	}
	u.held, u.heldSince, u.message = bytes.Clone(msg.ID), u.active, nil
	if m.Quota {
		w.m.count("quota markers")
		return
	}
	if u.message, err = u.queue.delivered(m.Body, w.fresh); err != nil {
		w.m.fail("%v", err)
	}
	w.m.count("deliveries")
}

// secret agrees on the secret of a queue's deliveries.
func secret(dh keys.PrivateKey, ids smp.IDS) (box.Key, error) { return box.Agree(dh, ids.ServerDHKey) }

// refusal is the code of an answer ERR, empty for another answer.
func refusal(r smp.Response) smp.ErrorCode {
	if e, ok := r.(smp.ERR); ok {
		return e.Err.Code
	}
	return ""
}

// run does random things until ctx ends.
func (w *worker) run(ctx context.Context) {
	for ctx.Err() == nil {
		if err := w.connect(ctx); err != nil {
			if ctx.Err() == nil {
				w.m.fail("connecting: %v", err)
			}
			return
		}
		if err := w.work(ctx); err != nil && !errors.Is(err, errLeft) && ctx.Err() == nil {
			w.m.fail("a connection at version %d: %v", w.conn.Version(), err)
		}
		w.leave()
	}
}
