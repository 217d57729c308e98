package planted

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// parties is what a relay notes about the ids and keys of its queues.
type parties struct {
	// recipients are the recipient ids of sender ids, senders the other way round.
	recipients, senders fault.Notes[string, []byte]
	// recipientKeys are the keys that queues were created with, by sender id.
	recipientKeys fault.Notes[string, keys.PublicKey]
	// senderKeys are the keys that queues are secured with, by both ids.
	senderKeys fault.Notes[string, keys.PublicKey]
}

// note watches the queues that are created, and secured.
func (p *parties) note(c *relay.Config) {
	fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if len(outs) == 0 {
			return outs
		}
		switch c := r.Command.(type) {
		case smp.NEW:
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				p.recipients.Set(string(ids.SenderID), ids.RecipientID)
				p.senders.Set(string(ids.RecipientID), ids.SenderID)
				p.recipientKeys.Set(string(ids.SenderID), c.AuthKey)
			}
		case smp.KEY:
			p.secured(r, outs, c.SenderKey)
		case smp.SKEY:
			p.secured(r, outs, c.SenderKey)
		}
		return outs
	})(c)
}

func (p *parties) secured(r *relay.Request, outs []relay.Output, key keys.PublicKey) {
	if fault.RepliedWith[smp.OK](outs) {
		p.senderKeys.Set(string(r.Queue.SenderID()), key)
		p.senderKeys.Set(string(r.Queue.RecipientID()), key)
	}
}

// looksUp executes requests as if they had named another id: idOf says which one, nil for
// that in the request. The answer and the authorization are about the one that it has
// named.
func looksUp(idOf func(*relay.Request) []byte) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
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
	})
}
