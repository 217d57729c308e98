package relay_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// A proxy that sends a command of its client again is refused, whatever else it
// changes, and what is in the queue stays as it is.
func TestRepeatedForwards(t *testing.T) {
	t.Parallel()
	e := start(t)
	recipient, p := connect(t, e, 20), behind(t, e, 20, 20)
	q := recipient.newQueue(contact)
	send := func() (forwarded []byte) {
		inner := p.inner(noKey, q.sndID, smp.SEND{Body: []byte("hello")})
		content, err := inner.AppendBlock(nil, 20)
		require.NoError(t, err)
		forwarded, _ = p.seal(inner.CorrelationID, content)
		_, other := p.rfwd(forwarded)
		require.Nil(t, other)
		return forwarded
	}
	first := send()
	id := q.expect(recipient.event(q.rcvID), "hello")
	second := send()
	for _, repeated := range [][]byte{first, second, first} {
		_, answer := p.rfwd(repeated)
		require.Equal(t, refused(smp.ErrCrypto), answer)
	}
	f, err := smp.DecodeForwardedCommand(first)
	require.NoError(t, err)
	f.Version = 19
	changed, err := f.Encode()
	require.NoError(t, err)
	_, answer := p.rfwd(changed)
	require.Equal(t, refused(smp.ErrCrypto), answer, "for another version")
	id = q.expect(recipient.ack(q, id), "hello")
	require.Equal(t, smp.OK{}, recipient.ack(q, id), "there are two messages")
	require.Equal(t, smp.OK{}, p.do(noKey, q.sndID, smp.SEND{Body: []byte("hello")}), "the session goes on")
}

// What does not decrypt leaves no trace: the true command comes through after it.
func TestForgedForwardDoesNotBlockTheTrueOne(t *testing.T) {
	t.Parallel()
	e := start(t)
	p := behind(t, e, 20, 20)
	inner := p.inner(noKey, newID(), smp.SEND{})
	content, err := inner.AppendBlock(nil, 20)
	require.NoError(t, err)
	forwarded, _ := p.seal(inner.CorrelationID, content)
	f, err := smp.DecodeForwardedCommand(forwarded)
	require.NoError(t, err)
	f.Body[0] ^= 1
	forged, err := f.Encode()
	require.NoError(t, err)
	_, answer := p.rfwd(forged)
	require.Equal(t, refused(smp.ErrCrypto), answer)
	f.Body[0] ^= 1
	forwarded, err = f.Encode()
	require.NoError(t, err)
	_, other := p.rfwd(forwarded)
	require.Nil(t, other)
}

// The memory is bounded: a command is refused for at least as many others as the
// limit says, and forgotten after twice as many.
func TestMemoryOfForwards(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.ReplayMemory = 3 })
	p := behind(t, e, 20, 20)
	forwarded := func() []byte {
		inner := p.inner(noKey, newID(), smp.SEND{})
		content, err := inner.AppendBlock(nil, 20)
		require.NoError(t, err)
		b, _ := p.seal(inner.CorrelationID, content)
		return b
	}
	first := forwarded()
	_, other := p.rfwd(first)
	require.Nil(t, other)
	for range 3 {
		_, other = p.rfwd(forwarded())
		require.Nil(t, other)
		_, answer := p.rfwd(first)
		require.Equal(t, refused(smp.ErrCrypto), answer)
	}
	for range 3 {
		_, other = p.rfwd(forwarded())
		require.Nil(t, other)
	}
	_, other = p.rfwd(first)
	require.Nil(t, other)

	_, err := relay.New(relay.Config{Credentials: credentials(), ReplayMemory: -1})
	require.ErrorIs(t, err, relay.ErrConfig)
}
