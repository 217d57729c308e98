package fault

import (
	"crypto/rand"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// rearrange takes all messages out of a queue and puts back what order makes of them.
func rearrange(q *relay.Queue, order func([]*relay.Message) []*relay.Message) {
	b := q.Mailbox()
	var all []*relay.Message
	for m := b.Head(); m != nil; m = b.Head() {
		all = append(all, m)
		b.Remove(m.ID)
	}
	for _, m := range order(all) {
		b.Put(m)
	}
}

// stores replaces the stage Store; next is what it was.
func stores(f func(q *relay.Queue, m *relay.Message, next store) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Store
		st.Store = func(q *relay.Queue, m *relay.Message) bool { return f(q, m, next) }
	})
}

type store = func(*relay.Queue, *relay.Message) bool

// delivers changes messages when they are delivered.
func delivers(change func(s *relay.Session, q *relay.Queue, m *relay.Message)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Deliver
		st.Deliver = func(s *relay.Session, out relay.Output) (smp.Response, error) {
			m := *out.Message
			change(s, out.Queue, &m)
			out.Message = &m
			return next(s, out)
		}
	})
}

// sealer is how a faulty relay encrypts messages for recipients. The fields have to be set.
type sealer struct {
	// key makes the key of the relay for a queue.
	key func() (keys.PrivateKey, error)
	// agree makes the key of the encryption.
	agree func(keys.PrivateKey, keys.PublicKey) (box.Key, error)
	// seal makes the body of MSG.
	seal func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error)
}

// seals encrypts messages in another way: change replaces parts of the right one.
func seals(change func(*sealer)) func(*relay.Config) {
	how := sealer{
		key:   func() (keys.PrivateKey, error) { return keys.Generate(keys.X25519, rand.Reader) },
		agree: box.Agree,
		seal:  func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error) { return m.Seal(id, key) },
	}
	change(&how)
	return stages(func(st *relay.Stages) {
		var agreed notes[string, *box.Key]
		execute := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			command, ok := r.Command.(smp.NEW)
			if !ok || len(outs) == 0 {
				return outs
			}
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				outs[0].Response = how.introduce(ids, command.DHKey, &agreed)
			}
			return outs
		}
		st.Deliver = func(_ *relay.Session, out relay.Output) (smp.Response, error) {
			key, _ := agreed.get(string(out.Queue.RecipientID()))
			m := out.Message
			body, err := how.seal(smp.RcvMessage{Quota: m.Quota, Timestamp: m.Time.Unix(), Notify: m.Notify, Body: m.Body}, m.ID, key)
			return smp.MSG{ID: m.ID, Body: body}, err
		}
	})
}

// introduce agrees a key with the recipient of a new queue.
func (x *sealer) introduce(ids smp.IDS, recipient keys.PublicKey, agreed *notes[string, *box.Key]) smp.Response {
	private, err := x.key()
	if err != nil {
		return smp.ERR{Err: smp.ErrInternal}
	}
	key, err := x.agree(private, recipient)
	if err != nil {
		return smp.ERR{Err: smp.ErrCrypto}
	}
	agreed.set(string(ids.RecipientID), &key)
	ids.ServerDHKey = private.Public()
	return ids
}

// paddedTo seals messages that are padded to the size that sizeOf says for their content.
func paddedTo(sizeOf func(m smp.RcvMessage, length int) int) func(*relay.Config) {
	return seals(func(x *sealer) {
		x.seal = func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error) {
			content, err := m.Encode()
			if err != nil {
				return nil, err
			}
			nonce := smp.CorrelationNonce(id)
			return box.SealPadded(nil, content, sizeOf(m, len(content)), &nonce, key)
		}
	})
}
