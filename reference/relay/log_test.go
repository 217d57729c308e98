package relay_test

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// TestLogHoldsNoSecrets does what makes a relay write to its log, and looks for
// everything that must not be there, in the forms that bytes are printed in.
func TestLogHoldsNoSecrets(t *testing.T) {
	t.Parallel()
	var text buffer
	e := start(t, func(c *relay.Config) {
		c.MaxConnections = 3
		c.Password = smp.Password("password-of-the-relay")
		c.Logger = slog.New(slog.NewTextHandler(&text, &slog.HandlerOptions{Level: slog.LevelDebug}))
		c.Stages.NewID = failingIDs(relay.DefaultStages().NewID)
	})
	c, other := connect(t, e, 20), connect(t, e, 20)
	q := c.newQueue(func(n *smp.NEW) { n.Password = smp.Password("password-of-the-relay") })
	c.secure(q, keys.X25519)
	require.Equal(t, refused(smp.ErrInternal), other.send(q, "content of the message"))
	require.Equal(t, refused(smp.ErrAuth), other.recipient(q, smp.KEY{SenderKey: newKey(t, keys.Ed25519).Public()}))

	_, err := transport.Dial(context.Background(), e.Addr().String(), transport.ClientConfig{KeyHash: make([]byte, 32)})
	require.Error(t, err)
	connections(t, e, 2)
	garbage := dial(t, e)
	_, err = garbage.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
	require.NoError(t, err)
	ended(t, garbage)
	connections(t, e, 2)
	third := connect(t, e, 20)
	ended(t, dial(t, e))
	_, err = third.conn.NetConn().Write([]byte("half a block"))
	require.NoError(t, err)
	third.close()
	connections(t, e, 2)
	require.NoError(t, e.Close())

	log := text.String()
	require.Contains(t, log, "limit of connections reached")
	require.Contains(t, log, "command failed")
	fingerprint := e.Fingerprint()
	host, port, err := net.SplitHostPort(e.Addr().String())
	require.NoError(t, err)
	forbidden := []string{host, ":" + port, "password-of-the-relay", "content of the message", "SEND", "NEW"}
	for _, secret := range [][]byte{
		fingerprint[:], q.rcvID, q.sndID, c.conn.SessionID(), q.rcvKey.Public().Raw(), q.sndKey.Public().Raw(), c.conn.PeerKey().Raw(),
	} {
		forbidden = append(forbidden, string(secret),
			hex.EncodeToString(secret[:8]),
			base64.RawURLEncoding.EncodeToString(secret[:9]),
			base64.RawStdEncoding.EncodeToString(secret[:9]))
	}
	for _, f := range forbidden {
		require.False(t, strings.Contains(log, f), "log holds %q:\n%s", f, log)
	}
}

// failingIDs gives no ids to messages.
func failingIDs(inner func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error)) func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error) {
	return func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
		if kind == relay.MessageID {
			return nil, &net.OpError{Op: "read", Net: "tcp", Addr: s.Conn().NetConn().RemoteAddr(), Err: net.UnknownNetworkError(string(r.Transmission.EntityID))}
		}
		return inner(s, r, kind)
	}
}
