package relay_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

func TestCreateAtEveryVersion(t *testing.T) {
	t.Parallel()
	e := start(t)
	modes := map[string]struct {
		request *smp.QueueRequest
		mode    smp.QueueMode
	}{
		"none":      {nil, 0},
		"messaging": {&smp.QueueRequest{Mode: smp.Messaging}, smp.Messaging},
		"contact":   {&smp.QueueRequest{Mode: smp.Contact}, smp.Contact},
	}
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		seen := map[string]bool{}
		for name, m := range modes {
			q := c.newQueue(func(n *smp.NEW) { n.Request = m.request })
			want := m.mode
			switch {
			case v < smp.VersionSenderKeys:
				want = 0
			case v < smp.VersionShortLinks && want == 0:
				want = smp.Contact // the boolean of these versions cannot say none
			}
			require.Equal(t, want, q.mode, "mode %s", name)
			for _, id := range [][]byte{q.rcvID, q.sndID} {
				require.Len(t, id, 24)
				require.False(t, seen[string(id)], "id is not unique")
				seen[string(id)] = true
			}
		}
	})
}

func TestCreateWithEveryKey(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
		q := c.newQueueWith(newKey(t, alg))
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}), alg)
	}
}

func TestCreateNeedsItsOwnKey(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	command := smp.NEW{AuthKey: newKey(t, keys.Ed25519).Public(), DHKey: newKey(t, keys.X25519).Public()}
	require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed25519), nil, command))
	require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed448), nil, command))
	require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.X25519), nil, command))
	require.Equal(t, refused(smp.ErrCmdNoAuth), c.do(keys.PrivateKey{}, nil, command))
	require.Equal(t, refused(smp.ErrCmdHasAuth), c.do(newKey(t, keys.Ed25519), newID(), command))
}

func TestPassword(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.Password = smp.Password("secret") })
	open := start(t)
	key := newKey(t, keys.Ed25519)
	for _, v := range []uint16{6, 9, 20} {
		c := connect(t, e, v)
		for _, wrong := range []smp.Password{nil, {}, smp.Password("secreT"), smp.Password("secret1")} {
			command := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public(), Password: wrong}
			require.Equal(t, refused(smp.ErrAuth), c.do(key, nil, command), "version %d", v)
		}
		c.newQueue(func(n *smp.NEW) { n.Password = smp.Password("secret") })
		connect(t, open, v).newQueue(func(n *smp.NEW) { n.Password = smp.Password("any") })
	}
}

func TestCreateOnly(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := c.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, c.send(q, "waits"))
		c.quiet()
		require.Equal(t, c.subscribed(), c.recipient(q, smp.SUB{}))
		q.expect(c.event(q.rcvID), "waits")
	})
}

func TestCreateWithLowOrderKey(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	zero, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	key := newKey(t, keys.Ed25519)
	require.Equal(t, refused(smp.ErrCrypto), c.do(key, nil, smp.NEW{AuthKey: key.Public(), DHKey: zero}))
}

func TestRandIsTheOnlySourceOfIDs(t *testing.T) {
	t.Parallel()
	create := func(seed byte) *queue {
		e := start(t, func(c *relay.Config) { c.Rand = rand.NewChaCha8([32]byte{seed}) })
		return connect(t, e, 20).newQueue()
	}
	one, same, other := create(1), create(1), create(2)
	require.Equal(t, one.rcvID, same.rcvID)
	require.Equal(t, one.sndID, same.sndID)
	require.NotEqual(t, one.rcvID, other.rcvID)
	require.NotEqual(t, one.sndID, other.sndID)
}

func TestMaxQueues(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxQueues = 2 })
	c := connect(t, e, 20)
	first := c.newQueue()
	c.newQueue()
	key := newKey(t, keys.Ed25519)
	command := smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public()}
	require.Equal(t, refused(smp.ErrAuth), c.do(key, nil, command))
	require.Equal(t, smp.OK{}, c.recipient(first, smp.DEL{}))
	require.IsType(t, smp.IDS{}, c.do(key, nil, command))
	require.Equal(t, 2, e.Queues())
}
