package ratchet_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/sntrup761"
)

// FuzzX3DH: whatever parameters a peer sends, a ratchet does not start, by name, or it starts
// and keeps to what was agreed. Two sides that keep the rules have the same keys.
func FuzzX3DH(f *testing.F) {
	for i := range 18 {
		f.Add(uint8(i), uint16(2+i%2), uint8(i%5), []byte{}, []byte{})
	}
	low := make([]byte, 56)
	f.Add(uint8(2), uint16(3), uint8(0), low, low)
	f.Add(uint8(8), uint16(3), uint8(4), bytes.Repeat([]byte{0xff}, 56), []byte{1})
	f.Add(uint8(14), uint16(1), uint8(3), []byte{}, []byte{0})
	source := pooledSource(3)
	var initiating, joining []ratchet.PrivateParameters
	for _, o := range allSetups {
		own, err := ratchet.Propose(source, o.version, o.propose)
		require.NoError(f, err)
		reply, err := ratchet.Reply(source, own.Public(o.version), o.accept)
		require.NoError(f, err)
		initiating, joining = append(initiating, own), append(joining, reply)
	}
	f.Fuzz(func(t *testing.T, which uint8, version uint16, kem uint8, key1, key2 []byte) {
		i := int(which) % len(allSetups)
		o, own, reply := allSetups[i], initiating[i], joining[i]
		switch int(which) / len(allSetups) % 3 {
		case 0:
			requireAgreement(t, o, withKeys(t, own, key1, key2), reply)
		case 1:
			peer := hostileParameters(t, own.Public(version%6), kem, key1, key2)
			answer, err := ratchet.Reply(source, peer, o.accept)
			requireNamed(t, err)
			if err != nil {
				answer = reply
			}
			s, err := ratchet.InitSender(source, answer, peer, ratchet.MaxVersion)
			requireStart(t, s, peer, err)
		case 2:
			peer := hostileParameters(t, reply.Public(version%6), kem, key1, key2)
			s, err := ratchet.InitReceiver(own, peer, ratchet.MaxVersion, o.propose)
			requireStart(t, s, peer, err)
		}
	})
}

// withKeys returns the parameters with the private keys that are given.
func withKeys(t *testing.T, p ratchet.PrivateParameters, key1, key2 []byte) ratchet.PrivateParameters {
	t.Helper()
	for b, into := range map[*[]byte]*keys.PrivateKey{&key1: &p.Key1, &key2: &p.Key2} {
		k, err := keys.NewPrivate(keys.X448, raw(*b))
		require.NoError(t, err)
		*into = k
	}
	return p
}

// raw returns the bytes of an X448 key, zeros where b has too few.
func raw(b []byte) []byte { return append(bytes.Clone(b), make([]byte, 56)...)[:56] }

// requireAgreement checks that both sides have the same keys.
func requireAgreement(t *testing.T, o setup, initiating, joining ratchet.PrivateParameters) {
	t.Helper()
	a, err := ratchet.X3DHSender(joining, initiating.Public(o.version))
	require.NoError(t, err)
	b, err := ratchet.X3DHReceiver(initiating, joining.Public(o.version))
	require.NoError(t, err)
	if a.RootKey != b.RootKey || a.HeaderKey != b.HeaderKey || a.NextHeaderKey != b.NextHeaderKey {
		t.Fatal("two sides with different keys")
	}
	require.Equal(t, a.AssociatedData, b.AssociatedData)
	require.Equal(t, joining.Key1.Public().Raw(), a.AssociatedData[:56])
}

// hostileParameters are parameters with other keys, of low order for instance, where there are
// any, and with another KEM than belongs there.
func hostileParameters(t *testing.T, p ratchet.Parameters, kem uint8, key1, key2 []byte) ratchet.Parameters {
	t.Helper()
	for key, into := range map[*[]byte]*keys.PublicKey{&key1: &p.Key1, &key2: &p.Key2} {
		if len(*key) > 0 {
			k, err := keys.NewPublic(keys.X448, raw(*key))
			require.NoError(t, err)
			*into = k
		}
	}
	pair := pool()[int(kem)%len(pool())]
	switch kem % 5 {
	case 1:
		p.KEM = nil
	case 2:
		p.KEM = &ratchet.KEMParameters{PublicKey: pair.Public}
	case 3:
		p.KEM = &ratchet.KEMParameters{PublicKey: pair.Public, Ciphertext: make([]byte, ratchet.KEMCiphertextSize)}
	case 4:
		p.KEM = &ratchet.KEMParameters{PublicKey: pair.Public[1:], Ciphertext: []byte{}}
	}
	return p
}

// startErrors are why a ratchet does not start.
var startErrors = []error{ratchet.ErrVersion, ratchet.ErrParameters, ratchet.ErrKEMState, keys.ErrLowOrder, sntrup761.ErrPublicKeySize}

func requireNamed(t *testing.T, err error) {
	t.Helper()
	if err != nil && !slices.ContainsFunc(startErrors, func(e error) bool { return errors.Is(err, e) }) {
		t.Fatalf("no error of the package: %v", err)
	}
}

// requireStart checks a ratchet that has started, or why not.
func requireStart(t *testing.T, s ratchet.State, peer ratchet.Parameters, err error) {
	t.Helper()
	requireNamed(t, err)
	if err != nil {
		require.Zero(t, s)
		return
	}
	require.NoError(t, peer.Check())
	require.Equal(t, peer.Version, s.Version)
	require.True(t, s.Version >= ratchet.PQVersion || s.KEM == nil, "a KEM at version %d", s.Version)
	require.True(t, peer.KEM != nil || s.KEM == nil || s.KEM.Accepted == nil, "a KEM secret without the peer's key")
	require.Equal(t, s, restore(t, s))
}

// FuzzSeal: what is sealed opens to what it was, and not with anything changed.
func FuzzSeal(f *testing.F) {
	f.Add([]byte("key"), []byte("iv"), []byte("associated"), []byte("content"), uint16(88), uint16(7))
	f.Add([]byte{}, []byte{}, []byte{}, []byte{}, uint16(2), uint16(0))
	f.Add([]byte{1}, []byte{2}, []byte{}, []byte{3}, uint16(1), uint16(9))
	f.Fuzz(func(t *testing.T, keyBytes, ivBytes, associated, content []byte, length, at uint16) {
		var key ratchet.Key
		var iv ratchet.IV
		copy(key[:], keyBytes)
		copy(iv[:], ivBytes)
		sealed, tag, err := ratchet.Seal(key, iv, associated, content, int(length))
		if fits := len(content)+2 <= int(length) && len(content) < 1<<16; fits != (err == nil) {
			t.Fatalf("%d bytes in %d: %v", len(content), length, err)
		}
		if err != nil {
			_, err := ratchet.Open(key, iv, associated, content, tag)
			require.Error(t, err, "what nobody sealed")
			return
		}
		require.Len(t, sealed, int(length))
		opened, err := ratchet.Open(key, iv, associated, sealed, tag)
		if err != nil || !bytes.Equal(opened, content) {
			t.Fatalf("%x became %x, %v", content, opened, err)
		}
		otherKey, otherIV, otherTag := key, iv, tag
		otherKey[at%32] ^= 1 << (at >> 8 & 7)
		otherIV[at%16] ^= 1 << (at >> 8 & 7)
		otherTag[at%16] ^= 1 << (at >> 8 & 7)
		changed := bytes.Clone(sealed)
		changed[int(at)%len(changed)] ^= 1 << (at >> 13)
		for what, err := range map[string]error{
			"key":     second(ratchet.Open(otherKey, iv, associated, sealed, tag)),
			"IV":      second(ratchet.Open(key, otherIV, associated, sealed, tag)),
			"tag":     second(ratchet.Open(key, iv, associated, sealed, otherTag)),
			"bytes":   second(ratchet.Open(key, iv, associated, changed, tag)),
			"length":  second(ratchet.Open(key, iv, associated, sealed[1:], tag)),
			"context": second(ratchet.Open(key, iv, append(bytes.Clone(associated), 0), sealed, tag)),
		} {
			require.Error(t, err, what)
		}
	})
}

func second[T any](_ T, err error) error { return err }
