package relay_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Ids and keys of the three parties open nothing of the others.
func TestNotifierIsAPartyOfItsOwn(t *testing.T) {
	t.Parallel()
	e := start(t)
	atEveryVersion(t, func(t *testing.T, v uint16) {
		c, notifier := connect(t, e, v), connect(t, e, v)
		n := c.newNotified(onlyCreate)
		c.secure(n.queue, keys.Ed25519)
		other := c.newNotified(onlyCreate)
		key := newKey(t, keys.Ed25519)
		for _, by := range []keys.PrivateKey{n.rcvKey, n.sndKey, other.key, key} {
			require.Equal(t, refused(smp.ErrAuth), notifier.do(by, n.id, smp.NSUB{}), "NSUB with another key")
		}
		for _, id := range [][]byte{n.rcvID, n.sndID, other.id, newID()} {
			for _, by := range []keys.PrivateKey{n.key, n.rcvKey, n.sndKey} {
				require.Equal(t, refused(smp.ErrAuth), notifier.do(by, id, smp.NSUB{}), "NSUB with another id")
			}
		}
		require.Equal(t, refused(smp.ErrCmdNoAuth), notifier.do(noKey, n.id, smp.NSUB{}))
		public, _, _ := c.newNotifierKeys(keys.Ed25519)
		for _, command := range []smp.Command{
			smp.SUB{}, smp.KEY{SenderKey: key.Public()}, smp.GET{}, smp.ACK{MsgID: newID()}, smp.OFF{}, smp.DEL{}, smp.QUE{},
			smp.NKEY{NotifierKeys: public}, smp.NDEL{}, smp.SEND{}, smp.LDEL{},
		} {
			for _, by := range []keys.PrivateKey{n.key, n.rcvKey, n.sndKey} {
				require.Equal(t, refused(smp.ErrAuth), notifier.do(by, n.id, command), "%s with the notifier's id", command.Tag())
			}
			require.Equal(t, refused(smp.ErrAuth), notifier.do(n.key, n.rcvID, command), "%s with the notifier's key", command.Tag())
			require.Equal(t, refused(smp.ErrAuth), notifier.do(n.sndKey, n.rcvID, command), "%s with the sender's key", command.Tag())
			require.Equal(t, refused(smp.ErrAuth), notifier.do(n.key, n.sndID, command), "%s with the notifier's key", command.Tag())
		}
		require.Equal(t, refused(smp.ErrAuth), notifier.do(noKey, n.id, smp.SEND{}))
		notifier.watch(n)
		notifier.all(n, c.bodies(n.queue, 1))
	})
}

func TestNotifierInTheStateOfAQueue(t *testing.T) {
	t.Parallel()
	c := connect(t, start(t), 20)
	q := c.newQueue(onlyCreate)
	has := func() bool { return c.recipient(q, smp.QUE{}).(smp.INFO).Queue.Notifier }
	require.False(t, has())
	c.enable(q, keys.Ed25519)
	require.True(t, has())
	c.enable(q, keys.X25519)
	require.True(t, has())
	require.Equal(t, smp.OK{}, c.recipient(q, smp.NDEL{}))
	require.False(t, has())
}

// A key with which nothing can be agreed changes nothing.
func TestNotifierKeyOfLowOrder(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := connect(t, e, 20)
	low, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	n := c.newNotified(onlyCreate)
	bad := smp.NotifierKeys{AuthKey: n.key.Public(), DHKey: low}
	require.Equal(t, refused(smp.ErrCrypto), c.recipient(n.queue, smp.NKEY{NotifierKeys: bad}))
	c.watch(n)
	command := smp.NEW{AuthKey: n.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public(), Notifier: &bad}
	require.Equal(t, refused(smp.ErrCrypto), c.do(n.rcvKey, nil, command))
	require.Equal(t, 1, e.Queues())
}

// An id that is taken is made again, some times; what was there before stays.
func TestNotifierIDsThatAreTaken(t *testing.T) {
	t.Parallel()
	taken := make(chan []byte, 16)
	e := replaced(t, func(s *relay.Stages) {
		newID := s.NewID
		s.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.NotifierID {
				select {
				case id := <-taken:
					return id, nil
				default:
				}
			}
			return newID(s, r, kind)
		}
	})
	take := func(id []byte, times int) {
		for range times {
			taken <- id
		}
	}
	c := connect(t, e, 20)
	n := c.newNotified(onlyCreate)
	public, _, _ := c.newNotifierKeys(keys.Ed25519)
	command := smp.NEW{AuthKey: n.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public(), Notifier: &public}
	for _, id := range [][]byte{n.rcvID, n.sndID, n.id} {
		take(id, 3)
		require.Equal(t, refused(smp.ErrInternal), c.recipient(n.queue, smp.NKEY{NotifierKeys: public}))
		take(id, 3)
		require.Equal(t, refused(smp.ErrInternal), c.do(n.rcvKey, nil, command))
		take(id, 1)
		correlationID, linked := c.linkRequest(smp.Messaging, n.rcvKey, newKey(t, keys.X25519))
		linked.Notifier = &public
		require.Equal(t, refused(smp.ErrAuth), c.ask(correlationID, n.rcvKey, linked))
		require.Equal(t, 1, e.Queues())
		require.Empty(t, taken)
		c.watch(n)
	}
	take(n.id, 2)
	got := c.do(n.rcvKey, nil, command)
	require.IsType(t, smp.IDS{}, got)
	require.NotEqual(t, n.id, got.(smp.IDS).Notifier.NotifierID)
	take(n.id, 2)
	n = c.enable(n.queue, keys.Ed25519)
	c.watch(n)
	require.Equal(t, smp.OK{}, c.send(n.queue, "the queue is as before"))
}

// A queue whose creation fails leaves no id behind.
func TestNotifierIDOfAQueueThatWasNotMade(t *testing.T) {
	t.Parallel()
	var id []byte
	e := replaced(t, func(s *relay.Stages) {
		newID := s.NewID
		s.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.NotifierID && id != nil {
				return id, nil
			}
			made, err := newID(s, r, kind)
			if kind == relay.NotifierID {
				id = made
			}
			return made, err
		}
	})
	c := connect(t, e, 20)
	other := c.newLinked(smp.Contact)
	public, key, dh := c.newNotifierKeys(keys.Ed25519)
	rcvKey := newKey(t, keys.Ed25519)
	for _, free := range []bool{false, true} {
		correlationID, command := c.linkRequest(smp.Contact, rcvKey, newKey(t, keys.X25519))
		command.Notifier = &public
		if !free {
			command.Request.Link.LinkID = other.linkID
			require.Equal(t, refused(smp.ErrAuth), c.ask(correlationID, rcvKey, command))
			continue
		}
		got := c.ask(correlationID, rcvKey, command)
		require.IsType(t, smp.IDS{}, got)
		ids := got.(smp.IDS)
		require.True(t, bytes.Equal(id, ids.Notifier.NotifierID))
		q := &queue{t: t, rcvID: ids.RecipientID, sndID: ids.SenderID, rcvKey: rcvKey}
		c.watch(q.notifiedBy(*ids.Notifier, key, dh))
	}
}

// Credentials that go just after they were found are unknown.
func TestNotifierChangesWhileItSubscribes(t *testing.T) {
	t.Parallel()
	found, changed := make(chan struct{}), make(chan struct{})
	e := replaced(t, func(s *relay.Stages) {
		authorise := s.Authorise
		s.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if _, ok := r.Command.(smp.NSUB); ok {
				found <- struct{}{}
				<-changed
			}
			return err
		}
	})
	owner, notifier := connect(t, e, 20), connect(t, e, 20)
	for _, change := range []string{"NDEL", "NKEY"} {
		n := owner.newNotified(onlyCreate)
		_, encoded := notifier.request(n.key, n.id, smp.NSUB{})
		notifier.write(encoded)
		select {
		case <-found:
		case <-time.After(patience):
			require.FailNow(t, "NSUB has not arrived")
		}
		if change == "NDEL" {
			require.Equal(t, smp.OK{}, owner.recipient(n.queue, smp.NDEL{}))
		} else {
			owner.enable(n.queue, keys.Ed25519)
		}
		changed <- struct{}{}
		require.Equal(t, refused(smp.ErrAuth), notifier.next().Response, change)
		owner.bodies(n.queue, 1)
		notifier.quiet()
	}
}

func TestStagesAnnounceAndNotify(t *testing.T) {
	t.Parallel()
	e := replaced(t, func(s *relay.Stages) {
		announce, notify := s.Announce, s.Notify
		s.Announce = func(r *relay.Relay, q *relay.Queue, m *relay.Message) {
			all := *m
			all.Notify = true
			announce(r, q, &all)
		}
		s.Notify = func(s *relay.Session, out relay.Output) (smp.Response, error) {
			n := *out.Notification
			n.MessageID = n.Notifier.ID
			out.Notification = &n
			return notify(s, out)
		}
	})
	c, notifier := connect(t, e, 20), connect(t, e, 20)
	n := c.newNotified(onlyCreate)
	notifier.watch(n)
	require.Equal(t, smp.OK{}, c.send(n.queue, "not to be announced"))
	require.Equal(t, n.id, notifier.announced(n).MessageID)
}
