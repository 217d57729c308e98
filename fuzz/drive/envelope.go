package drive

import (
	"errors"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// envelope is what a PFWD or RFWD has carried to its destination, with the keys that open
// the response to it.
type envelope struct {
	// inside is the forwarded transmission, nil if what is inside is not one.
	inside  *Sent
	version uint16
	nonce   box.Nonce
	key     box.Key
	// between are the keys of an RFWD between proxy and destination.
	between *box.Key
	outer   box.Nonce
}

// envelope opens what a transmission forwards as the destination has to; nil if it does
// not open, or if there is nothing. RFWD carries what a PFWD does in one more encryption.
func (r *runner) envelope(s session, sent Sent) *envelope {
	switch c := sent.Command.(type) {
	case smp.PFWD:
		if s.tunnel == nil || string(sent.EntityID) != string(s.tunnel.sessionID) {
			return nil
		}
		in := session{version: c.Version, id: s.tunnel.sessionID, relayKey: s.tunnel.key}
		return r.openForward(in, sent.CorrelationID, c.Key, c.Body)
	case smp.RFWD:
		if s.secret == nil {
			return nil
		}
		between, err := box.DeriveKey(s.secret)
		if err != nil {
			return nil
		}
		outer := smp.CorrelationNonce(sent.CorrelationID)
		content, err := box.Open(nil, c.Body, &outer, &between)
		if err != nil {
			return nil
		}
		f, err := smp.DecodeForwardedCommand(content)
		if err != nil {
			return nil
		}
		in := session{version: f.Version, id: s.id, relayKey: s.relayKey}
		e := r.openForward(in, f.CorrelationID, f.Key, f.Body)
		if e != nil {
			e.between, e.outer = &between, outer.Reverse()
		}
		return e
	}
	return nil
}

// openForward opens a body that was encrypted with a key of the driver. In what is
// forwarded the session identifier is implied at every version.
func (r *runner) openForward(in session, correlationID []byte, public keys.PublicKey, body []byte) *envelope {
	key, ok := r.agreed(public, in.relayKey)
	if !ok {
		return nil
	}
	in.version = max(in.version, smp.VersionAuthenticators)
	e := &envelope{version: in.version, nonce: smp.CorrelationNonce(correlationID), key: key}
	content, err := box.OpenPadded(body, &e.nonce, &key)
	if err != nil {
		return nil
	}
	e.nonce = e.nonce.Reverse()
	raws, err := smp.DecodeBlock(content)
	if err != nil || len(raws) != 1 {
		return e
	}
	inside, _ := r.truth(in, raws[0])
	if inside.Command != nil {
		inside.Tag = inside.Command.Tag()
	}
	e.inside = &inside
	return e
}

// agreed is the key that a key of the driver agrees on with another; false if the driver
// has no such key.
func (r *runner) agreed(own, peer keys.PublicKey) (box.Key, bool) {
	private, known := r.keys[own]
	if !known || private.Algorithm() != keys.X25519 || peer.IsZero() {
		return box.Key{}, false
	}
	key, err := box.Agree(private, peer)
	return key, err == nil
}

// errForwardedBatch: what PRES carries is not one transmission.
var errForwardedBatch = errors.New("what is encrypted is no block with one transmission")

// open opens the response to what was forwarded; nil for a response that carries none.
func (e *envelope) open(resp smp.Response) (*Received, error) {
	var body []byte
	switch resp := resp.(type) {
	case smp.PRES:
		body = resp.Body
	case smp.RRES:
		if e.between == nil {
			return nil, nil
		}
		content, err := box.Open(nil, resp.Body, &e.outer, e.between)
		if err != nil {
			return nil, err
		}
		f, err := smp.DecodeForwardedResponse(content)
		if err != nil {
			return nil, err
		}
		body = f.Body
	default:
		return nil, nil
	}
	content, err := box.OpenPadded(body, &e.nonce, &e.key)
	if err != nil {
		return nil, err
	}
	raws, err := smp.DecodeBlock(content)
	if err != nil {
		return nil, err
	}
	if len(raws) != 1 {
		return nil, errForwardedBatch
	}
	var inner Received
	if inner.Transmission, inner.Err = smp.DecodeTransmission(e.version, raws[0]); inner.Err == nil {
		inner.Response, inner.Err = smp.DecodeResponse(e.version, inner.Transmission.Command)
	}
	return &inner, nil
}
