package soak_test

import (
	"bytes"
	"crypto/rand"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func generate(a keys.Algorithm) (keys.PrivateKey, error) { return keys.Generate(a, rand.Reader) }

func randomID() []byte {
	id := make([]byte, smp.CorrelationIDSize)
	_, _ = rand.Read(id) // which never fails
	return id
}

// newQueue makes a queue that does not exist yet, of a kind that a version can have.
func (w *worker) newQueue() (*queue, error) {
	q := &queue{
		topic:    newTopic("queue"),
		messages: map[messageKey]*message{}, byID: map[string]*message{}, notified: map[string]notification{},
	}
	q.queue = q
	q.notifier.write(always(), nil)
	q.link.write(always(), "")
	var err error
	if q.rcvKey, err = generate(keys.Ed25519); err != nil {
		return nil, err
	}
	modes := []smp.QueueMode{0}
	if w.conn.Version() >= smp.VersionSenderKeys {
		modes = append(modes, smp.Messaging)
	}
	if w.conn.Version() >= smp.VersionShortLinks {
		modes = append(modes, smp.Contact)
		q.correlationID = randomID()
	}
	if q.mode = modes[w.rng.IntN(len(modes))]; q.mode == smp.Contact {
		return q, nil // whose senders need no key
	}
	q.sndKey, err = generate(keys.Ed25519)
	return q, err
}

// command is NEW for the queue, with what the version can have.
func (q *queue) command(version uint16, dh keys.PublicKey, n *notifier) smp.NEW {
	c := smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: dh}
	if q.mode != 0 {
		c.Request = &smp.QueueRequest{Mode: q.mode}
	}
	if q.mode != 0 && version >= smp.VersionShortLinks {
		q.linkID = randomID()
		q.link.write(always(), q.userData(0))
		c.Request.Link = &smp.QueueLink{
			LinkID: q.linkID, SenderID: smp.SenderID(q.correlationID), Data: q.linkData(q.userData(0)),
		}
		if q.mode == smp.Messaging {
			c.Request.Link.LinkID = nil // the relay chooses it
		}
	}
	if n != nil {
		k := n.keys()
		c.Notifier = &k
	}
	return c
}

// create makes a queue and secures it.
func (w *worker) create(*queue) error {
	if err := w.settle(); err != nil {
		return err
	}
	q, err := w.newQueue()
	if err != nil {
		return err
	}
	dh, err := generate(keys.X25519)
	if err != nil {
		return err
	}
	made := &op{queue: q}
	if w.conn.Version() >= smp.VersionNotifierKeys && w.rng.IntN(2) == 0 {
		if made.made, err = newNotifier(q); err != nil {
			return err
		}
	}
	made.command = q.command(w.conn.Version(), dh.Public(), made.made)
	w.change(made, func(s *span) {
		w.m.orphans++
		q.replace(s, made.made)
	})
	if err := w.settled(made, q.rcvKey, nil); err != nil {
		return err
	}
	if q.secret, err = box.Agree(dh, made.ids.ServerDHKey); err != nil {
		return err
	}
	if err := w.secure(q); err != nil {
		return err
	}
	w.m.add(q)
	return nil
}

// secure secures a queue that nobody else knows yet.
func (w *worker) secure(q *queue) error {
	switch {
	case q.mode == smp.Contact:
		return nil
	case q.mode == smp.Messaging && q.linkID != nil:
		return w.settled(&op{command: smp.LKEY{SenderKey: q.sndKey.Public()}, queue: q}, q.sndKey, q.linkID)
	case q.mode == smp.Messaging:
		return w.settled(&op{command: smp.SKEY{SenderKey: q.sndKey.Public()}, queue: q}, q.sndKey, q.sndID)
	}
	return w.settled(&op{command: smp.KEY{SenderKey: q.sndKey.Public()}, queue: q}, q.rcvKey, q.rcvID)
}

// settled asks for something and waits for the answer.
func (w *worker) settled(o *op, key keys.PrivateKey, entity []byte) error {
	if err := w.ask(o, key, entity); err != nil {
		return err
	}
	return w.settle()
}

// createdAnswer takes the answer to NEW.
func (w *worker) createdAnswer(o *op, r smp.Response) {
	q := o.queue
	ids, ok := r.(smp.IDS)
	w.require(o, r, ok)
	o.changes.end(o.answered, ok)
	o.ids, q.rcvID, q.sndID, q.id = ids, bytes.Clone(ids.RecipientID), bytes.Clone(ids.SenderID), bytes.Clone(ids.RecipientID)
	if q.mode == smp.Messaging && q.linkID != nil {
		q.linkID = bytes.Clone(ids.LinkID)
	} else {
		w.require(o, r, bytes.Equal(ids.LinkID, q.linkID))
	}
	w.require(o, r, (ids.Notifier != nil) == (o.made != nil) && ids.ServiceID == nil)
	if o.made == nil || ids.Notifier == nil {
		return
	}
	if err := w.m.made(o.made, o.changes, *ids.Notifier); err != nil {
		w.m.fail("the notifier in IDS: %v", err)
	}
}
