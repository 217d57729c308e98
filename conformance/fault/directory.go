package fault

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// parties is what a faulty relay notes about a queue that it has created.
type parties struct {
	recipientID, senderID   string
	recipientKey, senderKey keys.PublicKey
}

// directory finds what is noted about queues by both of their ids.
type directory struct{ byID notes[string, *parties] }

// note watches the queues that are created, and secured.
func (d *directory) note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		if len(outs) == 0 {
			return outs
		}
		switch c := r.Command.(type) {
		case smp.NEW:
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				p := &parties{recipientID: string(ids.RecipientID), senderID: string(ids.SenderID), recipientKey: c.AuthKey}
				d.byID.set(p.recipientID, p)
				d.byID.set(p.senderID, p)
			}
		case smp.KEY:
			d.secured(r, outs, c.SenderKey)
		case smp.SKEY:
			d.secured(r, outs, c.SenderKey)
		}
		return outs
	}
}

func (d *directory) secured(r *relay.Request, outs []relay.Output, key keys.PublicKey) {
	p, known := d.byID.get(string(r.Transmission.EntityID))
	if !known || !repliedWith[smp.OK](outs) {
		return
	}
	changed := *p
	changed.senderKey = key
	d.byID.set(p.recipientID, &changed)
	d.byID.set(p.senderID, &changed)
}

// other returns the id of the other party.
func (d *directory) other(id []byte) []byte {
	p, ok := d.byID.get(string(id))
	switch {
	case !ok:
		return nil
	case p.recipientID == string(id):
		return []byte(p.senderID)
	}
	return []byte(p.recipientID)
}

// eitherID takes a command under the id of the other party too.
func eitherID(tag string, own func(*parties) string) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var d directory
		d.note(st)
		looksUp(st, func(r *relay.Request) []byte {
			p, ok := d.byID.get(string(r.Transmission.EntityID))
			if !ok || r.Command.Tag() != tag || own(p) == string(r.Transmission.EntityID) {
				return nil
			}
			return d.other(r.Transmission.EntityID)
		})
	})
}

// ownID says which id of a queue belongs to a party.
func ownRecipientID(p *parties) string { return p.recipientID }
func ownSenderID(p *parties) string    { return p.senderID }

// alsoBy takes commands that another key of the queue authorizes.
func alsoBy(tag string, keyOf func(*parties) keys.PublicKey) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var d directory
		d.note(st)
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if next(s, r, key) {
				return true
			}
			p, ok := d.byID.get(string(r.Transmission.EntityID))
			return ok && r.Command.Tag() == tag && !keyOf(p).IsZero() && next(s, r, keyOf(p))
		}
	})
}

func keyOfRecipient(p *parties) keys.PublicKey { return p.recipientKey }
func keyOfSender(p *parties) keys.PublicKey    { return p.senderKey }

// looksUp executes requests as if they had named another id: idOf says which one, nil for
// that in the request. The answer and the authorization are about the one that it has named.
func looksUp(st *relay.Stages, idOf func(*relay.Request) []byte) {
	var named notes[*relay.Request, []byte]
	authorise, verify := st.Authorise, st.Verify
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		meant := idOf(r)
		if meant == nil {
			return authorise(s, r)
		}
		own := r.Transmission.EntityID
		named.set(r, own)
		r.Transmission.EntityID = meant
		err := authorise(s, r)
		r.Transmission.EntityID = own
		named.take(r)
		return err
	}
	st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		if own, ok := named.get(r); ok {
			written := *r
			written.Transmission.EntityID = own
			return verify(s, &written, key)
		}
		return verify(s, r, key)
	}
}

// like returns an id that such is true for, nil if there is none.
func (d *directory) like(such func(id []byte) bool) (found []byte) {
	d.byID.each(func(id string, _ *parties) {
		if such([]byte(id)) {
			found = []byte(id)
		}
	})
	return found
}

// createdWith returns the recipient ids of the queues that were created with the key.
func (d *directory) createdWith(key keys.PublicKey) (ids [][]byte) {
	d.byID.each(func(id string, p *parties) {
		if p.recipientKey == key && p.recipientID == id {
			ids = append(ids, []byte(id))
		}
	})
	return ids
}

// notified is what a faulty relay notes about a queue that NKEY has given a notifier.
type notified struct {
	recipientID, senderID, notifierID string
	recipientKey, notifierKey         keys.PublicKey
}

// notifiers finds queues by any id that they, or their notifiers, ever had.
type notifiers struct{ byID notes[string, *notified] }

func (d *notifiers) note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		c, ok := r.Command.(smp.NKEY)
		if !ok || len(outs) == 0 {
			return outs
		}
		if nid, ok := outs[0].Response.(smp.NID); ok {
			d.enter(r.Queue, nid, c)
		}
		return outs
	}
}

func (d *notifiers) enter(q *relay.Queue, nid smp.NID, c smp.NKEY) {
	n := &notified{
		recipientID: string(q.RecipientID()), senderID: string(q.SenderID()), notifierID: string(nid.NotifierID),
		recipientKey: q.Record().RecipientKeys[0], notifierKey: c.AuthKey,
	}
	if earlier, ok := d.byID.get(n.recipientID); ok {
		d.byID.set(earlier.notifierID, n)
	}
	for _, id := range []string{n.recipientID, n.senderID, n.notifierID} {
		d.byID.set(id, n)
	}
}
