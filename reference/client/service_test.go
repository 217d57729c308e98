package client_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// serviceWith returns the configuration of a service with a role and new
// certificates.
func serviceWith(t *testing.T, cfg client.Config, role transport.Role) client.Config {
	t.Helper()
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	cfg.Service = &transport.ServiceCredentials{Role: role, Credentials: c}
	return cfg
}

// TestMessagingService has a service collect queues, go, and come back for all
// of them with one command.
func TestMessagingService(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg := listen(t, relay.Config{})
	alice, bob := dial(t, cfg), dial(t, cfg)
	cfg = serviceWith(t, cfg, transport.RoleMessaging)
	s := dial(t, cfg)
	own, err := s.CreateQueue(ctx, client.QueueOptions{})
	require.NoError(t, err)
	given, err := alice.CreateQueue(ctx, client.QueueOptions{})
	require.NoError(t, err)
	for _, err := range s.AssociateQueues(ctx, []client.Queue{given}) {
		require.NoError(t, err)
	}
	require.Equal(t, smp.END{}, arrives(t, alice).Response)
	require.NoError(t, s.Close())
	require.NoError(t, bob.SendMessage(ctx, own.Sender(keys.PrivateKey{}), false, []byte("waited")))

	s = dial(t, cfg)
	queues := smp.ServiceQueues{Count: 2, IDsHash: smp.HashIDs(own.RecipientID, given.RecipientID)}
	got, err := s.SubscribeService(ctx, queues)
	require.NoError(t, err)
	require.Equal(t, queues, got)
	message, content := receives(t, s, own)
	require.Equal(t, "waited", string(content.Body))
	require.NoError(t, s.Ack(ctx, own, message.ID))
	require.Equal(t, smp.ALLS{}, arrives(t, s).Response)

	next := dial(t, cfg)
	require.Equal(t, s.ServiceID(), next.ServiceID())
	_, err = next.SubscribeService(ctx, smp.ServiceQueues{})
	require.NoError(t, err)
	require.Equal(t, smp.ENDS{ServiceQueues: queues}, arrives(t, s).Response)
	require.Equal(t, smp.ALLS{}, arrives(t, next).Response)

	require.NoError(t, alice.Subscribe(ctx, given))
	gone := arrives(t, next)
	require.Equal(t, smp.END{}, gone.Response)
	require.Equal(t, given.RecipientID, gone.EntityID)
	_, err = next.SubscribeServiceNotifications(ctx, smp.ServiceQueues{})
	require.ErrorIs(t, err, smp.ErrCmdProhibited)
}

func TestNotificationService(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	cfg := listen(t, relay.Config{})
	alice := dial(t, cfg)
	s := dial(t, serviceWith(t, cfg, transport.RoleNotifier))
	q, err := alice.CreateQueue(ctx, client.QueueOptions{CreateOnly: true})
	require.NoError(t, err)
	n, err := alice.EnableNotifications(ctx, q, client.NotifierOptions{})
	require.NoError(t, err)
	other := n.NotifierQueue
	other.Key = q.Key
	errs := s.AssociateNotifications(ctx, []client.NotifierQueue{n.NotifierQueue, other})
	require.Len(t, errs, 2)
	require.NoError(t, errs[0])
	require.ErrorIs(t, errs[1], smp.ErrAuth)
	got, err := s.SubscribeServiceNotifications(ctx, smp.ServiceQueues{})
	require.NoError(t, err)
	require.Equal(t, smp.ServiceQueues{Count: 1, IDsHash: smp.HashIDs(n.NotifierID)}, got)
	require.NoError(t, alice.SendMessage(ctx, q.Sender(keys.PrivateKey{}), true, []byte("m")))
	require.IsType(t, smp.NMSG{}, arrives(t, s).Response)
}

// Nothing for services is sent on a connection of an ordinary client, and an
// answer that does not name the service is an error.
func TestNoService(t *testing.T) {
	t.Parallel()
	cfg := listen(t, relay.Config{})
	ordinary := dial(t, cfg)
	require.Nil(t, ordinary.ServiceID())
	_, err := ordinary.SubscribeService(t.Context(), smp.ServiceQueues{})
	require.ErrorIs(t, err, client.ErrNoService)
	for _, err := range ordinary.AssociateQueues(t.Context(), make([]client.Queue, 3)) {
		require.ErrorIs(t, err, client.ErrNoService)
	}
	cfg.Versions = wire.Versions(smp.MinVersion, 15)
	require.Nil(t, dial(t, serviceWith(t, cfg, transport.RoleMessaging)).ServiceID(), "before version 16")
}

func TestQueueThatIsNotAssociated(t *testing.T) {
	inBubble(t, func(t *testing.T) {
		service := transport.ServiceCredentials{Role: transport.RoleMessaging, Credentials: credentials()}
		c, relay := connect(t, 20, client.Config{Service: &service})
		go func() {
			for _, id := range [][]byte{nil, []byte("another id"), c.ServiceID()} {
				relay.send(to(relay.command(), smp.SOK{ServiceID: id}))
			}
		}()
		q := someQueue(t, keys.Ed25519)
		for range 2 {
			require.ErrorIs(t, c.AssociateQueues(t.Context(), []client.Queue{q})[0], client.ErrNotAssociated)
		}
		require.NoError(t, c.AssociateQueues(t.Context(), []client.Queue{q})[0])
	})
}
