package fault

import (
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// pushes replaces the stage Push; next is what it was.
func pushes(f func(to *relay.Session, q *relay.Queue, out relay.Output, next push)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Push
		st.Push = func(to *relay.Session, q *relay.Queue, out relay.Output) { f(to, q, out, next) }
	})
}

type push = func(to *relay.Session, q *relay.Queue, out relay.Output)

// stores replaces the stage Store; next is what it was.
func stores(f func(q *relay.Queue, m *relay.Message, next store) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Store
		st.Store = func(q *relay.Queue, m *relay.Message) bool { return f(q, m, next) }
	})
}

type store = func(*relay.Queue, *relay.Message) bool

// sealer is how a faulty relay encrypts messages for recipients. The fields have to be set.
type sealer struct {
	// key makes the key of the relay for a queue.
	key func() keys.PrivateKey
	// agree makes the key of the encryption.
	agree func(keys.PrivateKey, keys.PublicKey) (box.Key, error)
	// seal makes the body of MSG.
	seal func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error)
}

// seals encrypts messages in another way: change replaces parts of the right one.
func seals(change func(*sealer)) func(*relay.Config) {
	how := sealer{
		key:   func() keys.PrivateKey { return newKeyOf(keys.X25519) },
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
	private := x.key()
	key, err := x.agree(private, recipient)
	if err != nil {
		return smp.ERR{Err: smp.ErrCrypto}
	}
	agreed.set(string(ids.RecipientID), &key)
	ids.ServerDHKey = private.Public()
	return ids
}
