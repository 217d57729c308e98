package relay_test

import (
	"bytes"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestCredentials(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	key := newKey(t, keys.Ed25519)
	pub, id := key.Public(), newID()
	for _, test := range []struct {
		name    string
		key     keys.PrivateKey
		entity  []byte
		command smp.Command
		want    *smp.Error
	}{
		{"SUB without authorization", noKey, id, smp.SUB{}, smp.ErrCmdNoAuth},
		{"SUB without entity", key, nil, smp.SUB{}, smp.ErrCmdNoAuth},
		{"KEY without authorization", noKey, id, smp.KEY{SenderKey: pub}, smp.ErrCmdNoAuth},
		{"SKEY without authorization", noKey, id, smp.SKEY{SenderKey: pub}, smp.ErrCmdNoAuth},
		{"SEND without entity", noKey, nil, smp.SEND{}, smp.ErrCmdNoEntity},
		{"PING with authorization", key, nil, smp.PING{}, smp.ErrCmdHasAuth},
		{"PING with entity", noKey, id, smp.PING{}, smp.ErrCmdHasAuth},
		{"SUB of an unknown queue", key, id, smp.SUB{}, smp.ErrAuth},
		{"SEND to an unknown queue", noKey, id, smp.SEND{}, smp.ErrAuth},
		{"authorized SEND to an unknown queue", key, id, smp.SEND{}, smp.ErrAuth},
		{"SKEY of an unknown queue", key, id, smp.SKEY{SenderKey: pub}, smp.ErrAuth},

		{"NSUB", key, id, smp.NSUB{}, smp.ErrAuth},
		{"NSUB without authorization", noKey, id, smp.NSUB{}, smp.ErrCmdNoAuth},
		{"LKEY", key, id, smp.LKEY{SenderKey: pub}, smp.ErrAuth},
		{"LGET", noKey, id, smp.LGET{}, smp.ErrAuth},
		{"LGET with authorization", key, id, smp.LGET{}, smp.ErrCmdHasAuth},
		{"LGET without entity", noKey, nil, smp.LGET{}, smp.ErrCmdNoEntity},
		{"SUBS", key, id, smp.SUBS{}, smp.ErrService},
		{"SUBS without authorization", noKey, id, smp.SUBS{}, smp.ErrCmdNoAuth},
		{"NSUBS", key, id, smp.NSUBS{}, smp.ErrService},
		{"NSUBS without entity", key, nil, smp.NSUBS{}, smp.ErrCmdNoAuth},
		{"RFWD that does not decrypt", noKey, nil, smp.RFWD{}, smp.ErrCrypto},
		{"PFWD", noKey, id, smp.PFWD{Version: 20, Key: newKey(t, keys.X25519).Public()}, smp.ErrProxyNoSession},
		{"NKEY of an unknown queue", key, id, smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: pub, DHKey: newKey(t, keys.X25519).Public()}}, smp.ErrAuth},
		{"LDEL of an unknown queue", key, id, smp.LDEL{}, smp.ErrAuth},
	} {
		require.Equal(t, refused(test.want), c.do(test.key, test.entity, test.command), test.name)
	}
}

func TestWrongPartyOrKey(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := c.newQueue(onlyCreate, messaging)
		key := newKey(t, keys.Ed25519)
		for _, command := range []smp.Command{
			smp.SUB{}, smp.KEY{SenderKey: key.Public()}, smp.GET{}, smp.ACK{MsgID: newID()}, smp.OFF{}, smp.DEL{}, smp.QUE{},
			smp.RKEY{Keys: []keys.PublicKey{key.Public()}}, smp.NDEL{},
		} {
			require.Equal(t, refused(smp.ErrAuth), c.do(q.rcvKey, q.sndID, command), "%s with the sender's id", command.Tag())
			require.Equal(t, refused(smp.ErrAuth), c.do(key, q.rcvID, command), "%s with another key", command.Tag())
		}
		require.Equal(t, refused(smp.ErrAuth), c.do(noKey, q.rcvID, smp.SEND{}), "SEND with the recipient's id")
		require.Equal(t, refused(smp.ErrAuth), c.do(key, q.sndID, smp.SEND{}), "authorized SEND to a queue without key")
		require.Equal(t, smp.OK{}, c.do(noKey, q.sndID, smp.SEND{}))
	})
}

func TestUnknownAndMalformedCommands(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		for text, want := range map[string]*smp.Error{
			"":         smp.ErrCmdUnknown,
			"PINGX":    smp.ErrCmdUnknown,
			"ping":     smp.ErrCmdUnknown,
			"OK":       smp.ErrCmdUnknown,
			"PING ":    smp.ErrCmdSyntax,
			"SEND":     smp.ErrCmdSyntax,
			"SEND X b": smp.ErrCmdSyntax,
			"ACK":      smp.ErrCmdSyntax,
			"KEY x":    smp.ErrCmdSyntax,
		} {
			sent := smp.Transmission{CorrelationID: []byte("short"), EntityID: newID(), Command: []byte(text)}
			if v < smp.VersionAuthenticators {
				sent.SessionID = c.conn.SessionID()
			}
			c.write(c.encode(sent))
			got := c.next()
			require.Equal(t, refused(want), got.Response, "%q", text)
			require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID, "echoed as it came")
			require.Equal(t, sent.EntityID, got.Transmission.EntityID)
		}
	})
}

func TestBatch(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		a, b := c.newQueue(onlyCreate), c.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, c.send(a, "waits"))
		subA, encodedA := c.request(a.rcvKey, a.rcvID, smp.SUB{})
		subB, encodedB := c.request(b.rcvKey, b.rcvID, smp.SUB{})
		ping, encodedPing := c.request(noKey, nil, smp.PING{})
		c.blocks = nil
		c.write(encodedA, []byte{9, 9}, encodedB, encodedPing)

		got := c.next()
		require.Equal(t, subA.CorrelationID, got.Transmission.CorrelationID)
		require.Equal(t, c.subscribed(), got.Response)
		got = c.next()
		require.Empty(t, got.Transmission.CorrelationID)
		require.Empty(t, got.Transmission.EntityID)
		require.Equal(t, refused(smp.ErrBlock), got.Response, "the malformed transmission")
		rest := map[string]smp.Response{}
		for range 3 {
			got = c.next()
			rest[string(got.Transmission.CorrelationID)] = got.Response
		}
		require.Equal(t, c.subscribed(), rest[string(subB.CorrelationID)])
		require.Equal(t, smp.PONG{}, rest[string(ping.CorrelationID)])
		a.expect(rest[""], "waits")
	})
}

func TestAnswersShareBlocks(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	const n = 80
	queues := c.newQueues(n, onlyCreate)
	var block [][]byte
	for _, q := range queues {
		_, encoded := c.request(noKey, q.sndID, smp.SEND{Body: []byte("waits")})
		block = append(block, encoded)
	}
	c.write(block...)
	for range n {
		require.Equal(t, smp.OK{}, c.next().Response)
	}
	c.blocks = nil
	c.subscribeAll(queues)
	require.Equal(t, []int{n}, c.blocks, "all in one block")
	for _, q := range queues {
		require.IsType(t, smp.MSG{}, c.event(q.rcvID))
	}
}

func TestMalformedBlocks(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		_, ping := c.request(noKey, nil, smp.PING{})
		whole, err := smp.EncodeBlock(ping)
		require.NoError(t, err)
		for name, content := range map[string][]byte{
			"empty":                    {},
			"no transmission":          {0},
			"truncated":                whole[:len(whole)-1],
			"bytes after the last one": append(bytes.Clone(whole), 0),
			"one too few":              append([]byte{2}, whole[1:]...),
		} {
			c.writeContent(content)
			got := c.next()
			require.Equal(t, refused(smp.ErrBlock), got.Response, name)
			require.Empty(t, got.Transmission.CorrelationID, name)
		}
		c.quiet()
	})
}

func TestAuthorizationOfWrongSize(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	sent := smp.Transmission{Authorization: make([]byte, 63), CorrelationID: newID(), EntityID: newID(), Command: []byte("SUB")}
	c.write(c.encode(sent))
	got := c.next()
	require.Equal(t, refused(smp.ErrBlock), got.Response)
	require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID)
}

func TestSessionBinding(t *testing.T) {
	t.Parallel()
	e := start(t)
	here, there := connect(t, e, 6), connect(t, e, 6)
	sent, _ := here.request(noKey, nil, smp.PING{})
	sent.SessionID = there.conn.SessionID()
	here.write(here.encode(sent))
	got := here.next()
	require.Equal(t, refused(smp.ErrSession), got.Response)
	require.Equal(t, sent.CorrelationID, got.Transmission.CorrelationID)

	for _, v := range []uint16{7, 20} {
		here, there := connect(t, e, v), connect(t, e, v)
		for _, alg := range authAlgorithms {
			q := here.newQueueWith(newKey(t, alg), onlyCreate)
			_, encoded := here.request(q.rcvKey, q.rcvID, smp.QUE{})
			there.write(encoded)
			require.Equal(t, refused(smp.ErrAuth), there.next().Response, "authorized for another connection")
			here.write(encoded)
			require.IsType(t, smp.INFO{}, here.next().Response)
		}
	}
}

func TestServiceSignatureOutsideOfService(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate)
	for _, entity := range [][]byte{q.rcvID, newID()} {
		sent, _ := c.request(q.rcvKey, entity, smp.SUB{})
		sent.ServiceSignature = make([]byte, 64)
		c.write(c.encode(sent))
		require.Equal(t, refused(smp.ErrService), c.next().Response, "whether the queue exists or not")
	}
}

// TestEqualWork shows that every ERR AUTH to an authorized command costs one
// verification, and none to one without authorization.
func TestEqualWork(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	verified := 0
	stages := relay.DefaultStages()
	inner := stages.Verify
	stages.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		mu.Lock()
		verified++
		mu.Unlock()
		return inner(s, r, key)
	}
	e := start(t, func(c *relay.Config) { c.Stages = stages })
	c := connect(t, e, 20)
	open := c.newQueue(onlyCreate, messaging)
	address := c.newQueue(onlyCreate, contact)
	secured := c.newQueue(onlyCreate, messaging)
	c.secure(secured, keys.Ed25519)
	link, taken := c.newLinked(smp.Contact), c.newLinked(smp.Messaging)
	c.secure(taken.queue, keys.Ed25519)
	watched := c.newNotified(onlyCreate)
	key := newKey(t, keys.Ed25519)
	secure := smp.SKEY{SenderKey: key.Public()}
	for _, test := range []struct {
		name    string
		entity  []byte
		command smp.Command
	}{
		{"unknown queue", newID(), smp.SUB{}},
		{"sender id", open.sndID, smp.SUB{}},
		{"another key", open.rcvID, smp.SUB{}},
		{"SEND to an unknown queue", newID(), smp.SEND{}},
		{"SEND to a queue without key", open.sndID, smp.SEND{}},
		{"SEND with another key", secured.sndID, smp.SEND{}},
		{"SEND to the recipient id", secured.rcvID, smp.SEND{}},
		{"SKEY of an unknown queue", newID(), secure},
		{"SKEY of a contact address", address.sndID, secure},
		{"SKEY of a secured queue", secured.sndID, secure},
		{"NSUB", newID(), smp.NSUB{}},
		{"NSUB with the recipient id", open.rcvID, smp.NSUB{}},
		{"NSUB with another key", watched.id, smp.NSUB{}},
		{"SUB with the notifier id", watched.id, smp.SUB{}},
		{"LKEY of an unknown link", newID(), smp.LKEY{SenderKey: key.Public()}},
		{"LKEY of a contact address", link.linkID, smp.LKEY{SenderKey: key.Public()}},
		{"LKEY of a secured queue", taken.linkID, smp.LKEY{SenderKey: key.Public()}},
		{"LKEY of a sender id", open.sndID, smp.LKEY{SenderKey: key.Public()}},
		{"LSET with another key", link.rcvID, smp.LSET{LinkID: link.linkID, Data: someData}},
		{"NEW with another key", nil, smp.NEW{AuthKey: open.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public()}},
	} {
		for _, alg := range authAlgorithms {
			mu.Lock()
			verified = 0
			mu.Unlock()
			by := newKey(t, alg)
			if alg == keys.Ed25519 && test.entity != nil {
				by = key
			}
			require.Equal(t, refused(smp.ErrAuth), c.do(by, test.entity, test.command), test.name)
			mu.Lock()
			require.Equal(t, 1, verified, "%s, %v", test.name, alg)
			mu.Unlock()
		}
	}
	mu.Lock()
	defer mu.Unlock()
	verified = 0
}
