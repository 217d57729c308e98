package relay_test

import (
	"bytes"
	"context"
	mathrand "math/rand/v2"
	"net"
	"testing"

	"github.com/google/gofuzz"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// versionOf maps a number to a version of the protocol.
func versionOf(n uint8) uint16 { return smp.MinVersion + uint16(n)%(smp.MaxVersion-smp.MinVersion+1) }

// bare is a relay without TLS, which takes all its ids and keys from one source.
func bare(t *testing.T) *relay.Relay {
	t.Helper()
	r, err := relay.New(relay.Config{
		Credentials: credentials(), Rand: keys.Shared(mathrand.NewChaCha8([32]byte{})), ReplayMemory: 16, Now: newClock().Now,
		Stages: relay.Stages{Handshake: func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
			return transport.ServerHandshake(ctx, conn, bareBinding(nil), config)
		}},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, r.Close()) })
	return r
}

func bareBinding(chain [][]byte) transport.Binding {
	return transport.Binding{SessionID: []byte("a session identifier of 32 bytes"), PeerChain: chain, ALPN: transport.Protocol}
}

// dialBare connects to a bare relay over a pipe.
func dialBare(t *testing.T, r *relay.Relay, version uint16) *client {
	t.Helper()
	near, far := net.Pipe()
	served := make(chan error, 1)
	go func() { served <- r.ServeConn(context.Background(), far) }()
	t.Cleanup(func() { <-served })
	fingerprint := r.Fingerprint()
	conn, err := transport.ClientHandshake(t.Context(), near, bareBinding(credentials().Chain), transport.ClientConfig{
		KeyHash: fingerprint[:], Versions: wire.Versions(smp.MinVersion, version), Timeout: patience,
		Rand: mathrand.NewChaCha8([32]byte{1}),
	})
	require.NoError(t, err)
	c := &client{t: t, conn: conn}
	t.Cleanup(c.close)
	return c
}

// canary creates a queue with a message, over a connection of its own.
func canary(t *testing.T, r *relay.Relay) (*client, *queue) {
	t.Helper()
	c := dialBare(t, r, smp.MaxVersion)
	q := c.newQueue(onlyCreate)
	require.Equal(t, smp.OK{}, c.send(q, "canary"))
	return c, q
}

// requireCanary checks that the message is still there, alone.
func requireCanary(t *testing.T, c *client, q *queue) {
	t.Helper()
	require.Equal(t, smp.SOK{}, c.recipient(q, smp.SUB{}))
	id := q.expect(c.event(q.rcvID), "canary")
	require.Equal(t, smp.OK{}, c.ack(q, id))
	require.Equal(t, refused(smp.ErrNoMsg), c.ack(q, id))
}

// requireAnswers checks that each of the commands is answered, in their order and with their
// correlation ids; events may come between.
func requireAnswers(t *testing.T, c *client, received []smp.ReceivedCommand) {
	t.Helper()
	for i := 0; i < len(received); {
		got := c.next()
		want := received[i].Transmission.CorrelationID
		if len(got.Transmission.CorrelationID) == 0 && isEvent(got.Response) && len(want) > 0 {
			continue
		}
		require.Equal(t, string(want), string(got.Transmission.CorrelationID), "%#v", got.Response)
		if received[i].Err != nil {
			require.Equal(t, refused(smp.AnswerTo(received[i].Err)), got.Response)
		}
		i++
	}
}

func isEvent(r smp.Response) bool {
	switch r.(type) {
	case smp.MSG, smp.NMSG, smp.END, smp.DELD, smp.ENDS, smp.ALLS:
		return true
	}
	return false
}

// FuzzRelayBlock sends a relay any content of a block. Each transmission in it is answered under
// its correlation id, those that do not decode with the error that the codec says; the
// connection goes on, and the queue of somebody else is as it was.
func FuzzRelayBlock(f *testing.F) {
	for _, i := range seed.Spread(seed.Of(seed.CommandBlock)) {
		f.Add(uint8(i.Version-smp.MinVersion), i.Data)
	}
	f.Fuzz(func(t *testing.T, n uint8, content []byte) {
		r := bare(t)
		other, q := canary(t, r)
		c := dialBare(t, r, versionOf(n))
		if len(content) > c.conn.MaxContent() {
			return
		}
		received := smp.DecodeCommands(c.conn.Version(), c.conn.SessionID(), content)
		c.writeContent(content)
		requireAnswers(t, c, received)
		c.quiet()
		requireCanary(t, other, q)
	})
}

// FuzzRelayCommands sends a relay commands of all kinds with any values, in blocks of several,
// authorized by one of a few keys and about one of a few queues, some of them its own. All are
// answered, and the queue of somebody else is as it was.
func FuzzRelayCommands(f *testing.F) {
	for i := range uint8(32) {
		f.Add(i, bytes.Repeat([]byte{i, 1, 2, 3, i, i, 9, 8}, 1+int(i)*5))
	}
	f.Fuzz(func(t *testing.T, n uint8, data []byte) {
		r := bare(t)
		other, q := canary(t, r)
		version := versionOf(n)
		c := dialBare(t, r, version)
		filler := fill.Valid(data, version, func(k *keys.PrivateKey, c fuzz.Continue) {
			*k = fixedKeys[c.Intn(len(fixedKeys))]
		}, func(k *keys.PublicKey, c fuzz.Continue) {
			*k = fill.Pick(c, fixedKeys[1:]...).Public()
		})
		ids := [][]byte{nil, []byte("unknown"), q.sndID}
		for range 1 + fill.Value[uint8](filler)%3 {
			var block [][]byte
			var sent []smp.ReceivedCommand
			for size := 0; len(block) < 1+int(fill.Value[uint8](filler)%4); {
				key, command := fill.Value[keys.PrivateKey](filler), filler.Command()
				if created, ok := command.(smp.NEW); ok && !key.IsZero() {
					created.AuthKey = key.Public() // others are refused
					command = created
				}
				if _, ok := command.(smp.LKEY); ok && !key.IsZero() {
					command = smp.LKEY{SenderKey: key.Public()}
				}
				if version < smp.VersionAuthenticators && key.Algorithm() == keys.X25519 {
					key = keys.PrivateKey{}
				}
				tr, encoded := c.request(key, ids[int(fill.Value[uint8](filler))%len(ids)], command)
				if size += len(encoded) + 2; size > smp.EncryptedContent-1 {
					break
				}
				block = append(block, encoded)
				sent = append(sent, smp.ReceiveCommand(version, c.conn.SessionID(), encoded))
				require.Equal(t, tr.CorrelationID, sent[len(sent)-1].Transmission.CorrelationID)
			}
			if len(block) == 0 {
				continue
			}
			c.write(block...)
			ids = append(ids, answered(t, c, sent)...)
		}
		requireCanaryOnly(t, other, q)
	})
}

// fixedKeys authorize the commands of FuzzRelayCommands; the first one is no key.
var fixedKeys = func() []keys.PrivateKey {
	list := make([]keys.PrivateKey, 1, 4)
	for i, a := range []keys.Algorithm{keys.Ed25519, keys.Ed25519, keys.X25519} {
		k, err := keys.NewPrivate(a, bytes.Repeat([]byte{byte(i + 1)}, 32))
		if err != nil {
			panic(err)
		}
		list = append(list, k)
	}
	return list
}()

// answered is requireAnswers, and returns the ids of new queues.
func answered(t *testing.T, c *client, sent []smp.ReceivedCommand) [][]byte {
	t.Helper()
	var ids [][]byte
	for i := 0; i < len(sent); {
		got := c.next()
		if len(got.Transmission.CorrelationID) == 0 && isEvent(got.Response) {
			continue
		}
		require.Equal(t, sent[i].Transmission.CorrelationID, got.Transmission.CorrelationID, "%#v", got.Response)
		if created, ok := got.Response.(smp.IDS); ok {
			ids = append(ids, created.RecipientID, created.SenderID)
		}
		i++
	}
	return ids
}

// requireCanaryOnly is requireCanary for a queue to which others may have sent messages, since
// its sender id was known and it is not secured.
func requireCanaryOnly(t *testing.T, c *client, q *queue) {
	t.Helper()
	require.Equal(t, smp.SOK{}, c.recipient(q, smp.SUB{}))
	id := q.expect(c.event(q.rcvID), "canary")
	require.IsType(t, smp.OK{}, c.recipient(q, smp.DEL{}), id)
	c.quiet()
}
