package client_test

import (
	"context"
	"crypto/rand"
	"net"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// credentials of all relays in the tests.
var credentials = sync.OnceValue(func() keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		panic(err)
	}
	return c
})

// fake is the other end of a client's connection, in the hands of a test.
type fake struct {
	t       *testing.T
	conn    *transport.Conn
	pending []smp.ReceivedCommand
}

// inBubble runs a test with its own clock, in which a wait that nothing can end
// is a failure.
func inBubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	t.Parallel()
	credentials()
	synctest.Test(t, test)
}

// connect returns a client and a fake relay that speak the given version over a
// pipe. The client sends no PING unless cfg says so, and is a service if cfg has
// credentials of one.
func connect(t *testing.T, version uint16, cfg client.Config) (*client.Client, *fake) {
	t.Helper()
	near, far := net.Pipe()
	nearBinding := transport.Binding{
		SessionID:       []byte("a session identifier of 32 bytes"),
		PeerChain:       credentials().Chain,
		ALPN:            transport.Protocol,
		CertificateSent: cfg.Service != nil,
	}
	farBinding := transport.Binding{SessionID: nearBinding.SessionID, ALPN: transport.Protocol}
	if cfg.Service != nil {
		farBinding.PeerChain = cfg.Service.Credentials.Chain
	}
	versions := wire.Versions(smp.MinVersion, version)
	f := &fake{t: t}
	accepted := make(chan error, 1)
	go func() {
		var err error
		f.conn, err = transport.ServerHandshake(t.Context(), far, farBinding, transport.ServerConfig{
			Credentials: credentials(),
			Versions:    versions,
			Service: func(context.Context, transport.Service, [][]byte) ([]byte, error) {
				return []byte("service id"), nil
			},
		})
		accepted <- err
	}()
	fingerprint := credentials().Fingerprint()
	conn, err := transport.ClientHandshake(t.Context(), near, nearBinding,
		transport.ClientConfig{KeyHash: fingerprint[:], Versions: versions, Service: cfg.Service})
	require.NoError(t, err)
	require.NoError(t, <-accepted)
	require.Equal(t, version, conn.Version())
	if cfg.KeepAlive == 0 {
		cfg.KeepAlive = client.NoKeepAlive
	}
	c, err := client.New(conn, cfg)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, f.conn.Abort())
		require.NoError(t, c.Close())
	})
	return c, f
}

// block reads a block and returns its commands.
func (f *fake) block() []smp.ReceivedCommand {
	f.t.Helper()
	content, err := f.conn.ReadBlock()
	require.NoError(f.t, err)
	return smp.DecodeCommands(f.conn.Version(), f.conn.SessionID(), content)
}

// command returns the next command.
func (f *fake) command() smp.ReceivedCommand {
	f.t.Helper()
	if len(f.pending) == 0 {
		f.pending = f.block()
	}
	command := f.pending[0]
	f.pending = f.pending[1:]
	require.NoError(f.t, command.Err)
	return command
}

// outgoing is a transmission of the relay.
type outgoing struct {
	corrID, entityID []byte
	response         smp.Response
}

// to makes an answer to a command.
func to(command smp.ReceivedCommand, response smp.Response) outgoing {
	return outgoing{command.Transmission.CorrelationID, command.Transmission.EntityID, response}
}

// event makes a transmission that answers no command.
func event(entityID string, response smp.Response) outgoing {
	return outgoing{nil, []byte(entityID), response}
}

func (f *fake) encode(o outgoing) []byte {
	f.t.Helper()
	command, err := smp.EncodeResponse(f.conn.Version(), o.response)
	require.NoError(f.t, err)
	return f.encodeRaw(o.corrID, o.entityID, command)
}

func (f *fake) encodeRaw(corrID, entityID, command []byte) []byte {
	f.t.Helper()
	b, err := (&smp.Transmission{
		SessionID:     f.conn.SessionID(),
		CorrelationID: corrID,
		EntityID:      entityID,
		Command:       command,
	}).Encode(f.conn.Version())
	require.NoError(f.t, err)
	return b
}

// send writes transmissions as one block.
func (f *fake) send(all ...outgoing) {
	f.t.Helper()
	encoded := make([][]byte, len(all))
	for i, o := range all {
		encoded[i] = f.encode(o)
	}
	f.sendRaw(encoded...)
}

func (f *fake) sendRaw(transmissions ...[]byte) {
	f.t.Helper()
	content, err := smp.EncodeBlock(transmissions...)
	require.NoError(f.t, err)
	require.NoError(f.t, f.conn.WriteBlock(content))
}

// async runs f and returns the channel of its error.
func async(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

// someQueue returns a queue with its own key and made-up ids.
func someQueue(t *testing.T, alg keys.Algorithm) client.Queue {
	t.Helper()
	key, err := keys.Generate(alg, rand.Reader)
	require.NoError(t, err)
	dh, err := keys.Generate(keys.X25519, rand.Reader)
	require.NoError(t, err)
	server, err := keys.Generate(keys.X25519, rand.Reader)
	require.NoError(t, err)
	ids := smp.IDS{
		RecipientID: make([]byte, 24),
		SenderID:    make([]byte, 24),
		ServerDHKey: server.Public(),
		Mode:        smp.Messaging,
	}
	rand.Read(ids.RecipientID)
	rand.Read(ids.SenderID)
	q, err := client.NewQueue(ids, key, dh)
	require.NoError(t, err)
	return q
}

// someMSG is a message that nobody will decrypt.
func someMSG() smp.MSG {
	return smp.MSG{ID: make([]byte, 24), Body: make([]byte, smp.PaddedRcvMessage+16)}
}

// next takes an event that has arrived, or waits for it.
func next(t *testing.T, c *client.Client) client.Event {
	t.Helper()
	e, ok := <-c.Events()
	require.True(t, ok, "events have ended: %v", c.Err())
	return e
}
