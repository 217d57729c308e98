package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// authorize finds the queue of a command and verifies its authorization with the key that
// the relay has for it. Then it makes the authorization again with the recorded private
// key.
func (w *walk) authorize(q *request) error {
	t := &q.transmission
	if len(t.Authorization) > 0 {
		t.Authorization = w.ciphertext(authorizations, t.Authorization)
	}
	key, free := w.keyOf(q)
	v := &q.session.verifier
	if err := w.service(q); err != nil {
		return err
	}
	switch {
	case len(t.Authorization) == 0:
		q.authorized = free
		return nil
	case byService(q.command):
		q.authorized = true // VerifyService did
		return nil
	case key.IsZero():
		return nil // the relay has no such queue
	}
	q.authorized = v.Verify(t, key)
	if !q.authorized {
		return errors.New("does not verify with the recorded key")
	}
	return w.authorizeAgain(q, key)
}

func byService(c smp.Command) bool {
	switch c.(type) {
	case smp.SUBS, smp.NSUBS:
		return true
	}
	return false
}

// service verifies what the key of a service signed.
func (w *walk) service(q *request) error {
	if q.transmission.ServiceSignature == nil && !byService(q.command) {
		return nil
	}
	if q.transmission.ServiceSignature != nil {
		q.transmission.ServiceSignature = w.ciphertext(serviceSigned, q.transmission.ServiceSignature)
	}
	if err := q.session.verifier.VerifyService(&q.transmission, q.command); err != nil {
		if q.transmission.ServiceSignature == nil {
			return in(authorizations, err)
		}
		return in(serviceSigned, err)
	}
	return nil
}

// keyOf returns the key that has to authorize a command, and whether it may come without
// authorization.
func (w *walk) keyOf(q *request) (key keys.PublicKey, free bool) {
	r := q.session.relay
	switch c := q.command.(type) {
	case smp.NEW:
		return c.AuthKey, false
	case smp.SKEY:
		q.queue = r.senders[string(q.transmission.EntityID)]
		return c.SenderKey, false
	case smp.SEND:
		if q.queue = r.senders[string(q.transmission.EntityID)]; q.queue == nil {
			return keys.PublicKey{}, false
		}
		return q.queue.senderKey, q.queue.senderKey.IsZero()
	case smp.NSUB:
		if q.queue = r.notifiers[string(q.transmission.EntityID)]; q.queue == nil {
			return keys.PublicKey{}, false
		}
		return q.queue.notifierKey, false
	case smp.LGET, smp.PRXY, smp.PING:
		return keys.PublicKey{}, true
	case smp.SUBS, smp.NSUBS:
		return keys.PublicKey{}, false
	}
	if q.queue = r.recipients[string(q.transmission.EntityID)]; q.queue == nil {
		return keys.PublicKey{}, false
	}
	return q.queue.recipientKey, false
}

// authorizeAgain signs or authenticates the command with the recorded private key: both
// are deterministic.
func (w *walk) authorizeAgain(q *request, key keys.PublicKey) error {
	private, ok := w.private[string(key.SPKI())]
	if !ok {
		return fmt.Errorf("no private key is recorded for %v", key)
	}
	a, err := smp.NewAuthorizer(private, q.session.relayKey.Public())
	if err != nil {
		return err
	}
	t := q.transmission
	covered, err := t.Authorized(q.session.SessionID)
	if err != nil {
		return err
	}
	if t.ServiceSignature != nil {
		covered = append(bytes.Clone(q.session.verifier.Service.CertFingerprint[:]), covered...)
	}
	again, err := a.Authorize(covered, t.CorrelationID)
	if err != nil {
		return err
	}
	return expect(bytes.Equal(again, t.Authorization), "not the same authorization again")
}
