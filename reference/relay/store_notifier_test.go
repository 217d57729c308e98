package relay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// A notifier of any algorithm, made by NKEY or by NEW, is the same after a restart:
// its id, its key, and the secret with which the recipient opens what it passes on.
func TestRestartKeepsNotifiers(t *testing.T) {
	t.Parallel()
	for _, version := range []uint16{6, 15, 16, 17, 20} {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			r := startWithFile(t)
			c := connect(t, r.Endpoint, version)
			list := []*notified{c.enable(c.newQueue(onlyCreate), keys.Ed25519), c.enable(c.newQueue(onlyCreate), keys.Ed448)}
			if version >= smp.VersionAuthenticators {
				list = append(list, c.enable(c.newQueue(onlyCreate), keys.X25519))
			}
			if version >= smp.VersionNotifierKeys {
				list = append(list, c.createNotified())
			}
			for range 2 {
				r.restart()
				c, notifier := connect(t, r.Endpoint, version), connect(t, r.Endpoint, version)
				for _, n := range list {
					require.Equal(t, refused(smp.ErrAuth), notifier.do(n.rcvKey, n.id, smp.NSUB{}))
					require.True(t, c.recipient(n.queue, smp.QUE{}).(smp.INFO).Queue.Notifier)
					notifier.watch(n)
					require.Equal(t, smp.OK{}, c.flagged(n.queue, "announced"))
					meta := notifier.announced(n)
					require.Equal(t, c.subscribed(), c.recipient(n.queue, smp.SUB{}))
					id := n.expect(c.event(n.rcvID), "announced")
					require.Equal(t, id, meta.MessageID)
					require.Equal(t, smp.OK{}, c.ack(n.queue, id))
				}
				notifier.quiet()
			}
		})
	}
}

// A notifier that was deleted or replaced is unknown after a restart too, and what
// waited for it is no more announced than other messages of before.
func TestRestartForgetsNotifiers(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	c := connect(t, r.Endpoint, 20)
	deleted, replaced, gone, waiting := c.newNotified(onlyCreate), c.newNotified(onlyCreate), c.newNotified(), c.newNotified(onlyCreate)
	require.Equal(t, smp.OK{}, c.recipient(deleted.queue, smp.NDEL{}))
	later := c.enable(replaced.queue, keys.Ed25519)
	require.Equal(t, smp.OK{}, c.recipient(gone.queue, smp.DEL{}))
	require.Equal(t, smp.OK{}, c.flagged(waiting.queue, "lost"))

	r.restart()
	c, notifier := connect(t, r.Endpoint, 20), connect(t, r.Endpoint, 20)
	for _, n := range []*notified{deleted, replaced, gone} {
		require.Equal(t, refused(smp.ErrAuth), notifier.nsub(n))
	}
	require.False(t, c.recipient(deleted.queue, smp.QUE{}).(smp.INFO).Queue.Notifier)
	notifier.watch(later)
	notifier.watch(waiting)
	notifier.quiet()
	require.Equal(t, smp.OK{}, c.recipient(later.queue, smp.NDEL{}))
	require.Equal(t, smp.DELD{}, notifier.event(later.id))

	r.restart()
	require.Equal(t, refused(smp.ErrAuth), connect(t, r.Endpoint, 20).nsub(later))
}

// NKEY and NDEL that were not stored change nothing: not the notifier, not who is
// subscribed to it, not what waits for it, and nobody is told.
func TestStoreFailsAtNotifiers(t *testing.T) {
	t.Parallel()
	for name, command := range map[string]func(c *client) smp.Command{
		"NDEL": func(*client) smp.Command { return smp.NDEL{} },
		"NKEY": func(c *client) smp.Command {
			public, _, _ := c.newNotifierKeys(keys.Ed25519)
			return smp.NKEY{NotifierKeys: public}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, m := startStored(t)
			c, notifier := connect(t, e, 20), connect(t, e, 20)
			service := notifierClient(t, e, 20)
			watched, waiting, served := c.newNotified(onlyCreate), c.newNotified(onlyCreate), c.newNotified(onlyCreate)
			notifier.watch(watched)
			require.Equal(t, smp.SOK{ServiceID: service.serviceID()}, service.nsub(served))
			require.Equal(t, smp.OK{}, c.flagged(waiting.queue, "waits"))
			before := m.all()
			m.fail(errDiskFull)
			for _, n := range []*notified{watched, waiting, served} {
				require.Equal(t, internal, c.recipient(n.queue, command(c)))
			}
			require.Equal(t, before, m.all())
			notifier.quiet()
			service.quiet()
			require.Equal(t, smp.OK{}, c.flagged(watched.queue, "still announced"))
			notifier.announced(watched)
			require.Equal(t, smp.OK{}, c.flagged(served.queue, "still announced"))
			service.announced(served)
			service.subscribeNotifications(served)
			notifier.watch(waiting)
			notifier.announced(waiting)
			m.fail(nil)
			require.NotEqual(t, internal, c.recipient(watched.queue, command(c)))
			require.Equal(t, smp.DELD{}, notifier.event(watched.id))
			require.NotEqual(t, internal, c.recipient(served.queue, command(c)))
			require.Equal(t, smp.DELD{}, service.event(served.id))
			service.subscribeNotifications()
			require.Equal(t, refused(smp.ErrAuth), notifier.nsub(watched))
		})
	}
}

// A queue with a notifier that was not stored leaves no id behind, and NKEY of a queue
// without notifier none either.
func TestStoreFailsAtNewNotifiers(t *testing.T) {
	t.Parallel()
	ids := newNotifierIDs()
	e, m := startStored(t, ids.use)
	c := connect(t, e, 20)
	q := c.newQueue(onlyCreate)
	public, key, _ := c.newNotifierKeys(keys.Ed25519)
	rcvKey := newKey(t, keys.Ed25519)
	m.fail(errDiskFull)
	require.Equal(t, internal, c.recipient(q, smp.NKEY{NotifierKeys: public}))
	require.Equal(t, internal, c.do(rcvKey, nil, smp.NEW{AuthKey: rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public(), Notifier: &public}))
	m.fail(nil)
	require.False(t, c.recipient(q, smp.QUE{}).(smp.INFO).Queue.Notifier)
	for range 2 {
		id := <-ids.made
		require.Equal(t, refused(smp.ErrAuth), c.do(key, id, smp.NSUB{}))
		ids.again <- id
		require.Equal(t, id, c.enable(q, keys.Ed25519).id, "the id is not free")
	}
	require.Equal(t, 1, e.Queues())
}

// Nobody can use a notifier before it is stored, and one that is to be deleted is there
// until then.
func TestNotifiersAreInvisibleUntilStored(t *testing.T) {
	t.Parallel()
	ids := newNotifierIDs()
	e, m := startStored(t, ids.use)
	c, notifier, watcher := connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)
	deleted, q := c.newNotified(onlyCreate), c.newQueue(onlyCreate)
	watcher.watch(deleted)
	<-ids.made
	public, key, _ := c.newNotifierKeys(keys.Ed25519)
	for _, fails := range []bool{true, false} {
		release := m.hold()
		t.Cleanup(release)
		enabled := c.answerOf(q.rcvKey, q.rcvID, smp.NKEY{NotifierKeys: public})
		m.waiting(t)
		asked := notifier.answerOf(key, <-ids.made, smp.NSUB{})
		watcher.quiet()
		select {
		case got := <-asked:
			t.Fatalf("NSUB is answered with %#v before NKEY is stored", got)
		default:
		}
		if fails {
			m.fail(errDiskFull)
		}
		release()
		if fails {
			require.Equal(t, internal, within(t, enabled))
			require.Equal(t, refused(smp.ErrAuth), within(t, asked))
		} else {
			require.IsType(t, smp.NID{}, within(t, enabled))
			require.Equal(t, smp.SOK{}, within(t, asked))
		}
		m.fail(nil)

		release = m.hold()
		t.Cleanup(release)
		disabled := c.answerOf(deleted.rcvKey, deleted.rcvID, smp.NDEL{})
		m.waiting(t)
		watcher.quiet()
		if fails {
			m.fail(errDiskFull)
		}
		release()
		if fails {
			require.Equal(t, internal, within(t, disabled))
			watcher.quiet()
		} else {
			require.Equal(t, smp.OK{}, within(t, disabled))
			require.Equal(t, smp.DELD{}, watcher.event(deleted.id))
		}
		m.fail(nil)
	}
}

// A connection that is lost while a change of what it is subscribed to, or will be, is
// stored has no subscription afterwards, whether the change fails or not.
func TestConnectionLostWhileStoring(t *testing.T) {
	t.Parallel()
	for _, fails := range []bool{true, false} {
		executed := make(chan struct{}, 10)
		e, m := startStored(t, afterNSUB(executed))
		c, notifier, ordinary := connect(t, e, 20), connect(t, e, 20), connect(t, e, 20)
		service := connectService(t, e, 20, transport.RoleNotifier, serviceIdentity(t))
		n, taken := c.newNotified(onlyCreate), c.newNotified(onlyCreate)
		notifier.watch(n)
		require.Equal(t, smp.SOK{ServiceID: service.serviceID()}, service.nsub(taken))
		<-executed
		<-executed
		service.close()
		closed(t, e, 3)
		release := m.hold()
		t.Cleanup(release)
		answer := c.answerOf(n.rcvKey, n.rcvID, smp.NDEL{})
		m.waiting(t)
		_, encoded := ordinary.request(taken.key, taken.id, smp.NSUB{})
		ordinary.write(encoded)
		<-executed
		notifier.close()
		ordinary.close()
		if fails {
			m.fail(errDiskFull)
		}
		release()
		within(t, answer)
		closed(t, e, 1)
		m.fail(nil)
		require.Equal(t, smp.OK{}, c.flagged(n.queue, "nobody is subscribed"))
		require.Equal(t, smp.OK{}, c.flagged(taken.queue, "waits"))
		later := connect(t, e, 20)
		later.watch(taken)
		later.announced(taken)
		later.quiet()
	}
}
