package relay

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// defaultAuthorise is the stage Authorise. The credentials that a command needs
// were checked when it was decoded.
//
// Whatever the reason for ERR AUTH is, the work before it is that of verifying
// the authorization once: the document asks for the same time in all cases, so
// that nobody learns from it which queues exist. (A contact queue with several
// recipient keys costs as many verifications; its recipient id is known to
// those who have one of the keys.)
func defaultAuthorise(s *Session, r *Request) *smp.Error {
	if err := s.checkService(r); err != nil {
		return err
	}
	switch r.Command.(type) {
	case smp.SUBS, smp.NSUBS, smp.PING, smp.PRXY, smp.PFWD, smp.RFWD, smp.RSLV:
		return nil
	}
	if !s.authorised(r) {
		return smp.ErrAuth
	}
	return nil
}

// authorised sets the queue of a request and reports whether the authorization
// is one that the command may have.
func (s *Session) authorised(r *Request) bool {
	hasAuth := len(r.Transmission.Authorization) > 0
	switch c := r.Command.(type) {
	case smp.NEW:
		return s.verify(r, c.AuthKey)
	case smp.SEND:
		record := s.lookup(r, sender)
		if !hasAuth {
			return record != nil && record.SenderKey.IsZero()
		}
		if record == nil {
			return s.verify(r)
		}
		return s.verify(r, record.SenderKey)
	case smp.SKEY:
		record := s.lookup(r, sender)
		if record == nil || !record.senderMaySet(c.SenderKey) {
			return s.verify(r)
		}
		return s.verify(r, c.SenderKey)
	case smp.LKEY:
		record := s.lookup(r, linkReader)
		if record == nil || !record.senderMaySet(c.SenderKey) {
			return s.verify(r)
		}
		return s.verify(r, c.SenderKey)
	case smp.LGET:
		record := s.lookup(r, linkReader)
		return record != nil && record.isContact()
	case smp.NSUB:
		if r.Queue = s.relay.store.find(notifier, r.Transmission.EntityID); r.Queue == nil {
			return s.verify(r)
		}
		return s.verify(r, s.relay.notifierKey(r.Queue, r.Transmission.EntityID))
	default:
		record := s.lookup(r, recipient)
		if record == nil {
			return s.verify(r)
		}
		return s.verify(r, record.RecipientKeys...)
	}
}

// lookup finds the queue that the request names for a party; nil if there is
// none.
func (s *Session) lookup(r *Request, p party) *Record {
	r.Queue = s.relay.store.find(p, r.Transmission.EntityID)
	if r.Queue == nil {
		return nil
	}
	return s.relay.snapshot(r.Queue)
}

// senderMaySet reports whether SKEY and LKEY may set the key: in a messaging queue, once
// or again the same key.
func (r *Record) senderMaySet(key keys.PublicKey) bool {
	return r.Mode == smp.Messaging && (r.SenderKey.IsZero() || r.SenderKey == key)
}

// verify reports whether one of the keys made the authorization. With none, it
// does the work for one.
func (s *Session) verify(r *Request, list ...keys.PublicKey) bool {
	if len(list) == 0 {
		list = []keys.PublicKey{{}}
	}
	for _, key := range list {
		if s.relay.stages.Verify(s, r, key) {
			return true
		}
	}
	return false
}

// defaultVerify is the stage Verify. smp verifies a dummy key if the key is
// zero or does not fit the authorization.
func defaultVerify(s *Session, r *Request, key keys.PublicKey) bool {
	return s.verifier.Verify(&r.Transmission, key)
}
