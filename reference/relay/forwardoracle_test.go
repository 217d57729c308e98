package relay_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// recordedConn is the relay's end of a recorded connection.
type recordedConn struct {
	net.Conn
	recorded *vectors.Connection
}

// likeRecorded makes a relay serve recorded connections with their session
// identifiers and keys, and give out the sender ids of next.
func likeRecorded(next *[]byte) func(*relay.Config) {
	return func(config *relay.Config) {
		handshake := relay.DefaultStages().Handshake
		config.Versions = wire.Versions(6, 18)
		config.Stages.Handshake = func(ctx context.Context, raw net.Conn, cfg transport.ServerConfig) (*transport.Conn, error) {
			conn, ok := raw.(recordedConn)
			if !ok {
				return handshake(ctx, raw, cfg)
			}
			var err error
			if cfg.Key, err = keys.ParsePrivate(conn.recorded.ServerPrivateDER); err != nil {
				return nil, err
			}
			binding := transport.Binding{SessionID: conn.recorded.SessionID, ALPN: transport.Protocol}
			return transport.ServerHandshake(ctx, conn, binding, cfg)
		}
		newID := relay.DefaultStages().NewID
		config.Stages.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			if kind == relay.SenderID {
				return *next, nil
			}
			return newID(s, r, kind)
		}
	}
}

// TestOfficialProxyRecording is the destination of a recording of official
// programs: it has the keys, session identifiers and queues of theirs, gets the
// blocks that the proxy sent, and has to send the same bytes.
func TestOfficialProxyRecording(t *testing.T) {
	t.Parallel()
	r, err := vectors.LoadRecording("proxy-v18")
	require.NoError(t, err)
	answers := 0
	for i := range r.Connections {
		if conn := &r.Connections[i]; conn.ClientIsProxy {
			answers += playDestination(t, r, conn)
		}
	}
	require.Equal(t, 10, answers)
}

func playDestination(t *testing.T, r *vectors.Recording, conn *vectors.Connection) (answers int) {
	var next []byte
	e := start(t, likeRecorded(&next))
	recipient := connect(t, e, 18)
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- e.ServeConn(context.Background(), recordedConn{far, conn}) }()
	readPlain(t, near)
	queues := make(map[string]*queue)
	for i := range r.Blocks {
		b := &r.Blocks[i]
		switch {
		case b.Connection != conn.ID || b.Sender == "server" && b.Index == 0:
		case b.Sender == "server":
			require.Equal(t, []byte(b.Content), readPlain(t, near), "block %d", b.Number)
			answers++
		case b.Index == 0:
			// The hello names the identity of the recorded relay.
			hello, err := transport.DecodeClientHello(b.Content)
			require.NoError(t, err)
			fingerprint := e.Fingerprint()
			hello.KeyHash = fingerprint[:]
			content, err := hello.Encode()
			require.NoError(t, err)
			writePlain(t, near, content)
		default:
			id := recordedEntity(t, conn, b.Content)
			if queues[string(id)] == nil {
				next = id
				queues[string(id)] = recipient.newQueue(messaging, onlyCreate)
			}
			writePlain(t, near, b.Content)
		}
	}
	require.Len(t, queues, 1, "of each client")
	for _, q := range queues {
		info := recipient.recipient(q, smp.QUE{}).(smp.INFO).Queue
		require.True(t, info.Secured)
		require.Equal(t, int64(answers-1), info.Size, "all but SKEY are messages")
	}
	require.NoError(t, near.Close())
	require.NoError(t, <-served)
	return answers
}

// recordedEntity is the entity id of the command in a recorded RFWD.
func recordedEntity(t *testing.T, conn *vectors.Connection, content []byte) []byte {
	t.Helper()
	rfwd := smp.DecodeCommands(conn.Version, conn.SessionID, content)[0]
	key, err := box.DeriveKey(conn.DHSecret)
	require.NoError(t, err)
	nonce := smp.CorrelationNonce(rfwd.Transmission.CorrelationID)
	opened, err := box.Open(nil, rfwd.Command.(smp.RFWD).Body, &nonce, &key)
	require.NoError(t, err)
	f, err := smp.DecodeForwardedCommand(opened)
	require.NoError(t, err)
	private, err := keys.ParsePrivate(conn.ServerPrivateDER)
	require.NoError(t, err)
	key, err = box.Agree(private, f.Key)
	require.NoError(t, err)
	nonce = smp.CorrelationNonce(f.CorrelationID)
	block, err := box.OpenPadded(f.Body, &nonce, &key)
	require.NoError(t, err)
	return bytes.Clone(smp.DecodeCommands(f.Version, conn.SessionID, block)[0].Transmission.EntityID)
}

// readPlain reads a block that is not encrypted.
func readPlain(t *testing.T, r io.Reader) []byte {
	t.Helper()
	block := make([]byte, smp.BlockSize)
	_, err := io.ReadFull(r, block)
	require.NoError(t, err)
	content, err := wire.Unpad(block)
	require.NoError(t, err)
	return content
}

// writePlain writes a block that is not encrypted.
func writePlain(t *testing.T, w io.Writer, content []byte) {
	t.Helper()
	block, err := wire.Pad(nil, content, smp.BlockSize)
	require.NoError(t, err)
	_, err = w.Write(block)
	require.NoError(t, err)
}
