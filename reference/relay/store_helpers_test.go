package relay_test

import (
	"bytes"
	"errors"
	"maps"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/relay"
)

// errDiskFull is what a store says that fails.
var errDiskFull = errors.New("no space left on device")

// memoryStore is a relay.RecordStore of which tests can see everything.
type memoryStore struct {
	mu      sync.Mutex
	records map[string][]byte
	commits int
	failure error
	gate    chan struct{} // if not nil, Commit waits until it can receive

	entered chan struct{} // gets an element when Commit waits at the gate
}

func newMemoryStore() *memoryStore {
	return &memoryStore{records: map[string][]byte{}, entered: make(chan struct{}, 1000)}
}

func (m *memoryStore) Load(f func(relay.StoredRecord) error) error {
	for id, value := range m.all() {
		r := relay.StoredRecord{Kind: relay.RecordKind(id[0]), ID: []byte(id[1:]), Value: bytes.Clone(value)}
		err := f(r)
		clear(r.ID)
		clear(r.Value)
		if err != nil {
			return err
		}
	}
	return nil
}

func (m *memoryStore) Commit(changes []relay.StoredRecord) error {
	m.mu.Lock()
	gate := m.gate
	m.mu.Unlock()
	if gate != nil {
		m.entered <- struct{}{}
		<-gate
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.commits++
	if m.failure != nil {
		return m.failure
	}
	for _, c := range changes {
		id := string(c.Kind) + string(c.ID)
		if c.Value == nil {
			delete(m.records, id)
		} else {
			m.records[id] = bytes.Clone(c.Value)
		}
	}
	return nil
}

func (m *memoryStore) Tidy() error { return nil }

// all is what is stored: kind and id to value.
func (m *memoryStore) all() map[string][]byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.records)
}

// fail makes all commits fail from now on, or work if err is nil.
func (m *memoryStore) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.failure = err
}

// hold makes commits wait for the function that it returns.
func (m *memoryStore) hold() (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	gate := make(chan struct{})
	m.gate = gate
	return sync.OnceFunc(func() {
		m.mu.Lock()
		m.gate = nil
		m.mu.Unlock()
		close(gate)
	})
}

// waiting waits until a commit waits at the gate.
func (m *memoryStore) waiting(t testing.TB) {
	t.Helper()
	select {
	case <-m.entered:
	case <-time.After(patience):
		t.Fatal("nothing is stored")
	}
}

func (m *memoryStore) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.commits
}

func keepIn(store relay.RecordStore) func(*relay.Config) {
	return func(c *relay.Config) { c.Store = store }
}

// startStored runs a relay with a store of its own.
func startStored(t testing.TB, change ...func(*relay.Config)) (*relay.Endpoint, *memoryStore) {
	t.Helper()
	m := newMemoryStore()
	return start(t, append(change, keepIn(m))...), m
}

// stop ends a relay before the end of the test.
func stop(t testing.TB, e *relay.Endpoint) {
	t.Helper()
	require.NoError(t, e.Close())
}
