package drive

import (
	"crypto/rand"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// queue is what the driver knows of a queue, or makes up of one that the relay has never
// seen.
type queue struct {
	slot                                      *slot
	recipientID, senderID, linkID, notifierID []byte
	recipientKey, senderKey, notifierKey      keys.PrivateKey
	// delivery opens messages; nil if it is not known.
	delivery *box.Key
	mode     smp.QueueMode
	// secured, suspended, linked, notified and deleted follow from the answers.
	secured, suspended, linked, notified, deleted bool
	// full says that the last message was refused because of the quota.
	full bool
	// waiting is how many messages were taken and not acknowledged.
	waiting int
	// received are the ids of the last messages that came, the newest last.
	received [][]byte
	// subscriber is the connection that has the queue, nil for none.
	subscriber *line
	// raced says that commands for the queue were under way on two connections at a time,
	// so that its state depends on which came first.
	raced bool
}

// keptIDs is how many ids of messages are kept for each queue.
const keptIDs = 4

// receive keeps the id of a message.
func (q *queue) receive(id []byte) {
	if n := len(q.received); n > 0 && string(q.received[n-1]) == string(id) {
		return
	}
	q.received = append(q.received, id)
	if len(q.received) > keptIDs {
		q.received = q.received[1:]
	}
}

// state is the state of the slot for a Pair, as the connection sees it. It depends on the
// answers that were awaited, and on no others.
func (s *slot) state(l *line) string {
	q := s.queue
	switch {
	case q == nil && len(s.inflight) == 0:
		return "no-queue"
	case q == nil || q.raced:
		return "raced"
	case len(s.inflight) > 0:
		return "pending"
	}
	return q.state(l)
}

// presence is the state of the slot in one word.
func (s *slot) presence() string {
	switch q := s.queue; {
	case q == nil && len(s.inflight) == 0:
		return "no-queue"
	case q == nil || q.raced || len(s.inflight) > 0:
		return "raced"
	case q.deleted:
		return "deleted"
	}
	return "queue"
}

// state is the state of the queue for a Pair, as the connection sees it.
func (q *queue) state(l *line) string {
	s := "queue"
	switch q.mode {
	case smp.Messaging:
		s = "messaging"
	case smp.Contact:
		s = "contact"
	}
	for _, part := range []struct {
		is   bool
		name string
	}{
		{q.secured, "secured"}, {q.suspended, "suspended"}, {q.linked, "linked"}, {q.notified, "notified"},
		{q.deleted, "deleted"}, {q.full, "full"},
		{q.subscriber != nil && q.subscriber == l, "mine"}, {q.subscriber != nil && q.subscriber != l, "taken"},
	} {
		if part.is {
			s += "," + part.name
		}
	}
	switch {
	case q.waiting > 2:
		s += ",many"
	case q.waiting > 0:
		s += fmt.Sprintf(",%d", q.waiting)
	}
	return s
}

// slot is one of the places for queues.
type slot struct {
	index int
	// queue is nil as long as none was made; ghost is one that the relay has never seen.
	queue, ghost *queue
	// senders are the keys that a sender may have, by the choice of the operation.
	senders [4]keys.PrivateKey
	// inflight are the commands for the slot that were sent and not concluded.
	inflight []*pending
}

// known is the queue of the slot, or its ghost.
func (r *runner) known(s *slot) *queue {
	if s.queue != nil {
		return s.queue
	}
	return r.ghost(s)
}

// ghost is a queue that the relay has never seen.
func (r *runner) ghost(s *slot) *queue {
	if s.ghost == nil {
		s.ghost = &queue{
			slot: s, recipientID: fresh(idSize), senderID: fresh(idSize), linkID: fresh(idSize), notifierID: fresh(idSize),
			recipientKey: r.newKey(keys.Ed25519), notifierKey: r.newKey(keys.Ed25519),
		}
	}
	return s.ghost
}

// senderAlgorithms are the algorithms of the keys of senders, by Arg; the last is another
// key than the first.
var senderAlgorithms = [4]keys.Algorithm{keys.Ed25519, keys.X25519, keys.Ed448, keys.Ed25519}

// sender is the key that a sender of the slot has for a choice.
func (r *runner) sender(s *slot, choice uint16) keys.PrivateKey {
	i := int(choice) % len(s.senders)
	if s.senders[i].IsZero() {
		s.senders[i] = r.newKey(senderAlgorithms[i])
	}
	return s.senders[i]
}

// idSize is the length of ids that are made up, in bytes.
const idSize = 24

// fresh returns random bytes that no other run has.
func fresh(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// queues finds queues by their ids.
type queues struct {
	byRecipient, bySender, byLink, byNotifier map[string]*queue
	// notifications are the keys that open what tells a notifier of a message, by the id of
	// the notifier; nil for one that is not known.
	notifications map[string]*box.Key
	all           []*queue
}

func newQueues() queues {
	return queues{
		byRecipient: make(map[string]*queue), bySender: make(map[string]*queue),
		byLink: make(map[string]*queue), byNotifier: make(map[string]*queue),
		notifications: make(map[string]*box.Key),
	}
}

// of finds the queue that a command with an entity id is about, nil for none.
func (q *queues) of(cmd smp.Command, id []byte) *queue {
	switch cmd.(type) {
	case smp.SEND, smp.SKEY:
		return q.bySender[string(id)]
	case smp.LKEY, smp.LGET:
		return q.byLink[string(id)]
	case smp.NSUB:
		return q.byNotifier[string(id)]
	}
	return q.byRecipient[string(id)]
}

// newKey makes a key, and remembers it: what is sent names public keys alone.
func (r *runner) newKey(alg keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(alg, rand.Reader)
	if err != nil {
		panic(fmt.Sprintf("making a key: %v", err)) // crypto/rand does not fail
	}
	r.keys[key.Public()] = key
	if r.cfg.Recorder != nil {
		r.cfg.Recorder.Know(key)
	}
	return key
}
