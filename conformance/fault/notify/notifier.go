package notify

import (
	"bytes"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// isForNotifier reports whether something about a queue, other than a message, is not for
// its recipient.
func isForNotifier(q *relay.Queue, out relay.Output) bool {
	return q != nil && out.Message == nil && !bytes.Equal(out.EntityID, q.RecipientID())
}

// notifierHearsNothing drops what is pushed to a notifier during a command.
func notifierHearsNothing[C smp.Command]() func(*relay.Config) {
	return fault.PushesDuring[C](func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if !isForNotifier(q, out) {
			next(to, q, out)
		}
	})
}

// notifierHears changes what is pushed to a notifier during a command.
func notifierHears[C smp.Command](change func(q *relay.Queue, out *relay.Output)) func(*relay.Config) {
	return fault.PushesDuring[C](func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
		if isForNotifier(q, out) {
			change(q, &out)
		}
		next(to, q, out)
	})
}

// refusedLater does something about a queue, which is locked, before a command for it is
// refused for its authorization.
func refusedLater[C smp.Command](st *relay.Stages, before func(*relay.Session, *relay.Request, C)) {
	var refused fault.Notes[*relay.Request, *smp.Error]
	authorise, execute := st.Authorise, st.Execute
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := authorise(s, r)
		if _, ok := r.Command.(C); ok && err != nil && r.Queue != nil {
			refused.Set(r, err)
			return nil
		}
		return err
	}
	st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		err, isRefused := refused.Take(r)
		if !isRefused {
			return execute(s, r)
		}
		before(s, r, r.Command.(C))
		return fault.Refuse(r, err)
	}
}

// notifierIDs makes notifier ids in another way: make gets the random id and the queue,
// which is nil in NEW.
func notifierIDs(make func(s *relay.Session, q *relay.Queue, id []byte) []byte) func(*relay.Config) {
	return fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
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
	return fault.Stages(func(st *relay.Stages) {
		var kept fault.Notes[*relay.Queue, []*relay.Message]
		execute, announce, remove, push := st.Execute, st.Announce, st.Remove, st.Push
		st.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
			if !m.Notify || !room.keep(q, m) {
				announce(r, q, m)
				return
			}
			kept.Update(q, func(list []*relay.Message) []*relay.Message { return append(list, m) })
		}
		st.Remove = func(q *relay.Queue, id []byte) bool {
			if room.untilACK {
				kept.Update(q, func(list []*relay.Message) []*relay.Message { return without(list, id) })
			}
			return remove(q, id)
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			if _, ok := r.Command.(smp.NSUB); !ok || !fault.RepliedWith[smp.SOK](outs) {
				return outs
			}
			list, _ := kept.Take(r.Queue)
			if room.send != nil {
				list = room.send(list)
			}
			for _, m := range list {
				push(s, r.Queue, fault.NotificationOf(r.Queue, m))
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
	return fault.Rewrites(tag, func(_ uint16, command []byte) []byte {
		for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X448} {
			start := len(command) - len(fault.NewKey(alg).Public().SPKI())
			if start < 1 || int(command[start-1]) != len(command)-start {
				continue
			}
			if _, err := keys.ParsePublic(command[start:]); err != nil {
				continue
			}
			spki := fault.NewKey(keys.X25519).Public().SPKI()
			return append(append(command[:start-1], byte(len(spki))), spki...)
		}
		return command
	})
}
