package transport

import (
	"bytes"
	"context"
	"errors"
	"io"
	mathrand "math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// fixedCredentials are those of the vectors: what a fuzzer finds with them is found again.
func fixedCredentials(t testing.TB) keys.Credentials {
	t.Helper()
	v, err := vectors.Load("certificate")
	require.NoError(t, err)
	for g, test := range v.All() {
		var in struct {
			Chain          []vectors.Hex `json:"chain"`
			LeafPrivateDER vectors.Hex   `json:"leaf_private_der"`
			Time           string        `json:"time"`
		}
		if g.Name != "credentials" || test.Invalid() {
			continue
		}
		require.NoError(t, test.Inputs.Decode(&in))
		key, err := keys.ParsePrivate(in.LeafPrivateDER)
		require.NoError(t, err)
		if key.Algorithm() != keys.Ed25519 || len(in.Chain) != 2 {
			continue
		}
		return keys.Credentials{Chain: [][]byte{in.Chain[0], in.Chain[1]}, Key: key}
	}
	t.Fatal("no Ed25519 chain of two among the vectors")
	return keys.Credentials{}
}

// fixedKey is the same X25519 key in every run.
func fixedKey(t testing.TB, n byte) keys.PrivateKey {
	t.Helper()
	k, err := keys.NewPrivate(keys.X25519, bytes.Repeat([]byte{n}, 32))
	require.NoError(t, err)
	return k
}

// cannedConn is a peer that has said all it will ever say, in pieces of step bytes.
type cannedConn struct {
	said   []byte
	step   int
	heard  int
	closed bool
}

func (c *cannedConn) Read(b []byte) (int, error) {
	if len(c.said) == 0 {
		return 0, io.EOF
	}
	n := copy(b, c.said[:min(len(c.said), c.step)])
	c.said = c.said[n:]
	return n, nil
}

func (c *cannedConn) Write(b []byte) (int, error)      { c.heard += len(b); return len(b), nil }
func (c *cannedConn) Close() error                     { c.closed = true; return nil }
func (c *cannedConn) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (c *cannedConn) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (c *cannedConn) SetDeadline(time.Time) error      { return nil }
func (c *cannedConn) SetReadDeadline(time.Time) error  { return nil }
func (c *cannedConn) SetWriteDeadline(time.Time) error { return nil }

// canned makes the blocks of a peer of contents; bytes that fit none are sent as they are.
func canned(step uint16, contents ...[]byte) *cannedConn {
	c := &cannedConn{step: int(step) + 1}
	for _, content := range contents {
		block, err := wire.Pad(nil, content, BlockSize)
		if err != nil {
			block = content
		}
		c.said = append(c.said, block...)
	}
	return c
}

// requireEnded checks that a handshake that failed has closed the connection, with an error of
// the transport or that of a connection that ended.
func requireEnded(t *testing.T, c *cannedConn, err error) {
	t.Helper()
	require.True(t, c.closed)
	known := errors.As(err, new(Error)) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
	require.True(t, known, "%v", err)
}

// requireBlocks reads what the peer says after the handshake: as many blocks as it is long,
// good or bad, and then its end.
func requireBlocks(t *testing.T, conn *Conn, raw *cannedConn) {
	t.Helper()
	whole, rest := len(raw.said)/BlockSize, len(raw.said)%BlockSize
	for range whole {
		if _, err := conn.ReadBlock(); err != nil {
			require.ErrorIs(t, err, ErrLargeMessage)
		}
	}
	_, err := conn.ReadBlock()
	if rest > 0 {
		require.ErrorIs(t, err, io.ErrUnexpectedEOF)
	} else {
		require.ErrorIs(t, err, io.EOF)
	}
}

// handshakeRoom is what a handshake may allocate besides its input, in bytes: blocks, keys and
// signatures.
const handshakeRoom = 1 << 20

// FuzzServerHandshake: whatever a client says, a relay agrees on a version that it offered with
// a client that knows its fingerprint, or ends the connection and says why.
func FuzzServerHandshake(f *testing.F) {
	own := fixedCredentials(f)
	key := fixedKey(f, 1)
	hash := keyHash(own)
	for v := smp.MinVersion - 1; v <= smp.MaxVersion+1; v++ {
		hello, err := ClientHello{Version: v, KeyHash: hash, Key: fixedKey(f, 2).Public()}.Encode()
		require.NoError(f, err)
		f.Add(hello, bytes.Repeat([]byte{7}, int(v)*2000), uint16(v)*500, v%2 == 0)
	}
	signed, err := keys.SignKey(own.Key.Public(), own.Key)
	require.NoError(f, err)
	for _, role := range []Role{RoleMessaging, RoleProxy, 'X'} {
		hello, err := ClientHello{Version: smp.MaxVersion, KeyHash: hash, Key: fixedKey(f, 2).Public(),
			Service: &ClientService{Role: role, Chain: own.Chain, SignedKey: signed}}.Encode()
		require.NoError(f, err)
		f.Add(hello, []byte("more"), uint16(16383), true)
	}
	for _, i := range seed.Spread(seed.Of(seed.ClientHello)) {
		f.Add(i.Data, []byte(nil), uint16(1000), true)
	}
	f.Fuzz(func(t *testing.T, hello, more []byte, step uint16, alpn bool) {
		if len(hello)+len(more) > 10*BlockSize {
			return
		}
		bound.Memory(t, handshakeRoom+bound.PerByte*(len(hello)+len(more)), func() {
			raw := canned(step, hello, more)
			binding := Binding{SessionID: []byte("session"), PeerChain: own.Chain}
			if alpn {
				binding.ALPN = Protocol
			}
			config := ServerConfig{Credentials: own, Key: key, Rand: mathrand.NewChaCha8([32]byte{}),
				Service: func(context.Context, Service, [][]byte) ([]byte, error) { return []byte("id"), nil }}
			conn, err := ServerHandshake(t.Context(), raw, binding, config)
			require.NotZero(t, raw.heard)
			if err != nil {
				requireEnded(t, raw, err)
				return
			}
			agreed, err := DecodeClientHello(hello)
			require.NoError(t, err)
			require.Equal(t, hash, agreed.KeyHash)
			require.Equal(t, agreed.Version, conn.Version())
			require.True(t, smp.MinVersion <= conn.Version() && conn.Version() <= smp.MaxVersion)
			require.True(t, alpn || conn.Version() == smp.MinVersion)
			require.Equal(t, agreed.Service != nil, conn.Service() != nil)
			requireBlocks(t, conn, raw)
		})
	})
}

// FuzzClientHandshake: whatever a relay says, a client agrees with the session that it is in,
// on a version of both, and takes no other session key than one that the relay's certificate
// has signed.
func FuzzClientHandshake(f *testing.F) {
	own := fixedCredentials(f)
	key := fixedKey(f, 1).Public()
	signed, err := keys.SignKey(key, own.Key)
	require.NoError(f, err)
	session := []byte("session")
	for v := smp.MinVersion - 1; v <= smp.MaxVersion+1; v++ {
		hello, err := ServerHello{Versions: wire.Versions(smp.MinVersion-1, v), SessionID: session, Chain: own.Chain, SignedKey: signed}.Encode()
		require.NoError(f, err)
		f.Add(hello, []byte("R\x02id"), uint16(v)*500, v%2 == 0)
		f.Add(hello, []byte("EHANDSHAKE BAD_AUTH"), uint16(v)*500, true)
	}
	for _, i := range seed.Spread(seed.Of(seed.ServerHello)) {
		f.Add(i.Data, []byte(nil), uint16(1000), false)
	}
	f.Fuzz(func(t *testing.T, hello, more []byte, step uint16, service bool) {
		if len(hello)+len(more) > 10*BlockSize {
			return
		}
		bound.Memory(t, handshakeRoom+bound.PerByte*(len(hello)+len(more)), func() {
			raw := canned(step, hello, more)
			config := ClientConfig{KeyHash: keyHash(own), Key: fixedKey(t, 2), Rand: mathrand.NewChaCha8([32]byte{})}
			if service {
				config.Service = &ServiceCredentials{Role: RoleNotifier, Credentials: own, Key: own.Key}
			}
			conn, err := ClientHandshake(t.Context(), raw, Binding{SessionID: session, PeerChain: own.Chain, ALPN: Protocol, CertificateSent: service}, config)
			if err != nil {
				requireEnded(t, raw, err)
				return
			}
			agreed, err := DecodeServerHello(hello)
			require.NoError(t, err)
			require.Equal(t, session, agreed.SessionID)
			require.True(t, agreed.Versions.Contains(conn.Version()) && smp.MinVersion <= conn.Version() && conn.Version() <= smp.MaxVersion)
			require.True(t, conn.PeerKey() == key || conn.PeerKey().IsZero() && agreed.SignedKey == nil)
			if conn.Service() != nil {
				require.True(t, bytes.HasPrefix(more, []byte("R")))
			}
			requireBlocks(t, conn, raw)
		})
	})
}
