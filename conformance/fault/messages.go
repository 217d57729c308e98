package fault

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Push is the stage Push.
type Push = func(to *relay.Session, q *relay.Queue, out relay.Output)

// Pushes replaces the stage Push; next is what it was.
func Pushes(f func(to *relay.Session, q *relay.Queue, out relay.Output, next Push)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Push
		st.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) { f(to, q, out, next) }
	})
}

// Store is the stage Store.
type Store = func(*relay.Queue, *relay.Message) bool

// Stores replaces the stage Store; next is what it was.
func Stores(f func(q *relay.Queue, m *relay.Message, next Store) bool) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Store
		st.Store = func(q *relay.Queue, m *relay.Message) bool { return f(q, m, next) }
	})
}

// Sealer is how a faulty relay encrypts messages for recipients. The fields have to be set.
type Sealer struct {
	// Key makes the key of the relay for a queue.
	Key func() keys.PrivateKey
	// Agree makes the key of the encryption.
	Agree func(keys.PrivateKey, keys.PublicKey) (box.Key, error)
	// Seal makes the body of MSG.
	Seal func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error)
}

// Seals encrypts messages in another way: change replaces parts of the right one.
func Seals(change func(*Sealer)) func(*relay.Config) {
	how := Sealer{
		Key:   func() keys.PrivateKey { return NewKey(keys.X25519) },
		Agree: box.Agree,
		Seal:  func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error) { return m.Seal(id, key) },
	}
	change(&how)
	return Stages(func(st *relay.Stages) {
		var agreed Notes[string, *box.Key]
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
			key, _ := agreed.Get(string(out.Queue.RecipientID()))
			m := out.Message
			body, err := how.Seal(smp.RcvMessage{Quota: m.Quota, Timestamp: m.Time.Unix(), Notify: m.Notify, Body: m.Body}, m.ID, key)
			return smp.MSG{ID: m.ID, Body: body}, err
		}
	})
}

// introduce agrees a key with the recipient of a new queue.
func (x *Sealer) introduce(ids smp.IDS, recipient keys.PublicKey, agreed *Notes[string, *box.Key]) smp.Response {
	private := x.Key()
	key, err := x.Agree(private, recipient)
	if err != nil {
		return smp.ERR{Err: smp.ErrCrypto}
	}
	agreed.Set(string(ids.RecipientID), &key)
	ids.ServerDHKey = private.Public()
	return ids
}
