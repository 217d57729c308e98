package transport

import (
	"context"
	"errors"
	"io"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// handshakeInputs are the inputs of the vectors "handshake".
type handshakeInputs struct {
	ALPN            bool          `json:"alpn_smp1"`
	Proxy           bool          `json:"client_is_proxy"`
	ClientKey       *vectors.Key  `json:"client_key"`
	ClientRange     [2]uint16     `json:"client_range"`
	KeyHash         vectors.Hex   `json:"key_hash_used_by_client"`
	Chain           []vectors.Hex `json:"server_cert_chain"`
	ServerKey       vectors.Key   `json:"server_key"`
	LeafPrivate     vectors.Hex   `json:"server_leaf_private_der"`
	ServerRange     [2]uint16     `json:"server_range"`
	SessionID       vectors.Hex   `json:"session_id"`
	ClientSessionID vectors.Hex   `json:"client_side_session_id"`
	Received        vectors.Hex   `json:"received"`
	Receiver        string        `json:"side_that_receives"`
	Service         *struct {
		Chain        []vectors.Hex `json:"cert_chain"`
		Hash         vectors.Hex   `json:"cert_hash"`
		LeafPrivate  vectors.Hex   `json:"leaf_private_der"`
		PresentedTLS bool          `json:"presented_in_tls"`
		Role         string        `json:"role"`
		SessionKey   vectors.Key   `json:"session_key"`
	} `json:"service"`
}

// handshakeOutput are the contents of the blocks.
type handshakeOutput struct {
	ServerHello    vectors.Hex `json:"server_hello"`
	ClientHello    vectors.Hex `json:"client_hello"`
	ServerResponse vectors.Hex `json:"server_response"`
}

// handshakeSides are the configurations that the inputs ask for.
type handshakeSides struct {
	client        ClientConfig
	clientBinding Binding
	server        ServerConfig
	serverBinding Binding
}

func (in *handshakeInputs) sides(t *testing.T, serviceID []byte) handshakeSides {
	t.Helper()
	private := func(der []byte) keys.PrivateKey {
		key, err := keys.ParsePrivate(der)
		require.NoError(t, err)
		return key
	}
	chain := func(list []vectors.Hex) [][]byte {
		var out [][]byte
		for _, der := range list {
			out = append(out, der)
		}
		return out
	}
	var s handshakeSides
	s.server = ServerConfig{
		Credentials: keys.Credentials{Chain: chain(in.Chain), Key: private(in.LeafPrivate)},
		Versions:    wire.Versions(in.ServerRange[0], in.ServerRange[1]),
		Key:         private(in.ServerKey.PrivateDER),
		Service: func(_ context.Context, got Service, _ [][]byte) ([]byte, error) {
			require.Equal(t, in.Service.Role, string(got.Role))
			require.Equal(t, []byte(in.Service.Hash), got.Fingerprint[:])
			require.Equal(t, []byte(in.Service.SessionKey.PublicRaw), got.Key.Raw())
			return serviceID, nil
		},
	}
	s.client = ClientConfig{
		KeyHash:  in.KeyHash,
		Versions: wire.Versions(in.ClientRange[0], in.ClientRange[1]),
		Proxy:    in.Proxy,
		NoKey:    in.ClientKey == nil,
	}
	if in.ClientKey != nil {
		s.client.Key = private(in.ClientKey.PrivateDER)
	}
	s.serverBinding = Binding{SessionID: in.SessionID}
	s.clientBinding = Binding{SessionID: in.SessionID, PeerChain: chain(in.Chain)}
	if in.ClientSessionID != nil {
		s.clientBinding.SessionID = in.ClientSessionID
	}
	if in.ALPN {
		s.serverBinding.ALPN, s.clientBinding.ALPN = Protocol, Protocol
	}
	if in.Service != nil {
		s.client.Service = &ServiceCredentials{
			Role:        Role(in.Service.Role[0]),
			Credentials: keys.Credentials{Chain: chain(in.Service.Chain), Key: private(in.Service.LeafPrivate)},
			Key:         private(in.Service.SessionKey.PrivateDER),
		}
		s.clientBinding.CertificateSent = in.Service.PresentedTLS
		if in.Service.PresentedTLS {
			s.serverBinding.PeerChain = chain(in.Service.Chain)
		}
	}
	return s
}

func TestOfficialHandshakes(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("handshake")
	require.NoError(t, err)
	complete, received := 0, 0
	for g, test := range f.All() {
		var in handshakeInputs
		require.NoError(t, test.Inputs.Decode(&in), test.ID)
		if g.Name == "received" {
			received++
			t.Run(test.ID, func(t *testing.T) { receivedHello(t, test, &in) })
		} else {
			complete++
			t.Run(test.ID, func(t *testing.T) { completeHandshake(t, test, &in) })
		}
	}
	require.GreaterOrEqual(t, complete, 37)
	require.GreaterOrEqual(t, received, 35)
}

// completeHandshake lets our client and our relay talk and compares every block
// and what both know afterwards.
func completeHandshake(t *testing.T, test *vectors.Test, in *handshakeInputs) {
	var out handshakeOutput
	require.NoError(t, test.Output.Decode(&out))
	var response ServiceResponse
	if out.ServerResponse != nil {
		var err error
		response, err = DecodeServiceResponse(out.ServerResponse)
		require.NoError(t, err)
		again, err := response.Encode()
		require.NoError(t, err)
		require.Equal(t, []byte(out.ServerResponse), again)
	}
	sides, ctx := in.sides(t, response.ServiceID), testContext(t)
	clientEnd, serverEnd := memoryPair(t)
	c, s := both(
		func() (*Conn, error) { return ClientHandshake(ctx, clientEnd, sides.clientBinding, sides.client) },
		func() (*Conn, error) { return ServerHandshake(ctx, serverEnd, sides.serverBinding, sides.server) })

	wantServer := [][]byte{out.ServerHello}
	if out.ServerResponse != nil {
		wantServer = append(wantServer, out.ServerResponse)
	}
	require.Equal(t, wantServer, serverEnd.contents(t))
	var wantClient [][]byte
	if out.ClientHello != nil {
		wantClient = append(wantClient, out.ClientHello)
	}
	require.Equal(t, wantClient, clientEnd.contents(t))
	checkHellos(t, out)

	checkResult(t, test.ClientResult, c)
	if test.ServerResult.Error != "" {
		require.ErrorIs(t, s.err, io.EOF)
		return
	}
	checkResult(t, test.ServerResult, s)
	require.Equal(t, c.value.Secret(), s.value.Secret())
	require.Equal(t, in.Proxy && c.value.Version() >= smp.VersionProxyFlag, s.value.Proxy())
	require.Equal(t, out.ServerResponse != nil, s.value.Service() != nil)
	if out.ServerResponse != nil {
		require.Equal(t, response.ServiceID, c.value.Service().ID)
		require.Equal(t, s.value.Service().Fingerprint, c.value.Service().Fingerprint)
		require.Equal(t, s.value.Service().Key, c.value.Service().Key)
	}
	exchange(t, c.value, s.value)
}

// checkHellos decodes hellos and encodes them again.
func checkHellos(t *testing.T, out handshakeOutput) {
	t.Helper()
	server, err := DecodeServerHello(out.ServerHello)
	require.NoError(t, err)
	again, err := server.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(out.ServerHello), again)
	if out.ClientHello == nil {
		return
	}
	client, err := DecodeClientHello(out.ClientHello)
	require.NoError(t, err)
	again, err = client.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(out.ClientHello), again)
}

func checkResult(t *testing.T, want *vectors.HandshakeResult, got outcome[*Conn]) {
	t.Helper()
	if want.OK == nil {
		var e Error
		require.ErrorAs(t, got.err, &e)
		require.Equal(t, want.Error, string(e))
		return
	}
	require.NoError(t, got.err)
	c := got.value
	require.Equal(t, *want.OK, vectors.HandshakeOK{
		Version:          c.Version(),
		Range:            [2]uint16{c.Versions().Min, c.Versions().Max},
		Batch:            true,
		BlockEncryption:  c.Encrypted(),
		ServiceAuth:      c.Version() >= smp.VersionServices,
		SessionIDImplied: c.Version() >= smp.VersionAuthenticators,
	})
}

// receivedHello gives one side a hello that was changed on its way.
func receivedHello(t *testing.T, test *vectors.Test, in *handshakeInputs) {
	var want vectors.HandshakeResult
	require.NoError(t, test.Output.Decode(&want))
	sides, ctx := in.sides(t, nil), testContext(t)
	near, far := memoryPair(t)
	peer := &Conn{conn: far}

	var run func() (*Conn, error)
	var script func() error
	switch in.Receiver {
	case "server":
		run = func() (*Conn, error) { return ServerHandshake(ctx, near, sides.serverBinding, sides.server) }
		script = func() error {
			_, err := peer.ReadBlock()
			return errors.Join(err, peer.WriteBlock(in.Received))
		}
	case "client":
		run = func() (*Conn, error) { return ClientHandshake(ctx, near, sides.clientBinding, sides.client) }
		script = func() error {
			if in.Service != nil { // the second block of the relay was changed
				first := &Conn{conn: far, binding: sides.serverBinding, sessionKey: sides.server.Key}
				err := first.sendHello(sides.server)
				_, readErr := peer.ReadBlock()
				return errors.Join(err, readErr, peer.WriteBlock(in.Received))
			}
			err := peer.WriteBlock(in.Received)
			if want.OK != nil {
				_, readErr := peer.ReadBlock()
				err = errors.Join(err, readErr)
			}
			return err
		}
	default:
		t.Fatalf("unknown side %q", in.Receiver)
	}
	got, scripted := both(run, func() (struct{}, error) { return struct{}{}, script() })
	require.NoError(t, scripted.err)
	checkResult(t, &want, got)
}
