package probe

import (
	"errors"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// ReadHello reads the relay's hello. It returns an error if not even version
// range and session identifier can be read; HelloErr says what is wrong with the
// session key.
func (c *Conn) ReadHello() error {
	content, err := c.ReadContent(answerTime)
	if err != nil {
		return err
	}
	c.Hello, c.HelloErr = transport.DecodeServerHello(content)
	if c.HelloErr != nil {
		return c.HelloErr
	}
	c.relayKey, c.HelloErr = SessionKey(c.Hello)
	return nil
}

// SessionKey returns the session key of a hello, or says why the hello holds
// none that a client can use.
func SessionKey(h transport.ServerHello) (keys.PublicKey, error) {
	if len(h.Chain) == 0 {
		return keys.PublicKey{}, errors.New("the hello holds no certificates and signed key that can be parsed")
	}
	signed, err := keys.ParseSignedKey(h.SignedKey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	signer, err := keys.CertificatePublicKey(h.Chain[0])
	if err != nil {
		return keys.PublicKey{}, err
	}
	if err := signed.Verify(signer); err != nil {
		return keys.PublicKey{}, err
	}
	key, err := signed.PublicKey()
	if err == nil && key.Algorithm() != keys.X25519 {
		return keys.PublicKey{}, fmt.Errorf("the session key in the hello is of %v, expected X25519", key.Algorithm())
	}
	return key, err
}

// SendHello sends the client's hello.
func (c *Conn) SendHello(h transport.ClientHello) {
	content, err := h.Encode()
	if err != nil {
		c.t.Broken(fmt.Errorf("encoding the client hello: %w", err))
	}
	c.SendContent(content)
}
