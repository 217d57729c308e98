package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

var authAlgorithms = []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519}

func TestKeySecures(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		for _, mode := range []func(*smp.NEW){func(*smp.NEW) {}, messaging, contact} {
			q := c.newQueue(onlyCreate, mode)
			key := newKey(t, keys.Ed25519)
			require.Equal(t, smp.OK{}, c.recipient(q, smp.KEY{SenderKey: key.Public()}))
			require.Equal(t, smp.OK{}, c.recipient(q, smp.KEY{SenderKey: key.Public()}), "the same key again")
			require.Equal(t, refused(smp.ErrAuth), c.recipient(q, smp.KEY{SenderKey: newKey(t, keys.Ed25519).Public()}), "another key")
			require.Equal(t, refused(smp.ErrAuth), c.send(q, "without authorization"))
			q.sndKey = newKey(t, keys.Ed25519)
			require.Equal(t, refused(smp.ErrAuth), c.send(q, "with another key"))
			q.sndKey = key
			require.Equal(t, smp.OK{}, c.send(q, "with the key"))
		}
	})
}

func TestSenderKeyOfEveryAlgorithm(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	for _, alg := range authAlgorithms {
		q := c.newQueue(onlyCreate)
		c.secure(q, alg)
		require.Equal(t, smp.OK{}, c.send(q, "with the key"), alg)
		for _, other := range authAlgorithms {
			q.sndKey = newKey(t, other)
			require.Equal(t, refused(smp.ErrAuth), c.send(q, "with another key"), "%v instead of %v", other, alg)
		}
	}
}

func TestSenderKeySecures(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	for _, alg := range authAlgorithms {
		q := c.newQueue(onlyCreate, messaging)
		key, other := newKey(t, alg), newKey(t, alg)
		command := smp.SKEY{SenderKey: key.Public()}
		require.Equal(t, refused(smp.ErrAuth), c.do(other, q.sndID, command), "not authorised by the key itself")
		require.Equal(t, refused(smp.ErrAuth), c.do(key, q.rcvID, command), "recipient id")
		require.Equal(t, smp.OK{}, c.do(key, q.sndID, command))
		require.Equal(t, smp.OK{}, c.do(key, q.sndID, command), "the same key again")
		require.Equal(t, refused(smp.ErrAuth), c.do(other, q.sndID, smp.SKEY{SenderKey: other.Public()}), "another key")
		require.Equal(t, smp.OK{}, c.recipient(q, smp.KEY{SenderKey: key.Public()}), "the same key from the recipient")
		q.sndKey = key
		require.Equal(t, smp.OK{}, c.send(q, "secured"))
	}
}

func TestSenderMayNotSecure(t *testing.T) {
	t.Parallel()
	e := start(t)
	key := newKey(t, keys.Ed25519)
	for _, test := range []struct {
		version uint16
		mode    func(*smp.NEW)
	}{
		{6, messaging}, {8, messaging}, {9, contact}, {20, contact}, {20, func(*smp.NEW) {}},
	} {
		c := connect(t, e, test.version)
		q := c.newQueue(onlyCreate, test.mode)
		require.Equal(t, refused(smp.ErrAuth), c.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}))
		require.Equal(t, smp.OK{}, c.send(q, "still without a key"))
	}
}

func TestRecipientKeys(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate, contact)
	old := q.rcvKey
	list := []keys.PrivateKey{newKey(t, keys.Ed25519), newKey(t, keys.X25519), newKey(t, keys.Ed448)}
	var command smp.RKEY
	for _, k := range list {
		command.Keys = append(command.Keys, k.Public())
	}
	require.Equal(t, smp.OK{}, c.recipient(q, command))
	for _, k := range list {
		q.rcvKey = k
		require.IsType(t, smp.INFO{}, c.recipient(q, smp.QUE{}))
	}
	q.rcvKey = old
	require.Equal(t, refused(smp.ErrAuth), c.recipient(q, smp.QUE{}), "the list is replaced, not extended")

	for _, mode := range []func(*smp.NEW){messaging, func(*smp.NEW) {}} {
		q := c.newQueue(onlyCreate, mode)
		require.Equal(t, refused(smp.ErrAuth), c.recipient(q, command), "only contact queues have more keys")
		require.IsType(t, smp.INFO{}, c.recipient(q, smp.QUE{}))
	}
}
