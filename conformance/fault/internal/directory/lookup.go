package directory

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

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

// EitherID takes a command under the id of the other party too.
func EitherID(tag string, own func(*Parties) string) func(*relay.Config) {
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

// AlsoBy takes commands that another key of the queue authorizes.
func AlsoBy(tag string, keyOf func(*Parties) keys.PublicKey) func(*relay.Config) {
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

// RecipientID is the id of the recipient.
func RecipientID(p *Parties) string { return p.RecipientID }

// SenderID is the id of the sender.
func SenderID(p *Parties) string { return p.SenderID }

// RecipientKey is the key that the queue was created with.
func RecipientKey(p *Parties) keys.PublicKey { return p.RecipientKey }

// SenderKey is the key that the queue was secured with, zero if it was not.
func SenderKey(p *Parties) keys.PublicKey { return p.SenderKey }
