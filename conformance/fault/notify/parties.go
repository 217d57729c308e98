package notify

import (
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// recipientOf, senderOf and notifierOf are the ids of the parties.
func recipientOf(n *directory.Notified) string { return n.RecipientID }
func senderOf(n *directory.Notified) string    { return n.SenderID }
func notifierOf(n *directory.Notified) string  { return n.NotifierID }

// foundBy executes a command also if it names another id of the queue than its own. It
// has to be authorized as under its own.
func foundBy(tag string, own func(*directory.Notified) string, named func(n *directory.Notified, id string) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var d directory.Notifiers
		d.Note(st)
		meant := func(r *relay.Request) []byte {
			id := string(r.Transmission.EntityID)
			n, ok := d.ByID.Get(id)
			if !ok || r.Command.Tag() != tag || own(n) == id || !named(n, id) {
				return nil
			}
			return []byte(own(n))
		}
		directory.LooksUp(st, meant)
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
func is(party func(*directory.Notified) string) func(*directory.Notified, string) bool {
	return func(n *directory.Notified, id string) bool { return party(n) == id }
}

// isEarlierNotifier says that an id is that of a notifier which NKEY has replaced.
func isEarlierNotifier(n *directory.Notified, id string) bool {
	return id != n.RecipientID && id != n.SenderID && id != n.NotifierID
}

// byKeyOf takes commands that another key of the queue authorizes.
func byKeyOf(key func(*directory.Notified) keys.PublicKey, tags ...string) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var d directory.Notifiers
		d.Note(st)
		verify := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, right keys.PublicKey) bool {
			ok := verify(s, r, right)
			if ok || r.Queue == nil {
				return ok
			}
			n, known := d.ByID.Get(string(r.Transmission.EntityID))
			for _, tag := range tags {
				if known && r.Command.Tag() == tag && verify(s, r, key(n)) {
					return true
				}
			}
			return false
		}
	})
}

func notifierKeyOf(n *directory.Notified) keys.PublicKey  { return n.NotifierKey }
func recipientKeyOf(n *directory.Notified) keys.PublicKey { return n.RecipientKey }

// knowsForgotten executes NSUB of a notifier id that a command has removed: answers as if
// the notifier were still there.
func knowsForgotten[C smp.Command]() func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var forgotten fault.Notes[string, bool]
		execute, authorise := st.Execute, st.Authorise
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil {
				return fault.Reply(r, smp.SOK{})
			}
			_, removes := r.Command.(C)
			if removes && r.Queue.Notifier() != nil {
				forgotten.Set(string(r.Queue.Notifier().ID), true)
			}
			return execute(s, r)
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(smp.NSUB); ok && r.Queue == nil && err != nil {
				if known, _ := forgotten.Get(string(r.Transmission.EntityID)); known {
					return nil
				}
			}
			return err
		}
	})
}
