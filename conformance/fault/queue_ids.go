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
	if !known || !isOK(outs) {
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

// underOtherID executes a request as if it had named another id; the answer and the
// authorization are about the one that it has named.
type underOtherID struct{ named notes[*relay.Request, []byte] }

// authorise wraps Authorise and Verify: idOf says which id a request means, nil for that
// in the request.
func (u *underOtherID) authorise(st *relay.Stages, idOf func(*relay.Request) []byte) {
	authorise, verify := st.Authorise, st.Verify
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		meant := idOf(r)
		if meant == nil {
			return authorise(s, r)
		}
		named := r.Transmission.EntityID
		u.named.set(r, named)
		r.Transmission.EntityID = meant
		err := authorise(s, r)
		r.Transmission.EntityID = named
		u.named.take(r)
		return err
	}
	st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		if named, ok := u.named.get(r); ok {
			written := *r
			written.Transmission.EntityID = named
			return verify(s, &written, key)
		}
		return verify(s, r, key)
	}
}

// eitherID takes a command under the id of the other party too.
func eitherID(tag string, own func(*parties) string) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var d directory
		var u underOtherID
		d.note(st)
		u.authorise(st, func(r *relay.Request) []byte {
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

// publishes tells clients another sender id than the one under which the relay knows the
// queue.
func publishes(senderID func(ids smp.IDS) []byte) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var real notes[string, []byte]
		var u underOtherID
		next := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				if ids, ok := outs[i].Response.(smp.IDS); ok {
					published := senderID(ids)
					real.set(string(published), ids.SenderID)
					ids.SenderID = published
					outs[i].Response = ids
				}
			}
			return outs
		}
		u.authorise(st, func(r *relay.Request) []byte {
			switch r.Command.(type) {
			case smp.SEND, smp.SKEY:
				id, _ := real.get(string(r.Transmission.EntityID))
				return id
			}
			return nil
		})
	})
}

// makesIDs replaces the ids that the relay makes; next is the stage that it replaces.
func makesIDs(f func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.NewID
		st.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			return f(s, r, kind, next)
		}
	})
}

type newID = func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error)

// queueIDs changes the random ids of recipients and senders.
func queueIDs(change func(id []byte) []byte) func(*relay.Config) {
	return changedIDs(func(k relay.IDKind) bool { return k == relay.RecipientID || k == relay.SenderID }, change)
}

// messageIDs changes the random ids of messages.
func messageIDs(change func(id []byte) []byte) func(*relay.Config) {
	return changedIDs(func(k relay.IDKind) bool { return k == relay.MessageID }, change)
}

func changedIDs(those func(relay.IDKind) bool, change func(id []byte) []byte) func(*relay.Config) {
	return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || !those(kind) {
			return id, err
		}
		return change(id), nil
	})
}

// derivedSenderIDs makes the id of a sender from that of the recipient.
func derivedSenderIDs(derive func(recipientID []byte) []byte) func(*relay.Config) {
	return remembering(func(recipients *notes[*relay.Request, []byte]) func(*relay.Config) {
		return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
			if kind == relay.SenderID {
				if id, ok := recipients.take(r); ok {
					return derive(id), nil
				}
			}
			id, err := next(s, r, kind)
			if kind == relay.RecipientID {
				recipients.set(r, id)
			}
			return id, err
		})
	})
}
