package directory

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// parties is what a faulty relay notes about a queue that it has created.
type parties struct {
	recipientID, senderID   string
	RecipientKey, senderKey keys.PublicKey
}

// Queues finds what is noted about queues by both of their ids.
type Queues struct{ ByID fault.Notes[string, *parties] }

// Note watches the queues that are created, and secured.
func (d *Queues) Note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		if len(outs) == 0 {
			return outs
		}
		switch c := r.Command.(type) {
		case smp.NEW:
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				p := &parties{recipientID: string(ids.RecipientID), senderID: string(ids.SenderID), RecipientKey: c.AuthKey}
				d.ByID.Set(p.recipientID, p)
				d.ByID.Set(p.senderID, p)
			}
		case smp.KEY:
			d.secured(r, outs, c.SenderKey)
		case smp.SKEY:
			d.secured(r, outs, c.SenderKey)
		}
		return outs
	}
}

func (d *Queues) secured(r *relay.Request, outs []relay.Output, key keys.PublicKey) {
	p, known := d.ByID.Get(string(r.Transmission.EntityID))
	if !known || !fault.RepliedWith[smp.OK](outs) {
		return
	}
	changed := *p
	changed.senderKey = key
	d.ByID.Set(p.recipientID, &changed)
	d.ByID.Set(p.senderID, &changed)
}

// Other returns the id of the other party.
func (d *Queues) Other(id []byte) []byte {
	p, ok := d.ByID.Get(string(id))
	switch {
	case !ok:
		return nil
	case p.recipientID == string(id):
		return []byte(p.senderID)
	}
	return []byte(p.recipientID)
}

// EitherID takes a command under the id of the other party too.
func EitherID(tag string, own func(*parties) string) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var d Queues
		d.Note(st)
		LooksUp(st, func(r *relay.Request) []byte {
			p, ok := d.ByID.Get(string(r.Transmission.EntityID))
			if !ok || r.Command.Tag() != tag || own(p) == string(r.Transmission.EntityID) {
				return nil
			}
			return d.Other(r.Transmission.EntityID)
		})
	})
}

// ownID says which id of a queue belongs to a party.
func OwnRecipientID(p *parties) string { return p.recipientID }
func OwnSenderID(p *parties) string    { return p.senderID }

// AlsoBy takes commands that another key of the queue authorizes.
func AlsoBy(tag string, keyOf func(*parties) keys.PublicKey) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var d Queues
		d.Note(st)
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if next(s, r, key) {
				return true
			}
			p, ok := d.ByID.Get(string(r.Transmission.EntityID))
			return ok && r.Command.Tag() == tag && !keyOf(p).IsZero() && next(s, r, keyOf(p))
		}
	})
}

func KeyOfRecipient(p *parties) keys.PublicKey { return p.RecipientKey }
func KeyOfSender(p *parties) keys.PublicKey    { return p.senderKey }

// LooksUp executes requests as if they had named another id: idOf says which one, nil for
// that in the request. The answer and the authorization are about the one that it has named.
func LooksUp(st *relay.Stages, idOf func(*relay.Request) []byte) {
	var named fault.Notes[*relay.Request, []byte]
	authorise, verify := st.Authorise, st.Verify
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		meant := idOf(r)
		if meant == nil {
			return authorise(s, r)
		}
		own := r.Transmission.EntityID
		named.Set(r, own)
		r.Transmission.EntityID = meant
		err := authorise(s, r)
		r.Transmission.EntityID = own
		named.Take(r)
		return err
	}
	st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		if own, ok := named.Get(r); ok {
			written := *r
			written.Transmission.EntityID = own
			return verify(s, &written, key)
		}
		return verify(s, r, key)
	}
}

// Like returns an id that such is true for, nil if there is none.
func (d *Queues) Like(such func(id []byte) bool) (found []byte) {
	d.ByID.Each(func(id string, _ *parties) {
		if such([]byte(id)) {
			found = []byte(id)
		}
	})
	return found
}

// CreatedWith returns the recipient ids of the queues that were created with the key.
func (d *Queues) CreatedWith(key keys.PublicKey) (ids [][]byte) {
	d.ByID.Each(func(id string, p *parties) {
		if p.RecipientKey == key && p.recipientID == id {
			ids = append(ids, []byte(id))
		}
	})
	return ids
}

// Notified is what a faulty relay notes about a queue that NKEY has given a notifier.
type Notified struct {
	RecipientID, SenderID, NotifierID string
	RecipientKey, NotifierKey         keys.PublicKey
}

// Notifiers finds queues by any id that they, or their notifiers, ever had.
type Notifiers struct {
	ByID fault.Notes[string, *Notified]
}

func (d *Notifiers) Note(st *relay.Stages) {
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

func (d *Notifiers) enter(q *relay.Queue, nid smp.NID, c smp.NKEY) {
	n := &Notified{
		RecipientID: string(q.RecipientID()), SenderID: string(q.SenderID()), NotifierID: string(nid.NotifierID),
		RecipientKey: q.Record().RecipientKeys[0], NotifierKey: c.AuthKey,
	}
	if earlier, ok := d.ByID.Get(n.RecipientID); ok {
		d.ByID.Set(earlier.NotifierID, n)
	}
	for _, id := range []string{n.RecipientID, n.SenderID, n.NotifierID} {
		d.ByID.Set(id, n)
	}
}
