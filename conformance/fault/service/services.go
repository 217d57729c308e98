package service

import (
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// toServices changes what is pushed to services; what change is false for is not sent.
func toServices(change func(to *relay.Session, q *relay.Queue, out *relay.Output) (send bool)) func(*relay.Config) {
	return fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if fault.IsService(to) && !change(to, q, &out) {
			return
		}
		next(to, q, out)
	})
}

// servicesMiss does not send services the responses of one kind that they did not ask for.
func servicesMiss[R smp.Response]() func(*relay.Config) {
	return toServices(func(_ *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		_, ok := out.Response.(R)
		return !ok
	})
}

// servicesGet changes the responses of one kind that services did not ask for.
func servicesGet[R smp.Response](change func(out *relay.Output, response R)) func(*relay.Config) {
	return toServices(func(_ *relay.Session, _ *relay.Queue, out *relay.Output) bool {
		if response, ok := out.Response.(R); ok {
			change(out, response)
		}
		return true
	})
}

// claims notes which queues, by the ids of recipients and notifiers, a session has created
// or subscribed to one by one, and which session has used SUBS or NSUBS.
type claims struct {
	single fault.Notes[claim, bool]
	all    fault.Notes[*relay.Session, bool]
}

type claim struct {
	session *relay.Session
	id      string
}

func (x *claims) note(st *relay.Stages) {
	next := st.Execute
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := next(s, r)
		switch r.Command.(type) {
		case smp.NEW:
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				x.single.Set(claim{s, string(ids.RecipientID)}, true)
			}
		case smp.SUB, smp.NSUB:
			if fault.RepliedWith[smp.SOK](outs) {
				x.single.Set(claim{s, string(r.Transmission.EntityID)}, true)
			}
		case smp.SUBS, smp.NSUBS:
			if fault.RepliedWith[smp.SOKS](outs) {
				x.all.Set(s, true)
			}
		}
		return outs
	}
}

// has reports whether the session has claimed the queue by itself.
func (x *claims) has(s *relay.Session, id []byte) bool {
	is, _ := x.single.Get(claim{s, string(id)})
	return is
}

// onlyClaimed sends services messages and notifications only of queues that such says of
// whether the connection has claimed them by itself.
func onlyClaimed(such func(claimed bool) bool) func(*relay.Config) {
	return func(c *relay.Config) {
		var x claims
		fault.Stages(x.note)(c)
		toServices(func(to *relay.Session, _ *relay.Queue, out *relay.Output) bool {
			return out.Message == nil && out.Notification == nil || such(x.has(to, out.EntityID))
		})(c)
	}
}

// authorisesWithout authorises commands of a service as those of an ordinary client: what
// the service has signed, or not, is not looked at.
func authorisesWithout(such func(s *relay.Session, r *relay.Request) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var written fault.Notes[*relay.Request, *relay.Request]
		var known directory.Notifiers
		known.Note(st)
		authorise, verify := st.Authorise, st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if original, ok := written.Get(r); ok {
				r = original
				if n, ok := known.ByID.Get(string(r.Transmission.EntityID)); ok && fault.IsOneOf(r, "NSUB") {
					key = n.NotifierKey
				}
			}
			return verify(s, r, key)
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if !fault.IsService(s) || !such(s, r) {
				return authorise(s, r)
			}
			if c, ok := r.Command.(smp.NEW); ok {
				if verify(s, r, c.AuthKey) {
					return nil
				}
				return smp.ErrAuth
			}
			other := &relay.Request{Transmission: r.Transmission, Command: smp.QUE{}} // which finds the queue as SUB does
			other.Transmission.ServiceSignature = nil
			if n, ok := known.ByID.Get(string(r.Transmission.EntityID)); ok && fault.IsOneOf(r, "NSUB") {
				other.Transmission.EntityID = []byte(n.RecipientID)
			}
			written.Set(other, r)
			defer written.Take(other)
			err := authoriseAs(transport.RoleMessaging, s, other, authorise)
			r.Queue = other.Queue
			return err
		}
	})
}

// authoriseAs authorises a request as if the service had a role.
func authoriseAs(role transport.Role, s *relay.Session, r *relay.Request, authorise func(*relay.Session, *relay.Request) *smp.Error) *smp.Error {
	service := s.Conn().Service()
	own := service.Role // which nobody else looks at while the session lasts
	service.Role = role
	defer func() { service.Role = own }()
	return authorise(s, r)
}

// inRole authorises the commands with a tag as if the service had the role for them.
func inRole(role transport.Role, tags ...string) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		authorise := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if !fault.IsService(s) || !fault.IsOneOf(r, tags...) {
				return authorise(s, r)
			}
			return authoriseAs(role, s, r, authorise)
		}
	})
}
