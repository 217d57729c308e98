package relay_test

import (
	"crypto/rand"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// serviceIdentity makes the certificates of a service.
func serviceIdentity(t testing.TB) keys.Credentials {
	t.Helper()
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	return c
}

// messagingService are the certificates of a service that tests may share,
// since each of them has a relay of its own.
var messagingService = sync.OnceValue(func() keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		panic(err)
	}
	return c
})

// connectService connects as a service.
func connectService(t testing.TB, e *relay.Endpoint, version uint16, role transport.Role, c keys.Credentials) *client {
	t.Helper()
	s := connectWith(t, e, transport.ClientConfig{
		Versions: wire.Versions(6, version),
		Service:  &transport.ServiceCredentials{Role: role, Credentials: c},
	})
	require.NotNil(t, s.conn.Service())
	require.Len(t, s.conn.Service().ID, 24)
	return s
}

// messagingClient connects as the messaging service that tests share.
func messagingClient(t testing.TB, e *relay.Endpoint) *client {
	t.Helper()
	return connectService(t, e, 20, transport.RoleMessaging, messagingService())
}

func (c *client) serviceID() []byte { return c.conn.Service().ID }

func (c *client) serviceCredentials() smp.ServiceCredentials {
	s := c.conn.Service()
	return smp.ServiceCredentials{CertFingerprint: s.Fingerprint, Key: s.PrivateKey}
}

// signedByService reports whether a service signs a command.
func signedByService(c smp.Command) bool {
	switch c.(type) {
	case smp.SUBS, smp.NSUBS:
		return true
	}
	return smp.UsesServiceSignature(c)
}

// asService makes a service sign a request that has no authorization yet.
func (c *client) asService(key keys.PrivateKey, t *smp.Transmission, command smp.Command) {
	c.t.Helper()
	switch command.(type) {
	case smp.SUBS, smp.NSUBS:
		require.NoError(c.t, t.AuthorizeByService(c.conn.SessionID(), c.serviceCredentials()))
		return
	}
	a, err := smp.NewAuthorizer(key, c.conn.PeerKey())
	require.NoError(c.t, err)
	require.NoError(c.t, t.AuthorizeInService(c.conn.SessionID(), a, c.serviceCredentials()))
}

// subscribeService sends SUBS, whatever it says, and expects SOKS for the given
// queues.
func (c *client) subscribeService(queues ...*queue) {
	c.t.Helper()
	require.Equal(c.t, smp.SOKS{ServiceQueues: serviceQueues(queues...)}, c.do(noKey, c.serviceID(), smp.SUBS{}))
}

// closed waits until the relay has no more connections than a number.
func closed(t testing.TB, e *relay.Endpoint, connections int) {
	t.Helper()
	require.Eventually(t, func() bool { return e.Connections() == connections }, patience, time.Millisecond)
}

// allDelivered expects ALLS.
func (c *client) allDelivered() {
	c.t.Helper()
	require.Equal(c.t, smp.ALLS{}, c.event([]byte{}))
}

// ended expects ENDS for the given queues.
func (c *client) ended(queues ...*queue) {
	c.t.Helper()
	require.Equal(c.t, smp.ENDS{ServiceQueues: serviceQueues(queues...)}, c.event(c.serviceID()))
}

// serviceQueues are count and hash of queues.
func serviceQueues(queues ...*queue) smp.ServiceQueues {
	s := smp.ServiceQueues{Count: int64(len(queues))}
	for _, q := range queues {
		s.IDsHash.Toggle(q.rcvID)
	}
	return s
}

// deliver expects the message with a body from a queue, and returns its id.
func (c *client) deliver(q *queue, body string) []byte {
	c.t.Helper()
	return q.expect(c.event(q.rcvID), body)
}
