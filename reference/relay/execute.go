package relay

import (
	"fmt"
	"io"

	"smpcheck/reference/smp"
)

// idSize is the size of all ids in bytes. SMP, "Create queue command" allows 16
// to 24, "Deliver queue message" wants 24.
const idSize = 24

// defaultNewID is the stage NewID: random bytes, which depend on nothing.
func defaultNewID(s *Session, _ *Request, _ IDKind) ([]byte, error) {
	id := make([]byte, idSize)
	if _, err := io.ReadFull(s.relay.config.Rand, id); err != nil {
		return nil, fmt.Errorf("randomness for an id: %w", err)
	}
	return id, nil
}

// fail is the answer to a command that failed.
func fail(err *smp.Error) smp.Response { return smp.ERR{Err: err} }

// defaultExecute is the stage Execute.
func defaultExecute(s *Session, r *Request) []Output {
	out := r.output()
	if err := s.refusal(r); err != nil {
		return []Output{r.failure(err)}
	}
	switch c := r.Command.(type) {
	case smp.NEW:
		out.Response = s.create(r, c)
	case smp.SUB:
		out.Response = s.subscribe(r.Queue)
	case smp.GET:
		s.getMessage(r.Queue, &out)
	case smp.ACK:
		s.acknowledge(r.Queue, c, &out)
	case smp.KEY:
		out.Response = secure(r.Queue, c.SenderKey)
	case smp.SKEY:
		out.Response = secure(r.Queue, c.SenderKey)
	case smp.RKEY:
		out.Response = setRecipientKeys(r.Queue, c)
	case smp.NKEY:
		out.Response = s.setNotifier(r, c)
	case smp.NDEL:
		s.disableNotifier(r.Queue)
		out.Response = smp.OK{}
	case smp.NSUB:
		out.Response = s.subscribeNotifier(r)
	case smp.OFF:
		r.Queue.suspend(s.relay.config.Now())
		out.Response = smp.OK{}
	case smp.DEL:
		s.relay.delete(r.Queue, s)
		out.Response = smp.OK{}
	case smp.QUE:
		out.Response = s.info(r.Queue)
	case smp.LSET:
		out.Response = s.relay.setLink(r.Queue, c)
	case smp.LDEL:
		s.relay.deleteLink(r.Queue)
		out.Response = smp.OK{}
	case smp.LKEY:
		out.Response = secureLink(r, c)
	case smp.LGET:
		out.Response = readLink(r)
	case smp.SEND:
		out.Response = s.storeMessage(r, c)
	case smp.PING:
		out.Response = smp.PONG{}
	case smp.PRXY, smp.PFWD:
		return s.proxied(r)
	case smp.RFWD:
		if out.Response = s.relay.stages.Forwarded(s, r); out.Response == nil {
			return nil
		}
	case smp.RSLV:
		return s.resolveName(r, c)
	case smp.SUBS, smp.NSUBS:
		out.Response = s.subscribeService()
	default:
		out.Response = fail(smp.ErrCmdProhibited)
	}
	return []Output{out}
}
