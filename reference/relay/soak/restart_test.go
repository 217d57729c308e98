package soak_test

import (
	"crypto/rand"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/recordstore"
)

// restarts is how often the relay is restarted.
const restarts = 3

// storeShare is which part of the time the soak with a store takes: one of so many.
const storeShare = 4

// TestSoakOfAStore is the soak of a relay with a store, which is stopped and started
// again in the middle: queues are as they were, and messages are gone.
func TestSoakOfAStore(t *testing.T) {
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	name := filepath.Join(t.TempDir(), "queues.db")
	store, err := recordstore.Open(name)
	require.NoError(t, err)
	config := relayConfig(credentials)
	config.Store = store
	s := newSoak(t, config)
	s.during = func(d time.Duration) {
		ticker := time.NewTicker(d / (restarts + 1))
		defer ticker.Stop()
		for range restarts {
			select {
			case <-ticker.C:
			case <-s.ctx.Done():
				return
			}
			s.restart(t, func() relay.Config {
				require.NoError(t, store.Close())
				store, err = recordstore.Open(name)
				require.NoError(t, err)
				config.Store = store
				return config
			})
		}
	}
	s.run(t, seed(t), *soakConns, *soakTime/storeShare)
	s.close(t)
	require.NoError(t, store.Close())
}

// restart replaces the relay at the far end of the path while nobody is connected to it.
func (s *soak) restart(t *testing.T, configure func() relay.Config) {
	far := s.path.far
	far.closing.Store(true)
	s.path.cut(s.m.tick(), true)
	require.NoError(t, far.relay.Close())
	far.gate.Lock()
	defer far.gate.Unlock()
	r, err := relay.New(configure())
	require.NoError(t, err)
	far.mu.Lock()
	far.relay = r
	far.mu.Unlock()
	s.m.restarted()
	far.closing.Store(false)
}

// restarted notes what a relay knows after a restart. Nothing is under way.
func (m *model) restarted() {
	m.count("restarts")
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, q := range m.queues {
		q.accepted, q.acked = 0, 0
		for _, msg := range q.messages {
			msg.gone = true
		}
		for id := range q.notified {
			if q.byID[id] == nil { // and never will be
				delete(q.notified, id)
			}
		}
	}
}
