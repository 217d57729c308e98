package relay

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// linkModel says what links some queues have, by the rules alone.
type linkModel struct {
	mode    smp.QueueMode
	secured bool
	link    *Link
}

func (m *linkModel) mayTake(models []*linkModel, id, fixed string) bool {
	if m.secured && m.mode != smp.Contact {
		return false
	}
	if m.link != nil {
		return string(m.link.ID) == id && string(m.link.Data.Fixed) == fixed
	}
	for _, other := range models {
		if other.link != nil && string(other.link.ID) == id {
			return false
		}
	}
	return true
}

// TestPropertyLinksModel holds the links of a few queues against a simple model, whatever
// their owners do: a link id leads to one queue, fixed data do not change, and what is
// deleted is gone.
func TestPropertyLinksModel(t *testing.T) {
	t.Parallel()
	key, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	ids, contents := rapid.SampledFrom([]string{"a", "b", "c"}), rapid.SampledFrom([]string{"x", "y"})
	rapid.Check(t, func(t *rapid.T) {
		r := &Relay{store: newStore(100)}
		var queues []*Queue
		var models []*linkModel
		for i, mode := range []smp.QueueMode{smp.Contact, smp.Contact, smp.Messaging, 0} {
			q := &Queue{recipientID: []byte{'r', byte(i)}, senderID: []byte{'s', byte(i)}, record: &Record{Mode: mode}}
			require.NoError(t, r.store.add(q))
			queues, models = append(queues, q), append(models, &linkModel{mode: mode})
		}
		draw := func(t *rapid.T) int { return rapid.IntRange(0, len(queues)-1).Draw(t, "queue") }
		t.Repeat(map[string]func(*rapid.T){
			"LSET": func(t *rapid.T) {
				i, id, fixed, user := draw(t), ids.Draw(t, "id"), contents.Draw(t, "fixed"), contents.Draw(t, "user")
				data := smp.LinkData{Fixed: []byte(fixed), User: []byte(user)}
				want := fail(smp.ErrAuth)
				if models[i].mayTake(models, id, fixed) {
					want = smp.OK{}
					models[i].link = &Link{ID: []byte(id), Data: data}
				}
				require.Equal(t, want, r.setLink(queues[i], smp.LSET{LinkID: []byte(id), Data: data}))
			},
			"LDEL": func(t *rapid.T) {
				i := draw(t)
				r.deleteLink(queues[i])
				models[i].link = nil
			},
			"KEY": func(t *rapid.T) {
				i := draw(t)
				require.True(t, queues[i].secure(key))
				models[i].secured = true
			},
			"DEL and NEW": func(t *rapid.T) {
				i := draw(t)
				r.store.remove(queues[i])
				queues[i] = &Queue{recipientID: queues[i].recipientID, senderID: queues[i].senderID, record: &Record{Mode: models[i].mode}}
				models[i] = &linkModel{mode: models[i].mode}
				id := ids.Draw(t, "id")
				queues[i].link = newLink([]byte(id), smp.LinkData{Fixed: []byte(id)})
				if models[i].mayTake(models, id, id) {
					models[i].link = queues[i].link
				} else {
					require.ErrorIs(t, r.store.add(queues[i]), errDuplicate)
					queues[i].link = nil
				}
				require.NoError(t, r.store.add(queues[i]))
			},
			"": func(t *rapid.T) {
				led := map[string]*Queue{}
				for i, q := range queues {
					require.Equal(t, models[i].link, q.link)
					if q.link != nil {
						led[string(q.link.ID)] = q
					}
				}
				for _, id := range []string{"a", "b", "c"} {
					require.Same(t, led[id], r.store.find(linkReader, []byte(id)))
				}
			},
		})
	})
}
