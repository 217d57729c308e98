package transport

import (
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// TestOfficialRecordings lets both sides of our block layer carry what official
// clients and relays sent each other, and compares every block inside TLS.
func TestOfficialRecordings(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		name                 string
		connections          int
		blocks, encryptedOut int
	}{
		{"raw-v9", 4, 74, 0},
		{"raw-v18", 8, 100, 80},
		{"proxy-v18", 5, 82, 52},
		{"duplex-v6-nopq", 2, 52, 0},
		{"duplex-v7", 2, 132, 0},
	} {
		t.Run(want.name, func(t *testing.T) {
			t.Parallel()
			r, err := vectors.LoadRecording(want.name)
			require.NoError(t, err)
			require.Len(t, r.Connections, want.connections)
			require.Len(t, r.Blocks, want.blocks)
			encrypted := 0
			for i := range r.Connections {
				encrypted += replay(t, r, &r.Connections[i])
			}
			require.Equal(t, want.encryptedOut, encrypted)
		})
	}
}

// replay carries the blocks of one connection. It returns how many of them were
// encrypted.
func replay(t *testing.T, r *vectors.Recording, conn *vectors.Connection) int {
	t.Helper()
	clientEnd, serverEnd := memoryPair(t)
	client := side(t, conn, clientEnd, conn.ClientPrivateDER, conn.ServerPublicDER)
	server := side(t, conn, serverEnd, conn.ServerPrivateDER, conn.ClientPublicDER)
	encrypted := 0
	for _, b := range r.Blocks {
		if b.Connection != conn.ID {
			continue
		}
		from, to, end := client, server, clientEnd
		if b.Sender == "server" {
			from, to, end = server, client, serverEnd
		}
		if b.Index == 0 {
			checkRecordedHello(t, conn, b)
		}
		if b.Encrypted && !from.Encrypted() { // the handshake is over
			require.NoError(t, client.agree(ClientBlocks))
			require.NoError(t, server.agree(ServerBlocks))
			require.Equal(t, []byte(conn.DHSecret), client.Secret())
			require.Equal(t, []byte(conn.DHSecret), server.Secret())
		}
		require.Equal(t, b.Encrypted, from.Encrypted())
		end.written = nil
		sent, got := both(
			func() (struct{}, error) { return struct{}{}, from.WriteBlock(b.Content) },
			func() ([]byte, error) { return to.ReadBlock() })
		require.NoError(t, sent.err)
		require.NoError(t, got.err)
		require.Equal(t, []byte(b.Content), got.value)
		hash := sha256.Sum256(end.written)
		require.Equal(t, []byte(b.RawSHA256), hash[:], "block %d of %s on %s", b.Index, b.Sender, b.Connection)
		if b.Encrypted {
			encrypted++
		}
	}
	return encrypted
}

// side is one end of a recorded connection, before block encryption starts.
func side(t *testing.T, conn *vectors.Connection, end *recorder, private, peer []byte) *Conn {
	t.Helper()
	c := &Conn{conn: end, binding: Binding{SessionID: conn.SessionID}, version: conn.Version, proxy: conn.ClientIsProxy}
	var err error
	if private != nil {
		c.sessionKey, err = keys.ParsePrivate(private)
		require.NoError(t, err)
	}
	if peer != nil {
		c.peerKey, err = keys.ParsePublic(peer)
		require.NoError(t, err)
	}
	return c
}

// checkRecordedHello compares what our decoder finds in a recorded hello with
// what the recording says about the connection.
func checkRecordedHello(t *testing.T, conn *vectors.Connection, b vectors.Block) {
	t.Helper()
	if b.Sender == "server" {
		h, err := DecodeServerHello(b.Content)
		require.NoError(t, err)
		require.Equal(t, []byte(conn.SessionID), h.SessionID)
		again, err := h.Encode()
		require.NoError(t, err)
		require.Equal(t, []byte(b.Content), again)
		leaf, err := keys.CertificatePublicKey(h.Chain[0])
		require.NoError(t, err)
		key, err := certifiedKey(h.SignedKey, leaf, keys.X25519)
		require.NoError(t, err)
		require.Equal(t, []byte(conn.ServerPublicDER), key.SPKI())
		return
	}
	h, err := DecodeClientHello(b.Content)
	require.NoError(t, err)
	require.Equal(t, conn.Version, h.Version)
	require.Equal(t, []byte(conn.ClientPublicDER), h.Key.SPKI())
	require.Equal(t, conn.ClientIsProxy && h.Version >= smp.VersionProxyFlag, h.Proxy)
	again, err := h.Encode()
	require.NoError(t, err)
	require.Equal(t, []byte(b.Content), again)
}
