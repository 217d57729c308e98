package relay_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

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
