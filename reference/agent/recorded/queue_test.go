package recorded_test

import (
	"bytes"
	"errors"
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/box"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// clientVersions are those that queues of the recordings may have.
var clientVersions = wire.Versions(1, 4)

// sent opens the body of a SEND with the keys of its sender, down to the agent message. A
// queue without owner belongs to no agent: its messages are plain. Requests to contact
// addresses are encrypted with a key that is not recorded and open at the recipient alone.
func (w *walk) sent(client string, q *queue, s smp.SEND) error {
	if q.owner == nil {
		return nil
	}
	var sender *end
	for _, e := range w.ends {
		if e.Client == client && e.SendQueue != nil && bytes.Equal(e.SendQueue.SenderID, q.senderID) {
			sender = e
		}
	}
	if sender == nil {
		return expect(q.owner.Mode == "CON", "a message by someone whose keys are not recorded")
	}
	body, e, err := w.openQueue(queueSent, s.Body, sender.sendKey)
	if err != nil {
		return in(queueSent, err)
	}
	if err := sender.confirms(e, body); err != nil {
		return in(queueSent, err)
	}
	envelope, err := message.DecodeEnvelope(body.Body)
	if err != nil {
		return in(queueSent, err)
	}
	switch c := envelope.Content.(type) {
	case message.AgentConfirmation:
		err = w.encrypted(sender, c.Encrypted)
	case message.AgentMsgEnvelope:
		err = w.encrypted(sender, c.Encrypted)
	default:
		err = fmt.Errorf("%T in the queue of a connection", c)
	}
	return err
}

// confirms checks the keys of a confirmation against those of its sender: the key of the
// layer, and the key that is to secure the queue if the sender could not do that.
func (e *end) confirms(got smp.Envelope, m smp.ClientMessage) error {
	if !got.DHKey.IsZero() && !bytes.Equal(got.DHKey.SPKI(), e.SendQueue.E2EPublicDER) {
		return errors.New("DH key of the confirmation differs")
	}
	if m.SenderKey.IsZero() {
		return nil
	}
	return expect(bytes.Equal(m.SenderKey.SPKI(), e.sendAuth.SPKI()), "sender key of the confirmation differs")
}

// openQueue opens the layer of a queue and makes it again.
func (w *walk) openQueue(l layer, b []byte, key box.Key) (smp.ClientMessage, smp.Envelope, error) {
	b = w.ciphertext(l, b)
	e, err := smp.DecodeEnvelope(b)
	if err != nil {
		return smp.ClientMessage{}, e, err
	}
	m, err := e.Open(&key)
	if err != nil {
		return smp.ClientMessage{}, e, err
	}
	again := smp.Envelope{Version: e.Version, DHKey: e.DHKey, Nonce: e.Nonce}
	if err := again.Seal(m, &key); err != nil {
		return smp.ClientMessage{}, e, err
	}
	encoded, err := again.Encode()
	return m, e, remade(encoded, b, err)
}

// received opens a delivered body with the keys of its recipient, down to the agent
// message.
func (w *walk) received(q *queue, body []byte) error {
	to := q.owner
	key, err := to.receiveKey(body)
	if err != nil {
		return in(queueReceived, err)
	}
	m, e, err := w.openQueue(queueReceived, body, key)
	if err != nil {
		return in(queueReceived, err)
	}
	if err := expect(clientVersions.Contains(e.Version), "client version %d", e.Version); err != nil {
		return in(queueReceived, err)
	}
	envelope, err := message.DecodeEnvelope(m.Body)
	if err != nil {
		return in(queueReceived, err)
	}
	again, err := envelope.Encode()
	if err := remade(again, m.Body, err); err != nil {
		return in(queueReceived, err)
	}
	switch c := envelope.Content.(type) {
	case message.AgentInvitation:
		w.opened[requests]++
		return in(requests, w.requested(to, c))
	case message.AgentConfirmation:
		if err := w.confirmed(to, c); err != nil {
			return in(ratchetReceived, err)
		}
		return w.decrypted(to, c.Encrypted)
	case message.AgentMsgEnvelope:
		return w.decrypted(to, c.Encrypted)
	}
	return fmt.Errorf("%T in a queue", envelope.Content)
}

// receiveKey is the key of the layer: of the recorded secret, or agreed with the key that
// the message carries. Both have to be the same once the queue is confirmed.
func (e *end) receiveKey(body []byte) (box.Key, error) {
	got, err := smp.DecodeEnvelope(body)
	if err != nil {
		return box.Key{}, err
	}
	if got.DHKey.IsZero() {
		return box.DeriveKey(e.ReceiveQueue.E2ESecret)
	}
	secret, err := e.dhKey.DH(got.DHKey)
	if err != nil {
		return box.Key{}, err
	}
	if e.Mode != "CON" && !bytes.Equal(secret, e.ReceiveQueue.E2ESecret) {
		return box.Key{}, errors.New("agreed secret is not the recorded one")
	}
	return box.DeriveKey(secret)
}

// requested follows a request to a contact address: the invitation in it has to be that of
// a recorded connection, for the queue and for the ratchet.
func (w *walk) requested(to *end, c message.AgentInvitation) error {
	if err := expect(to.Mode == "CON", "a request in the queue of a connection"); err != nil {
		return err
	}
	if c.Request.Mode != link.Invitation || c.Request.Ratchet == nil || len(c.Request.Queues) != 1 {
		return errors.New("the request is no invitation")
	}
	for _, e := range w.ends {
		if !bytes.Equal(e.ReceiveQueue.SenderID, c.Request.Queues[0].SenderID) {
			continue
		}
		e.offer = c.Request.Ratchet
		w.said = append(w.said, e.Client+" requests: "+string(c.Info))
		return sameQueue(c.Request.Queues[0].QueueAddress, e)
	}
	return errors.New("the request is of a connection that is not recorded")
}
