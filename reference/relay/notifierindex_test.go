package relay

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// An id that is no notifier's any more leaves nothing in the store.
func TestNotifierIDLeavesTheStore(t *testing.T) {
	t.Parallel()
	r := &Relay{store: newStore(1)}
	q := &Queue{recipientID: []byte("recipient"), senderID: []byte("sender"), notifier: &notifications{Notifier: Notifier{ID: []byte("notifier")}}}
	require.NoError(t, r.store.add(q))
	require.Same(t, q, r.store.find(notifier, []byte("notifier")))
	require.Nil(t, r.store.find(recipient, []byte("notifier")))
	r.deleteNotifier(q, nil)
	require.Nil(t, r.store.find(notifier, []byte("notifier")))
	require.Same(t, q, r.store.find(sender, []byte("sender")))

	q.notifier = &notifications{Notifier: Notifier{ID: []byte("later")}}
	require.True(t, r.store.addNotifier(q, q.notifier.ID))
	require.False(t, r.store.addNotifier(q, q.senderID))
	r.store.remove(q)
	for _, id := range []string{"recipient", "sender", "later"} {
		for _, p := range []party{recipient, sender, notifier} {
			require.Nil(t, r.store.find(p, []byte(id)))
		}
	}
}
