package fault

import (
	"crypto/rand"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

type announce = func(*relay.Relay, *relay.Queue, *relay.Message)

// announces replaces the stage Announce; next is what it was.
func announces(f func(r *relay.Relay, q *relay.Queue, m *relay.Message, next announce)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Announce
		st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) { f(r, q, m, next) }
	})
}

// notification is what the notifier of a queue is told about a message.
func notification(q *relay.Queue, m *relay.Message) relay.Output {
	n := q.Notifier()
	return relay.Output{
		EntityID:     n.ID,
		Notification: &relay.Notification{Notifier: n, MessageID: m.ID, Time: m.Time},
	}
}

// pushesDuring replaces what is pushed about a queue while a command for it is executed.
func pushesDuring[C smp.Command](f func(to *relay.Session, q *relay.Queue, out relay.Output, next push)) func(*relay.Config) {
	var running notes[*relay.Queue, *relay.Session]
	return together(
		pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
			if _, ok := running.get(q); ok {
				f(to, q, out, next)
				return
			}
			next(to, q, out)
		}),
		handles(func(s *relay.Session, r *relay.Request, _ C, next execute) []relay.Output {
			running.set(r.Queue, s)
			defer running.take(r.Queue)
			return next(s, r)
		}),
	)
}

// notifies changes notifications on their way to a session. A notification has its queue
// from there on.
func notifies(change func(to *relay.Session, q *relay.Queue, out *relay.Output) (send bool)) func(*relay.Config) {
	return pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
		if out.Notification != nil {
			out.Queue = q
			if !change(to, q, &out) {
				return
			}
		}
		next(to, q, out)
	})
}

// sealsMeta replaces the encryption of metadata; nonce is random.
func sealsMeta(seal func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error)) func(*relay.Config) {
	return together(
		notifies(func(*relay.Session, *relay.Queue, *relay.Output) bool { return true }),
		stages(func(st *relay.Stages) {
			st.Notify = func(_ *relay.Session, out relay.Output) (smp.Response, error) {
				var nonce box.Nonce
				if _, err := io.ReadFull(rand.Reader, nonce[:]); err != nil {
					return nil, err
				}
				n := out.Notification
				return seal(out, smp.NMsgMeta{MessageID: n.MessageID, Timestamp: n.Time.Unix()}, nonce)
			}
		}),
	)
}

// metaNonces replaces the nonce of notifications.
func metaNonces(nonceOf func(out relay.Output) []byte) func(*relay.Config) {
	return sealsMeta(func(out relay.Output, meta smp.NMsgMeta, _ box.Nonce) (smp.NMSG, error) {
		return meta.Seal(smp.CorrelationNonce(nonceOf(out)), &out.Notification.Notifier.MetaKey)
	})
}

// tellsDisplaced sends notifications also to the connections that NSUB has displaced.
func tellsDisplaced(c *relay.Config) {
	var displaced notes[*relay.Queue, []*relay.Session]
	handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next execute) []relay.Output {
		if earlier := r.Queue.NotificationSubscriber(); earlier != nil && earlier != s {
			displaced.update(r.Queue, func(list []*relay.Session) []*relay.Session { return append(list, earlier) })
		}
		return next(s, r)
	})(c)
	pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
		if out.Notification != nil {
			list, _ := displaced.get(q)
			for _, earlier := range list {
				next(earlier, q, out)
			}
		}
		next(to, q, out)
	})(c)
}
