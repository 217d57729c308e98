package smp

import (
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Lengths to which client messages are padded before they are encrypted, so
// that the body of SEND has one of two sizes. SMP, "Send message".
const (
	PaddedClientMessage = 16000 // without key in the envelope
	PaddedConfirmation  = 15904 // with key in the envelope
)

// ErrEnvelope: the body of SEND or its decrypted content is malformed.
var ErrEnvelope = errors.New("malformed message envelope")

// ClientMessage is what the sender's client writes to the recipient's, hidden
// from the relay. SMP, "Send message".
type ClientMessage struct {
	// SenderKey is the key by which the recipient is to secure the queue: zero
	// if the queue is secured.
	SenderKey keys.PublicKey
	Body      []byte
}

// Encode returns the encoding of m. It fails if the key is not X25519, Ed25519
// or Ed448.
func (m ClientMessage) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	if m.SenderKey.IsZero() {
		w.Byte('_')
	} else {
		w.Byte('K')
		putAuthKey(w, m.SenderKey)
	}
	w.Raw(m.Body)
	return w.Bytes()
}

// DecodeClientMessage decodes the decrypted and unpadded content of an
// envelope; the error is ErrEnvelope. The result aliases b.
func DecodeClientMessage(b []byte) (ClientMessage, error) {
	r := wire.NewReader(b)
	var m ClientMessage
	if r.Literal("K") {
		m.SenderKey = readAuthKey(r)
	} else if !r.Literal("_") {
		r.Fail(fmt.Errorf("%w: private header, expected 'K' or '_'", ErrMode))
	}
	m.Body = r.Rest()
	if err := r.Err(); err != nil {
		return ClientMessage{}, fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	return m, nil
}

// Envelope is the body of SEND between clients. SMP, "Send message".
type Envelope struct {
	// Version is that of the clients' protocol, not of SMP.
	Version uint16
	// DHKey is the sender's key for the queue's end-to-end secret, in
	// confirmations; zero for none.
	DHKey keys.PublicKey
	Nonce box.Nonce
	// Body is the encrypted ClientMessage.
	Body []byte
}

// Encode returns the encoding of e. It fails if the key is not X25519.
func (e Envelope) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Uint16(e.Version)
	w.Maybe(!e.DHKey.IsZero())
	if !e.DHKey.IsZero() {
		putDHKey(w, e.DHKey)
	}
	w.Raw(e.Nonce[:])
	w.Raw(e.Body)
	return w.Bytes()
}

// DecodeEnvelope decodes the body of SEND; the error is ErrEnvelope. The result
// aliases b.
func DecodeEnvelope(b []byte) (Envelope, error) {
	r := wire.NewReader(b)
	e := Envelope{Version: r.Uint16()}
	if r.Maybe() {
		e.DHKey = readDHKey(r)
	}
	e.Nonce = readNonce(r)
	e.Body = r.Rest()
	if err := r.Err(); err != nil {
		return Envelope{}, fmt.Errorf("%w: %w", ErrEnvelope, err)
	}
	return e, nil
}

// Seal sets e's Body to the padded and encrypted m. It returns
// wire.ErrPadTooLong if m is too long.
func (e *Envelope) Seal(m ClientMessage, key *box.Key) error {
	b, err := m.Encode()
	if err != nil {
		return err
	}
	n := PaddedClientMessage
	if !e.DHKey.IsZero() {
		n = PaddedConfirmation
	}
	e.Body, err = box.SealPadded(nil, b, n, &e.Nonce, key)
	return err
}

// Open decrypts and decodes e's Body. It returns box.ErrOpen, an error of
// wire.Unpad or ErrEnvelope.
func (e *Envelope) Open(key *box.Key) (ClientMessage, error) {
	b, err := box.OpenPadded(e.Body, &e.Nonce, key)
	if err != nil {
		return ClientMessage{}, err
	}
	return DecodeClientMessage(b)
}
