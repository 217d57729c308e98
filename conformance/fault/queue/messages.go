package queue

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
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

// delivers changes messages when they are delivered.
func delivers(change func(s *relay.Session, q *relay.Queue, m *relay.Message)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Deliver
		st.Deliver = func(s *relay.Session, out relay.Output) (smp.Response, error) {
			m := *out.Message
			change(s, out.Queue, &m)
			out.Message = &m
			return next(s, out)
		}
	})
}

// paddedTo seals messages that are padded to the size that sizeOf says for their content.
func paddedTo(sizeOf func(m smp.RcvMessage, length int) int) func(*relay.Config) {
	return fault.Seals(func(x *fault.Sealer) {
		x.Seal = func(m smp.RcvMessage, id []byte, key *box.Key) ([]byte, error) {
			content, err := m.Encode()
			if err != nil {
				return nil, err
			}
			nonce := smp.CorrelationNonce(id)
			return box.SealPadded(nil, content, sizeOf(m, len(content)), &nonce, key)
		}
	})
}
