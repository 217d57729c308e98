package protocol_test

import (
	"context"
	"crypto/rand"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// dial connects to a relay for the time of the test.
func dial(t testing.TB, server link.Server) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Address: server.Address(), KeyHash: server.KeyHash})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newKey(t testing.TB, a keys.Algorithm) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(a, rand.Reader)
	require.NoError(t, err)
	return k
}

// inbox is a queue that the script receives in.
type inbox struct {
	t      testing.TB
	server link.Server
	client *client.Client
	queue  client.Queue
	dh     keys.PrivateKey
	// peer is the sender's key for the secret of the queue, zero before it came.
	peer keys.PublicKey
	// last is the message that was not acknowledged yet.
	last []byte
}

// newInbox creates a queue; mode 0 is a queue without mode.
func newInbox(t testing.TB, server link.Server, mode smp.QueueMode) *inbox {
	t.Helper()
	b := &inbox{t: t, server: server, client: dial(t, server), dh: newKey(t, keys.X25519)}
	var err error
	b.queue, err = b.client.CreateQueue(t.Context(), client.QueueOptions{Mode: mode})
	require.NoError(t, err)
	return b
}

// uri is the address of the queue in a link.
func (b *inbox) uri(versions wire.VersionRange) link.QueueURI {
	return link.QueueURI{ClientVersions: versions, QueueAddress: link.QueueAddress{
		Server: b.server, SenderID: b.queue.SenderID, DHKey: b.dh.Public(), Mode: b.queue.Mode,
	}}
}

// address is what names the queue in messages about queues.
func (b *inbox) address() message.QueueAddress {
	return message.QueueAddress{Server: b.server, SenderID: b.queue.SenderID}
}

// parcel is a message without the encryption of the relay and of the queue.
type parcel struct {
	// quota marks that the queue was full; there is nothing else then.
	quota  bool
	notify bool
	body   []byte // of SEND
	outer  smp.Envelope
	// senderKey is what the sender asks to be let in with, zero for none.
	senderKey keys.PublicKey
	message.Envelope
}

// take waits for the next message, opens it and acknowledges it.
func (b *inbox) take() parcel {
	b.t.Helper()
	p := b.open(b.peek())
	b.acknowledge()
	return p
}

// peek waits for the next message and does not acknowledge it.
func (b *inbox) peek() smp.MSG {
	b.t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case e, ok := <-b.client.Events():
		require.True(b.t, ok, "the connection to the relay is lost")
		msg, ok := e.Response.(smp.MSG)
		require.True(b.t, ok, "%T instead of a message", e.Response)
		b.last = msg.ID
		return msg
	case <-timer.C:
		require.FailNow(b.t, "no message", "waited %v", patience)
	}
	return smp.MSG{}
}

func (b *inbox) acknowledge() {
	b.t.Helper()
	require.NoError(b.t, b.client.Ack(b.t.Context(), b.queue, b.last))
}

// open takes the encryption of the relay and of the queue away.
func (b *inbox) open(msg smp.MSG) parcel {
	b.t.Helper()
	received, err := b.queue.Decrypt(msg)
	require.NoError(b.t, err)
	if received.Quota {
		return parcel{quota: true}
	}
	p := parcel{notify: received.Notify, body: received.Body}
	p.outer, err = smp.DecodeEnvelope(received.Body)
	require.NoError(b.t, err)
	if b.peer.IsZero() {
		require.False(b.t, p.outer.DHKey.IsZero(), "the first message in a queue carries the key of its sender")
		b.peer = p.outer.DHKey
	}
	secret, err := box.Agree(b.dh, b.peer)
	require.NoError(b.t, err)
	m, err := p.outer.Open(&secret)
	require.NoError(b.t, err)
	p.senderKey = m.SenderKey
	p.Envelope, err = message.DecodeEnvelope(m.Body)
	require.NoError(b.t, err)
	return p
}

// size is the number of messages in the queue, one that is delivered included.
func (b *inbox) size() int {
	b.t.Helper()
	info, err := b.client.QueueInfo(b.t.Context(), b.queue)
	require.NoError(b.t, err)
	return int(info.Size)
}

// outbox is a queue that the script sends to.
type outbox struct {
	t       testing.TB
	client  *client.Client
	address link.QueueInfo
	dh      keys.PrivateKey
	key     keys.PrivateKey
	// secured is set when the relay knows the key.
	secured bool
}

func newOutbox(t testing.TB, address link.QueueInfo) *outbox {
	t.Helper()
	return &outbox{
		t: t, client: dial(t, address.Server), address: address, dh: newKey(t, keys.X25519), key: newKey(t, keys.Ed25519),
	}
}

// secure sends SKEY.
func (o *outbox) secure() {
	o.t.Helper()
	require.NoError(o.t, o.client.SecureBySender(o.t.Context(), client.SenderQueue{SenderID: o.address.SenderID, Key: o.key}))
	o.secured = true
}

// sealing says how a message in a queue is made.
type sealing struct {
	// introduce adds the public key of the sender, confirm the key to be let in with.
	introduce bool
	confirm   keys.PublicKey
}

// first is how the first message of a queue is made.
func (o *outbox) first() sealing {
	s := sealing{introduce: true}
	if !o.secured {
		s.confirm = o.key.Public()
	}
	return s
}

// seal encrypts an envelope for the queue.
func (o *outbox) seal(s sealing, e message.Envelope) []byte {
	o.t.Helper()
	b, err := e.Encode()
	require.NoError(o.t, err)
	return o.sealBytes(s, b)
}

// sealBytes encrypts what may be no envelope.
func (o *outbox) sealBytes(s sealing, b []byte) []byte {
	o.t.Helper()
	outer := smp.Envelope{Version: o.address.Version}
	if s.introduce {
		outer.DHKey = o.dh.Public()
	}
	_, err := io.ReadFull(rand.Reader, outer.Nonce[:])
	require.NoError(o.t, err)
	secret, err := box.Agree(o.dh, o.address.DHKey)
	require.NoError(o.t, err)
	require.NoError(o.t, outer.Seal(smp.ClientMessage{SenderKey: s.confirm, Body: b}, &secret))
	body, err := outer.Encode()
	require.NoError(o.t, err)
	return body
}

// post sends SEND.
func (o *outbox) post(body []byte) {
	o.t.Helper()
	require.NoError(o.t, o.tryPost(body))
}

func (o *outbox) tryPost(body []byte) error {
	q := client.SenderQueue{SenderID: o.address.SenderID}
	if o.secured {
		q.Key = o.key
	}
	return o.client.SendMessage(o.t.Context(), q, true, body)
}
