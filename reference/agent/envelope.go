package agent

import (
	"fmt"
	"io"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// sealForQueue encrypts an agent envelope with the secret of a queue. The first
// message of a queue carries the sender's keys: for the secret, and, unless the sender
// has secured the queue, for its commands.
func (a *Agent) sealForQueue(q *store.SendQueue, first bool, envelope []byte) ([]byte, error) {
	m := smp.ClientMessage{Body: envelope}
	e := smp.Envelope{Version: q.Address.Version}
	if first || q.Introduce {
		e.DHKey = q.DHKey.Public()
	}
	if first && !q.SenderSecures {
		m.SenderKey = q.Key.Public()
	}
	return a.sealEnvelope(e, m, q.DHKey.PrivateKey, q.Address.DHKey)
}

// sealOnce encrypts the only message to a queue, with a key that is used once.
func (a *Agent) sealOnce(address link.QueueInfo, envelope []byte) ([]byte, error) {
	once, err := keys.Generate(keys.X25519, a.cfg.Rand)
	if err != nil {
		return nil, err
	}
	e := smp.Envelope{Version: address.Version, DHKey: once.Public()}
	return a.sealEnvelope(e, smp.ClientMessage{Body: envelope}, once, address.DHKey)
}

func (a *Agent) sealEnvelope(e smp.Envelope, m smp.ClientMessage, own keys.PrivateKey, peer keys.PublicKey) ([]byte, error) {
	if _, err := io.ReadFull(a.cfg.Rand, e.Nonce[:]); err != nil {
		return nil, fmt.Errorf("randomness for a nonce: %w", err)
	}
	key, err := box.Agree(own, peer)
	if err != nil {
		return nil, err
	}
	if err := e.Seal(m, &key); err != nil {
		return nil, tooLarge(err)
	}
	return e.Encode()
}

// opened is a message from a queue without the queue's encryption.
type opened struct {
	// version is that of the sender's SMP client.
	version uint16
	// dhKey and senderKey are the sender's, where the message carries them.
	dhKey, senderKey keys.PublicKey
	message.Envelope
}

// open decrypts what arrived in a receive queue with the secret of the queue, agreed
// with the key in the message or with that of the confirmation.
func open(q *store.ReceiveQueue, body []byte) (o opened, err error) {
	e, err := smp.DecodeEnvelope(body)
	if err != nil {
		return o, err
	}
	if !clientVersions.Contains(e.Version) && e.Version > q.ClientVersion {
		return o, fmt.Errorf("%w: SMP client version %d, supported are %s", ErrVersion, e.Version, clientVersions)
	}
	peer := q.Peer.PublicKey
	if !e.DHKey.IsZero() {
		peer = e.DHKey
	}
	if peer.IsZero() {
		return o, fmt.Errorf("%w: the message carries no key and none is agreed", smp.ErrEnvelope)
	}
	key, err := box.Agree(q.DHKey.PrivateKey, peer)
	if err != nil {
		return o, err
	}
	m, err := e.Open(&key)
	if err != nil {
		return o, err
	}
	o = opened{version: e.Version, dhKey: e.DHKey, senderKey: m.SenderKey}
	o.Envelope, err = message.DecodeEnvelope(m.Body)
	return o, err
}
