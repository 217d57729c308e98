package relay_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// A service has after a restart the id, the role and the queues that it had: those that
// it made, those that it took, and neither those that left it nor those that are gone.
// Another certificate has nothing of it.
func TestRestartKeepsServices(t *testing.T) {
	t.Parallel()
	r := startWithFile(t)
	mine, others := serviceIdentity(t), serviceIdentity(t)
	c, ordinary := connectService(t, r.Endpoint, 20, transport.RoleMessaging, mine), connect(t, r.Endpoint, 20)
	another := connectService(t, r.Endpoint, 20, transport.RoleMessaging, others)
	id, otherID := c.serviceID(), another.serviceID()
	made, taken, left, moved, deleted := c.newQueue(), ordinary.newQueue(onlyCreate), c.newQueue(), c.newQueue(), c.newQueue()
	free := ordinary.newQueue()
	require.Equal(t, smp.SOK{ServiceID: id}, c.recipient(taken, smp.SUB{}))
	require.Equal(t, smp.SOK{}, ordinary.recipient(left, smp.SUB{}))
	require.Equal(t, smp.SOK{ServiceID: otherID}, another.recipient(moved, smp.SUB{}))
	require.Equal(t, smp.END{}, c.event(left.rcvID))
	require.Equal(t, smp.END{}, c.event(moved.rcvID))
	require.Equal(t, smp.OK{}, c.recipient(deleted, smp.DEL{}))
	for round := range 2 {
		r.restart()
		require.Len(t, r.Services(), 2+round)
		require.Equal(t, transport.ErrBadService, refusal(t, r.Endpoint, transport.RoleNotifier, mine))
		c, another = connectService(t, r.Endpoint, 20, transport.RoleMessaging, mine), connectService(t, r.Endpoint, 16, transport.RoleMessaging, others)
		require.Equal(t, id, c.serviceID())
		require.Equal(t, otherID, another.serviceID())
		ordinary = connect(t, r.Endpoint, 20)
		for _, q := range []*queue{made, taken, left, free, moved} {
			require.Equal(t, smp.OK{}, ordinary.send(q, "waits"))
		}
		c.subscribeService(made, taken)
		got, waiting := map[*queue][]byte{}, map[string]*queue{string(made.rcvID): made, string(taken.rcvID): taken}
		for range 2 {
			r := c.next()
			q := waiting[string(r.Transmission.EntityID)]
			require.NotNil(t, q)
			got[q] = q.expect(r.Response, "waits")
		}
		c.allDelivered()
		for q, id := range got {
			require.Equal(t, smp.OK{}, c.ack(q, id))
		}
		require.Len(t, got, 2)
		require.Equal(t, smp.OK{}, ordinary.send(made, "pushed"))
		require.Equal(t, smp.OK{}, c.ack(made, c.deliver(made, "pushed")))
		require.Equal(t, smp.SOKS{ServiceQueues: smp.ServiceQueues{Count: 1}}, another.do(noKey, otherID, smp.SUBS{}))
		another.deliver(moved, "waits")
		another.allDelivered()

		stranger := connectService(t, r.Endpoint, 20, transport.RoleMessaging, serviceIdentity(t))
		stranger.subscribeService()
		stranger.allDelivered()
	}
}

// So it is with notifications, at every version that has services.
func TestRestartKeepsNotificationServices(t *testing.T) {
	t.Parallel()
	for version := uint16(16); version <= 20; version++ {
		t.Run(fmt.Sprint(version), func(t *testing.T) {
			t.Parallel()
			r := startWithFile(t)
			owner, ordinary, c := connect(t, r.Endpoint, version), connect(t, r.Endpoint, version), notifierClient(t, r.Endpoint, version)
			another := connectService(t, r.Endpoint, version, transport.RoleNotifier, serviceIdentity(t))
			kept, left, moved, deleted, replaced, gone := owner.newNotified(onlyCreate), owner.newNotified(onlyCreate), owner.newNotified(onlyCreate),
				owner.newNotified(onlyCreate), owner.newNotified(onlyCreate), owner.newNotified(onlyCreate)
			id := c.serviceID()
			for _, n := range []*notified{kept, left, moved, deleted, replaced, gone} {
				require.Equal(t, smp.SOK{ServiceID: id}, c.nsub(n))
			}
			ordinary.watch(left)
			require.Equal(t, smp.SOK{ServiceID: another.serviceID()}, another.nsub(moved))
			require.Equal(t, smp.OK{}, owner.recipient(deleted.queue, smp.NDEL{}))
			later := owner.enable(replaced.queue, keys.Ed25519)
			require.Equal(t, smp.OK{}, owner.recipient(gone.queue, smp.DEL{}))
			for range 2 {
				r.restart()
				owner, ordinary, c = connect(t, r.Endpoint, version), connect(t, r.Endpoint, version), notifierClient(t, r.Endpoint, version)
				require.Equal(t, id, c.serviceID())
				require.Equal(t, smp.OK{}, owner.flagged(kept.queue, "waits"))
				c.subscribeNotifications(kept)
				c.announced(kept)
				for _, n := range []*notified{kept, left, moved, later} {
					require.Equal(t, smp.OK{}, owner.flagged(n.queue, "pushed"))
				}
				c.announced(kept)
				c.quiet()
				ordinary.watch(left)
				ordinary.announced(left)
				for _, n := range []*notified{deleted, replaced, gone} {
					require.Equal(t, refused(smp.ErrAuth), ordinary.nsub(n))
				}
			}
		})
	}
}

// SUB and NSUB of a service that were not stored change nothing: the queue belongs to
// whom it belonged, who has the subscription keeps it, and nobody is told.
func TestStoreFailsAtServices(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	owner, watcher := connect(t, e, 20), connect(t, e, 20)
	first, second := messagingClient(t, e), connectService(t, e, 20, transport.RoleMessaging, serviceIdentity(t))
	notifier := connectService(t, e, 20, transport.RoleNotifier, serviceIdentity(t))
	plain, owned, n := owner.newQueue(), first.newQueue(), owner.newNotified(onlyCreate)
	watcher.watch(n)
	before := m.all()
	m.fail(errDiskFull)
	for _, q := range []*queue{plain, owned} {
		require.Equal(t, internal, second.recipient(q, smp.SUB{}))
	}
	require.Equal(t, internal, owner.recipient(owned, smp.SUB{}))
	require.Equal(t, internal, notifier.nsub(n))
	key := newKey(t, keys.Ed25519)
	require.Equal(t, internal, first.do(key, nil, smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public(), Subscribe: true}))
	require.Equal(t, before, m.all())
	for _, c := range []*client{owner, watcher, first, second, notifier} {
		c.quiet()
	}
	first.subscribeService(owned)
	first.allDelivered()
	second.subscribeService()
	second.allDelivered()
	notifier.subscribeNotifications()
	require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, first.recipient(owned, smp.SUB{}), "nothing changes")
	owner.takes(plain)
	first.takes(owned)
	require.Equal(t, smp.OK{}, owner.flagged(n.queue, "announced"))
	watcher.announced(n)
	m.fail(nil)
	require.Equal(t, smp.SOK{ServiceID: second.serviceID()}, second.recipient(plain, smp.SUB{}))
	require.Equal(t, smp.END{}, owner.event(plain.rcvID))
	require.Equal(t, smp.SOK{ServiceID: second.serviceID()}, second.recipient(owned, smp.SUB{}))
	require.Equal(t, smp.END{}, first.event(owned.rcvID))
	require.Equal(t, smp.SOK{ServiceID: notifier.serviceID()}, notifier.nsub(n))
	require.Equal(t, smp.END{}, watcher.event(n.id))
	second.subscribeService(plain, owned)
	notifier.subscribeNotifications(n)
	first.subscribeService()
}

// Another connection of a service does not see a queue that is not stored yet, and has
// what waits in it when it is.
func TestServiceQueuesAreInvisibleUntilStored(t *testing.T) {
	t.Parallel()
	executed := make(chan struct{}, 10)
	e, m := startStored(t, afterNSUB(executed))
	owner, first, second := connect(t, e, 20), messagingClient(t, e), messagingClient(t, e)
	identity := serviceIdentity(t)
	firstNotifier, secondNotifier := connectService(t, e, 20, transport.RoleNotifier, identity), connectService(t, e, 20, transport.RoleNotifier, identity)
	q, n := owner.newQueue(onlyCreate), owner.newNotified(onlyCreate)
	require.Equal(t, smp.OK{}, owner.send(q, "waits"))
	require.Equal(t, smp.OK{}, owner.flagged(n.queue, "waits"))
	release := m.hold()
	t.Cleanup(release)
	subscribed := first.answerOf(q.rcvKey, q.rcvID, smp.SUB{})
	m.waiting(t)
	_, encoded := firstNotifier.request(n.key, n.id, smp.NSUB{})
	firstNotifier.write(encoded)
	<-executed
	second.subscribeService()
	second.allDelivered()
	secondNotifier.subscribeNotifications()
	firstNotifier.close()
	release()
	require.Equal(t, smp.SOK{ServiceID: first.serviceID()}, within(t, subscribed))
	first.ended()
	require.Equal(t, smp.OK{}, second.ack(q, second.deliver(q, "waits")))
	secondNotifier.announced(n)
	second.subscribeService(q)
	secondNotifier.subscribeNotifications(n)
	for _, c := range []*client{owner, first, second, secondNotifier} {
		c.quiet()
	}
}

// What waits in a queue is delivered when it belongs to the service for good, though
// nothing else is to be written.
func TestServiceQueueIsDeliveredWhenStored(t *testing.T) {
	t.Parallel()
	e, _ := startStored(t, func(c *relay.Config) {
		execute := relay.DefaultStages().Execute
		c.Stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			if r.Command.Tag() == "SUB" {
				return nil
			}
			return outs
		}
	})
	owner, service := connect(t, e, 20), messagingClient(t, e)
	for range 3 {
		q := owner.newQueue(onlyCreate)
		require.Equal(t, smp.OK{}, owner.send(q, "waits"))
		_, encoded := service.request(q.rcvKey, q.rcvID, smp.SUB{})
		service.write(encoded)
		service.deliver(q, "waits")
	}
}

// A service learns its id when it is stored; it is refused if that fails, and what is
// stored or known is as before.
func TestStoreFailsAtNewService(t *testing.T) {
	t.Parallel()
	e, m := startStored(t, func(c *relay.Config) { c.MaxServices = 1 })
	first, second := serviceIdentity(t), serviceIdentity(t)
	m.fail(errDiskFull)
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleMessaging, first))
	require.Empty(t, e.Services())
	m.fail(nil)
	c := connectService(t, e, 20, transport.RoleMessaging, first)
	id := c.serviceID()
	require.Equal(t, []relay.ServiceRecord{{ID: id, Role: transport.RoleMessaging, Fingerprint: first.Fingerprint()}}, e.Services())
	c.close()
	closed(t, e, 0)
	before := m.all()
	m.fail(errDiskFull)
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleMessaging, second))
	require.Equal(t, before, m.all())
	c = connectService(t, e, 20, transport.RoleMessaging, first)
	require.Equal(t, id, c.serviceID(), "who is known needs no store")
	c.close()
	closed(t, e, 0)
	m.fail(nil)
	c = connectService(t, e, 20, transport.RoleMessaging, second)
	require.Len(t, m.all(), 1, "the first one is forgotten in the store too")
	id = c.serviceID()
	stop(t, e)
	e = start(t, keepIn(m), func(c *relay.Config) { c.MaxServices = 1 })
	require.Equal(t, []relay.ServiceRecord{{ID: id, Role: transport.RoleMessaging, Fingerprint: second.Fingerprint()}}, e.Services())
}

// The answer to a new service waits for the store.
func TestServiceIDWaitsForTheStore(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	other := messagingClient(t, e)
	release := m.hold()
	t.Cleanup(release)
	known := make(chan []byte, 1)
	identity := serviceIdentity(t)
	go func() { known <- connectService(t, e, 20, transport.RoleMessaging, identity).serviceID() }()
	m.waiting(t)
	require.Equal(t, other.serviceID(), messagingClient(t, e).serviceID(), "one that is known does not wait")
	require.Empty(t, known)
	require.Len(t, e.Services(), 1)
	release()
	id := <-known
	stop(t, e)
	again := start(t, keepIn(m))
	require.Equal(t, id, connectService(t, again, 20, transport.RoleMessaging, identity).serviceID())
}

// Services of the configuration are stored, except those that the store has; one of the
// configuration alone must not have the id of another one.
func TestConfiguredServicesAreStored(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	stored, configured := serviceIdentity(t), serviceIdentity(t)
	id := connectService(t, e, 20, transport.RoleMessaging, stored).serviceID()
	stop(t, e)
	with := func(records ...relay.ServiceRecord) func(*relay.Config) {
		return func(c *relay.Config) { c.Services = records }
	}
	one := relay.ServiceRecord{ID: newID(), Role: transport.RoleMessaging, Fingerprint: stored.Fingerprint()}
	two := relay.ServiceRecord{ID: newID(), Role: transport.RoleNotifier, Fingerprint: configured.Fingerprint()}
	stop(t, start(t, keepIn(m), with(one, two)))
	e = start(t, keepIn(m))
	require.Equal(t, id, connectService(t, e, 20, transport.RoleMessaging, stored).serviceID())
	require.Equal(t, two.ID, connectService(t, e, 20, transport.RoleNotifier, configured).serviceID())
	stop(t, e)

	for reason, record := range map[string]relay.ServiceRecord{
		"taken id":    {ID: id, Role: transport.RoleMessaging, Fingerprint: keys.Fingerprint{1}},
		"no id":       {Role: transport.RoleMessaging, Fingerprint: keys.Fingerprint{1}},
		"no role":     {ID: newID(), Fingerprint: keys.Fingerprint{1}},
		"long id":     {ID: make([]byte, 256), Role: transport.RoleMessaging, Fingerprint: keys.Fingerprint{1}},
		"nobody else": {ID: two.ID, Role: transport.RoleMessaging, Fingerprint: keys.Fingerprint{1}},
	} {
		before := m.all()
		_, err := relay.New(relay.Config{Credentials: credentials(), Store: m, Services: []relay.ServiceRecord{record}})
		require.ErrorIs(t, err, relay.ErrConfig, reason)
		require.Equal(t, before, m.all())
	}
	m.fail(errDiskFull)
	_, err := relay.New(relay.Config{Credentials: credentials(), Store: m, Services: []relay.ServiceRecord{{ID: newID(), Role: 'M', Fingerprint: keys.Fingerprint{1}}}})
	require.ErrorIs(t, err, errDiskFull)
}

// A queue whose service is not there, or has another role, is in no file of a relay.
func TestServicesThatDoNotFit(t *testing.T) {
	t.Parallel()
	e, m := startStored(t)
	c, owner := messagingClient(t, e), connect(t, e, 20)
	notifier := connectService(t, e, 20, transport.RoleNotifier, serviceIdentity(t))
	q, n := c.newQueue(), owner.newNotified()
	require.Equal(t, smp.SOK{ServiceID: notifier.serviceID()}, notifier.nsub(n))
	fingerprint := messagingService().Fingerprint()
	stop(t, e)
	whole := m.all()
	service := string(relay.ClientServiceRecord) + string(fingerprint[:])
	for reason, change := range map[string]func(){
		"service is missing": func() { delete(m.records, service) },
		"another role":       func() { m.records[service][1] = byte(transport.RoleNotifier) },
		"one id twice":       func() { m.records[string(relay.ClientServiceRecord)+string(make([]byte, 32))] = whole[service] },
		"short fingerprint":  func() { m.records[service[:32]] = whole[service] },
		"broken":             func() { m.records[service] = whole[service][1:] },
		"same notifier":      func() { m.records["Q"+"other id"] = whole["Q"+string(n.rcvID)] },
	} {
		m.records = map[string][]byte{}
		for id, value := range whole {
			m.records[id] = append([]byte{}, value...)
		}
		change()
		_, err := relay.New(relay.Config{Credentials: credentials(), Store: m})
		require.ErrorIs(t, err, relay.ErrRecord, reason)
	}
	m.records = whole
	e = start(t, keepIn(m))
	messagingClient(t, e).subscribeService(q)
}
