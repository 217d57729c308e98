package relay

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestPropertyMailboxModel holds a mailbox against a simple model of it: the documented
// rules, with a flag for "refuses until empty".
func TestPropertyMailboxModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		quota := rapid.IntRange(1, 4).Draw(t, "quota")
		box := Mailbox{quota: quota}
		var model []Message
		refusing := false
		next := byte(0)
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				next++
				m := Message{ID: []byte{next}, Time: time.Unix(int64(next), 0), Body: []byte{next}}
				if len(model) == 0 {
					refusing = false
				}
				want := !refusing && len(model) < quota
				if !want && !refusing {
					refusing = true
					model = append(model, Message{ID: m.ID, Time: m.Time, Quota: true})
				} else if want {
					model = append(model, m)
				}
				require.Equal(t, want, box.Put(&m))
			},
			"remove": func(t *rapid.T) {
				id := []byte{byte(rapid.IntRange(0, int(next)).Draw(t, "id"))}
				want := len(model) > 0 && string(model[0].ID) == string(id)
				if want {
					model = model[1:]
				}
				require.Equal(t, want, box.Remove(id))
			},
			"expire": func(t *rapid.T) {
				before := time.Unix(int64(rapid.IntRange(0, int(next)).Draw(t, "before")), 0)
				n := 0
				for n < len(model) && !model[n].Quota && model[n].Time.Before(before) {
					n++
				}
				model = model[n:]
				require.Equal(t, n, box.Expire(before))
			},
			"clear": func(*rapid.T) {
				box.Clear()
				model = nil
			},
			"": func(t *rapid.T) {
				require.Equal(t, len(model), box.Len())
				if len(model) == 0 {
					require.Nil(t, box.Head())
				} else {
					require.Equal(t, model[0], *box.Head())
				}
			},
		})
	})
}

func TestStoreKeepsPartiesApart(t *testing.T) {
	t.Parallel()
	s := newStore(3)
	a := &Queue{recipientID: []byte("r1"), senderID: []byte("s1")}
	require.NoError(t, s.add(a))
	require.Same(t, a, s.find(recipient, []byte("r1")))
	require.Same(t, a, s.find(sender, []byte("s1")))
	require.Nil(t, s.find(sender, []byte("r1")))
	require.Nil(t, s.find(recipient, []byte("s1")))
	for _, taken := range []*Queue{
		{recipientID: []byte("r1"), senderID: []byte("s2")},
		{recipientID: []byte("r2"), senderID: []byte("s1")},
		{recipientID: []byte("s1"), senderID: []byte("s2")},
		{recipientID: []byte("r2"), senderID: []byte("r1")},
		{recipientID: []byte("r2"), senderID: []byte("r2")},
	} {
		require.ErrorIs(t, s.add(taken), errDuplicate)
	}
	require.Nil(t, s.find(recipient, []byte("r2")), "nothing of a refused queue stays")
	require.NoError(t, s.add(&Queue{recipientID: []byte("r2"), senderID: []byte("s2")}))
	require.NoError(t, s.add(&Queue{recipientID: []byte("r3"), senderID: []byte("s3")}))
	require.ErrorIs(t, s.add(&Queue{recipientID: []byte("r4"), senderID: []byte("s4")}), errFull)
	require.Len(t, s.all(), 3)
	s.remove(a)
	require.Nil(t, s.find(recipient, []byte("r1")))
	require.Nil(t, s.find(sender, []byte("s1")))
	require.Len(t, s.all(), 2)
}
