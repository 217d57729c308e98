package client

import (
	"bytes"
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// sealedCommand is a command in the encryption between client and destination,
// with what opens the answer to it.
type sealedCommand struct {
	// ephemeral is the public part of the key for this command alone, nonce the
	// correlation id of the command inside and of the PFWD around it.
	ephemeral keys.PublicKey
	nonce     box.Nonce
	body      []byte

	session *ProxySession
	entity  []byte
	secret  box.Key
}

// seal encodes, authorizes and encrypts a command. SMP, "Send command via
// proxy". What is encrypted is the content of a block with one transmission, as
// in the official implementation: in the document it is the bare transmission.
func (s *ProxySession) seal(r Request) (*sealedCommand, error) {
	sealed := &sealedCommand{session: s, entity: r.EntityID}
	if _, err := io.ReadFull(s.client.config.Rand, sealed.nonce[:]); err != nil {
		return nil, fmt.Errorf("randomness for a correlation id: %w", err)
	}
	ephemeral, err := keys.Generate(keys.X25519, s.client.config.Rand)
	if err != nil {
		return nil, fmt.Errorf("key for the command: %w", err)
	}
	sealed.ephemeral = ephemeral.Public()
	if sealed.secret, err = box.Agree(ephemeral, s.key); err != nil {
		return nil, fmt.Errorf("agreeing with the destination's session key: %w", err)
	}
	content, err := s.content(r, sealed.nonce)
	if err != nil {
		return nil, err
	}
	sealed.body, err = box.SealPadded(nil, content, smp.PaddedForwarded, &sealed.nonce, &sealed.secret)
	if err != nil {
		return nil, fmt.Errorf("%w: %d bytes through a proxy: %w", ErrTooLarge, len(content), err)
	}
	return sealed, nil
}

// content is the content of a block with the command alone, authorized for the
// session between proxy and destination.
func (s *ProxySession) content(r Request, correlationID box.Nonce) ([]byte, error) {
	if r.Command == nil {
		return nil, ErrNoCommand
	}
	t, err := smp.CommandTransmission(s.version, s.id, correlationID[:], r.EntityID, r.Command)
	if err != nil {
		return nil, err
	}
	if !r.Key.IsZero() {
		a, err := s.authorizers.of(r.Key, s.key)
		if err != nil {
			return nil, err
		}
		if err := t.Authorize(s.id, a); err != nil {
			return nil, err
		}
	}
	return t.AppendBlock(nil, s.version)
}

// open decrypts and decodes the answer to the command. The nonce is the
// correlation id with its bytes reversed, as in the official implementation; the
// document says increased by 1.
func (c *sealedCommand) open(body []byte) (smp.Response, error) {
	nonce := c.nonce.Reverse()
	content, err := box.OpenPadded(body, &nonce, &c.secret)
	if err != nil {
		return nil, &ProxyError{Err: fmt.Errorf("response of the destination: %w", err)}
	}
	received := smp.DecodeResponses(c.session.version, c.session.id, content)
	if n := len(received); n != 1 {
		return nil, &UnexpectedError{Expected: "one response of the destination", Got: fmt.Sprintf("%d", n)}
	}
	r := received[0]
	if r.Err != nil {
		return nil, decodeError(r.Err)
	}
	if answer, ok := r.Response.(smp.ERR); ok {
		return nil, answer.Err
	}
	if !bytes.Equal(r.Transmission.CorrelationID, c.nonce[:]) || !bytes.Equal(r.Transmission.EntityID, c.entity) {
		return nil, &UnexpectedError{
			Expected: "the ids of the forwarded command",
			Got:      r.Response.Tag() + " with others",
		}
	}
	return r.Response, nil
}
