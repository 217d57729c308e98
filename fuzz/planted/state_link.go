package planted

import (
	"bytes"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkFaults are mistakes about short links.
func linkFaults() []Fault {
	return []Fault{
		{
			ID:    "state/deleted-link-readable",
			Title: "Link data can be read by LGET also after LDEL.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(func(deleted *fault.Notes[string, smp.LNK]) func(*relay.Config) {
				return fault.Together(
					authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
						err := next(s, r)
						if _, kept := deleted.Get(string(r.Transmission.EntityID)); err != nil && kept && is[smp.LGET](r) {
							return nil
						}
						return err
					}),
					fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
						switch {
						case is[smp.LGET](r) && r.Queue == nil:
							kept, _ := deleted.Get(string(r.Transmission.EntityID))
							return fault.Reply(r, kept)
						case is[smp.LDEL](r) && r.Queue.Link() != nil && r.Queue.Record().Mode == smp.Contact:
							link := r.Queue.Link()
							deleted.Set(string(link.ID), smp.LNK{SenderID: r.Queue.SenderID(), Data: link.Data})
						}
						return next(s, r)
					}),
				)
			}),
		},
		{
			ID:    "state/first-link-data",
			Title: "LSET for a link that there is already is answered OK and changes nothing.",
			Finds: []string{Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.LSET, next fault.Execute) []relay.Output {
				earlier := r.Queue.Link()
				outs := next(s, r)
				if earlier != nil && fault.RepliedWith[smp.OK](outs) {
					*r.Queue.Link() = *earlier
				}
				return outs
			}),
		},
		{
			ID:    "state/fixed-link-data-change",
			Title: "LSET changes the fixed part of link data too.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.LSET, next fault.Execute) []relay.Output {
				link := r.Queue.Link()
				if link == nil || !bytes.Equal(link.ID, c.LinkID) || bytes.Equal(link.Data.Fixed, c.Data.Fixed) {
					return next(s, r)
				}
				link.Data = smp.LinkData{Fixed: bytes.Clone(c.Data.Fixed), User: bytes.Clone(c.Data.User)}
				return fault.Reply(r, smp.OK{})
			}),
		},
		{
			ID:    "state/second-link-key",
			Title: "LKEY replaces the sender's key of a queue that is secured.",
			Finds: []string{Violation, Accepted},
			Apply: replacesKey[smp.LKEY](
				func(c smp.LKEY) keys.PublicKey { return c.SenderKey },
				func(s *relay.Session, r *relay.Request, c smp.LKEY, next fault.Execute) []relay.Output {
					if r.Queue.Link() != nil {
						secure(r, c.SenderKey)
					}
					return next(s, r)
				}),
		},
		{
			ID:    "state/link-set-by-sender",
			Title: "LSET is taken from the sender too, with his id and key.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Remembering(linkSetBySender),
		},
	}
}

// linkSetBySender executes LSET under the recipient's id if the sender has authorized it
// under his.
func linkSetBySender(p *parties) func(*relay.Config) {
	return fault.Together(
		p.note,
		fault.Stages(func(st *relay.Stages) {
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				own, ok := p.senderKeys.Get(string(r.Transmission.EntityID))
				return next(s, r, key) || is[smp.LSET](r) && ok && next(s, r, own)
			}
		}),
		looksUp(func(r *relay.Request) []byte {
			recipient, ok := p.recipients.Get(string(r.Transmission.EntityID))
			if _, secured := p.senderKeys.Get(string(r.Transmission.EntityID)); !ok || !secured || !is[smp.LSET](r) {
				return nil
			}
			return recipient
		}),
	)
}
