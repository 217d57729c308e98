package relay

import (
	"bytes"

	"smpcheck/reference/smp"
)

// storeMessage executes SEND. SMP, "Send message". The size is judged by the version of
// the sender's connection, before the state of the queue.
func (s *Session) storeMessage(r *Request, c smp.SEND) smp.Response {
	if len(c.Body) > smp.MaxMessageLength(s.Version()) {
		return fail(smp.ErrLargeMsg)
	}
	q := r.Queue
	if q.record.Suspended() {
		return fail(smp.ErrAuth)
	}
	if q.takenInvitation() {
		s.relay.deleteLink(q)
	}
	id, err := s.relay.stages.NewID(s, r, MessageID)
	if err != nil {
		return s.internal(err)
	}
	m := &Message{ID: id, Time: s.relay.config.Now(), Notify: c.Notify, Body: kept(c.Body), uses: newUses()}
	stored := s.relay.stages.Store(q, m)
	s.relay.deliver(q)
	if !stored {
		return fail(smp.ErrQuota)
	}
	s.relay.stages.Announce(s.relay, q, m)
	s.relay.notify(q)
	return smp.OK{}
}

// kept returns a body to keep. It is a part of a whole block, which is not to be kept
// for a small one.
func kept(body []byte) []byte {
	if isCopied(body) {
		return bytes.Clone(body)
	}
	return body
}

// isCopied reports whether a queue keeps a copy of a body, and not the body itself.
func isCopied(body []byte) bool { return len(body) < smp.BlockSize/2 }
