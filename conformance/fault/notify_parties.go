package fault

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// recipientOf, senderOf and notifierOf are the ids of the parties.
func recipientOf(n *notified) string { return n.recipientID }
func senderOf(n *notified) string    { return n.senderID }
func notifierOf(n *notified) string  { return n.notifierID }

// foundBy executes a command also if it names another id of the queue than its own. It
// has to be authorized as under its own.
func foundBy(tag string, own func(*notified) string, named func(n *notified, id string) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var d notifiers
		d.note(st)
		meant := func(r *relay.Request) []byte {
			id := string(r.Transmission.EntityID)
			n, ok := d.byID.get(id)
			if !ok || r.Command.Tag() != tag || own(n) == id || !named(n, id) {
				return nil
			}
			return []byte(own(n))
		}
		looksUp(st, meant)
		execute := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			id := meant(r)
			if id == nil {
				return execute(s, r)
			}
			request := *r
			request.Transmission.EntityID = id
			outs := execute(s, &request)
			for i := range outs {
				outs[i].EntityID = r.Transmission.EntityID
			}
			return outs
		}
	})
}

// is says that an id that was named is that of a party.
func is(party func(*notified) string) func(*notified, string) bool {
	return func(n *notified, id string) bool { return party(n) == id }
}

// isEarlierNotifier says that an id is that of a notifier which NKEY has replaced.
func isEarlierNotifier(n *notified, id string) bool {
	return id != n.recipientID && id != n.senderID && id != n.notifierID
}

// byKeyOf takes commands that another key of the queue authorizes.
func byKeyOf(key func(*notified) keys.PublicKey, tags ...string) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var d notifiers
		d.note(st)
		verify := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, right keys.PublicKey) bool {
			ok := verify(s, r, right)
			if ok || r.Queue == nil {
				return ok
			}
			n, known := d.byID.get(string(r.Transmission.EntityID))
			for _, tag := range tags {
				if known && r.Command.Tag() == tag && verify(s, r, key(n)) {
					return true
				}
			}
			return false
		}
	})
}

func notifierKeyOf(n *notified) keys.PublicKey  { return n.notifierKey }
func recipientKeyOf(n *notified) keys.PublicKey { return n.recipientKey }

// knowsForgotten executes NSUB of a notifier id that a command has removed: answers as if
// the notifier were still there.
func knowsForgotten[C smp.Command]() func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var forgotten notes[string, bool]
		execute, authorise := st.Execute, st.Authorise
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil {
				return reply(r, smp.SOK{})
			}
			_, removes := r.Command.(C)
			if removes && r.Queue.Notifier() != nil {
				forgotten.set(string(r.Queue.Notifier().ID), true)
			}
			return execute(s, r)
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil && err != nil {
				if known, _ := forgotten.get(string(r.Transmission.EntityID)); known {
					return nil
				}
			}
			return err
		}
	})
}
