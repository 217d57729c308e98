package ratchet_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

func drawKey(t *rapid.T, label string) keys.PublicKey {
	k, err := keys.NewPublic(keys.X448, rapid.SliceOfN(rapid.Byte(), 56, 56).Draw(t, label))
	require.NoError(t, err)
	return k
}

// drawKEM returns KEM parameters: none, proposed, or accepted if that may be.
func drawKEM(t *rapid.T, accepted bool) *ratchet.KEMParameters {
	kinds := []string{"none", "proposed"}
	if accepted {
		kinds = append(kinds, "accepted")
	}
	fill := func(n int) []byte { return bytes.Repeat([]byte{rapid.Byte().Draw(t, "fill")}, n) }
	switch rapid.SampledFrom(kinds).Draw(t, "KEM") {
	case "proposed":
		return &ratchet.KEMParameters{PublicKey: fill(ratchet.KEMPublicKeySize)}
	case "accepted":
		return &ratchet.KEMParameters{PublicKey: fill(ratchet.KEMPublicKeySize), Ciphertext: fill(ratchet.KEMCiphertextSize)}
	}
	return nil
}

// requireStrict checks that no start of b decodes, nor b with a byte more.
func requireStrict[T any](t *rapid.T, b []byte, decode func([]byte) (T, error)) {
	_, err := decode(b[:rapid.IntRange(0, len(b)-1).Draw(t, "cut")])
	require.Error(t, err)
	_, err = decode(append(append([]byte{}, b...), 0))
	require.ErrorIs(t, err, wire.ErrTrailing)
}

// Parameters, offers and headers come back as they went, and nothing shorter or
// longer does.
func TestPropertyCodec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		version := rapid.Uint16Range(0, 5).Draw(t, "version")
		p := ratchet.Parameters{Version: version, Key1: drawKey(t, "key 1"), Key2: drawKey(t, "key 2")}
		if version >= ratchet.PQVersion {
			p.KEM = drawKEM(t, true)
		}
		b, err := p.Encode()
		require.NoError(t, err)
		decoded, err := ratchet.DecodeParameters(b)
		require.NoError(t, err)
		require.Equal(t, p, decoded)
		requireStrict(t, b, ratchet.DecodeParameters)

		o := ratchet.Offer{Versions: wire.Versions(version, version+1), Key1: p.Key1, Key2: p.Key2, KEM: drawKEM(t, false)}
		b, err = o.Encode()
		require.NoError(t, err)
		offer, err := ratchet.DecodeOffer(b)
		require.NoError(t, err)
		require.Equal(t, o, offer)
		requireStrict(t, b, ratchet.DecodeOffer)

		h := ratchet.Header{
			MaxVersion: version, DH: p.Key1, KEM: p.KEM,
			PreviousCount: rapid.Uint32().Draw(t, "previous"), Number: rapid.Uint32().Draw(t, "number"),
		}
		b, err = h.Encode(version)
		require.NoError(t, err)
		header, err := ratchet.DecodeHeader(version, b)
		require.NoError(t, err)
		require.Equal(t, h, header)
		requireStrict(t, b, func(b []byte) (ratchet.Header, error) { return ratchet.DecodeHeader(version, b) })
	})
}

func someKey(t *testing.T, a keys.Algorithm) keys.PublicKey {
	t.Helper()
	k, err := keys.Generate(a, stream(uint64(a)))
	require.NoError(t, err)
	return k.Public()
}

func TestParametersRefused(t *testing.T) {
	t.Parallel()
	good := someKey(t, keys.X448)
	kem := func(key, ciphertext int) *ratchet.KEMParameters {
		k := &ratchet.KEMParameters{PublicKey: make([]byte, key)}
		if ciphertext >= 0 {
			k.Ciphertext = make([]byte, ciphertext)
		}
		return k
	}
	for name, c := range map[string]struct {
		p    ratchet.Parameters
		want error
	}{
		"other algorithm": {ratchet.Parameters{Version: 3, Key1: good, Key2: someKey(t, keys.X25519)}, ratchet.ErrParameters},
		"no key":          {ratchet.Parameters{Version: 2, Key1: good}, ratchet.ErrParameters},
		"KEM at 2":        {ratchet.Parameters{Version: 2, Key1: good, Key2: good, KEM: kem(1158, -1)}, ratchet.ErrParameters},
		"short KEM key":   {ratchet.Parameters{Version: 3, Key1: good, Key2: good, KEM: kem(1157, -1)}, ratchet.ErrParameters},
		"empty accepted":  {ratchet.Parameters{Version: 3, Key1: good, Key2: good, KEM: kem(1158, 0)}, ratchet.ErrParameters},
	} {
		_, err := c.p.Encode()
		require.ErrorIs(t, err, c.want, name)
	}
	accepted := ratchet.Offer{Versions: wire.Versions(2, 3), Key1: good, Key2: good, KEM: kem(1158, 1039)}
	_, err := accepted.Encode()
	require.ErrorIs(t, err, ratchet.ErrKEMState)
	_, err = ratchet.Offer{Versions: wire.Versions(3, 2), Key1: good, Key2: good}.Encode()
	require.ErrorIs(t, err, ratchet.ErrParameters)
}

// Malformed encodings, as replacements of the part from an offset on in a good
// one at version 3 without KEM.
func TestParametersMalformed(t *testing.T) {
	t.Parallel()
	key := someKey(t, keys.X448)
	good, err := ratchet.Parameters{Version: 3, Key1: key, Key2: key}.Encode()
	require.NoError(t, err)
	const kem = 2 + 2*69
	large := func(n int) []byte { return append([]byte{byte(n >> 8), byte(n)}, make([]byte, n)...) }
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct {
		at   int
		tail []byte
		want error
	}{
		"no bytes":          {0, nil, wire.ErrTruncated},
		"X25519":            {2, append([]byte{44}, someKey(t, keys.X25519).SPKI()...), ratchet.ErrParameters},
		"no SPKI":           {2, append([]byte{56}, key.Raw()...), keys.ErrEncoding},
		"KEM not there":     {kem, nil, wire.ErrTruncated},
		"KEM neither":       {kem, []byte("2"), wire.ErrBadMaybe},
		"KEM tag":           {kem, []byte("1R"), ratchet.ErrKEMTag},
		"KEM key short":     {kem, join([]byte("1P"), large(1157)), ratchet.ErrParameters},
		"KEM key long":      {kem, join([]byte("1P"), large(1159)), ratchet.ErrParameters},
		"ciphertext short":  {kem, join([]byte("1A"), large(1038), large(1158)), ratchet.ErrParameters},
		"ciphertext empty":  {kem, join([]byte("1A"), large(0), large(1158)), ratchet.ErrParameters},
		"ciphertext as key": {kem, join([]byte("1A"), large(1158), large(1039)), ratchet.ErrParameters},
		"proposal accepted": {kem, join([]byte("1P"), large(1158), large(1158)), wire.ErrTrailing},
	} {
		_, err := ratchet.DecodeParameters(join(good[:c.at], c.tail))
		require.ErrorIs(t, err, c.want, name)
	}
	// what an agentRatchetKey and a link may not hold
	accepted, err := ratchet.DecodeParameters(join(good[:kem], []byte("1A"), large(1039), large(1158)))
	require.NoError(t, err)
	require.ErrorIs(t, accepted.RequireProposal(), ratchet.ErrKEMState)
	_, err = ratchet.DecodeOffer(join([]byte{0, 2, 0, 3}, good[2:kem], []byte("1A"), large(1039), large(1158)))
	require.ErrorIs(t, err, ratchet.ErrKEMState)
	_, err = ratchet.DecodeOffer(join([]byte{0, 3, 0, 2}, good[2:]))
	require.ErrorIs(t, err, wire.ErrRange)
	// an offer has KEM parameters at every version, parameters do not
	_, err = ratchet.DecodeOffer(join([]byte{0, 2, 0, 2}, good[2:]))
	require.NoError(t, err)
	_, err = ratchet.DecodeParameters(join([]byte{0, 2}, good[2:]))
	require.ErrorIs(t, err, wire.ErrTrailing)
}

func TestAgree(t *testing.T) {
	t.Parallel()
	key := someKey(t, keys.X448)
	kem := &ratchet.KEMParameters{PublicKey: make([]byte, ratchet.KEMPublicKeySize)}
	p := ratchet.Parameters{Version: 3, Key1: key, Key2: key, KEM: kem}
	for _, c := range []struct {
		offered, supported wire.VersionRange
		want               uint16 // 0: none
	}{
		{wire.Versions(2, 3), ratchet.Versions(), 3},
		{wire.Versions(2, 9), ratchet.Versions(), 3},
		{wire.Versions(1, 2), ratchet.Versions(), 2},
		{wire.Versions(2, 3), wire.Versions(2, 2), 2},
		{wire.Versions(1, 1), ratchet.Versions(), 0},
		{wire.Versions(4, 5), ratchet.Versions(), 0},
	} {
		got, err := p.Offer(c.offered).Agree(c.supported)
		name := fmt.Sprint(c.offered, " with ", c.supported)
		if c.want == 0 {
			require.ErrorIs(t, err, ratchet.ErrVersion, name)
			continue
		}
		require.NoError(t, err, name)
		require.Equal(t, c.want, got.Version, name)
		require.Equal(t, c.want >= ratchet.PQVersion, got.KEM != nil, name)
	}
}

func TestMessageMalformed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		version uint16
		body    int
	}{{2, 88}, {3, 88}, {3, 2310}} {
		m := ratchet.EncryptedMessage{Header: ratchet.EncryptedHeader{Version: c.version, Body: make([]byte, c.body)}, Body: []byte{7}}
		b, err := m.Encode()
		require.NoError(t, err)
		back, err := ratchet.DecodeMessage(b)
		require.NoError(t, err)
		require.Equal(t, m, back)
		for n := range len(b) - 1 { // one less is an empty body
			_, err := ratchet.DecodeMessage(b[:n])
			require.ErrorIs(t, err, ratchet.ErrEncoding)
		}
		// the version says what kind of length there is
		other := append([]byte{}, b...)
		other[bytes.IndexByte(b, byte(c.version))] = 5 - byte(c.version)
		_, err = ratchet.DecodeMessage(other)
		require.ErrorIs(t, err, ratchet.ErrEncoding)
	}
	for _, c := range []struct {
		version uint16
		body    int
		want    error
	}{{2, 31, ratchet.ErrEncoding}, {2, 256, wire.ErrTooLong}, {3, 8192, wire.ErrTooLong}, {2, 230, wire.ErrTooLong}} {
		m := ratchet.EncryptedMessage{Header: ratchet.EncryptedHeader{Version: c.version, Body: make([]byte, c.body)}}
		_, err := m.Encode()
		require.ErrorIs(t, err, c.want)
	}
}

func TestHeaderRefused(t *testing.T) {
	t.Parallel()
	key := someKey(t, keys.X448)
	_, err := ratchet.Header{DH: key, KEM: &ratchet.KEMParameters{PublicKey: make([]byte, 1158)}}.Encode(2)
	require.ErrorIs(t, err, ratchet.ErrParameters)
	_, err = ratchet.Header{DH: someKey(t, keys.X25519)}.Encode(3)
	require.ErrorIs(t, err, ratchet.ErrParameters)
	_, err = ratchet.Header{}.Encode(3)
	require.ErrorIs(t, err, ratchet.ErrParameters)
}
