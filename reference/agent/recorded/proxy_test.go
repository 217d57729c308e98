package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// forward is a command on its way through a proxy: PFWD of the client, and the RFWD that
// it became.
type forward struct {
	client   string
	version  uint16
	key      keys.PublicKey
	body     []byte
	corr     []byte
	boxKey   box.Key  // of client and relay
	relay    *session // the proxy's connection
	inner    *request
	response []byte // body of RRES, for the client
}

// proxySession checks PKEY against the proxy's connection with the relay.
func (w *walk) proxySession(k smp.PKEY) error {
	s := w.relaySession(k.SessionID)
	if s == nil {
		return errors.New("a session that is not recorded")
	}
	return s.certified(k.Chain, k.SignedKey)
}

func (w *walk) relaySession(id []byte) *session {
	for _, s := range w.sessions {
		if s.ClientIsProxy && bytes.Equal(s.SessionID, id) {
			return s
		}
	}
	return nil
}

// forwardedCommand opens what a client encrypted for the relay behind the proxy, with the
// relay's key: that of the client, made for one command, is not recorded.
func (w *walk) forwardedCommand(q *request, c smp.PFWD) error {
	q.authorized = true // needs none
	s := w.relaySession(q.transmission.EntityID)
	if s == nil {
		return errors.New("a session that is not recorded")
	}
	f := &forward{
		client: q.client, version: c.Version, key: c.Key, body: c.Body, corr: q.transmission.CorrelationID, relay: s,
	}
	var err error
	if f.boxKey, err = box.Agree(s.relayKey, c.Key); err != nil {
		return err
	}
	item, err := w.openForwarded(forwarded, f, c.Body, smp.CorrelationNonce(f.corr))
	if err != nil {
		return in(forwarded, err)
	}
	got := smp.ReceiveCommand(c.Version, s.SessionID, item)
	if got.Err != nil {
		return in(forwarded, got.Err)
	}
	f.inner = &request{client: q.client, session: s, transmission: got.Transmission, command: got.Command}
	q.forward = f
	return nil
}

// openForwarded opens a block between client and relay, which holds one transmission, and
// makes the same ciphertext of it again.
func (w *walk) openForwarded(l layer, f *forward, body []byte, nonce box.Nonce) ([]byte, error) {
	content, err := box.OpenPadded(w.ciphertext(l, body), &nonce, &f.boxKey)
	if err != nil {
		return nil, err
	}
	again, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &f.boxKey)
	if err := remade(again, body, err); err != nil {
		return nil, err
	}
	items, err := smp.DecodeBlock(content)
	if err != nil {
		return nil, err
	}
	if len(items) != 1 {
		return nil, fmt.Errorf("%d transmissions", len(items))
	}
	return items[0], nil
}

// relayedCommand opens what the proxy encrypted for the relay, finds the client's command
// in it, and lets the relay execute that.
func (w *walk) relayedCommand(q *request, c smp.RFWD) error {
	q.authorized = true // needs none
	key, err := box.DeriveKey(q.session.DHSecret)
	if err != nil {
		return err
	}
	nonce := smp.CorrelationNonce(q.transmission.CorrelationID)
	plain, err := box.Open(nil, w.ciphertext(relayed, c.Body), &nonce, &key)
	if err != nil {
		return in(relayed, err)
	}
	if again := box.Seal(nil, plain, &nonce, &key); !bytes.Equal(again, c.Body) {
		return in(relayed, errors.New("not the same ciphertext again"))
	}
	got, err := smp.DecodeForwardedCommand(plain)
	if err != nil {
		return in(relayed, err)
	}
	if q.forward = w.pendingForward(got.CorrelationID); q.forward == nil {
		return in(relayed, errors.New("a command that no client sent"))
	}
	f := q.forward
	if f.version != got.Version || !bytes.Equal(f.key.SPKI(), got.Key.SPKI()) || !bytes.Equal(f.body, got.Body) {
		return in(relayed, errors.New("not the command of the client"))
	}
	return w.execute(f.inner)
}

// pendingForward finds the PFWD with a correlation id.
func (w *walk) pendingForward(id []byte) *forward {
	for _, s := range w.sessions {
		if q := s.pending[string(id)]; q != nil && q.forward != nil && bytes.Equal(q.forward.corr, id) {
			return q.forward
		}
	}
	return nil
}

// relayedResponse opens what the relay answered: first for the proxy, then for the client.
func (w *walk) relayedResponse(q *request, r smp.RRES) error {
	key, err := box.DeriveKey(q.session.DHSecret)
	if err != nil {
		return err
	}
	nonce := smp.CorrelationNonce(q.transmission.CorrelationID).Reverse()
	plain, err := box.Open(nil, w.ciphertext(relayedBack, r.Body), &nonce, &key)
	if err != nil {
		return in(relayedBack, err)
	}
	if again := box.Seal(nil, plain, &nonce, &key); !bytes.Equal(again, r.Body) {
		return in(relayedBack, errors.New("not the same ciphertext again"))
	}
	got, err := smp.DecodeForwardedResponse(plain)
	if err != nil {
		return in(relayedBack, err)
	}
	f := q.forward
	if f == nil || !bytes.Equal(got.CorrelationID, f.corr) {
		return in(relayedBack, errors.New("not the response to the client's command"))
	}
	f.response = got.Body
	item, err := w.openForwarded(forwardedBack, f, got.Body, smp.CorrelationNonce(f.corr).Reverse())
	if err != nil {
		return in(forwardedBack, err)
	}
	inner := smp.ReceiveResponse(f.version, f.relay.SessionID, item)
	if inner.Err != nil {
		return in(forwardedBack, inner.Err)
	}
	if !bytes.Equal(inner.Transmission.CorrelationID, f.inner.transmission.CorrelationID) ||
		!bytes.Equal(inner.Transmission.EntityID, f.inner.transmission.EntityID) {
		return in(forwardedBack, errors.New("not the response to the command"))
	}
	return w.answer(f.inner, inner.Response)
}

// forwardedResponse checks that the client got what the relay answered.
func (w *walk) forwardedResponse(q *request, r smp.PRES) error {
	return expect(q.forward != nil && bytes.Equal(q.forward.response, r.Body), "not what the relay answered")
}
