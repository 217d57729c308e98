package relay

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/smp"
)

func testMessage() *Message {
	return &Message{ID: []byte("id"), Body: bytes.Repeat([]byte{7}, 100), uses: newUses()}
}

func wiped(m *Message) bool { return bytes.Count(m.Body, []byte{0}) == len(m.Body) }

// A body is overwritten when the message leaves its queue, in whichever way.
func TestForgottenMessagesAreWiped(t *testing.T) {
	t.Parallel()
	for name, forget := range map[string]func(q *Queue, m *Message){
		"ACK":     func(q *Queue, m *Message) { require.True(t, defaultRemove(q, m.ID)) },
		"expiry":  func(q *Queue, m *Message) { require.Equal(t, 1, q.mailbox.Expire(m.Time.Add(1))) },
		"removal": func(q *Queue, _ *Message) { q.mailbox.Clear() },
	} {
		q, m := &Queue{quota: 2}, testMessage()
		require.True(t, q.Mailbox().Put(m), name)
		require.False(t, defaultRemove(q, []byte("other")), name)
		require.False(t, wiped(m), name)
		forget(q, m)
		require.True(t, wiped(m), name)
	}
}

// While a delivery waits to be written, on whichever connection, the body stays.
func TestDeliveriesKeepForgottenMessages(t *testing.T) {
	t.Parallel()
	first, _ := testOutbox(10 * messageCost)
	second, _ := testOutbox(10 * messageCost)
	m := testMessage()
	require.NoError(t, first.put(Output{Message: m}))
	second.putWithRoom(Output{Message: m})
	m.forget()
	require.False(t, wiped(m))

	first.signal()
	outs, open := first.take()
	require.True(t, open)
	first.close()
	require.False(t, wiped(m), "it is being written")
	first.release(outs)
	require.False(t, wiped(m), "it waits on the second connection")
	second.close()
	require.True(t, wiped(m))
}

// A box that is closed or full holds nothing.
func TestRefusedDeliveriesKeepNothing(t *testing.T) {
	t.Parallel()
	m := testMessage()
	full, _ := testOutbox(messageCost - 1)
	require.ErrorIs(t, full.put(Output{Message: m}), errOverflow)
	full.close()
	require.NoError(t, full.put(Output{Message: m}))
	full.putWithRoom(Output{Message: m})
	m.forget()
	require.True(t, wiped(m))
}

// In a block that was executed, bodies are overwritten of which queues have copies.
func TestBlocksAreWiped(t *testing.T) {
	t.Parallel()
	small, large := bytes.Repeat([]byte{7}, 100), bytes.Repeat([]byte{7}, smp.BlockSize/2)
	require.Equal(t, small, kept(small))
	require.NotSame(t, &small[0], &kept(small)[0])
	require.Same(t, &large[0], &kept(large)[0])
	wipe([]Request{{Command: smp.SEND{Body: small}}, {Command: smp.SEND{Body: large}}, {Command: smp.PING{}}, {}})
	require.Equal(t, make([]byte, len(small)), small)
	require.Equal(t, byte(7), large[0])
}
