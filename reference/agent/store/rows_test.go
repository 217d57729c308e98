package store_test

import (
	"bytes"
	"crypto/rand"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/agent/store"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
)

func generate(t *testing.T, a keys.Algorithm) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(a, rand.Reader)
	require.NoError(t, err)
	return k
}

// relay is the address of a relay, with a password.
func relay(t *testing.T) link.Server {
	t.Helper()
	s, err := link.ParseServer("smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:secret@relay.example:5224")
	require.NoError(t, err)
	return s
}

// connection has every field set.
func connection(t *testing.T, id string) *store.Connection {
	t.Helper()
	dh, ed := generate(t, keys.X25519), generate(t, keys.Ed25519)
	private, err := ratchet.Propose(ratchet.NewKeys(rand.Reader), ratchet.MaxVersion, true)
	require.NoError(t, err)
	server := relay(t)
	public := server
	public.Password = ""
	created, err := client.NewQueue(smp.IDS{
		RecipientID: []byte(id + " recipient"), SenderID: []byte("sender of the queue"), ServerDHKey: dh.Public(), Mode: smp.Messaging,
	}, ed, dh)
	require.NoError(t, err)
	queue := store.QueueInfo{QueueInfo: link.QueueInfo{Version: 4, QueueAddress: link.QueueAddress{
		Server: public, SenderID: []byte("sender"), DHKey: dh.Public(), Mode: smp.Messaging,
	}}}
	return &store.Connection{
		ID: id, Version: 7, PQ: true, Ready: true, Deleted: true, Drain: true, Initiator: true, Joining: true,
		Invitation: []byte("invitation"), Request: 5, Ask: &store.Ask{Number: 9, Address: queue},
		Sent: message.Chain{ID: 3, Hash: []byte("sent")}, Received: message.Chain{ID: 4, Hash: []byte("received")},
		Receive: []*store.ReceiveQueue{{
			Number: 1, Server: store.Server{Server: server},
			Queue: store.Queue{Queue: created},
			DHKey: store.PrivateKey{PrivateKey: dh}, Peer: store.PublicKey{PublicKey: dh.Public()}, ClientVersion: 4,
			Status: store.QueueSecured, SenderKey: store.PublicKey{PublicKey: ed.Public()}, Last: []byte("last"), Held: true,
			Replaces: 7, Switch: store.SentQADD, Deleted: true,
		}},
		Send: []*store.SendQueue{{
			Number: 2, Address: queue, Key: store.PrivateKey{PrivateKey: ed}, DHKey: store.PrivateKey{PrivateKey: dh}, Status: store.QueueActive,
			SenderSecures: true, Introduce: true, Full: true, Replaces: 8, Switch: store.SentQTEST,
		}},
		LastQueue: 9, Private: &private, Reply: []store.QueueInfo{queue}, Sync: "required", RatchetKeys: [][]byte{[]byte("hash")},
		Link: &store.Link{ID: []byte("link"), Key: []byte("key"), RootKey: store.PrivateKey{PrivateKey: ed}, Fixed: []byte("fixed")},
	}
}

func TestConnections(t *testing.T) {
	s := newStore(t)
	all := []*store.Connection{connection(t, "recipient two"), connection(t, "recipient one"), {ID: "empty"}}
	own, peer := *all[0].Private, *all[1].Private
	state, err := ratchet.InitSender(ratchet.NewKeys(rand.Reader), own, peer.Public(ratchet.MaxVersion), ratchet.MaxVersion)
	require.NoError(t, err)
	update(t, s, func(tx *store.Tx) error {
		require.NoError(t, tx.InsertConnection(all[0], &state))
		require.NoError(t, tx.InsertConnection(all[1], nil))
		require.Error(t, tx.InsertConnection(all[1], nil), "the id is taken")
		return tx.InsertConnection(all[2], nil)
	})
	update(t, s, func(tx *store.Tx) error {
		found, err := tx.Connections()
		require.NoError(t, err)
		require.Equal(t, all, found)
		for _, c := range all[:2] {
			id, err := tx.ByReceiveQueue(c.Receive[0].Server.String(), c.Receive[0].Queue.RecipientID)
			require.NoError(t, err)
			require.Equal(t, c.ID, id)
		}
		restored, err := tx.Ratchet(all[0].ID)
		require.NoError(t, err)
		require.Equal(t, state, restored)
		_, err = tx.Ratchet(all[1].ID)
		require.ErrorIs(t, err, store.ErrNotFound)
		return nil
	})
}

// The table of receive queues follows the connection.
func TestReceiveQueues(t *testing.T) {
	s := newStore(t)
	c := connection(t, "recipient id of c")
	first := c.Receive[0]
	second := *first
	second.Number, second.Queue.RecipientID = 2, []byte("another recipient id")
	found := func(tx *store.Tx, q *store.ReceiveQueue) bool {
		_, err := tx.ByReceiveQueue(q.Server.String(), q.Queue.RecipientID)
		return err == nil
	}
	update(t, s, func(tx *store.Tx) error { return tx.InsertConnection(c, nil) })
	for _, queues := range [][]*store.ReceiveQueue{{first}, {first, &second}, {&second}, {&second}, nil} {
		update(t, s, func(tx *store.Tx) error {
			stored, err := tx.Connection(c.ID)
			require.NoError(t, err)
			stored.Receive = queues
			return tx.UpdateConnection(stored)
		})
		update(t, s, func(tx *store.Tx) error {
			for _, q := range []*store.ReceiveQueue{first, &second} {
				expected := false
				for _, o := range queues {
					expected = expected || o == q
				}
				require.Equal(t, expected, found(tx, q))
			}
			return nil
		})
	}
}

func TestMessages(t *testing.T) {
	s := newStore(t)
	m := func(number int64) store.Message {
		return store.Message{Number: number, Kind: "message", Hash: []byte("hash"), Silent: number == 2, Envelope: []byte("envelope"), Created: at}
	}
	update(t, s, func(tx *store.Tx) error {
		require.Error(t, tx.InsertMessage("none", m(1), nil), "a message belongs to a connection")
		require.NoError(t, tx.InsertConnection(&store.Connection{ID: "c"}, nil))
		for _, number := range []int64{3, 1, 2} {
			require.NoError(t, tx.InsertMessage("c", m(number), []int{1}))
		}
		require.NoError(t, tx.CopyDeliveries("c", 1, 2))
		require.NoError(t, tx.InsertDelivery("c", 2, 3))
		pending, err := tx.Pending("c")
		require.NoError(t, err)
		require.Equal(t, 6, pending)
		for _, number := range []int64{1, 2, 3} {
			next, err := tx.NextDelivery("c", 1)
			require.NoError(t, err)
			require.Equal(t, m(number), next)
			d, err := tx.Delivered("c", 1, number, number == 1, true)
			require.NoError(t, err)
			require.Equal(t, store.Delivery{Left: 1}, d)
		}
		_, err = tx.NextDelivery("c", 1)
		require.ErrorIs(t, err, store.ErrNotFound)

		d, err := tx.Delivered("c", 2, 1, true, true)
		require.NoError(t, err)
		require.Equal(t, store.Delivery{Before: true}, d)
		kept, err := tx.Message("c", 1)
		require.NoError(t, err)
		require.Nil(t, kept.Envelope)

		_, err = tx.Delivered("c", 2, 2, false, true)
		require.NoError(t, err)
		_, err = tx.Message("c", 2)
		require.ErrorIs(t, err, store.ErrNotFound, "no relay has taken it")

		require.NoError(t, tx.DropDeliveries("c", 2))
		pending, err = tx.Pending("c")
		require.NoError(t, err)
		require.Zero(t, pending)
		return nil
	})
}

func TestEvents(t *testing.T) {
	s := newStore(t)
	events := []store.Event{
		{Connection: "c", Kind: "received", Body: []byte(`{}`), Created: at, Queue: 4, RelayID: []byte("relay id")},
		{Connection: "c", Kind: "sent", Body: []byte(`{"message":1}`), Created: at},
	}
	update(t, s, func(tx *store.Tx) error {
		for i := range events {
			id, err := tx.InsertEvent(events[i])
			require.NoError(t, err)
			events[i].ID = id
		}
		found, err := tx.Events(0, 10)
		require.NoError(t, err)
		require.Equal(t, events, found)
		found, err = tx.Events(events[0].ID, 10)
		require.NoError(t, err)
		require.Equal(t, events[1:], found)
		found, err = tx.Events(0, 1)
		require.NoError(t, err)
		require.Equal(t, events[:1], found)
		return tx.DeleteEvent(events[1].ID)
	})
	update(t, s, func(tx *store.Tx) error {
		_, err := tx.Event(events[1].ID)
		require.ErrorIs(t, err, store.ErrNotFound)
		last, err := tx.LastEvent()
		require.NoError(t, err)
		require.Equal(t, events[0].ID, last)
		id, err := tx.InsertEvent(events[1])
		require.NoError(t, err)
		require.Greater(t, id, events[1].ID, "no id is used again")
		return nil
	})
}

func TestRequestsAndAttempts(t *testing.T) {
	key := store.PrivateKey{PrivateKey: generate(t, keys.Ed25519)}
	update(t, newStore(t), func(tx *store.Tx) error {
		require.NoError(t, tx.InsertConnection(&store.Connection{ID: "address", Address: true}, nil))
		r := store.Request{Connection: "address", Invitation: "link", Info: []byte("info")}
		var err error
		r.ID, err = tx.InsertRequest(r)
		require.NoError(t, err)
		found, err := tx.Request(r.ID)
		require.NoError(t, err)
		require.Equal(t, r, found)
		n, err := tx.CountRequests("address")
		require.NoError(t, err)
		require.Equal(t, 1, n)
		require.NoError(t, tx.DeleteRequest(r.ID))
		require.ErrorIs(t, tx.DeleteRequest(r.ID), store.ErrNotFound)

		_, err = tx.Attempt([]byte("i"))
		require.ErrorIs(t, err, store.ErrNotFound)
		require.NoError(t, tx.SetAttempt([]byte("i"), key, at))
		attempt, err := tx.Attempt([]byte("i"))
		require.NoError(t, err)
		require.True(t, bytes.Equal(key.PKCS8(), attempt.PKCS8()))
		return tx.DeleteAttempt([]byte("i"))
	})
}

// With a connection everything goes that belongs to it, except its events.
func TestDeleteConnection(t *testing.T) {
	s := newStore(t)
	update(t, s, func(tx *store.Tx) error {
		require.NoError(t, tx.InsertConnection(connection(t, "recipient id of c"), nil))
		require.NoError(t, tx.InsertMessage("recipient id of c", store.Message{Number: 1, Hash: []byte{}, Created: at}, []int{1}))
		_, err := tx.MarkReceived("recipient id of c", []byte("hash"), at)
		require.NoError(t, err)
		_, err = tx.InsertRequest(store.Request{Connection: "recipient id of c", Info: []byte{}})
		require.NoError(t, err)
		_, err = tx.InsertEvent(store.Event{Connection: "recipient id of c", Created: at, Body: []byte{}})
		require.NoError(t, err)
		return tx.DeleteConnection("recipient id of c")
	})
	update(t, s, func(tx *store.Tx) error {
		for table, expected := range map[string]int{
			"connections": 0, "receive_queues": 0, "messages": 0, "deliveries": 0, "received": 0, "requests": 0, "events": 1,
		} {
			var n int
			require.NoError(t, tx.SQL.QueryRow("SELECT count(*) FROM "+table).Scan(&n))
			require.Equal(t, expected, n, table)
		}
		return nil
	})
}

func TestPrune(t *testing.T) {
	s := newStore(t)
	key := store.PrivateKey{PrivateKey: generate(t, keys.Ed25519)}
	update(t, s, func(tx *store.Tx) error {
		require.NoError(t, tx.InsertConnection(&store.Connection{ID: "c"}, nil))
		for i, created := range []time.Time{at.Add(-time.Second), at} {
			n := int64(10 * i)
			for j, envelope := range [][]byte{nil, []byte("waits to be sent")} {
				m := store.Message{Number: n + int64(j), Hash: []byte{}, Envelope: envelope, Created: created}
				require.NoError(t, tx.InsertMessage("c", m, nil))
			}
			known, err := tx.MarkReceived("c", []byte{byte(i)}, created)
			require.NoError(t, err)
			require.False(t, known)
			require.NoError(t, tx.SetAttempt([]byte{byte(i)}, key, created))
		}
		return tx.PruneMessages(at)
	})
	update(t, s, func(tx *store.Tx) error {
		for number, there := range map[int64]bool{0: false, 1: true, 10: true, 11: true} {
			_, err := tx.Message("c", number)
			require.Equal(t, there, err == nil, number)
		}
		for i, there := range []bool{false, true} {
			known, err := tx.MarkReceived("c", []byte{byte(i)}, at)
			require.NoError(t, err)
			require.Equal(t, there, known)
			_, err = tx.Attempt([]byte{byte(i)})
			require.Equal(t, there, err == nil)
		}
		return nil
	})
}
