package relay

import (
	"bytes"
	"crypto/rand"
	"errors"
	"maps"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// mapStore is a RecordStore of which tests can see everything.
type mapStore struct {
	mu      sync.Mutex
	records map[string][]byte
	failure error
}

func (m *mapStore) Load(f func(StoredRecord) error) error {
	for id, value := range m.records {
		if err := f(StoredRecord{Kind: RecordKind(id[0]), ID: []byte(id[1:]), Value: bytes.Clone(value)}); err != nil {
			return err
		}
	}
	return nil
}

func (m *mapStore) Commit(changes []StoredRecord) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure != nil {
		return m.failure
	}
	for _, c := range changes {
		if id := string(c.Kind) + string(c.ID); c.Value == nil {
			delete(m.records, id)
		} else {
			m.records[id] = bytes.Clone(c.Value)
		}
	}
	return nil
}

func (m *mapStore) Tidy() error { return nil }

func (m *mapStore) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

func (m *mapStore) all() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.records)
}

// modelCredentials are those of all relays of the model.
var modelCredentials = sync.OnceValue(func() keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		panic(err)
	}
	return c
})

// modelQueue is what a queue should be.
type modelQueue struct {
	recipientID, notifierID []byte
	service, notifierBy     string // names of the services, empty for none
}

// storeModel is a relay with a store, and what should be in it.
type storeModel struct {
	t        *rapid.T
	store    *mapStore
	relay    *Relay
	sessions map[string]*Session // by the name of the service; "" and "-" are none
	ids      map[string][]byte   // of the services
	queues   []*modelQueue
}

var (
	modelRecipients = []string{"", "-", "messages a", "messages b"}
	modelNotifiers  = []string{"", "-", "notifications a", "notifications b"}
	modelServices   = append(modelRecipients[2:4:4], modelNotifiers[2:]...)
)

// start makes the relay, with all sessions.
func (m *storeModel) start() {
	var err error
	m.relay, err = New(Config{Credentials: modelCredentials(), Store: m.store})
	require.NoError(m.t, err)
	m.sessions = map[string]*Session{}
	for _, name := range []string{"", "-"} {
		m.sessions[name] = m.session(nil)
	}
	for _, name := range modelServices {
		m.connect(name)
	}
}

func (m *storeModel) session(v *service) *Session {
	return &Session{relay: m.relay, service: v, out: newOutbox(1<<24, func() {}), count: m.relay.counters.share(), queues: map[*Queue]struct{}{}, version: 20}
}

// connect does for a service what its handshake does.
func (m *storeModel) connect(name string) {
	role := transport.RoleMessaging
	if name[0] == 'n' {
		role = transport.RoleNotifier
	}
	accepted := &transport.Service{Role: role, Fingerprint: keys.Fingerprint([]byte(name + string(make([]byte, 32)))[:32])}
	var err error
	accepted.ID, err = defaultService(m.t.Context(), m.relay, *accepted, nil)
	require.NoError(m.t, err)
	if id := m.ids[name]; id != nil {
		require.Equal(m.t, id, accepted.ID, "the id of a service")
	}
	m.ids[name] = accepted.ID
	v, err := m.relay.services.join(accepted)
	require.NoError(m.t, err)
	m.sessions[name] = m.session(v)
}

func (m *storeModel) stop() {
	for _, s := range m.sessions {
		s.leaveAll()
	}
	require.NoError(m.t, m.relay.Close())
}

// do executes a command of a session, of a queue if it is not NEW, and returns the
// answer, nil if it was not stored. Then nobody was told anything, and the queue has
// the subscribers that it had.
func (m *storeModel) do(by string, q *modelQueue, command smp.Command) smp.Response {
	request := &Request{Command: command}
	m.relay.stages.Authorise = func(*Session, *Request) *smp.Error { return nil }
	var subscriber, notified *Session
	if q != nil {
		request.Queue = m.relay.store.find(recipient, q.recipientID)
		require.NotNil(m.t, request.Queue)
		request.Transmission.EntityID = q.notifierID
		m.relay.lock(request.Queue)
		subscriber, notified = request.Queue.Subscriber(), request.Queue.NotificationSubscriber()
		request.Queue.mu.Unlock()
	}
	for _, s := range m.sessions {
		s.out.queue = nil
	}
	var outs []Output
	m.sessions[by].run(request, func(o ...Output) { outs = o })
	outs = settled(outs)
	require.Len(m.t, outs, 1)
	if outs[0].Response == fail(smp.ErrInternal) {
		require.Error(m.t, m.store.failure)
		for name, s := range m.sessions {
			require.Empty(m.t, s.out.queue, "%q was told about a change that failed", name)
		}
		if q != nil {
			require.Same(m.t, subscriber, request.Queue.Subscriber())
			require.Same(m.t, notified, request.Queue.NotificationSubscriber())
		}
		return nil
	}
	return outs[0].Response
}

// check compares the sets of all services and the notifiers of all queues.
func (m *storeModel) check(t *rapid.T) {
	want, notified := map[string]smp.ServiceQueues{}, 0
	toggle := func(service string, id []byte) {
		set := want[service]
		set.Count++
		set.IDsHash.Toggle(id)
		want[service] = set
	}
	for _, q := range m.queues {
		toggle(q.service, q.recipientID)
		toggle(q.notifierBy, q.notifierID)
		found := m.relay.store.find(recipient, q.recipientID)
		require.NotNil(t, found)
		if q.notifierID == nil {
			require.Nil(t, found.notifier)
			continue
		}
		notified++
		require.Equal(t, q.notifierID, found.notifier.ID)
		require.Same(t, found, m.relay.store.find(notifier, q.notifierID))
	}
	ids := 0
	for i := range m.relay.store.ids.shards {
		sh := &m.relay.store.ids.shards[i]
		ids += len(sh.recipients) + len(sh.senders) + len(sh.others)
	}
	require.Equal(t, 2*len(m.queues)+notified, ids, "ids that are not free")
	for _, name := range modelServices {
		v := m.sessions[name].service
		v.mu.RLock()
		got := v.setLocked()
		v.mu.RUnlock()
		require.Equal(t, want[name], got, name)
	}
	for name, s := range m.sessions {
		for q := range s.queues {
			require.True(t, q.subscription(s) != nil || q.notifies(s), "%q remembers a queue for nothing", name)
		}
	}
	require.Len(t, m.store.all(), len(m.queues)+len(modelServices))
}

// Notifiers and services are what a small model says under any order of commands,
// failures of the store and restarts.
func TestPropertyStoredNotifiersAndServices(t *testing.T) {
	public := func(alg keys.Algorithm) keys.PublicKey {
		key, err := keys.Generate(alg, rand.Reader)
		require.NoError(t, err)
		return key.Public()
	}
	auth, dh := public(keys.Ed25519), public(keys.X25519)
	notifierKeys := smp.NotifierKeys{AuthKey: auth, DHKey: dh}
	rapid.Check(t, func(t *rapid.T) {
		m := &storeModel{t: t, store: &mapStore{records: map[string][]byte{}}, ids: map[string][]byte{}}
		m.start()
		defer func() { m.stop() }()
		// draw returns one of the queues, nil if there is none.
		draw := func(t *rapid.T, notified bool) *modelQueue {
			var some []*modelQueue
			for _, q := range m.queues {
				if !notified || q.notifierID != nil {
					some = append(some, q)
				}
			}
			if len(some) == 0 {
				return nil
			}
			return rapid.SampledFrom(some).Draw(t, "queue")
		}
		recipients, notifiers := rapid.SampledFrom(modelRecipients), rapid.SampledFrom(modelNotifiers)
		named := func(by string) string {
			if by == "-" {
				return ""
			}
			return by
		}
		t.Repeat(map[string]func(*rapid.T){
			"": m.check,
			"NEW": func(t *rapid.T) {
				by := recipients.Draw(t, "by")
				command := smp.NEW{AuthKey: auth, DHKey: dh, Subscribe: named(by) != "" || rapid.Bool().Draw(t, "subscribe")}
				if rapid.Bool().Draw(t, "with notifier") {
					command.Notifier = &notifierKeys
				}
				if ids, ok := m.do(by, nil, command).(smp.IDS); ok {
					q := &modelQueue{recipientID: ids.RecipientID, service: named(by)}
					if ids.Notifier != nil {
						q.notifierID = ids.Notifier.NotifierID
					}
					m.queues = append(m.queues, q)
				}
			},
			"SUB": func(t *rapid.T) {
				q, by := draw(t, false), recipients.Draw(t, "by")
				if q != nil && m.do(by, q, smp.SUB{}) != nil {
					q.service = named(by)
				}
			},
			"NSUB": func(t *rapid.T) {
				q, by := draw(t, true), notifiers.Draw(t, "by")
				if q != nil && m.do(by, q, smp.NSUB{}) != nil {
					q.notifierBy = named(by)
				}
			},
			"NKEY": func(t *rapid.T) {
				q, by := draw(t, false), recipients.Draw(t, "by")
				if q == nil {
					return
				}
				if nid, ok := m.do(by, q, smp.NKEY{NotifierKeys: notifierKeys}).(smp.NID); ok {
					q.notifierID, q.notifierBy = nid.NotifierID, ""
				}
			},
			"NDEL": func(t *rapid.T) {
				q, by := draw(t, false), recipients.Draw(t, "by")
				if q != nil && m.do(by, q, smp.NDEL{}) != nil {
					q.notifierID, q.notifierBy = nil, ""
				}
			},
			"DEL": func(t *rapid.T) {
				q, by := draw(t, false), recipients.Draw(t, "by")
				if q != nil && m.do(by, q, smp.DEL{}) != nil {
					m.queues = without(m.queues, q)
				}
			},
			"connection lost": func(t *rapid.T) {
				name := rapid.SampledFrom(modelServices).Draw(t, "service")
				m.sessions[name].leaveAll()
				m.connect(name)
			},
			"the store fails or works": func(*rapid.T) {
				if m.store.failure == nil {
					m.store.fail(errors.New("disk full"))
				} else {
					m.store.fail(nil)
				}
			},
			"restart": func(*rapid.T) {
				m.stop()
				m.store.fail(nil)
				m.start()
			},
		})
	})
}

func without(queues []*modelQueue, q *modelQueue) (rest []*modelQueue) {
	for _, other := range queues {
		if other != q {
			rest = append(rest, other)
		}
	}
	return rest
}
