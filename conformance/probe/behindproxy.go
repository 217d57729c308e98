package probe

import (
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// AskBehindProxy sends a command as a client of the same version does whose proxy
// is c, in RFWD with both encryptions, and waits for its answer. A relay that does
// not answer with RRES, or whose RRES does not decrypt, blocks the case: other
// cases are about forwarding.
func (c *Conn) AskBehindProxy(entity []byte, cmd smp.Command) Answer {
	inner, err := smp.CommandTransmission(c.version, nil, c.t.Fresh().Bytes(smp.CorrelationIDSize), entity, cmd)
	if err != nil {
		c.t.Broken(err)
	}
	content, err := inner.AppendBlock(nil, c.version)
	if err != nil {
		c.t.Broken(err)
	}
	ephemeral := c.generate(keys.X25519)
	body, clientKey := c.sealForRelay(ephemeral, inner.CorrelationID, content)
	forwarded, err := smp.ForwardedCommand{
		CorrelationID: inner.CorrelationID, Version: c.version, Key: ephemeral.Public(), Body: body,
	}.Encode()
	if err != nil {
		c.t.Broken(err)
	}
	secret := c.agree(c.private)
	outer := c.Transmission(nil, NoKey, smp.RFWD{})
	nonce := smp.CorrelationNonce(outer.CorrelationID)
	outer.Command = c.EncodeCommand(smp.RFWD{Body: box.Seal(nil, forwarded, &nonce, &secret)})
	answer := RequireA[smp.RRES](c.AskTransmission("RFWD", outer))

	opened, err := openForwarded(answer.Body, &nonce, &secret, inner.CorrelationID, &clientKey)
	if err != nil {
		Blocked(c.t, "RRES cannot be read: %v", err)
	}
	received := smp.DecodeResponses(c.version, nil, opened)
	if len(received) != 1 {
		Blocked(c.t, "RRES has %d transmissions", len(received))
	}
	r := received[0]
	if string(r.Transmission.CorrelationID) != string(inner.CorrelationID) {
		Blocked(c.t, "the forwarded %s was answered under another correlation id", cmd.Tag())
	}
	return Answer{
		Received: Received{Transmission: r.Transmission, Response: r.Response, Err: r.Err},
		t:        c.t, command: "forwarded " + cmd.Tag(),
	}
}

// agree makes the key of a private key and the relay's session key.
func (c *Conn) agree(private keys.PrivateKey) box.Key {
	key, err := box.Agree(private, c.RelayKey())
	if err != nil {
		c.t.Broken(err)
	}
	return key
}

// sealForRelay encrypts the content of a block as the client behind a proxy does.
func (c *Conn) sealForRelay(ephemeral keys.PrivateKey, correlationID, content []byte) ([]byte, box.Key) {
	key, nonce := c.agree(ephemeral), smp.CorrelationNonce(correlationID)
	body, err := box.SealPadded(nil, content, smp.PaddedForwarded, &nonce, &key)
	if err != nil {
		c.t.Broken(err)
	}
	return body, key
}

// openForwarded takes both encryptions off the body of RRES.
func openForwarded(body []byte, proxyNonce *box.Nonce, secret *box.Key, correlationID []byte, clientKey *box.Key) ([]byte, error) {
	nonce := proxyNonce.Reverse()
	content, err := box.Open(nil, body, &nonce, secret)
	if err != nil {
		return nil, fmt.Errorf("the encryption for the proxy: %w", err)
	}
	response, err := smp.DecodeForwardedResponse(content)
	if err != nil {
		return nil, err
	}
	nonce = smp.CorrelationNonce(correlationID).Reverse()
	opened, err := box.OpenPadded(response.Body, &nonce, clientKey)
	if err != nil {
		return nil, fmt.Errorf("the encryption for the client: %w", err)
	}
	return opened, nil
}
