package relay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

func TestStats(t *testing.T) {
	t.Parallel()
	e := start(t, forwarding())
	empty := e.Stats()
	require.Positive(t, empty.Uptime)
	empty.Uptime = 0
	require.Equal(t, relay.Stats{Commands: map[string]uint64{}, Errors: map[string]uint64{}}, empty)

	c, sender := connect(t, e, 20), connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	c.newQueue()
	for range 3 {
		require.Equal(t, smp.OK{}, sender.send(q, "hello"))
	}
	require.Equal(t, refused(smp.ErrAuth), sender.do(noKey, newID(), smp.SEND{}))
	require.Equal(t, refused(smp.ErrCmdNoAuth), sender.do(noKey, newID(), smp.SUB{}))
	require.Equal(t, refused(smp.ErrNameNoResolver), sender.do(noKey, nil, someName))
	require.Equal(t, refused(smp.ErrProxyNoSession), sender.do(noKey, newID(), someForward(t)))
	sender.write([]byte("x"))
	require.Equal(t, refused(smp.ErrBlock), sender.next().Response)
	c.prxy(at(t, start(t)))
	require.NoError(t, e.Block(q.sndID, spam))
	p := behind(t, e, 20, 20)
	require.Equal(t, blocked(20, spam), p.do(noKey, q.sndID, smp.SEND{}))

	s := e.Stats()
	require.Equal(t, 3, s.Connections)
	require.Equal(t, 0, s.Handshakes)
	require.Equal(t, 2, s.Queues)
	require.Equal(t, 1, s.Blocked)
	require.Equal(t, 3, s.Messages)
	require.Equal(t, 1, s.Destinations)
	require.Equal(t, map[string]uint64{"NEW": 2, "SEND": 5, "RSLV": 1, "PFWD": 1, "PRXY": 1, "RFWD": 1}, s.Commands)
	require.Equal(t, map[string]uint64{
		"AUTH": 1, "CMD NO_AUTH": 1, "NAME NO_RESOLVER": 1, "PROXY NO_SESSION": 1, "BLOCK": 1, "BLOCKED": 1,
	}, s.Errors)
	require.Equal(t, uint64(12*transport.BlockSize), s.BytesReceived)
	// An answer is counted a moment after it was written.
	require.Eventually(t, func() bool { return e.Stats().BytesSent == 12*transport.BlockSize }, patience, time.Millisecond)

	require.NoError(t, e.Unblock(q.sndID))
	require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
	s = e.Stats()
	require.Equal(t, []int{1, 0, 0}, []int{s.Queues, s.Blocked, s.Messages})
}

// Every command and every error that a relay answers has a counter.
func TestEveryKindIsCounted(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	key := newKey(t, keys.Ed25519)
	public, dh := key.Public(), newKey(t, keys.X25519).Public()
	server := at(t, e)
	commands := []smp.Command{
		smp.NEW{AuthKey: public, DHKey: dh}, smp.SUB{}, smp.SUBS{}, smp.KEY{SenderKey: public}, smp.RKEY{Keys: []keys.PublicKey{public}},
		smp.LSET{}, smp.LDEL{}, smp.NKEY{NotifierKeys: smp.NotifierKeys{AuthKey: public, DHKey: dh}}, smp.NDEL{}, smp.GET{}, smp.ACK{},
		smp.OFF{}, smp.DEL{}, smp.QUE{}, smp.SKEY{SenderKey: public}, smp.SEND{}, smp.PING{}, smp.LKEY{SenderKey: public}, smp.LGET{},
		smp.PRXY{Server: server}, someForward(t), smp.RFWD{Body: make([]byte, 100)}, smp.NSUB{}, smp.NSUBS{}, someName,
	}
	for _, command := range commands {
		credentials := func(authorized, entity bool) bool { return smp.CheckCredentials(command, authorized, entity) == nil }
		authorizedBy, entity := key, newID()
		if !credentials(true, true) && !credentials(true, false) {
			authorizedBy = noKey
		}
		if !credentials(!authorizedBy.IsZero(), true) {
			entity = nil
		}
		c.do(authorizedBy, entity, command) // whatever the answer is
	}
	counted := e.Stats().Commands
	require.Len(t, counted, len(commands))
	for _, command := range commands {
		require.Equal(t, uint64(1), counted[command.Tag()], command.Tag())
	}
}
