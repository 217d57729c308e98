//go:build unix

package main

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// serviceWorker is what a worker that is a service knows besides its queues.
type serviceWorker struct {
	identity transport.ServiceCredentials
	id       []byte // what the relay calls it
	// unknown are queues of the service of which no answer came, and lost how many
	// NEW were not answered when they were counted.
	unknown smp.ServiceQueues
	lost    int
}

func newServiceWorker(t *testing.T) *serviceWorker {
	t.Helper()
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	return &serviceWorker{identity: transport.ServiceCredentials{Role: transport.RoleMessaging, Credentials: c}}
}

// credentials are nil for a worker that is no service.
func (s *serviceWorker) credentials() *transport.ServiceCredentials {
	if s == nil {
		return nil
	}
	return &s.identity
}

// check compares what the relay says about the service with the queues of its worker,
// all of which belong to it.
func (s *serviceWorker) check(w *worker, c *client.Client) {
	w.t.Helper()
	if s.id == nil {
		s.id = c.ServiceID()
	}
	require.Equal(w.t, s.id, c.ServiceID())
	unknown, err := c.SubscribeService(w.t.Context(), smp.ServiceQueues{})
	require.NoError(w.t, err)
	for _, q := range w.queues {
		unknown.Count--
		unknown.IDsHash.Toggle(q.rcvID)
	}
	more := unknown.Count - s.unknown.Count
	require.GreaterOrEqual(w.t, more, int64(0), "queues do not belong to the service any more")
	require.LessOrEqual(w.t, more, int64(w.lost-s.lost), "queues that nobody made, or that were deleted")
	if more == 0 {
		require.Equal(w.t, s.unknown, unknown)
	}
	s.unknown, s.lost = unknown, w.lost
	require.NoError(w.t, c.Close())
}
