package relay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestEmptyMailboxIsGivenBack: a queue has a mailbox from its first message until it is
// looked at for what is too old, and then again.
func TestEmptyMailboxIsGivenBack(t *testing.T) {
	t.Parallel()
	r := &Relay{store: newStore(1), config: Config{Quota: 1, MessageTTL: time.Hour, Now: time.Now}}
	r.stages = r.stages.withDefaults()
	q := &Queue{recipientID: []byte("recipient"), senderID: []byte("sender"), record: &Record{}}
	r.adopt(q)
	require.NoError(t, r.store.add(q))
	require.Nil(t, r.stages.Head(q))
	require.False(t, r.stages.Remove(q, []byte("m")))
	q.mailbox.Clear()
	require.Nil(t, q.mailbox)
	for range 2 {
		require.True(t, r.stages.Store(q, &Message{ID: []byte("m"), Time: time.Now()}))
		require.False(t, r.stages.Store(q, &Message{ID: []byte("n"), Time: time.Now()}), "quota of the relay")
		r.Expire()
		require.Equal(t, 2, q.mailbox.Len(), "messages stay")
		require.True(t, r.stages.Remove(q, []byte("m")))
		require.True(t, r.stages.Remove(q, []byte("n")))
		r.Expire()
		require.Nil(t, q.mailbox)
	}
}
