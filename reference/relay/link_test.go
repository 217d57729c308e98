package relay_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var someData = smp.LinkData{Fixed: []byte("fixed data"), User: []byte("user data")}

// linked is a queue with the short link that it was created with.
type linked struct {
	*queue
	linkID []byte
	data   smp.LinkData
}

// ask sends a command under a chosen correlation id.
func (c *client) ask(correlationID []byte, key keys.PrivateKey, command smp.Command) smp.Response {
	c.t.Helper()
	body, err := smp.EncodeCommand(c.conn.Version(), command)
	require.NoError(c.t, err)
	t := smp.Transmission{CorrelationID: correlationID, Command: body}
	a, err := smp.NewAuthorizer(key, c.conn.PeerKey())
	require.NoError(c.t, err)
	require.NoError(c.t, t.Authorize(c.conn.SessionID(), a))
	c.write(c.encode(t))
	got := c.next()
	require.Equal(c.t, correlationID, got.Transmission.CorrelationID)
	return got.Response
}

// linkRequest makes a NEW with link data, and the correlation id that it needs.
func (c *client) linkRequest(mode smp.QueueMode, key, dh keys.PrivateKey) (correlationID []byte, command smp.NEW) {
	correlationID = newID()
	link := &smp.QueueLink{SenderID: smp.SenderID(correlationID), Data: someData}
	if mode == smp.Contact {
		link.LinkID = newID()
	}
	return correlationID, smp.NEW{
		AuthKey: key.Public(), DHKey: dh.Public(), Subscribe: true, Request: &smp.QueueRequest{Mode: mode, Link: link},
	}
}

// newLinked creates a queue with link data.
func (c *client) newLinked(mode smp.QueueMode) *linked {
	c.t.Helper()
	key, dh := newKey(c.t, keys.Ed25519), newKey(c.t, keys.X25519)
	correlationID, command := c.linkRequest(mode, key, dh)
	got := c.ask(correlationID, key, command)
	require.IsType(c.t, smp.IDS{}, got)
	ids := got.(smp.IDS)
	require.Equal(c.t, smp.SenderID(correlationID), ids.SenderID)
	require.Equal(c.t, mode, ids.Mode)
	require.Len(c.t, ids.LinkID, 24)
	if mode == smp.Contact {
		require.Equal(c.t, command.Request.Link.LinkID, ids.LinkID)
	}
	secret, err := box.Agree(dh, ids.ServerDHKey)
	require.NoError(c.t, err)
	q := &queue{t: c.t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: key, deliveries: secret, mode: mode}
	return &linked{queue: q, linkID: ids.LinkID, data: someData}
}

func (q *linked) lnk() smp.Response { return smp.LNK{SenderID: q.sndID, Data: q.data} }

// take sends LKEY with the public part of the key that authorizes it.
func (c *client) take(linkID []byte, key keys.PrivateKey) smp.Response {
	c.t.Helper()
	return c.do(key, linkID, smp.LKEY{SenderKey: key.Public()})
}

func (c *client) look(linkID []byte) smp.Response {
	c.t.Helper()
	return c.do(noKey, linkID, smp.LGET{})
}

// unknownLink shows that a link is as unknown as one that never was.
func (c *client) unknownLink(linkID []byte) {
	c.t.Helper()
	require.Equal(c.t, refused(smp.ErrAuth), c.look(linkID))
	require.Equal(c.t, refused(smp.ErrAuth), c.take(linkID, newKey(c.t, keys.Ed25519)))
}

func TestContactLink(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		if v < smp.VersionShortLinks {
			return
		}
		owner := connect(t, e, v)
		q := owner.newLinked(smp.Contact)
		for _, reader := range []*client{owner, connect(t, e, 20), connect(t, e, 6)} {
			require.Equal(t, q.lnk(), reader.look(q.linkID))
			require.Equal(t, q.lnk(), reader.look(q.linkID), "again")
			require.Equal(t, refused(smp.ErrAuth), reader.take(q.linkID, newKey(t, keys.Ed25519)), "LKEY")
			require.Equal(t, refused(smp.ErrAuth), reader.look(q.sndID), "sender id")
			require.Equal(t, refused(smp.ErrAuth), reader.look(q.rcvID), "recipient id")
			require.Equal(t, refused(smp.ErrAuth), reader.do(noKey, q.linkID, smp.SEND{}), "SEND to the link id")
			require.Equal(t, refused(smp.ErrAuth), reader.do(q.rcvKey, q.linkID, smp.SUB{}), "SUB of the link id")
			require.Equal(t, refused(smp.ErrAuth), reader.do(q.rcvKey, q.linkID, smp.LDEL{}), "LDEL of the link id")
		}
		require.Equal(t, smp.OK{}, connect(t, e, 20).send(q.queue, "request"), "nothing is secured")
		q.expect(owner.event(q.rcvID), "request")
		require.Equal(t, q.lnk(), owner.look(q.linkID), "after a message")
	})
}

func TestInvitationLink(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		if v < smp.VersionShortLinks {
			return
		}
		for _, alg := range authAlgorithms {
			owner, joiner := connect(t, e, v), connect(t, e, 20)
			q := owner.newLinked(smp.Messaging)
			key, other := newKey(t, alg), newKey(t, alg)
			command := smp.LKEY{SenderKey: key.Public()}
			require.Equal(t, refused(smp.ErrAuth), joiner.look(q.linkID), "LGET")
			require.Equal(t, refused(smp.ErrAuth), joiner.do(other, q.linkID, command), "not authorised by the key itself")
			require.Equal(t, refused(smp.ErrAuth), joiner.do(key, q.sndID, command), "sender id")
			require.Equal(t, refused(smp.ErrAuth), joiner.do(key, q.rcvID, command), "recipient id")
			require.Equal(t, smp.OK{}, joiner.send(q.queue, "nobody has secured the queue"))
			require.Equal(t, q.lnk(), joiner.take(q.linkID, key))
			require.Equal(t, q.lnk(), joiner.take(q.linkID, key), "the same key again")
			require.Equal(t, refused(smp.ErrAuth), connect(t, e, v).take(q.linkID, other), "another key")
			require.Equal(t, refused(smp.ErrAuth), joiner.send(q.queue, "without authorization"))
			require.Equal(t, smp.OK{}, joiner.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}), "SKEY with the same key")
			require.Equal(t, refused(smp.ErrAuth), joiner.do(other, q.sndID, smp.SKEY{SenderKey: other.Public()}))

			q.sndKey = key
			require.Equal(t, q.lnk(), joiner.take(q.linkID, key), "after refused commands")
			require.Equal(t, smp.OK{}, joiner.send(q.queue, "confirmation"))
			require.Equal(t, refused(smp.ErrAuth), joiner.take(q.linkID, key), "the data have served their purpose")
			require.Equal(t, smp.OK{}, joiner.send(q.queue, "message"))
		}
	})
}

// Whatever secured a messaging queue, its key reads the link and no other does.
func TestInvitationLinkOfASecuredQueue(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	key := newKey(t, keys.Ed25519)
	for name, secure := range map[string]func(q *linked) smp.Response{
		"SKEY": func(q *linked) smp.Response { return c.do(key, q.sndID, smp.SKEY{SenderKey: key.Public()}) },
		"KEY":  func(q *linked) smp.Response { return c.recipient(q.queue, smp.KEY{SenderKey: key.Public()}) },
	} {
		q := c.newLinked(smp.Messaging)
		require.Equal(t, smp.OK{}, secure(q), name)
		require.Equal(t, refused(smp.ErrAuth), c.take(q.linkID, newKey(t, keys.Ed25519)), name)
		require.Equal(t, q.lnk(), c.take(q.linkID, key), name)
	}
}

// Two joiners with one invitation: exactly one gets the data, and the queue.
func TestInvitationLinkIsTakenOnce(t *testing.T) {
	t.Parallel()
	e := start(t)
	owner := connect(t, e, 20)
	joiners := []*client{connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)}
	for range 20 {
		q := owner.newLinked(smp.Messaging)
		private := make([]keys.PrivateKey, len(joiners))
		for i, c := range joiners {
			private[i] = newKey(t, keys.Ed25519)
			_, encoded := c.request(private[i], q.linkID, smp.LKEY{SenderKey: private[i].Public()})
			c.write(encoded)
		}
		winners := 0
		for i, c := range joiners {
			q.sndKey = private[i]
			switch c.next().Response.(type) {
			case smp.LNK:
				winners++
				require.Equal(t, q.lnk(), c.take(q.linkID, private[i]))
				require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.KEY{SenderKey: private[i].Public()}))
			default:
				require.Equal(t, refused(smp.ErrAuth), c.send(q.queue, "late"))
			}
		}
		require.Equal(t, 1, winners)
	}
}

func TestCreateWithLinkIsRefused(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
		before := e.Queues()
		id, command := c.linkRequest(mode, key, dh)
		linkID := command.Request.Link.LinkID
		require.Equal(t, refused(smp.ErrCmdProhibited), c.ask(newID(), key, command), "sender id of another correlation id")
		command.Request.Link.SenderID = command.Request.Link.SenderID[:23]
		require.Equal(t, refused(smp.ErrCmdProhibited), c.ask(id, key, command), "short sender id")
		command.Request.Link.SenderID = smp.SenderID(id)
		require.Equal(t, refused(smp.ErrAuth), c.ask(id, dh, command), "not authorised")
		require.Equal(t, before, e.Queues())

		got := c.ask(id, key, command)
		require.IsType(t, smp.IDS{}, got)
		require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command), "again")
		second, other := c.linkRequest(mode, key, dh)
		if mode == smp.Contact {
			other.Request.Link.LinkID = linkID
			require.Equal(t, refused(smp.ErrAuth), c.ask(second, key, other), "link id of another queue")
			other.Request.Link.LinkID = newID()
		}
		require.Equal(t, before+1, e.Queues())
		require.IsType(t, smp.IDS{}, c.ask(second, key, other), "nothing of a refused queue stays")
	}
}

func TestLinkNeedsPassword(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t, func(c *relay.Config) { c.Password = smp.Password("secret") }), 20)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	id, command := c.linkRequest(smp.Contact, key, dh)
	require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command))
	command.Password = smp.Password("secret")
	require.IsType(t, smp.IDS{}, c.ask(id, key, command))
}

// A link that goes, or becomes another one, just after it was found is unknown, and
// nothing is secured.
func TestLinkChangesWhileItIsUsed(t *testing.T) {
	t.Parallel()
	found, changed := make(chan struct{}), make(chan struct{})
	e := replaced(t, func(s *relay.Stages) {
		authorise := s.Authorise
		s.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			switch r.Command.(type) {
			case smp.LKEY, smp.LGET:
				found <- struct{}{}
				<-changed
			}
			return err
		}
	})
	owner, reader := connect(t, e, 20), connect(t, e, 20)
	for _, becomes := range []string{"deleted", "another"} {
		for _, mode := range []smp.QueueMode{smp.Messaging, smp.Contact} {
			q := owner.newLinked(mode)
			key, command := noKey, smp.Command(smp.LGET{})
			if mode == smp.Messaging {
				key = newKey(t, keys.Ed25519)
				command = smp.LKEY{SenderKey: key.Public()}
			}
			_, encoded := reader.request(key, q.linkID, command)
			reader.write(encoded)
			select {
			case <-found:
			case <-time.After(patience):
				require.FailNow(t, "the command has not arrived")
			}
			require.Equal(t, smp.OK{}, owner.recipient(q.queue, smp.LDEL{}))
			if becomes == "another" {
				require.Equal(t, smp.OK{}, owner.recipient(q.queue, smp.LSET{LinkID: newID(), Data: someData}))
			}
			changed <- struct{}{}
			require.Equal(t, refused(smp.ErrAuth), reader.next().Response, "%v, %s", mode, becomes)
			require.Equal(t, smp.OK{}, reader.send(q.queue, "without authorization"))
			q.expect(owner.event(q.rcvID), "without authorization")
		}
	}
}

// Link ids, which clients may choose, are no way to ask which other ids exist.
func TestLinkIDsAreApartFromOtherIDs(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	victim := c.newQueue(onlyCreate)
	for _, id := range [][]byte{victim.rcvID, victim.sndID} {
		q := c.newQueue(onlyCreate, contact)
		require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: id, Data: someData}))
		require.Equal(t, smp.LNK{SenderID: q.sndID, Data: someData}, c.look(id))
		require.Equal(t, smp.OK{}, c.send(victim, "still there"))
		require.Equal(t, smp.OK{}, c.recipient(q, smp.DEL{}))
		require.IsType(t, smp.INFO{}, c.recipient(victim, smp.QUE{}))
	}
}

func TestSetLink(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c := connect(t, e, v)
		q := &linked{queue: c.newQueue(onlyCreate, contact), linkID: newID(), data: someData}
		if v < smp.VersionSenderKeys {
			q.queue = connect(t, e, 20).newQueue(onlyCreate, contact)
		}
		set := func(linkID []byte, fixed, user string) smp.Response {
			return c.recipient(q.queue, smp.LSET{LinkID: linkID, Data: smp.LinkData{Fixed: []byte(fixed), User: []byte(user)}})
		}
		command := smp.LSET{LinkID: q.linkID, Data: someData}
		require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.LDEL{}), "LDEL without a link")
		require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed25519), q.rcvID, command), "another key")
		require.Equal(t, refused(smp.ErrAuth), c.do(q.rcvKey, q.sndID, command), "sender id")
		c.unknownLink(q.linkID)
		require.Equal(t, smp.OK{}, c.recipient(q.queue, command))
		require.Equal(t, q.lnk(), c.look(q.linkID))
		require.Equal(t, smp.OK{}, set(q.linkID, "fixed data", "other user data"))
		q.data.User = []byte("other user data")
		require.Equal(t, q.lnk(), c.look(q.linkID))

		require.Equal(t, refused(smp.ErrAuth), set(newID(), "fixed data", "x"), "another link id")
		require.Equal(t, refused(smp.ErrAuth), set(q.linkID, "fixed date", "x"), "other fixed data")
		other := c.newQueue(onlyCreate, contact)
		require.Equal(t, refused(smp.ErrAuth), c.recipient(other, command), "link id of another queue")
		require.Equal(t, q.lnk(), c.look(q.linkID), "after refused changes")

		require.Equal(t, refused(smp.ErrAuth), c.do(newKey(t, keys.Ed25519), q.rcvID, smp.LDEL{}), "another key")
		require.Equal(t, refused(smp.ErrAuth), c.do(q.rcvKey, q.linkID, smp.LDEL{}), "link id")
		require.Equal(t, q.lnk(), c.look(q.linkID))
		require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.LDEL{}))
		require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.LDEL{}), "again")
		c.unknownLink(q.linkID)
		require.Equal(t, smp.OK{}, c.send(q.queue, "the queue is as before"))
		require.Equal(t, smp.OK{}, c.recipient(other, command), "the link id is free")
		c.look(q.linkID)
		require.Equal(t, refused(smp.ErrAuth), set(q.linkID, "new", "data"))
		require.Equal(t, smp.OK{}, set(newID(), "new", "data"))
	})
}

func TestSetLinkOfOtherModes(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	for name, mode := range map[string]func(*smp.NEW){"none": func(*smp.NEW) {}, "messaging": messaging} {
		q := &linked{queue: c.newQueue(onlyCreate, mode), linkID: newID(), data: someData}
		command := smp.LSET{LinkID: q.linkID, Data: someData}
		require.Equal(t, smp.OK{}, c.recipient(q.queue, command), name)
		key := newKey(t, keys.Ed25519)
		if name == "none" {
			require.Equal(t, q.lnk(), c.look(q.linkID))
			require.Equal(t, refused(smp.ErrAuth), c.take(q.linkID, key))
			require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.KEY{SenderKey: key.Public()}))
			require.Equal(t, refused(smp.ErrAuth), c.look(q.linkID), "no address any more")
		} else {
			require.Equal(t, refused(smp.ErrAuth), c.look(q.linkID))
			require.Equal(t, q.lnk(), c.take(q.linkID, key))
		}
		require.Equal(t, refused(smp.ErrAuth), c.recipient(q.queue, command), "%s, secured", name)
	}
	address := c.newLinked(smp.Contact)
	require.Equal(t, smp.OK{}, c.recipient(address.queue, smp.KEY{SenderKey: newKey(t, keys.Ed25519).Public()}))
	require.Equal(t, smp.OK{}, c.recipient(address.queue, smp.LSET{LinkID: address.linkID, Data: someData}), "contact, secured")
	require.Equal(t, address.lnk(), c.look(address.linkID))
}

// With RKEY the other owners of an address can change its link.
func TestLinkOfSeveralOwners(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newLinked(smp.Contact)
	owner := newKey(t, keys.Ed448)
	command := smp.LSET{LinkID: q.linkID, Data: smp.LinkData{Fixed: q.data.Fixed, User: []byte("of the other owner")}}
	require.Equal(t, refused(smp.ErrAuth), c.do(owner, q.rcvID, command))
	require.Equal(t, smp.OK{}, c.recipient(q.queue, smp.RKEY{Keys: []keys.PublicKey{q.rcvKey.Public(), owner.Public()}}))
	require.Equal(t, smp.OK{}, c.do(owner, q.rcvID, command))
	q.data = command.Data
	require.Equal(t, q.lnk(), c.look(q.linkID))
}

func TestLinkGoesWithItsQueue(t *testing.T) {
	t.Parallel()
	now := newClock()
	e := start(t, func(c *relay.Config) { c.Now, c.QueueTTL = now.Now, time.Hour })
	c := connect(t, e, 20)
	deleted, suspended, expired := c.newLinked(smp.Contact), c.newLinked(smp.Contact), c.newLinked(smp.Messaging)
	require.Equal(t, smp.OK{}, c.recipient(suspended.queue, smp.OFF{}))
	require.Equal(t, suspended.lnk(), c.look(suspended.linkID))
	require.Equal(t, smp.OK{}, c.recipient(deleted.queue, smp.DEL{}))
	c.unknownLink(deleted.linkID)
	again := c.newQueue(onlyCreate, contact)
	require.Equal(t, smp.OK{}, c.recipient(again, smp.LSET{LinkID: deleted.linkID, Data: someData}), "the link id is free")

	now.Advance(2 * time.Hour)
	e.Expire()
	require.Zero(t, e.Queues())
	reader := connect(t, e, 20)
	for _, q := range []*linked{deleted, suspended, expired} {
		reader.unknownLink(q.linkID)
	}
}

// The data are bytes of any size that fits a block, in both directions.
func TestSizesOfLinkData(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	for _, size := range []struct{ fixed, user int }{{0, 0}, {1, 0}, {0, 1}, {2048, 13824}, {16100, 100}, {100, 16100}} {
		data := smp.LinkData{Fixed: bytes.Repeat([]byte{1}, size.fixed), User: bytes.Repeat([]byte{2}, size.user)}
		q := c.newQueue(onlyCreate, contact)
		id := newID()
		require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: id, Data: data}), "%v", size)
		require.Equal(t, smp.LNK{SenderID: q.sndID, Data: data}, c.look(id), "%v", size)
	}
}

// A block full of LGET is answered although the answers are a hundred times as
// long: those that wait are few, and the client takes them.
func TestManyLinksInOneBlock(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxOutput = relay.MinOutput })
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate, contact)
	linkID := newID()
	data := smp.LinkData{Fixed: make([]byte, 2048), User: make([]byte, 13824)}
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: linkID, Data: data}))
	var block [][]byte
	for range 255 {
		_, encoded := c.request(noKey, linkID, smp.LGET{})
		block = append(block, encoded)
	}
	c.write(block...)
	for range block {
		require.Equal(t, smp.LNK{SenderID: q.sndID, Data: data}, c.next().Response)
	}
}

// An answer that fits no block, because of a long correlation id, is LARGE_MSG.
func TestLinkDataThatFitNoBlock(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate, contact)
	linkID := newID()
	data := smp.LinkData{User: make([]byte, 16200)}
	require.Equal(t, smp.OK{}, c.recipient(q, smp.LSET{LinkID: linkID, Data: data}))
	for size, want := range map[int]smp.Response{24: smp.LNK{SenderID: q.sndID, Data: smp.LinkData{Fixed: []byte{}, User: data.User}}, 255: refused(smp.ErrLargeMsg)} {
		c.write(c.encode(smp.Transmission{CorrelationID: make([]byte, size), EntityID: linkID, Command: []byte("LGET")}))
		require.Equal(t, want, c.next().Response, fmt.Sprint(size))
	}
}

func TestStageNewIDOfLinks(t *testing.T) {
	t.Parallel()
	chosen := newID()
	e := replaced(t, func(s *relay.Stages) {
		inner := s.NewID
		s.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.LinkID {
				return chosen, nil
			}
			return inner(s, r, kind)
		}
	})
	c := connect(t, e, 20)
	require.Equal(t, chosen, c.newLinked(smp.Messaging).linkID)
	key, dh := newKey(t, keys.Ed25519), newKey(t, keys.X25519)
	id, command := c.linkRequest(smp.Messaging, key, dh)
	require.Equal(t, refused(smp.ErrAuth), c.ask(id, key, command), "the link id is taken")
	require.Equal(t, 1, e.Queues())
}
