package smp_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// drawChanged returns b with a byte changed, cut or made longer.
func drawChanged(t *rapid.T, b []byte) []byte {
	changed := bytes.Clone(b)
	switch rapid.SampledFrom([]string{"byte", "byte", "early byte", "cut", "longer"}).Draw(t, "change") {
	case "byte":
		changed[rapid.IntRange(0, len(b)-1).Draw(t, "at")] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
	case "early byte":
		changed[rapid.IntRange(0, min(len(b)-1, 80)).Draw(t, "at")] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
	case "cut":
		return changed[:rapid.IntRange(0, len(b)-1).Draw(t, "at")]
	case "longer":
		return append(changed, rapid.SliceOfN(rapid.Byte(), 1, 3).Draw(t, "more")...)
	}
	return changed
}

// requireStrict checks that what was changed is refused or is the encoding of another value.
func requireStrict[T any](t *rapid.T, encoded []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	changed := drawChanged(t, encoded)
	v, err := decode(changed)
	if err != nil {
		require.Zero(t, v)
		return
	}
	again, err := encode(v)
	require.NoError(t, err)
	require.Equal(t, changed, again)
}

// A block is read as it was written, and each change of it is refused or gives other
// transmissions: no two blocks hold the same.
func TestPropertyBlocksAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var items [][]byte
		count := rapid.OneOf(rapid.IntRange(1, 4), rapid.IntRange(254, 255)).Draw(t, "transmissions")
		sizes := rapid.SliceOfN(rapid.SampledFrom([]int{0, 1, 2, 20, 60, 255, 256}), 1, 4).Draw(t, "sizes")
		for i := range count {
			items = append(items, bytes.Repeat([]byte{byte(i)}, sizes[i%len(sizes)]))
		}
		content, err := smp.EncodeBlock(items...)
		require.NoError(t, err)
		got, err := smp.DecodeBlock(content)
		require.NoError(t, err)
		require.Equal(t, items, got)
		requireStrict(t, content, smp.DecodeBlock, func(items [][]byte) ([]byte, error) { return smp.EncodeBlock(items...) })
		for _, bad := range [][]byte{content[:rapid.IntRange(0, len(content)-1).Draw(t, "cut")], append(content, 0)} {
			_, err = smp.DecodeBlock(bad)
			require.ErrorIs(t, err, smp.ErrBlock)
		}
	})
}

func drawTransmission(t *rapid.T, version uint16) smp.Transmission {
	bytesOf := func(label string, sizes ...int) []byte {
		n := rapid.SampledFrom(sizes).Draw(t, label)
		return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
	}
	tr := smp.Transmission{
		Authorization: bytesOf("authorization", 0, 64, 80, 114, 255),
		CorrelationID: bytesOf("correlation id", 0, 24, 255), EntityID: bytesOf("entity id", 0, 24, 255),
		Command: bytesOf("command", 0, 4, 300),
	}
	if version < smp.VersionAuthenticators {
		tr.SessionID = bytesOf("session id", 0, 32, 255)
	}
	if version >= smp.VersionServices && len(tr.Authorization) > 0 && rapid.Bool().Draw(t, "service") {
		tr.ServiceSignature = bytesOf("service signature", 64)
	}
	return tr
}

// A transmission of any version is read as it was written, and each change of it is refused
// or gives another one.
func TestPropertyTransmissionsAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Uint16Range(smp.MinVersion, smp.MaxVersion).Draw(t, "version")
		tr := drawTransmission(t, version)
		b, err := tr.Encode(version)
		require.NoError(t, err)
		got, err := smp.DecodeTransmission(version, b)
		require.NoError(t, err)
		again, err := got.Encode(version)
		require.NoError(t, err)
		require.Equal(t, b, again)
		for _, pair := range [][2][]byte{
			{tr.Authorization, got.Authorization}, {tr.ServiceSignature, got.ServiceSignature}, {tr.SessionID, got.SessionID},
			{tr.CorrelationID, got.CorrelationID}, {tr.EntityID, got.EntityID}, {tr.Command, got.Command},
		} {
			require.True(t, bytes.Equal(pair[0], pair[1]))
		}
		requireStrict(t, b,
			func(b []byte) (smp.Transmission, error) { return smp.DecodeTransmission(version, b) },
			func(tr smp.Transmission) ([]byte, error) { return tr.Encode(version) })
	})
}

// The parts of an envelope have one encoding: each change of the envelope or of the client
// message in it is refused or gives another one.
func TestPropertyEnvelopesAreStrict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := func(algorithm keys.Algorithm) (k keys.PublicKey) {
			n := algorithm.PublicSize()
			k, err := keys.NewPublic(algorithm, rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, "key"))
			require.NoError(t, err)
			return k
		}
		e := smp.Envelope{Version: rapid.Uint16().Draw(t, "version"), Body: rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "body")}
		copy(e.Nonce[:], rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "nonce"))
		m := smp.ClientMessage{Body: rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "body")}
		if rapid.Bool().Draw(t, "keys") {
			e.DHKey = key(keys.X25519)
			m.SenderKey = key(rapid.SampledFrom([]keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}).Draw(t, "algorithm"))
		}
		b, err := e.Encode()
		require.NoError(t, err)
		got, err := smp.DecodeEnvelope(b)
		require.NoError(t, err)
		require.Equal(t, e, got)
		requireStrict(t, b, smp.DecodeEnvelope, smp.Envelope.Encode)

		b, err = m.Encode()
		require.NoError(t, err)
		message, err := smp.DecodeClientMessage(b)
		require.NoError(t, err)
		require.Equal(t, m, message)
		requireStrict(t, b, smp.DecodeClientMessage, smp.ClientMessage.Encode)
	})
}

// An authorization is that of one command in one session: no bit of session, correlation id,
// queue, command or authorization can be changed.
func TestPropertyAuthorizationCoversEveryBit(t *testing.T) {
	session := testKey(t, keys.X25519, 9)
	signers := map[keys.Algorithm]keys.PrivateKey{}
	for _, algorithm := range []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448} {
		signers[algorithm] = testKey(t, algorithm, 1)
	}
	rapid.Check(t, func(t *rapid.T) {
		key := signers[rapid.SampledFrom([]keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}).Draw(t, "algorithm")]
		tr := smp.Transmission{
			CorrelationID: rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "correlation id"),
			EntityID:      rapid.SliceOfN(rapid.Byte(), 24, 24).Draw(t, "entity id"),
			Command:       rapid.SliceOfN(rapid.Byte(), 1, 40).Draw(t, "command"),
		}
		a, err := smp.NewAuthorizer(key, session.Public())
		require.NoError(t, err)
		require.NoError(t, tr.Authorize(sessionID, a))
		v := smp.Verifier{SessionID: bytes.Clone(sessionID), SessionKey: session}
		require.True(t, v.Verify(&tr, key.Public()))
		parts := map[string][]byte{
			"session": v.SessionID, "correlation id": tr.CorrelationID, "entity id": tr.EntityID, "command": tr.Command,
			"authorization": tr.Authorization,
		}
		part := parts[rapid.SampledFrom([]string{"session", "correlation id", "entity id", "command", "authorization"}).Draw(t, "part")]
		part[rapid.IntRange(0, len(part)-1).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		require.False(t, v.Verify(&tr, key.Public()))
	})
}
