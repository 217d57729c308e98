package relay_test

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
	"smpcheck/reference/smp"
)

// restarting is a relay that is stopped and started again with the same store.
type restarting struct {
	*relay.Endpoint
	t      *testing.T
	path   string
	change []func(*relay.Config)
	store  *recordstore.Store
}

func startWithFile(t *testing.T, change ...func(*relay.Config)) *restarting {
	r := &restarting{t: t, path: filepath.Join(t.TempDir(), "queues.db"), change: change}
	r.start()
	return r
}

func (r *restarting) start() {
	r.t.Helper()
	s, err := recordstore.Open(r.path)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = s.Close() })
	r.store = s
	r.Endpoint = start(r.t, append(r.change, keepIn(s))...)
}

func (r *restarting) stop() {
	r.t.Helper()
	stop(r.t, r.Endpoint)
	require.NoError(r.t, r.store.Close())
}

func (r *restarting) restart() {
	r.t.Helper()
	r.stop()
	r.start()
}

// delivers shows that the queue works from both ends for a client.
func (c *client) delivers(q *queue) {
	c.t.Helper()
	require.Equal(c.t, c.subscribed(), c.recipient(q, smp.SUB{}))
	c.takes(q)
}

// takes shows that a subscribed queue works.
func (c *client) takes(q *queue) {
	c.t.Helper()
	sent, encoded := c.request(q.sndKey, q.sndID, smp.SEND{Body: []byte("after the restart")})
	c.write(encoded)
	var answer, delivery smp.ReceivedResponse
	for range 2 {
		if got := c.next(); string(got.Transmission.CorrelationID) == string(sent.CorrelationID) {
			answer = got
		} else {
			delivery = got
		}
	}
	require.Equal(c.t, smp.OK{}, answer.Response)
	id := q.expect(delivery.Response, "after the restart")
	require.Equal(c.t, smp.OK{}, c.ack(q, id))
}

// A restart keeps queues with their ids, keys of all algorithms and the secret of
// deliveries, at every version.
func TestRestartKeepsQueues(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	type kept struct {
		*queue
		version uint16
	}
	var queues []kept
	for _, version := range []uint16{6, 7, 9, 15, 20} {
		c := connect(t, r.Endpoint, version)
		for _, algorithm := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
			if algorithm == keys.X25519 && version < smp.VersionAuthenticators {
				continue
			}
			q := c.newQueueWith(newKey(t, algorithm))
			queues = append(queues, kept{q, version})
			secured := c.newQueueWith(newKey(t, algorithm))
			c.secure(secured, algorithm)
			queues = append(queues, kept{secured, version})
		}
	}
	r.restart()
	require.Equal(t, len(queues), r.Queues())
	for _, q := range queues {
		c := connect(t, r.Endpoint, q.version)
		c.delivers(q.queue)
		key := newKey(t, keys.Ed25519).Public()
		if q.sndKey.IsZero() {
			require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.KEY{SenderKey: key}))
		} else {
			require.Equal(t, refused(smp.ErrAuth), c.recipient(q.queue, smp.KEY{SenderKey: key}))
			require.Equal(t, refused(smp.ErrAuth), c.do(noKey, q.sndID, smp.SEND{Body: []byte("unsigned")}))
		}
		c.close()
	}
}

// Modes are kept: who may secure a queue, and have several recipients, depends on
// them.
func TestRestartKeepsModes(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	c := connect(t, r.Endpoint, 20)
	contactQueue, messagingQueue, plain := c.newQueue(contact), c.newQueue(messaging), c.newQueue()
	second := newKey(t, keys.Ed25519)
	owners := smp.RKEY{Keys: []keys.PublicKey{contactQueue.rcvKey.Public(), second.Public()}}
	require.Equal(t, smp.OK{}, c.recipient(contactQueue, owners))

	r.restart()
	c = connect(t, r.Endpoint, 20)
	key := newKey(t, keys.X25519)
	skey := smp.SKEY{SenderKey: key.Public()}
	require.Equal(t, refused(smp.ErrAuth), c.do(key, contactQueue.sndID, skey))
	require.Equal(t, refused(smp.ErrAuth), c.do(key, plain.sndID, skey))
	require.Equal(t, smp.OK{}, c.do(key, messagingQueue.sndID, skey))
	require.Equal(t, refused(smp.ErrAuth), c.recipient(messagingQueue, owners))
	require.Equal(t, smp.SOK{}, c.do(second, contactQueue.rcvID, smp.SUB{}))
	require.Equal(t, smp.SOK{}, c.recipient(contactQueue, smp.SUB{}))

	r.restart()
	c = connect(t, r.Endpoint, 20)
	messagingQueue.sndKey = key
	c.delivers(messagingQueue)
}

func TestRestartKeepsLinks(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	c := connect(t, r.Endpoint, 20)
	invitation, address := c.newLinked(smp.Messaging), c.newLinked(smp.Contact)
	later, deleted := c.newQueue(contact), c.newLinked(smp.Contact)
	linkID := newID()
	require.Equal(t, smp.OK{}, c.recipient(later, smp.LSET{LinkID: linkID, Data: someData}))
	require.Equal(t, smp.OK{}, c.recipient(deleted.queue, smp.LDEL{}))
	address.data.User = []byte("other data")
	require.Equal(t, smp.OK{}, c.recipient(address.queue, smp.LSET{LinkID: address.linkID, Data: address.data}))

	r.restart()
	c = connect(t, r.Endpoint, 20)
	require.Equal(t, address.lnk(), c.look(address.linkID))
	require.Equal(t, smp.LNK{SenderID: later.sndID, Data: someData}, c.look(linkID))
	c.unknownLink(deleted.linkID)
	key := newKey(t, keys.X25519)
	require.Equal(t, invitation.lnk(), c.take(invitation.linkID, key))
	require.Equal(t, refused(smp.ErrAuth), c.recipient(deleted.queue, smp.LSET{LinkID: linkID, Data: someData}), "the id is taken")
	fixed := smp.LinkData{Fixed: []byte("other"), User: []byte("data")}
	require.Equal(t, refused(smp.ErrAuth), c.recipient(later, smp.LSET{LinkID: linkID, Data: fixed}))

	r.restart()
	c = connect(t, r.Endpoint, 20)
	require.Equal(t, refused(smp.ErrAuth), c.take(invitation.linkID, newKey(t, keys.X25519)))
	require.Equal(t, invitation.lnk(), c.take(invitation.linkID, key))
	require.Equal(t, smp.OK{}, c.do(key, invitation.sndID, smp.SEND{Body: []byte("uses the link up")}))
	c.unknownLink(invitation.linkID)

	r.restart()
	c = connect(t, r.Endpoint, 20)
	c.unknownLink(invitation.linkID)
}

// A suspended queue stays suspended, and expires when it would have, or up to a day
// later.
func TestRestartKeepsSuspension(t *testing.T) {
	t.Parallel()
	clock := newClock()
	r := startWithFile(t, func(c *relay.Config) { c.Now = clock.Now })
	c := connect(t, r.Endpoint, 20)
	q := c.newQueue()
	require.Equal(t, smp.OK{}, c.recipient(q, smp.OFF{}))
	clock.Advance(relay.DefaultSuspendedTTL)

	r.restart()
	c = connect(t, r.Endpoint, 20)
	require.Equal(t, refused(smp.ErrAuth), c.send(q, "to a suspended queue"))
	require.Equal(t, smp.SOK{}, c.recipient(q, smp.SUB{}))
	clock.Advance(24*time.Hour + 1)
	r.Expire()

	r.restart()
	require.Zero(t, r.Queues())
}

// The time of use is not stored: a restart is one.
func TestRestartIsUse(t *testing.T) {
	t.Parallel()
	clock := newClock()
	r := startWithFile(t, func(c *relay.Config) { c.Now, c.QueueTTL = clock.Now, time.Hour })
	q := connect(t, r.Endpoint, 20).newQueue()
	clock.Advance(2 * time.Hour)
	r.restart()
	clock.Advance(time.Hour)
	c := connect(t, r.Endpoint, 20)
	c.delivers(q)
	clock.Advance(time.Hour + 1)
	require.Equal(t, refused(smp.ErrAuth), connect(t, r.Endpoint, 20).recipient(q, smp.SUB{}))
	r.restart()
	require.Zero(t, r.Queues())
}

// Messages are gone, and what the relay said about them too: the queue is like a new
// one for its recipient.
func TestRestartForgetsMessages(t *testing.T) {
	t.Parallel()
	r := startWithFile(t, func(c *relay.Config) { c.Quota = 2 })
	c := connect(t, r.Endpoint, 20)
	q := c.newQueue(onlyCreate)
	for _, want := range []smp.Response{smp.OK{}, smp.OK{}, refused(smp.ErrQuota)} {
		require.Equal(t, want, c.send(q, "lost"))
	}
	r.restart()
	c = connect(t, r.Endpoint, 20)
	require.Equal(t, smp.SOK{}, c.recipient(q, smp.SUB{}))
	c.quiet()
	require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, nil))
	require.Zero(t, c.recipient(q, smp.QUE{}).(smp.INFO).Queue.Size)
	c.takes(q)
}

func TestRestartForgetsDeletedQueues(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	c := connect(t, r.Endpoint, 20)
	kept, deleted := c.newQueue(), c.newLinked(smp.Contact)
	require.Equal(t, smp.OK{}, c.recipient(deleted.queue, smp.DEL{}))
	r.restart()
	require.Equal(t, 1, r.Queues())
	c = connect(t, r.Endpoint, 20)
	c.delivers(kept)
	require.Equal(t, refused(smp.ErrAuth), c.recipient(deleted.queue, smp.SUB{}))
	c.unknownLink(deleted.linkID)
}

// More queues than a relay may have are kept, but no new ones taken.
func TestRestartWithLowerLimit(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	queues := connect(t, r.Endpoint, 20).newQueues(3)
	r.change = append(r.change, func(c *relay.Config) { c.MaxQueues = 2 })
	r.restart()
	c := connect(t, r.Endpoint, 20)
	c.subscribeAll(queues)
	key := newKey(t, keys.Ed25519)
	command := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public()}
	require.Equal(t, refused(smp.ErrAuth), c.do(key, nil, command))
	for _, q := range queues[:2] {
		require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
	}
	c.newQueue()
}

// A store with a record that is wrong in itself, or takes the ids of another one, is
// refused whole.
func TestRecordsThatDoNotFit(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c := connect(t, e, 20)
	a, b := c.newQueue(), c.newQueue()
	stop(t, e)
	whole := m.all()
	name := string(relay.QueueRecord) + string(a.rcvID)
	for reason, change := range map[string]func(){
		"unknown kind": func() { m.records["?"+string(a.rcvID)] = whole[name] },
		"broken":       func() { m.records[name] = whole[name][1:] },
		"same sender":  func() { m.records["Q"+"other id"] = whole[name] },
		"ids swapped":  func() { m.records["Q"+string(b.sndID)] = whole[name] },
	} {
		m.records = m.all()
		change()
		_, err := relay.New(relay.Config{Credentials: credentials(), Store: m})
		require.ErrorIs(t, err, relay.ErrRecord, reason)
		m.records = whole
	}
	require.Equal(t, 2, start(t, keepIn(m)).Queues())
}
