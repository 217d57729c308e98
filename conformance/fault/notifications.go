package fault

import (
	"crypto/rand"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Announce is the stage Announce.
type Announce = func(*relay.Relay, *relay.Queue, *relay.Message)

// Announces replaces the stage Announce; next is what it was.
func Announces(f func(r *relay.Relay, q *relay.Queue, m *relay.Message, next Announce)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Announce
		st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) { f(r, q, m, next) }
	})
}

// NotificationOf is what the notifier of a queue is told about a message.
func NotificationOf(q *relay.Queue, m *relay.Message) relay.Output {
	n := q.Notifier()
	return relay.Output{
		EntityID:     n.ID,
		Notification: &relay.Notification{Notifier: n, MessageID: m.ID, Time: m.Time},
	}
}

// PushesDuring replaces what is pushed about a queue while a command for it is executed.
func PushesDuring[C smp.Command](f func(to *relay.Session, q *relay.Queue, out relay.Output, next Push)) func(*relay.Config) {
	var running Notes[*relay.Queue, *relay.Session]
	return Together(
		Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next Push) {
			if _, ok := running.Get(q); ok {
				f(to, q, out, next)
				return
			}
			next(to, q, out)
		}),
		Handles(func(s *relay.Session, r *relay.Request, _ C, next Execute) []relay.Output {
			running.Set(r.Queue, s)
			defer running.Take(r.Queue)
			return next(s, r)
		}),
	)
}

// Notifies changes notifications on their way to a session. A notification has its queue
// from there on.
func Notifies(change func(to *relay.Session, q *relay.Queue, out *relay.Output) (send bool)) func(*relay.Config) {
	return Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next Push) {
		if out.Notification != nil {
			out.Queue = q
			if !change(to, q, &out) {
				return
			}
		}
		next(to, q, out)
	})
}

// SealsMeta replaces the encryption of metadata; nonce is random.
func SealsMeta(seal func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error)) func(*relay.Config) {
	return Together(
		Notifies(func(*relay.Session, *relay.Queue, *relay.Output) bool { return true }),
		Stages(func(st *relay.Stages) {
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

// MetaNonces replaces the nonce of notifications.
func MetaNonces(nonceOf func(out relay.Output) []byte) func(*relay.Config) {
	return SealsMeta(func(out relay.Output, meta smp.NMsgMeta, _ box.Nonce) (smp.NMSG, error) {
		return meta.Seal(smp.CorrelationNonce(nonceOf(out)), &out.Notification.Notifier.MetaKey)
	})
}

// TellsDisplaced sends notifications also to the connections that NSUB has displaced.
func TellsDisplaced(c *relay.Config) {
	var displaced Notes[*relay.Queue, []*relay.Session]
	Handles(func(s *relay.Session, r *relay.Request, _ smp.NSUB, next Execute) []relay.Output {
		if earlier := r.Queue.NotificationSubscriber(); earlier != nil && earlier != s {
			displaced.Update(r.Queue, func(list []*relay.Session) []*relay.Session { return append(list, earlier) })
		}
		return next(s, r)
	})(c)
	Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next Push) {
		if out.Notification != nil {
			list, _ := displaced.Get(q)
			for _, earlier := range list {
				next(earlier, q, out)
			}
		}
		next(to, q, out)
	})(c)
}
