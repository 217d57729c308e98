package relay_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// patience is how long a test waits for something that has to happen.
const patience = 20 * time.Second

// credentials are shared by all relays of the tests: making them is slow.
var credentials = sync.OnceValue(func() keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		panic(err)
	}
	return c
})

// start runs a relay on loopback for the time of the test.
func start(t testing.TB, change ...func(*relay.Config)) *relay.Endpoint {
	t.Helper()
	config := relay.Config{Credentials: credentials()}
	for _, f := range change {
		f(&config)
	}
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return e
}

// clock is a clock that tests set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Unix(1_750_000_000, 0)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// client is one connection to a relay.
type client struct {
	t       testing.TB
	conn    *transport.Conn
	pending []smp.ReceivedResponse
	blocks  []int // the number of transmissions in each block that came
}

func connect(t testing.TB, e *relay.Endpoint, version uint16) *client {
	t.Helper()
	return connectWith(t, e, transport.ClientConfig{Versions: wire.Versions(6, version)})
}

func connectWith(t testing.TB, e *relay.Endpoint, config transport.ClientConfig) *client {
	t.Helper()
	fingerprint := e.Fingerprint()
	config.KeyHash = fingerprint[:]
	config.Timeout = patience
	conn, err := transport.Dial(context.Background(), e.Addr().String(), config)
	require.NoError(t, err)
	c := &client{t: t, conn: conn}
	t.Cleanup(c.close)
	return c
}

func (c *client) close() { _ = c.conn.Abort() }

func newID() []byte {
	id := make([]byte, 24)
	if _, err := rand.Read(id); err != nil {
		panic(err)
	}
	return id
}

func newKey(t testing.TB, alg keys.Algorithm) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(alg, rand.Reader)
	require.NoError(t, err)
	return k
}

// request makes an encoded transmission; a zero key authorizes nothing.
func (c *client) request(key keys.PrivateKey, entity []byte, command smp.Command) (t smp.Transmission, encoded []byte) {
	c.t.Helper()
	version := c.conn.Version()
	body, err := smp.EncodeCommand(version, command)
	require.NoError(c.t, err)
	t = smp.Transmission{CorrelationID: newID(), EntityID: entity, Command: body}
	if version < smp.VersionAuthenticators {
		t.SessionID = c.conn.SessionID()
	}
	if c.conn.Service() != nil && signedByService(command) {
		c.asService(key, &t, command)
	} else if !key.IsZero() {
		a, err := smp.NewAuthorizer(key, c.conn.PeerKey())
		require.NoError(c.t, err)
		require.NoError(c.t, t.Authorize(c.conn.SessionID(), a))
	}
	return t, c.encode(t)
}

func (c *client) encode(t smp.Transmission) []byte {
	c.t.Helper()
	encoded, err := t.Encode(c.conn.Version())
	require.NoError(c.t, err)
	return encoded
}

// write sends one block of transmissions.
func (c *client) write(transmissions ...[]byte) {
	c.t.Helper()
	content, err := smp.EncodeBlock(transmissions...)
	require.NoError(c.t, err)
	c.writeContent(content)
}

func (c *client) writeContent(content []byte) {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetWriteDeadline(time.Now().Add(patience)))
	require.NoError(c.t, c.conn.WriteBlock(content))
}

// next returns what comes next.
func (c *client) next() smp.ReceivedResponse {
	c.t.Helper()
	if len(c.pending) == 0 {
		require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(patience)))
		content, err := c.conn.ReadBlock()
		require.NoError(c.t, err)
		c.pending = smp.DecodeResponses(c.conn.Version(), c.conn.SessionID(), content)
		c.blocks = append(c.blocks, len(c.pending))
	}
	r := c.pending[0]
	c.pending = c.pending[1:]
	require.NoError(c.t, r.Err)
	return r
}

// do sends a command and returns its answer, which has to be the next thing
// that comes.
func (c *client) do(key keys.PrivateKey, entity []byte, command smp.Command) smp.Response {
	c.t.Helper()
	sent, encoded := c.request(key, entity, command)
	c.write(encoded)
	got := c.next()
	require.Equal(c.t, sent.CorrelationID, got.Transmission.CorrelationID, "correlation id of %#v", got.Response)
	require.Empty(c.t, got.Transmission.Authorization)
	if _, ok := got.Response.(smp.ERR); !ok || len(entity) > 0 {
		require.Equal(c.t, string(entity), string(got.Transmission.EntityID), "entity id of %#v", got.Response)
	}
	return got.Response
}

// event returns what the relay sends by itself about the given entity.
func (c *client) event(entity []byte) smp.Response {
	c.t.Helper()
	got := c.next()
	require.Empty(c.t, got.Transmission.CorrelationID, "correlation id of %#v", got.Response)
	require.Equal(c.t, entity, got.Transmission.EntityID)
	return got.Response
}

// quiet shows that nothing is on its way to the client.
func (c *client) quiet() {
	c.t.Helper()
	require.Equal(c.t, smp.PONG{}, c.do(keys.PrivateKey{}, nil, smp.PING{}))
}

// closed waits until the relay has closed the connection.
func (c *client) closed() {
	c.t.Helper()
	require.NoError(c.t, c.conn.SetReadDeadline(time.Now().Add(patience)))
	for {
		_, err := c.conn.ReadBlock()
		if err == nil {
			continue
		}
		var timeout net.Error
		require.False(c.t, errors.As(err, &timeout) && timeout.Timeout(), "connection is still open")
		return
	}
}

// refused is an answer ERR.
func refused(err *smp.Error) smp.Response { return smp.ERR{Err: err} }

// queue is what the two ends of a queue know.
type queue struct {
	t          testing.TB
	rcvID      []byte
	sndID      []byte
	rcvKey     keys.PrivateKey
	sndKey     keys.PrivateKey // zero until the queue is secured
	deliveries box.Key
	mode       smp.QueueMode
}

// newQueue creates a queue with Ed25519 as recipient key.
func (c *client) newQueue(change ...func(*smp.NEW)) *queue {
	c.t.Helper()
	return c.newQueueWith(newKey(c.t, keys.Ed25519), change...)
}

func (c *client) newQueueWith(key keys.PrivateKey, change ...func(*smp.NEW)) *queue {
	c.t.Helper()
	dh := newKey(c.t, keys.X25519)
	command := smp.NEW{AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true}
	for _, f := range change {
		f(&command)
	}
	got := c.do(key, nil, command)
	require.IsType(c.t, smp.IDS{}, got)
	ids := got.(smp.IDS)
	secret, err := box.Agree(dh, ids.ServerDHKey)
	require.NoError(c.t, err)
	return &queue{
		t: c.t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: key, deliveries: secret, mode: ids.Mode,
	}
}

// newQueues creates n queues with as few blocks as possible. Their deliveries
// cannot be opened.
func (c *client) newQueues(n int, change ...func(*smp.NEW)) []*queue {
	c.t.Helper()
	const batch = 50
	var queues []*queue
	for len(queues) < n {
		var block [][]byte
		var made []*queue
		for range min(batch, n-len(queues)) {
			q := &queue{t: c.t, rcvKey: newKey(c.t, keys.Ed25519)}
			command := smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: newKey(c.t, keys.X25519).Public(), Subscribe: true}
			for _, f := range change {
				f(&command)
			}
			_, encoded := c.request(q.rcvKey, nil, command)
			block, made = append(block, encoded), append(made, q)
		}
		c.write(block...)
		for _, q := range made {
			got := c.next().Response
			require.IsType(c.t, smp.IDS{}, got)
			q.rcvID, q.sndID = got.(smp.IDS).RecipientID, got.(smp.IDS).SenderID
		}
		queues = append(queues, made...)
	}
	return queues
}

// subscribeAll sends SUB for all queues with as few blocks as possible, and
// expects their answers before everything else.
func (c *client) subscribeAll(queues []*queue) {
	c.t.Helper()
	for chunk := range slices.Chunk(queues, 80) {
		var block [][]byte
		for _, q := range chunk {
			_, encoded := c.request(q.rcvKey, q.rcvID, smp.SUB{})
			block = append(block, encoded)
		}
		c.write(block...)
		for range chunk {
			require.Equal(c.t, smp.SOK{}, c.next().Response)
		}
	}
}

func onlyCreate(c *smp.NEW) { c.Subscribe = false }

func messaging(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Messaging} }

func contact(c *smp.NEW) { c.Request = &smp.QueueRequest{Mode: smp.Contact} }

// open decrypts a delivery.
func (q *queue) open(r smp.Response) (id []byte, m smp.RcvMessage) {
	q.t.Helper()
	require.IsType(q.t, smp.MSG{}, r)
	msg := r.(smp.MSG)
	require.Len(q.t, msg.ID, 24)
	require.Len(q.t, msg.Body, smp.PaddedRcvMessage+box.Overhead)
	m, err := smp.OpenRcvMessage(msg, &q.deliveries)
	require.NoError(q.t, err)
	return msg.ID, m
}

// expect checks that a delivery has the given body, and returns its id.
func (q *queue) expect(r smp.Response, body string) []byte {
	q.t.Helper()
	id, m := q.open(r)
	require.False(q.t, m.Quota)
	require.Equal(q.t, body, string(m.Body))
	return id
}

func (c *client) send(q *queue, body string) smp.Response {
	c.t.Helper()
	return c.do(q.sndKey, q.sndID, smp.SEND{Body: []byte(body)})
}

func (c *client) recipient(q *queue, command smp.Command) smp.Response {
	c.t.Helper()
	return c.do(q.rcvKey, q.rcvID, command)
}

func (c *client) ack(q *queue, id []byte) smp.Response {
	c.t.Helper()
	return c.recipient(q, smp.ACK{MsgID: id})
}

// secure gives the queue a sender key.
func (c *client) secure(q *queue, alg keys.Algorithm) {
	c.t.Helper()
	key := newKey(c.t, alg)
	require.Equal(c.t, smp.OK{}, c.recipient(q, smp.KEY{SenderKey: key.Public()}))
	q.sndKey = key
}

// subscribed is the answer to SUB at a version.
func (c *client) subscribed() smp.Response {
	if c.conn.Version() < smp.VersionServices {
		return smp.OK{}
	}
	return smp.SOK{}
}

// buffer is a bytes.Buffer for a logger.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

var _ io.Writer = (*buffer)(nil)

// noKey authorizes nothing.
var noKey keys.PrivateKey
