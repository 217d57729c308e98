package ratchet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/fill/upper"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

// addBytes gives the fuzzer the bytes of vectors.
func addBytes(f *testing.F, files ...string) {
	f.Helper()
	for _, b := range seed.Hex(files...) {
		if len(b) < 8000 {
			f.Add(b)
		}
	}
}

// codecErrors are the errors of everything that is decoded.
var codecErrors = []error{
	ratchet.ErrParameters, ratchet.ErrKEMTag, ratchet.ErrKEMState, ratchet.ErrEncoding, keys.ErrEncoding,
	wire.ErrTruncated, wire.ErrTrailing, wire.ErrBadMaybe, wire.ErrRange,
}

// fuzzStrict: bytes are refused by name or encode to themselves.
func fuzzStrict[T any](t *testing.T, b []byte, decode func([]byte) (T, error), encode func(T) ([]byte, error)) (v T, ok bool) {
	t.Helper()
	var err error
	bound.Check(t, len(b), func() { v, err = decode(b) })
	if err != nil {
		if !slices.ContainsFunc(codecErrors, func(e error) bool { return errors.Is(err, e) }) {
			t.Fatalf("no error of the package: %v", err)
		}
		return v, false
	}
	if again, err := encode(v); err != nil || !bytes.Equal(b, again) {
		t.Fatalf("%x became %x, %v", b, again, err)
	}
	return v, true
}

// FuzzDecodeParameters: what decodes, as parameters or as an offer, encodes to
// the same bytes. No KEM is read below the version that has it, and none is accepted in an
// offer.
func FuzzDecodeParameters(f *testing.F) {
	addBytes(f, "key_agreement", "x3dh")
	f.Fuzz(func(t *testing.T, b []byte) {
		if p, ok := fuzzStrict(t, b, ratchet.DecodeParameters, ratchet.Parameters.Encode); ok {
			require.NoError(t, p.Check())
			require.True(t, p.KEM == nil || p.Version >= ratchet.PQVersion)
			for _, version := range []uint16{ratchet.MinVersion, ratchet.PQVersion} {
				agreed, err := p.Offer(wire.Versions(1, p.Version)).Agree(wire.Versions(version, version))
				require.Equal(t, version <= p.Version, err == nil)
				require.True(t, agreed.KEM == nil || version >= ratchet.PQVersion)
			}
		}
		if o, ok := fuzzStrict(t, b, ratchet.DecodeOffer, ratchet.Offer.Encode); ok {
			require.NoError(t, o.Check())
			require.True(t, o.KEM == nil || !o.KEM.Accepted())
		}
	})
}

// FuzzDecodeHeader: what decodes encodes to the same bytes at the same version.
func FuzzDecodeHeader(f *testing.F) {
	for _, b := range seed.Hex("ratchet_header", "x3dh") {
		if len(b) < 3000 {
			f.Add(ratchet.MinVersion, b)
			f.Add(ratchet.PQVersion, b)
		}
	}
	f.Fuzz(func(t *testing.T, version uint16, b []byte) {
		decode := func(b []byte) (ratchet.Header, error) { return ratchet.DecodeHeader(version, b) }
		h, ok := fuzzStrict(t, b, decode, func(h ratchet.Header) ([]byte, error) { return h.Encode(version) })
		if !ok {
			return
		}
		require.Equal(t, keys.X448, h.DH.Algorithm())
		require.True(t, h.KEM == nil || version >= ratchet.PQVersion)
	})
}

// FuzzDecodeEncryptedHeader: what decodes encodes to the same bytes, with a length of the kind
// that belongs to its version.
func FuzzDecodeEncryptedHeader(f *testing.F) {
	addBytes(f, "ratchet_header")
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzStrict(t, b, ratchet.DecodeEncryptedHeader, ratchet.EncryptedHeader.Encode)
	})
}

// FuzzDecodeMessage: what decodes encodes to the same bytes, and no message but
// the true one gets through; what does not changes nothing.
func FuzzDecodeMessage(f *testing.F) {
	addBytes(f, "ratchet_message")
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
	source := pooledSource(2)
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzStrict(t, b, ratchet.DecodeMessage, ratchet.EncryptedMessage.Encode)
		for _, to := range targets {
			content, next, err := to.state.Decrypt(source, b)
			if (err == nil) != bytes.Equal(b, to.message) {
				t.Fatalf("decrypted with %v", err)
			}
			if err != nil && (content != nil || !reflect.DeepEqual(next, to.state)) {
				t.Fatalf("changed by a message that failed: %v", err)
			}
		}
	})
}

// FuzzRatchetValues: values of every type come back from their encodings, headers as their
// version has them.
func FuzzRatchetValues(f *testing.F) {
	for i := range 32 {
		f.Add(uint8(i), uint16(i), bytes.Repeat([]byte{byte(i), 7, byte(i * i)}, 50))
	}
	checks := []func(*testing.T, uint16, *fill.Filler){
		func(t *testing.T, _ uint16, from *fill.Filler) {
			requireSame(t, fill.Value[ratchet.Parameters](from), ratchet.DecodeParameters, ratchet.Parameters.Encode)
		},
		func(t *testing.T, _ uint16, from *fill.Filler) {
			requireSame(t, fill.Value[ratchet.Offer](from), ratchet.DecodeOffer, ratchet.Offer.Encode)
		},
		func(t *testing.T, _ uint16, from *fill.Filler) {
			requireSame(t, fill.Value[ratchet.EncryptedMessage](from), ratchet.DecodeMessage, ratchet.EncryptedMessage.Encode)
		},
		func(t *testing.T, version uint16, from *fill.Filler) {
			version %= 6
			h := fill.Value[ratchet.Header](from)
			if version < ratchet.PQVersion && h.KEM != nil {
				_, err := h.Encode(version)
				require.ErrorIs(t, err, ratchet.ErrParameters)
			}
			requireSame(t, upper.HeaderAt(version, h),
				func(b []byte) (ratchet.Header, error) { return ratchet.DecodeHeader(version, b) },
				func(h ratchet.Header) ([]byte, error) { return h.Encode(version) })
		},
	}
	f.Fuzz(func(t *testing.T, kind uint8, version uint16, data []byte) {
		checks[int(kind)%len(checks)](t, version, upper.Filler(data))
	})
}

func requireSame[T any](t *testing.T, v T, decode func([]byte) (T, error), encode func(T) ([]byte, error)) {
	t.Helper()
	b, err := encode(v)
	require.NoError(t, err)
	got, err := decode(b)
	require.NoError(t, err)
	require.Equal(t, v, got)
	_, err = decode(b[:len(b)-1])
	if _, open := any(v).(ratchet.EncryptedMessage); !open { // its body may end anywhere
		require.Error(t, err)
		_, err = decode(append(b, 0))
		require.ErrorIs(t, err, wire.ErrTrailing)
	}
}

// FuzzDecodeState: a state that restores is stored as it was restored, and works
// or fails without harm.
func FuzzDecodeState(f *testing.F) {
	x, y := plainV3.pair(f, pooledSource(1))
	message, x, err := x.Encrypt(nil, length, ratchet.Options{})
	require.NoError(f, err)
	for _, s := range []ratchet.State{x, y, rich(f)} {
		f.Add([]byte(encoded(f, s)))
	}
	addStates(f)
	source := pooledSource(2)
	f.Fuzz(func(t *testing.T, text []byte) {
		var s, again ratchet.State
		var err error
		bound.Check(t, len(text), func() { err = s.UnmarshalJSON(text) })
		if err != nil {
			require.ErrorIs(t, err, ratchet.ErrState)
			require.Zero(t, s)
			return
		}
		if err := again.UnmarshalJSON([]byte(encoded(t, s))); err != nil || !reflect.DeepEqual(s, again) {
			t.Fatalf("the state became another, %v", err)
		}
		_, _, err = s.Encrypt(nil, length, ratchet.Options{})
		if err != nil && s.Send != nil && s.SendNumber != 1<<32-1 {
			t.Fatal(err)
		}
		_, next, err := s.Decrypt(source, message)
		if err != nil && !reflect.DeepEqual(s, next) {
			t.Fatalf("changed by a message that failed: %v", err)
		}
	})
}

// addStates gives the fuzzer the states of the vectors: in them is one field more than in
// the storage form.
func addStates(f *testing.F) {
	f.Helper()
	file, err := vectors.Load("ratchet_step")
	require.NoError(f, err)
	for _, test := range file.All() {
		var in struct{ State map[string]json.RawMessage }
		require.NoError(f, json.Unmarshal(test.Inputs, &in))
		delete(in.State, "dh_self_public")
		text, err := json.Marshal(in.State)
		require.NoError(f, err)
		f.Add(text)
	}
}

// FuzzDecodePrivate: private parameters that restore are stored as they were restored, and
// what is public of them can be sent.
func FuzzDecodePrivate(f *testing.F) {
	for i, o := range allSetups {
		own, err := ratchet.Propose(pooledSource(uint64(i)), o.version, o.propose)
		require.NoError(f, err)
		reply, err := ratchet.Reply(pooledSource(uint64(50+i)), own.Public(o.version), o.accept)
		require.NoError(f, err)
		for _, p := range []ratchet.PrivateParameters{own, reply} {
			text, err := json.Marshal(p)
			require.NoError(f, err)
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var p, again ratchet.PrivateParameters
		var err error
		bound.Check(t, len(text), func() { err = p.UnmarshalJSON(text) })
		if err != nil {
			require.ErrorIs(t, err, ratchet.ErrState)
			require.Zero(t, p)
			return
		}
		stored, err := json.Marshal(p)
		require.NoError(t, err)
		require.NoError(t, again.UnmarshalJSON(stored))
		require.Equal(t, p, again)
		for _, version := range []uint16{ratchet.MinVersion, ratchet.PQVersion} {
			require.NoError(t, p.Public(version).Check())
		}
	})
}
