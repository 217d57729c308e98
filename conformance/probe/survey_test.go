package probe_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// start starts the reference relay with a configuration.
func start(t *testing.T, config relay.Config) (link.Server, target.Info) {
	t.Helper()
	credentials, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	require.NoError(t, err)
	config.Credentials = credentials
	e, err := relay.Listen(context.Background(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	server, err := target.ParseAddress(e.Address())
	require.NoError(t, err)
	info, err := probe.Preflight(t.Context(), target.At(server), 4)
	require.NoError(t, err)
	return server, info
}

// states are the states of the capabilities by name.
func states(t *testing.T, found []target.Capability) map[string]target.State {
	t.Helper()
	all := make(map[string]target.State)
	var names []string
	for _, c := range found {
		names = append(names, c.Name)
		all[c.Name] = c.State
	}
	assert.Equal(t, target.CapabilityNames(), names)
	return all
}

func TestTheSurveyOfARelayThatDoesEverything(t *testing.T) {
	t.Parallel()
	server, info := start(t, relay.Config{Proxy: &relay.ProxyConfig{AllowPrivate: true}, TLS12: true, Password: smp.Password("secret")})
	info.Names.Known = "a.simplex"
	server.Password = "secret"
	found := probe.Survey(t.Context(), target.At(server), info, 4)
	for name, state := range states(t, found) {
		assert.Equal(t, target.Yes, state, name)
	}
	info.Capabilities = found
	assert.Equal(t, "with the password of the address, not without", info.Capability(target.NewQueues).Detail)
}

// oldWithoutEd448 refuses the ClientHello of TLS 1.2 that offers no Ed448, as a relay with
// certificates of Ed448 does.
type oldWithoutEd448 struct {
	net.Conn
	met bool
}

func (o *oldWithoutEd448) Read(b []byte) (int, error) {
	n, err := o.Conn.Read(b)
	modern, ed448 := []byte{0, 43, 0, 3, 2, 3, 4}, []byte{0, 13, 0, 6, 0, 4, 8, 7, 8, 8}
	if !o.met && n > 5 && !bytes.Contains(b[:n], modern) && !bytes.Contains(b[:n], ed448) {
		return 0, net.ErrClosed
	}
	o.met = o.met || n > 5
	return n, err
}

func TestTheSurveyOfARelayWithCertificatesThatTLS12CannotUse(t *testing.T) {
	t.Parallel()
	server, info := start(t, relay.Config{TLS12: true, Stages: relay.Stages{
		Accept: func(c net.Conn) (net.Conn, error) { return &oldWithoutEd448{Conn: c}, nil },
	}})
	info.Capabilities = probe.Survey(t.Context(), target.At(server), info, 4)
	found := info.Capability(target.TLS12)
	assert.Equal(t, target.Yes, found.State)
	assert.Contains(t, found.Detail, "smpcheck goes no further with its certificate: ")
}

func TestTheSurveyOfASmallRelay(t *testing.T) {
	t.Parallel()
	server, info := start(t, relay.Config{Versions: wire.Versions(6, 12)})
	found := probe.Survey(t.Context(), target.At(server), info, 4)
	assert.Equal(t, map[string]target.State{
		target.TLS13: target.Yes, target.TLS12: target.No, target.ALPN: target.Yes, target.BlockEncryption: target.Yes,
		target.NewQueues: target.Yes, target.Notifications: target.Yes, target.Forwarding: target.No,
		target.Links: target.No, target.Services: target.No, target.NameResolution: target.No,
	}, states(t, found))
	info.Capabilities = found
	assert.Equal(t, "exists from version 15 on, the relay serves up to 12", info.Capability(target.Links).Detail)
	assert.Equal(t, "without a password", info.Capability(target.NewQueues).Detail)
}

func TestTheSurveyOfARelayWithAPasswordThatIsNotKnown(t *testing.T) {
	t.Parallel()
	server, info := start(t, relay.Config{Password: smp.Password("secret")})
	found := states(t, probe.Survey(t.Context(), target.At(server), info, 4))
	assert.Equal(t, target.No, found[target.NewQueues])
	assert.Equal(t, target.Unknown, found[target.Notifications])
	assert.Equal(t, target.No, found[target.NameResolution])
}

// A target that has gone leaves every question open that has to be asked.
func TestTheSurveyOfATargetThatHasGone(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	server, err := target.ParseAddress("smp://AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=@" + listener.Addr().String())
	require.NoError(t, err)
	info := target.Info{Versions: wire.Versions(smp.MinVersion, smp.MaxVersion), TLS: "1.3", ALPN: probe.ALPN}
	for name, state := range states(t, probe.Survey(t.Context(), target.At(server), info, 1)) {
		if name != target.TLS13 && name != target.ALPN {
			assert.Equal(t, target.Unknown, state, name)
		}
	}
}
