package message_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// joined is the joining side of a connection whose ratchet just started.
type joined struct {
	state      ratchet.State
	parameters ratchet.Parameters
	pq         bool
}

// startRatchet starts a ratchet at an end-to-end version; with pq both sides take part in the
// KEM.
func startRatchet(t *testing.T, version uint16, pq bool) joined {
	t.Helper()
	source := ratchet.NewKeys(rand.NewChaCha8([32]byte{byte(version)}))
	initiating, err := ratchet.Propose(source, version, pq)
	require.NoError(t, err)
	offered := initiating.Public(version)
	own, err := ratchet.Reply(source, offered, pq)
	require.NoError(t, err)
	state, err := ratchet.InitSender(source, own, offered, version)
	require.NoError(t, err)
	return joined{state: state, parameters: own.Public(version), pq: pq}
}

// ratchets are kinds of connections: the end-to-end version and whether they support post-quantum keys,
// which takes agent version 5.
var ratchets = []struct {
	e2e, minAgent uint16
	pq            bool
}{{2, 2, false}, {3, 2, false}, {3, 5, true}}

// The envelope of a numbered message has one length, whatever the message, and the one
// byte that is too much is refused.
func TestPropertyEnvelopesOfMessagesHaveOneLength(t *testing.T) {
	t.Parallel()
	for _, r := range ratchets {
		t.Run(fmt.Sprintf("e2e version %d, pq %t", r.e2e, r.pq), func(t *testing.T) {
			t.Parallel()
			side := startRatchet(t, r.e2e, r.pq)
			first, _, err := side.state.Encrypt(nil, message.PaddedMessage(7, r.pq), ratchet.Options{})
			require.NoError(t, err)
			length := 2 + len("M") + len(first)
			rapid.Check(t, func(t *rapid.T) {
				version := rapid.Uint16Range(r.minAgent, 7).Draw(t, "agent version")
				padded := message.PaddedMessage(version, r.pq)
				header := message.Header{ID: rapid.Int64().Draw(t, "id"), PreviousHash: genBytes(0, 32).Draw(t, "hash")}
				room := padded - 2 - len("M") - 8 - 1 - len(header.PreviousHash) - len("M")
				size := rapid.OneOf(rapid.IntRange(0, room), rapid.Just(room)).Draw(t, "body size")
				content := func(size int) []byte {
					encoded, err := message.EncodeMessage(message.AgentMessage{Header: header, Body: message.A_MSG{Body: make([]byte, size)}})
					require.NoError(t, err)
					return encoded
				}
				encrypted, _, err := side.state.Encrypt(content(size), padded, ratchet.Options{})
				require.NoError(t, err)
				b, err := message.Envelope{Version: version, Content: message.AgentMsgEnvelope{Encrypted: encrypted}}.Encode()
				require.NoError(t, err)
				require.Len(t, b, length)
				_, _, err = side.state.Encrypt(content(room+1), padded, ratchet.Options{})
				require.ErrorIs(t, err, wire.ErrPadTooLong)
				require.LessOrEqual(t, len(b)+len("_"), smp.PaddedClientMessage-2)
			})
		})
	}
}

// A confirmation with all keys that it can have fits into the padded body for its queue:
// the largest connection info, accepted KEM keys and the longest sender key.
func TestConfirmationsFitTheirQueue(t *testing.T) {
	t.Parallel()
	for _, r := range ratchets {
		side := startRatchet(t, r.e2e, r.pq)
		require.Equal(t, r.pq, side.parameters.KEM != nil && side.parameters.KEM.Accepted())
		padded := message.PaddedConnInfo(7, r.pq)
		encrypted, _, err := side.state.Encrypt(make([]byte, padded-2), padded, ratchet.Options{})
		require.NoError(t, err)
		b, err := message.Envelope{
			Version: 7, Content: message.AgentConfirmation{Parameters: &side.parameters, Encrypted: encrypted},
		}.Encode()
		require.NoError(t, err)
		key, err := keys.NewPublic(keys.Ed448, make([]byte, keys.Ed448.PublicSize()))
		require.NoError(t, err)
		client, err := smp.ClientMessage{SenderKey: key, Body: b}.Encode()
		require.NoError(t, err)
		require.LessOrEqual(t, len(client), smp.PaddedConfirmation-2)
	}
}
