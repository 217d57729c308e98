package ratchet_test

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
)

// seeds are parameters of every kind.
func seeds(f *testing.F) (all []ratchet.Parameters) {
	f.Helper()
	proposing, err := ratchet.Propose(pooledSource(1), 3, true)
	require.NoError(f, err)
	accepting, err := ratchet.Reply(pooledSource(2), proposing.Public(3), true)
	require.NoError(f, err)
	plain := proposing
	plain.KEM = nil
	return []ratchet.Parameters{proposing.Public(2), plain.Public(3), proposing.Public(3), accepting.Public(3)}
}

// FuzzDecodeParameters: what decodes, as parameters or as an offer, encodes to
// the same bytes.
func FuzzDecodeParameters(f *testing.F) {
	for _, p := range seeds(f) {
		b, err := p.Encode()
		require.NoError(f, err)
		f.Add(b)
		b, err = ratchet.Offer{Versions: wire.Versions(2, 3), Key1: p.Key1, Key2: p.Key2}.Encode()
		require.NoError(f, err)
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, err := ratchet.DecodeParameters(b); err == nil {
			again, err := p.Encode()
			if err != nil || !bytes.Equal(b, again) {
				t.Fatalf("parameters became %x, %v", again, err)
			}
		}
		if o, err := ratchet.DecodeOffer(b); err == nil {
			again, err := o.Encode()
			if err != nil || !bytes.Equal(b, again) {
				t.Fatalf("offer became %x, %v", again, err)
			}
		}
	})
}

// FuzzDecodeHeader: what decodes encodes to the same bytes at the same version.
func FuzzDecodeHeader(f *testing.F) {
	for _, p := range seeds(f) {
		b, err := ratchet.Header{MaxVersion: 3, DH: p.Key1, KEM: p.KEM, PreviousCount: 1, Number: 2}.Encode(p.Version)
		require.NoError(f, err)
		f.Add(p.Version, b)
	}
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		h, err := ratchet.DecodeHeader(version, b)
		if err != nil {
			return
		}
		if h.DH.Algorithm() != keys.X448 {
			t.Fatalf("key of algorithm %v", h.DH.Algorithm())
		}
		again, err := h.Encode(version)
		if err != nil || !bytes.Equal(b, again) {
			t.Fatalf("header became %x, %v", again, err)
		}
	})
}

// FuzzDecodeMessage: what decodes encodes to the same bytes, and no message but
// the true one gets through.
func FuzzDecodeMessage(f *testing.F) {
	type target struct {
		state   ratchet.State
		message []byte
	}
	var targets []target
	for i, o := range []setup{plainV2, plainV3, pqAgreed} {
		x, y := o.pair(f, pooledSource(uint64(i)))
		message, _, err := x.Encrypt([]byte("content"), length, ratchet.Options{})
		require.NoError(f, err)
		f.Add(message)
		targets = append(targets, target{y, message})
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if m, err := ratchet.DecodeMessage(b); err == nil {
			again, err := m.Encode()
			if err != nil || !bytes.Equal(b, again) {
				t.Fatalf("message became %x, %v", again, err)
			}
		}
		for _, to := range targets {
			_, _, err := to.state.Decrypt(pooledSource(2), b)
			if (err == nil) != bytes.Equal(b, to.message) {
				t.Fatalf("decrypted with %v", err)
			}
		}
	})
}

// FuzzDecodeState: a state that restores is stored as it was restored, and works
// or fails without harm.
func FuzzDecodeState(f *testing.F) {
	x, y := plainV3.pair(f, pooledSource(1))
	message, x, err := x.Encrypt(nil, length, ratchet.Options{})
	require.NoError(f, err)
	f.Add([]byte(encoded(f, x)))
	f.Add([]byte(encoded(f, y)))
	f.Add([]byte(encoded(f, rich(f))))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, again ratchet.State
		if s.UnmarshalJSON(text) != nil {
			return
		}
		if err := again.UnmarshalJSON([]byte(encoded(t, s))); err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("the state became another, %v", err)
		}
		_, _, err := s.Encrypt(nil, length, ratchet.Options{})
		if err != nil && s.Send != nil && s.SendNumber != 1<<32-1 {
			t.Fatal(err)
		}
		_, next, err := s.Decrypt(pooledSource(2), message)
		if err != nil && !reflect.DeepEqual(s, next) {
			t.Fatalf("changed by a message that failed: %v", err)
		}
	})
}
