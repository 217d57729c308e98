package recorded_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
)

// next takes the next step of a ratchet, which has to be of the kind op.
func (e *end) next(op string) (vectors.RatchetStep, error) {
	if e.steps == len(e.Ratchet.Steps) {
		return vectors.RatchetStep{}, fmt.Errorf("%s: more messages than recorded", e.Client)
	}
	s := e.Ratchet.Steps[e.steps]
	e.steps++
	return s, expect(s.Op == op, "%s: step %d is %s, expected %s", e.Client, e.steps, s.Op, op)
}

// encrypted makes a message of the ratchet from its recorded content and compares it with
// what was sent.
func (w *walk) encrypted(e *end, sent []byte) error {
	s, err := e.next("encrypt")
	if err != nil {
		return in(ratchetSent, err)
	}
	var o ratchet.Options
	if s.PQ != nil {
		o.PQ = map[bool]ratchet.PQEncryption{true: ratchet.PQOn, false: ratchet.PQOff}[*s.PQ]
	}
	encrypted, state, err := e.state.Encrypt(s.Plaintext, s.PaddedLength, o)
	if err != nil {
		return in(ratchetSent, err)
	}
	hash := sha256.Sum256(encrypted)
	if !bytes.Equal(encrypted, w.ciphertext(ratchetSent, sent)) || !bytes.Equal(hash[:], s.MessageSHA256) {
		return in(ratchetSent, errors.New("not the ciphertext that was sent"))
	}
	e.state = state
	return in(contents, w.content(e, s.Plaintext, s.PaddedLength))
}

// decrypted opens a message of the ratchet and compares the content and the state after
// it with the recorded ones.
func (w *walk) decrypted(e *end, received []byte) error {
	s, err := e.next("decrypt")
	if err != nil {
		return in(ratchetReceived, err)
	}
	after, err := stateFrom(s.StateAfter)
	if err != nil {
		return in(ratchetReceived, err)
	}
	content, state, err := e.state.Decrypt(madeKeys{after}, w.ciphertext(ratchetReceived, received))
	if err != nil {
		return in(ratchetReceived, err)
	}
	if !bytes.Equal(content, s.Plaintext) {
		return in(ratchetReceived, errors.New("not the recorded content"))
	}
	if err := sameState(after, state); err != nil {
		return in(ratchetReceived, err)
	}
	e.state = state
	return in(contents, w.arrived(e, content))
}

// madeKeys are the keys that a ratchet step made: the state after it has them.
type madeKeys struct{ after ratchet.State }

func (k madeKeys) NewDH() (keys.PrivateKey, error) { return k.after.DHSelf, nil }

func (k madeKeys) NewKEM() (ratchet.KEMKeyPair, error) {
	if k.after.KEM == nil {
		return ratchet.KEMKeyPair{}, errors.New("no KEM key is recorded")
	}
	return k.after.KEM.Self, nil
}

func (k madeKeys) Encapsulate(public []byte) ([]byte, ratchet.Key, error) {
	if k.after.KEM == nil || k.after.KEM.Accepted == nil || !bytes.Equal(k.after.KEM.Accepted.ReceivedPublic, public) {
		return nil, ratchet.Key{}, errors.New("no secret for this KEM key is recorded")
	}
	return k.after.KEM.Accepted.Ciphertext, k.after.KEM.Accepted.Shared, nil
}

// confirmed checks the public X3DH parameters that are recorded against the states after
// X3DH: those of the confirmation of the joining side, and those of the invitation.
func (w *walk) confirmed(to *end, c message.AgentConfirmation) error {
	joining, initiating := to.peer.initial, to.initial
	if c.Parameters == nil {
		return expect(to.initial.Send != nil, "a confirmation of the joining side without ratchet parameters")
	}
	half := ratchet.AssociatedDataSize / 2
	p := c.Parameters
	if p.Version != initiating.Version || !bytes.Equal(p.Key1.Raw(), initiating.AssociatedData[:half]) ||
		!sameKEM(p.KEM, joining.KEM) {
		return errors.New("parameters of the joining side differ")
	}
	if to.offer == nil {
		return nil
	}
	return expect(bytes.Equal(to.offer.Key1.Raw(), initiating.AssociatedData[half:]) &&
		bytes.Equal(to.offer.Key2.Raw(), initiating.DHSelf.Public().Raw()) &&
		to.offer.KEM != nil && initiating.KEM != nil && bytes.Equal(to.offer.KEM.PublicKey, initiating.KEM.Self.Public),
		"parameters of the invitation differ")
}

func sameKEM(sent *ratchet.KEMParameters, kept *ratchet.KEM) bool {
	if sent == nil || kept == nil {
		return sent == nil && kept == nil
	}
	want := ratchet.KEMParameters{PublicKey: kept.Self.Public}
	if kept.Accepted != nil {
		want.Ciphertext = kept.Accepted.Ciphertext
	}
	return sent.Equal(&want)
}
