package fault

import (
	"bytes"
	"crypto/rand"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
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

// isSubscribed reports whether SUB or NSUB was executed.
func isSubscribed(outs []relay.Output) bool {
	if len(outs) == 0 {
		return false
	}
	_, ok := outs[0].Response.(smp.SOK)
	return ok
}

// isForNotifier reports whether something about a queue, other than a message, is not for
// its recipient.
func isForNotifier(q *relay.Queue, out relay.Output) bool {
	return q != nil && out.Message == nil && !bytes.Equal(out.EntityID, q.RecipientID())
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

// notifierHearsNothing drops what is pushed to a notifier during a command.
func notifierHearsNothing[C smp.Command]() func(*relay.Config) {
	return pushesDuring[C](func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
		if !isForNotifier(q, out) {
			next(to, q, out)
		}
	})
}

// notifierHears changes what is pushed to a notifier during a command.
func notifierHears[C smp.Command](change func(q *relay.Queue, out *relay.Output)) func(*relay.Config) {
	return pushesDuring[C](func(to *relay.Session, q *relay.Queue, out relay.Output, next push) {
		if isForNotifier(q, out) {
			change(q, &out)
		}
		next(to, q, out)
	})
}

// refusedLater does something about a queue, which is locked, before a command for it is
// refused for its authorization.
func refusedLater[C smp.Command](st *relay.Stages, before func(*relay.Session, *relay.Request, C)) {
	var refused notes[*relay.Request, *smp.Error]
	authorise, execute := st.Authorise, st.Execute
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := authorise(s, r)
		if _, ok := r.Command.(C); ok && err != nil && r.Queue != nil {
			refused.set(r, err)
			return nil
		}
		return err
	}
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		err, isRefused := refused.take(r)
		if !isRefused {
			return execute(s, r)
		}
		before(s, r, r.Command.(C))
		return refuse(r, err)
	}
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

// changedMeta seals other metadata than those of the message.
func changedMeta(change func(*smp.NMsgMeta)) func(*relay.Config) {
	return sealsMeta(func(out relay.Output, meta smp.NMsgMeta, nonce box.Nonce) (smp.NMSG, error) {
		change(&meta)
		return meta.Seal(nonce, &out.Notification.Notifier.MetaKey)
	})
}

// notifierIDs makes notifier ids in another way: make gets the random id and the queue,
// which is nil in NEW.
func notifierIDs(make func(s *relay.Session, q *relay.Queue, id []byte) []byte) func(*relay.Config) {
	return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err == nil && kind == relay.NotifierID {
			id = make(s, r.Queue, id)
		}
		return id, err
	})
}

// waitingRoom keeps notifications in the place of the reference.
type waitingRoom struct {
	// keep says which of them; the others go the usual way.
	keep func(q *relay.Queue, m *relay.Message) bool
	// send says which are sent after NSUB, and in which order; nil for all as they came.
	send func([]*relay.Message) []*relay.Message
	// untilACK drops those whose message is removed.
	untilACK bool
}

// waits keeps notifications with their queue until somebody sends NSUB for it.
func waits(room waitingRoom) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		var kept notes[*relay.Queue, []*relay.Message]
		execute, announce, remove, push := st.Execute, st.Announce, st.Remove, st.Push
		st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
			if !m.Notify || !room.keep(q, m) {
				announce(r, q, m)
				return
			}
			kept.update(q, func(list []*relay.Message) []*relay.Message { return append(list, m) })
		}
		st.Remove = func(q *relay.Queue, id []byte) bool {
			if room.untilACK {
				kept.update(q, func(list []*relay.Message) []*relay.Message { return without(list, id) })
			}
			return remove(q, id)
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			if _, ok := r.Command.(smp.NSUB); !ok || !isSubscribed(outs) {
				return outs
			}
			list, _ := kept.take(r.Queue)
			if room.send != nil {
				list = room.send(list)
			}
			for _, m := range list {
				push(s, r.Queue, notification(r.Queue, m))
			}
			return outs
		}
	})
}

func without(list []*relay.Message, id []byte) []*relay.Message {
	var rest []*relay.Message
	for _, m := range list {
		if !bytes.Equal(m.ID, id) {
			rest = append(rest, m)
		}
	}
	return rest
}

func nobodySubscribed(q *relay.Queue, _ *relay.Message) bool {
	return q.Notifier() != nil && q.NotificationSubscriber() == nil
}

// takesAnyKeyLast takes a command whose last field is a key of an algorithm other than
// X25519, as if it were one.
func takesAnyKeyLast(tag string) func(*relay.Config) {
	return rewrites(tag, func(_ uint16, command []byte) []byte {
		for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X448} {
			other, err := keys.Generate(alg, rand.Reader)
			if err != nil {
				return command
			}
			start := len(command) - len(other.Public().SPKI())
			if start < 1 || int(command[start-1]) != len(command)-start {
				continue
			}
			if _, err := keys.ParsePublic(command[start:]); err != nil {
				continue
			}
			own, err := keys.Generate(keys.X25519, rand.Reader)
			if err != nil {
				return command
			}
			spki := own.Public().SPKI()
			return append(append(command[:start-1], byte(len(spki))), spki...)
		}
		return command
	})
}
