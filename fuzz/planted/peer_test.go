package planted_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// relayed is a relay as a test sees it.
type relayed struct {
	t *testing.T
	*process
	// wrong says that the relay has the fault: what shows it is waited for.
	wrong bool
	// patience is how long an answer is waited for. From a relay that hangs it will not
	// come.
	patience time.Duration
}

// eventually tries until show is true. A relay without the fault it tries some times.
func (r *relayed) eventually(show func() bool) bool {
	const often = 10
	for end, n := time.Now().Add(patience), 0; n < often || r.wrong && time.Now().Before(end); n++ {
		if show() {
			return true
		}
	}
	return false
}

// peer is one connection to a relay.
type peer struct {
	*relayed
	conn  *transport.Conn
	inbox []received
	// contents are those of the blocks that came.
	contents [][]byte
}

// received is a transmission that came.
type received struct {
	smp.Transmission
	smp.Response
	err error
}

func (r *relayed) address() string {
	return net.JoinHostPort(r.server.Hosts[0].String(), r.server.Port)
}

// try connects, or says why that is not possible.
func (r *relayed) try(change ...func(*transport.ClientConfig)) (*peer, error) {
	c := transport.ClientConfig{KeyHash: r.server.KeyHash, Timeout: r.patience}
	for _, f := range change {
		f(&c)
	}
	ctx, cancel := context.WithTimeout(context.Background(), r.patience)
	defer cancel()
	conn, err := transport.Dial(ctx, r.address(), c)
	if err != nil {
		return nil, err
	}
	p := &peer{relayed: r, conn: conn}
	r.t.Cleanup(p.abort)
	return p, nil
}

func (r *relayed) dial(change ...func(*transport.ClientConfig)) *peer {
	r.t.Helper()
	p, err := r.try(change...)
	require.NoError(r.t, err)
	return p
}

func at(version uint16) func(*transport.ClientConfig) {
	return func(c *transport.ClientConfig) { c.Versions = wire.Versions(smp.MinVersion, version) }
}

func withoutKey(c *transport.ClientConfig) { c.NoKey = true }

// raw opens a TCP connection.
func (r *relayed) raw() net.Conn {
	r.t.Helper()
	conn, err := net.DialTimeout("tcp", r.address(), r.patience)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(r.t, conn.SetDeadline(time.Now().Add(r.patience)))
	return conn
}

// greet does the handshake of TLS and sends a hello, without a session key.
func (r *relayed) greet(change func(*transport.ClientHello)) *transport.Secure {
	r.t.Helper()
	config := transport.ClientConfig{KeyHash: r.server.KeyHash, Timeout: r.patience}
	secure, err := transport.ClientTLS(context.Background(), r.raw(), config)
	require.NoError(r.t, err)
	require.NoError(r.t, secure.SetDeadline(time.Now().Add(r.patience)))
	hello := transport.ClientHello{Version: smp.MaxVersion, KeyHash: r.server.KeyHash}
	change(&hello)
	content, err := hello.Encode()
	require.NoError(r.t, err)
	block, err := wire.Pad(nil, content, transport.BlockSize)
	require.NoError(r.t, err)
	_, err = secure.Write(block)
	require.NoError(r.t, err)
	return secure
}

func (p *peer) abort() { _ = p.conn.Abort() }

// write sends a block with a content. That it cannot be sent shows when nothing comes.
func (p *peer) write(content []byte) {
	_ = p.conn.SetWriteDeadline(time.Now().Add(p.patience))
	_ = p.conn.WriteBlock(content)
}

// send sends transmissions in one block.
func (p *peer) send(items ...[]byte) {
	p.t.Helper()
	p.write(p.content(items...))
}

func (p *peer) content(items ...[]byte) []byte {
	p.t.Helper()
	content, err := smp.EncodeBlock(items...)
	require.NoError(p.t, err)
	return content
}

var noKey keys.PrivateKey

func newKey(alg keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(alg, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}

func randomID() []byte {
	id := make([]byte, smp.CorrelationIDSize)
	_, _ = rand.Read(id) // which never fails
	return id
}

// transmission makes a transmission; noKey authorizes nothing.
func (p *peer) transmission(key keys.PrivateKey, entity []byte, c smp.Command) smp.Transmission {
	p.t.Helper()
	command, err := smp.EncodeCommand(p.conn.Version(), c)
	require.NoError(p.t, err)
	return p.bytes(key, entity, command)
}

// bytes is transmission for a command that may be malformed.
func (p *peer) bytes(key keys.PrivateKey, entity, command []byte) smp.Transmission {
	p.t.Helper()
	return p.authorized(key, smp.Transmission{CorrelationID: randomID(), EntityID: entity, Command: command}, p.conn.SessionID())
}

func (p *peer) authorized(key keys.PrivateKey, t smp.Transmission, sessionID []byte) smp.Transmission {
	p.t.Helper()
	if p.conn.Version() < smp.VersionAuthenticators {
		t.SessionID = p.conn.SessionID()
	}
	if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, p.conn.PeerKey())
		require.NoError(p.t, err)
		require.NoError(p.t, t.Authorize(sessionID, a))
	}
	return t
}

func (p *peer) encode(t smp.Transmission) []byte {
	p.t.Helper()
	b, err := t.Encode(p.conn.Version())
	require.NoError(p.t, err)
	return b
}

// read reads a block into the inbox, and reports whether one came.
func (p *peer) read() bool {
	if p.conn.SetReadDeadline(time.Now().Add(p.patience)) != nil {
		return false
	}
	content, err := p.conn.ReadBlock()
	if err != nil {
		return false
	}
	p.contents = append(p.contents, content)
	for _, r := range smp.DecodeResponses(p.conn.Version(), p.conn.SessionID(), content) {
		p.inbox = append(p.inbox, received{r.Transmission, r.Response, r.Err})
	}
	return true
}

// take returns the first of those in the inbox, for which it waits.
func (p *peer) take(those func(received) bool) (received, bool) {
	for {
		for i, r := range p.inbox {
			if those(r) {
				p.inbox = append(p.inbox[:i:i], p.inbox[i+1:]...)
				return r, true
			}
		}
		if !p.read() {
			return received{}, false
		}
	}
}

// answer waits for the answer to a transmission.
func (p *peer) answer(t smp.Transmission) (received, bool) {
	return p.take(func(r received) bool { return bytes.Equal(r.CorrelationID, t.CorrelationID) })
}

// submit sends a transmission and returns its answer, nil if none comes.
func (p *peer) submit(t smp.Transmission) smp.Response {
	p.t.Helper()
	p.send(p.encode(t))
	r, _ := p.answer(t)
	return r.Response
}

// ask sends a command and returns its answer, nil if none comes.
func (p *peer) ask(key keys.PrivateKey, entity []byte, c smp.Command) smp.Response {
	p.t.Helper()
	return p.submit(p.transmission(key, entity, c))
}

// fence reports whether a PING is answered: what was on its way before is in the inbox
// then.
func (p *peer) fence() bool {
	p.t.Helper()
	return p.ask(noKey, nil, smp.PING{}) == smp.PONG{}
}

// has reports whether something of a kind is in the inbox, or on its way, that is about
// the entity; nil is any.
func has[R smp.Response](p *peer, entity []byte) bool {
	p.t.Helper()
	return count[R](p, entity) > 0
}

// count is the number of what has looks for.
func count[R smp.Response](p *peer, entity []byte) (n int) {
	p.t.Helper()
	require.True(p.t, p.fence())
	for _, r := range p.inbox {
		if _, ok := r.Response.(R); ok && (entity == nil || bytes.Equal(r.EntityID, entity)) {
			n++
		}
	}
	return n
}

// refused reports whether an answer is the error.
func refused(r smp.Response, err *smp.Error) bool {
	e, ok := r.(smp.ERR)
	return ok && e.Err.Equal(err)
}

// isA reports whether an answer is of a kind.
func isA[R smp.Response](r smp.Response) bool {
	_, ok := r.(R)
	return ok
}

// queue is what the two ends of a queue know.
type queue struct {
	recipientID, senderID []byte
	recipient             keys.PrivateKey
	sender                keys.PrivateKey // noKey until it is secured
	secret                box.Key
	linkID                []byte
}

func unsubscribed(c *smp.NEW) { c.Subscribe = false }

func contact(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Contact} }

func messaging(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Messaging} }

// create makes a queue that the connection is subscribed to.
func (p *peer) create(change ...func(*smp.NEW)) *queue {
	p.t.Helper()
	key, dh := newKey(keys.Ed25519), newKey(keys.X25519)
	c := smp.NEW{AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true}
	for _, f := range change {
		f(&c)
	}
	return p.created(key, dh, p.ask(key, nil, c))
}

func (p *peer) created(key, dh keys.PrivateKey, answer smp.Response) *queue {
	p.t.Helper()
	require.IsType(p.t, smp.IDS{}, answer)
	ids := answer.(smp.IDS)
	secret, err := box.Agree(dh, ids.ServerDHKey)
	require.NoError(p.t, err)
	return &queue{recipientID: ids.RecipientID, senderID: ids.SenderID, recipient: key, secret: secret, linkID: ids.LinkID}
}

// order sends a command of the recipient.
func (p *peer) order(q *queue, c smp.Command) smp.Response {
	p.t.Helper()
	return p.ask(q.recipient, q.recipientID, c)
}

// demand is order, of which the answer has to be of a kind.
func demand[R smp.Response](p *peer, q *queue, c smp.Command) R {
	p.t.Helper()
	r := p.order(q, c)
	require.IsType(p.t, *new(R), r)
	return r.(R)
}

// say sends a message.
func (p *peer) say(q *queue, body string) smp.Response {
	p.t.Helper()
	return p.ask(q.sender, q.senderID, smp.SEND{Body: []byte(body)})
}

// says is say, which has to be answered OK.
func (p *peer) says(q *queue, bodies ...string) {
	p.t.Helper()
	for _, body := range bodies {
		require.Equal(p.t, smp.OK{}, p.say(q, body))
	}
}

// notify sends a message with the notification flag.
func (p *peer) notify(q *queue, body string) {
	p.t.Helper()
	require.Equal(p.t, smp.OK{}, p.ask(q.sender, q.senderID, smp.SEND{Notify: true, Body: []byte(body)}))
}

// delivered waits for the next message that comes, of whatever queue, without being asked
// for.
func (p *peer) delivered() (smp.MSG, []byte) {
	p.t.Helper()
	r, ok := p.take(func(r received) bool { return isA[smp.MSG](r.Response) && len(r.CorrelationID) == 0 })
	require.True(p.t, ok, "no message came")
	return r.Response.(smp.MSG), r.EntityID
}

// text opens a message.
func (p *peer) text(q *queue, r smp.Response) string {
	p.t.Helper()
	require.IsType(p.t, smp.MSG{}, r)
	m, err := smp.OpenRcvMessage(r.(smp.MSG), &q.secret)
	require.NoError(p.t, err)
	if m.Quota {
		return "quota"
	}
	return string(m.Body)
}

// drain acknowledges the messages of a queue until there are no more, and returns them.
func (p *peer) drain(q *queue) (texts []string) {
	p.t.Helper()
	m, _ := p.delivered()
	for {
		texts = append(texts, p.text(q, m))
		next := p.order(q, smp.ACK{MsgID: m.ID})
		if next == (smp.OK{}) {
			return texts
		}
		require.IsType(p.t, smp.MSG{}, next)
		m = next.(smp.MSG)
	}
}

// secure gives a queue a key of the sender.
func (p *peer) secure(q *queue) {
	p.t.Helper()
	q.sender = newKey(keys.Ed25519)
	require.Equal(p.t, smp.OK{}, p.order(q, smp.KEY{SenderKey: q.sender.Public()}))
}

// notifier gives a queue a notifier and returns its id and key.
func (p *peer) notifier(q *queue) ([]byte, keys.PrivateKey) {
	p.t.Helper()
	key := newKey(keys.Ed25519)
	nid := demand[smp.NID](p, q, smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: key.Public(), DHKey: newKey(keys.X25519).Public()}})
	return nid.NotifierID, key
}
