package soak_test

import (
	"bytes"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// userData is one of the user data that the link of a queue may have.
func (q *queue) userData(n int) string { return fmt.Sprintf("%x: user data %d", q.correlationID, n) }

// linkData are link data of the queue.
func (q *queue) linkData(user string) smp.LinkData {
	return smp.LinkData{Fixed: fmt.Appendf(nil, "%x: fixed data", q.correlationID), User: []byte(user)}
}

// setLink sends LSET for a contact address, with other user data.
func (w *worker) setLink(q *queue) error {
	if q.mode != smp.Contact || w.conn.Version() < smp.VersionShortLinks {
		return nil
	}
	user := q.userData(w.rng.IntN(1_000_000))
	o := w.change(&op{command: smp.LSET{LinkID: q.linkID, Data: q.linkData(user)}, queue: q}, func(s *span) {
		q.link.write(s, user)
	})
	return w.ask(o, q.rcvKey, q.rcvID)
}

// deleteLink sends LDEL.
func (w *worker) deleteLink(q *queue) error {
	if q.mode != smp.Contact || w.conn.Version() < smp.VersionShortLinks {
		return nil
	}
	o := w.change(&op{command: smp.LDEL{}, queue: q}, func(s *span) { q.link.write(s, "") })
	return w.ask(o, q.rcvKey, q.rcvID)
}

// readLink sends LGET for a contact address, LKEY for an invitation.
func (w *worker) readLink(q *queue) error {
	if q.linkID == nil || w.conn.Version() < smp.VersionShortLinks {
		return nil
	}
	o, key := linkRequest(q)
	return w.ask(o, key, q.linkID)
}

func linkRequest(q *queue) (*op, keys.PrivateKey) {
	if q.mode == smp.Messaging {
		return &op{command: smp.LKEY{SenderKey: q.sndKey.Public()}, queue: q}, q.sndKey
	}
	return &op{command: smp.LGET{}, queue: q}, keys.PrivateKey{}
}

// secureAgain sends SKEY with the key that the queue has.
func (w *worker) secureAgain(q *queue) error {
	if q.mode != smp.Messaging || w.conn.Version() < smp.VersionSenderKeys {
		return nil
	}
	return w.ask(&op{command: smp.SKEY{SenderKey: q.sndKey.Public()}, queue: q}, q.sndKey, q.sndID)
}

// changedAnswer takes the answer to a command that can fail only because there is no
// queue any more.
func (w *worker) changedAnswer(o *op, r smp.Response, done bool) {
	if o.changes != nil {
		o.changes.end(o.answered, done)
	}
	if w.exists(o, r) {
		w.require(o, r, done)
	}
}

// linkAnswer takes the answer to LGET and LKEY.
func (m *model) linkAnswer(o *op, r smp.Response) error {
	q := o.queue
	switch e := r.(type) {
	case smp.LNK:
		user := string(e.Data.User)
		if !q.link.may(user, o.asked, o.answered) || user == "" {
			return fmt.Errorf("user data %q", user)
		}
		if !bytes.Equal(e.SenderID, q.sndID) || !bytes.Equal(e.Data.Fixed, q.linkData("").Fixed) {
			return fmt.Errorf("sender id %x, fixed data %q", e.SenderID, e.Data.Fixed)
		}
	default:
		if refusal(r) != smp.CodeAuth || !q.link.may("", o.asked, o.answered) {
			return fmt.Errorf("%s %s", r.Tag(), refusal(r))
		}
	}
	return nil
}
