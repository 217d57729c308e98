package relay_test

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

func TestServiceHasOneIDAndOneRole(t *testing.T) {
	t.Parallel()
	e := start(t)
	one, another := serviceIdentity(t), serviceIdentity(t)
	first := connectService(t, e, 20, transport.RoleMessaging, one)
	require.Equal(t, first.serviceID(), connectService(t, e, 16, transport.RoleMessaging, one).serviceID())
	first.close()
	require.Equal(t, first.serviceID(), connectService(t, e, 20, transport.RoleMessaging, one).serviceID())
	require.NotEqual(t, first.serviceID(), connectService(t, e, 20, transport.RoleMessaging, another).serviceID())
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleNotifier, one))
}

// refusal is the error that a service is refused with.
func refusal(t *testing.T, e *relay.Endpoint, role transport.Role, c keys.Credentials) transport.Error {
	t.Helper()
	fingerprint := e.Fingerprint()
	_, err := transport.Dial(context.Background(), e.Addr().String(), transport.ClientConfig{
		KeyHash: fingerprint[:], Timeout: patience, Versions: wire.Versions(6, 20),
		Service: &transport.ServiceCredentials{Role: role, Credentials: c},
	})
	require.ErrorIs(t, err, transport.ErrServiceRefused)
	var reason transport.Error
	require.ErrorAs(t, err, &reason)
	return reason
}

// TestServicesAreKnownFromRecords shows that the records of one relay make
// another one give the same ids.
func TestServicesAreKnownFromRecords(t *testing.T) {
	t.Parallel()
	identity := serviceIdentity(t)
	e := start(t)
	id := connectService(t, e, 20, transport.RoleMessaging, identity).serviceID()
	records := e.Services()
	require.Equal(t, []relay.ServiceRecord{{ID: id, Role: transport.RoleMessaging, Fingerprint: identity.Fingerprint()}}, records)

	e = start(t, func(c *relay.Config) { c.Services = records })
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleProxy, identity))
	require.Equal(t, id, connectService(t, e, 20, transport.RoleMessaging, identity).serviceID())
}

// TestServicesAreLimited shows that the relay forgets services that it has
// nothing to do with for others, and no others.
func TestServicesAreLimited(t *testing.T) {
	t.Parallel()
	e := start(t, func(c *relay.Config) { c.MaxServices = 2 })
	identities := []keys.Credentials{serviceIdentity(t), serviceIdentity(t), serviceIdentity(t)}
	connected := connectService(t, e, 20, transport.RoleMessaging, identities[0])
	withQueue := connectService(t, e, 20, transport.RoleMessaging, identities[1])
	q := withQueue.newQueue()
	withQueue.close()
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleMessaging, identities[2]))

	again := connectService(t, e, 20, transport.RoleMessaging, identities[1])
	require.Equal(t, smp.OK{}, again.recipient(q, smp.DEL{}))
	again.close()
	closed(t, e, 1)
	last := connectService(t, e, 20, transport.RoleMessaging, identities[2])
	require.NotEmpty(t, last.serviceID())
	last.quiet() // the relay has begun with its commands, and counts the connection
	require.Equal(t, transport.ErrBadService, refusal(t, e, transport.RoleMessaging, identities[1]))
	connected.quiet()
}

// TestRolesOfServices shows which commands the role of a service allows, before
// anything else about the command is looked at.
func TestRolesOfServices(t *testing.T) {
	t.Parallel()
	e := start(t)
	key := newKey(t, keys.Ed25519)
	commands := map[transport.Role][]smp.Command{
		transport.RoleMessaging: {smp.NEW{AuthKey: key.Public(), DHKey: newKey(t, keys.X25519).Public(), Subscribe: true},
			smp.SUB{}, smp.GET{}, smp.ACK{}, smp.DEL{}, smp.QUE{}, smp.SEND{}, smp.SKEY{SenderKey: key.Public()}},
		transport.RoleNotifier: {smp.NSUB{}},
		transport.RoleProxy:    {smp.RFWD{Body: make([]byte, 100)}},
	}
	for _, role := range []transport.Role{transport.RoleMessaging, transport.RoleNotifier, transport.RoleProxy} {
		c := connectService(t, e, 20, role, serviceIdentity(t))
		for needed, list := range commands {
			for _, command := range list {
				entity, signer := newID(), key
				switch command.(type) {
				case smp.NEW:
					entity = nil
				case smp.RFWD:
					entity, signer = nil, noKey
				}
				if got := c.do(signer, entity, command); needed == role {
					require.NotEqual(t, refused(smp.ErrCmdProhibited), got, "%s with role %c", command.Tag(), role)
				} else {
					require.Equal(t, refused(smp.ErrCmdProhibited), got, "%s with role %c", command.Tag(), role)
				}
			}
		}
		if role != transport.RoleMessaging {
			require.Equal(t, refused(smp.ErrCmdProhibited), c.do(noKey, c.serviceID(), smp.SUBS{}))
		}
		if role != transport.RoleNotifier {
			require.Equal(t, refused(smp.ErrCmdProhibited), c.do(noKey, c.serviceID(), smp.NSUBS{}))
		}
		c.quiet()
	}
}

// TestSignaturesOfServices shows that NEW and SUB of a service need its
// signature and that nothing else may have one.
func TestSignaturesOfServices(t *testing.T) {
	t.Parallel()
	e := start(t)
	c := messagingClient(t, e)
	q := c.newQueue()
	ordinary := func(sent smp.Transmission) smp.Transmission { // as if the client was no service
		sent.ServiceSignature = nil
		a, err := smp.NewAuthorizer(q.rcvKey, c.conn.PeerKey())
		require.NoError(t, err)
		require.NoError(t, sent.Authorize(c.conn.SessionID(), a))
		return sent
	}
	expect := func(sent smp.Transmission, answer smp.Response) {
		t.Helper()
		c.write(c.encode(sent))
		require.Equal(t, answer, c.next().Response)
	}
	sub, _ := c.request(q.rcvKey, q.rcvID, smp.SUB{})
	expect(ordinary(sub), refused(smp.ErrService))
	missing := sub
	missing.ServiceSignature = nil
	expect(missing, refused(smp.ErrService))
	wrong := sub
	wrong.ServiceSignature = bytes.Clone(sub.ServiceSignature)
	wrong.ServiceSignature[5] ^= 1
	expect(wrong, refused(smp.ErrService))
	bare := ordinary(sub) // the queue key does not know of the service
	bare.ServiceSignature = sub.ServiceSignature
	expect(bare, refused(smp.ErrAuth))
	expect(sub, smp.SOK{ServiceID: c.serviceID()})

	que, _ := c.request(q.rcvKey, q.rcvID, smp.QUE{})
	que.ServiceSignature = sub.ServiceSignature
	expect(que, refused(smp.ErrService))

	subs, _ := c.request(noKey, c.serviceID(), smp.SUBS{})
	expect(ordinary(subs), refused(smp.ErrService))
	subs.ServiceSignature = sub.ServiceSignature
	expect(subs, refused(smp.ErrService))
	other, _ := c.request(noKey, newID(), smp.SUBS{})
	expect(other, refused(smp.ErrService))
	created := smp.NEW{AuthKey: q.rcvKey.Public(), DHKey: newKey(t, keys.X25519).Public(), Subscribe: true}
	create, _ := c.request(q.rcvKey, nil, created)
	expect(ordinary(create), refused(smp.ErrService))
	created.Subscribe = false
	require.Equal(t, refused(smp.ErrCmdProhibited), c.do(q.rcvKey, nil, created))
	require.Equal(t, 1, e.Queues())
}

// TestForwardedCommandsAreOfNoService shows that the service of a proxy has
// nothing to do with what it forwards: its role and signature are not asked for.
func TestForwardedCommandsAreOfNoService(t *testing.T) {
	t.Parallel()
	e := start(t)
	r := connect(t, e, 20)
	q := r.newQueue(messaging)
	p := connectService(t, e, 20, transport.RoleProxy, serviceIdentity(t))
	f := &proxied{client: p, t: t, version: 20}
	require.Equal(t, smp.OK{}, f.do(noKey, q.sndID, smp.SEND{Body: []byte("forwarded")}))
	r.deliver(q, "forwarded")
}
