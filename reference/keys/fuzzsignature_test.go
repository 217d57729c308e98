package keys_test

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/sha256"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// FuzzParseSignedKey: what is a signed key is made of parts of the input: the signature
// covers the sequence around the key, and ends the input.
func FuzzParseSignedKey(f *testing.F) {
	addBytes(f, "certificate")
	for _, i := range seed.Spread(seed.Of(seed.ServerHello)) {
		if hello, err := transport.DecodeServerHello(i.Data); err == nil {
			f.Add(hello.SignedKey)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var s keys.SignedKey
		var err error
		bound.Check(t, len(der), func() { s, err = keys.ParseSignedKey(der) })
		if err != nil {
			require.ErrorIs(t, err, keys.ErrSignedKey)
			require.Zero(t, s)
			return
		}
		require.Contains(t, string(der), string(s.Signed()))
		require.Equal(t, string(s.SPKI), string(s.Signed()[len(s.Signed())-len(s.SPKI):]))
		require.Equal(t, string(s.Signature()), string(der[len(der)-len(s.Signature()):]))
		if key, err := s.PublicKey(); err == nil {
			require.Equal(t, s.SPKI, key.SPKI())
		}
		for _, a := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
			require.ErrorIs(t, s.Verify(signer(t, a).Public()), keys.ErrSignature)
		}
	})
}

// signer is a key that has signed none of the seeds.
func signer(t testing.TB, a keys.Algorithm) keys.PrivateKey {
	size := map[keys.Algorithm]int{keys.Ed25519: 32, keys.Ed448: 57}[a]
	k, err := keys.NewPrivate(a, make([]byte, size))
	require.NoError(t, err)
	return k
}

// FuzzSignKey: any key is signed so that it is found again, and no bit can be changed.
func FuzzSignKey(f *testing.F) {
	f.Add([]byte("seed"), uint16(0), uint8(1))
	f.Add([]byte("other"), uint16(100), uint8(128))
	f.Fuzz(func(t *testing.T, data []byte, at uint16, xor uint8) {
		filler := fill.Valid(data, 20)
		public := fill.Value[keys.PublicKey](filler)
		key := fill.Value[keys.PrivateKey](filler)
		if !key.Algorithm().CanSign() {
			_, err := keys.SignKey(public, key)
			require.ErrorIs(t, err, keys.ErrAlgorithm)
			return
		}
		der, err := keys.SignKey(public, key)
		require.NoError(t, err)
		s, err := keys.ParseSignedKey(der)
		require.NoError(t, err)
		require.NoError(t, s.Verify(key.Public()))
		found, err := s.PublicKey()
		require.NoError(t, err)
		require.Equal(t, public, found)
		if xor == 0 {
			return
		}
		der[int(at)%len(der)] ^= xor
		if s, err = keys.ParseSignedKey(der); err == nil {
			require.ErrorIs(t, s.Verify(key.Public()), keys.ErrSignature)
		}
	})
}

// FuzzVerify: what is a signature by Ed25519 is decided as crypto/ed25519 does, for signatures
// that were made or changed and for any other bytes. Others are verified by keys that can
// sign only, and at their length only.
func FuzzVerify(f *testing.F) {
	key := ed25519.NewKeyFromSeed(make([]byte, 32))
	public := key.Public().(ed25519.PublicKey)
	f.Add([]byte(public), []byte("text"), ed25519.Sign(key, []byte("text")))
	f.Add([]byte(public), []byte("text"), ed25519.Sign(key, []byte("other")))
	for _, point := range smallOrder() {
		f.Add(point, []byte("text"), append(point, make([]byte, 32)...))
		f.Add([]byte(public), []byte("text"), append(point, make([]byte, 32)...))
	}
	f.Add(make([]byte, 57), []byte{}, make([]byte, 114))
	f.Fuzz(func(t *testing.T, raw, message, signature []byte) {
		for _, a := range algorithms {
			k, err := keys.NewPublic(a, raw)
			if err != nil {
				continue
			}
			var valid bool
			bound.Check(t, len(message), func() { valid = keys.Verify(k, message, signature) })
			switch {
			case a == keys.Ed25519 && len(signature) == ed25519.SignatureSize:
				require.Equal(t, ed25519.Verify(raw, message, signature), valid)
			case a != keys.Ed448 || len(signature) != a.SignatureSize():
				require.False(t, valid)
			}
		}
	})
}

// smallOrder are encodings of points of small order, some of them not canonical.
func smallOrder() [][]byte {
	zero, one := make([]byte, 32), append([]byte{1}, make([]byte, 31)...)
	minusOne := append([]byte{0xec}, append(repeat(0xff, 30), 0x7f)...)
	prime := append([]byte{0xed}, append(repeat(0xff, 30), 0x7f)...)
	above := append([]byte{0xee}, append(repeat(0xff, 30), 0x7f)...)
	sign := append([]byte{1}, append(make([]byte, 30), 0x80)...)
	return [][]byte{zero, one, minusOne, prime, above, sign, repeat(0xff, 32)}
}

func repeat(b byte, n int) []byte {
	list := make([]byte, n)
	for i := range list {
		list[i] = b
	}
	return list
}

// FuzzDH: X25519 agrees on what crypto/ecdh does, also about points of low order. The other
// algorithms do not mix.
func FuzzDH(f *testing.F) {
	scalar := sha256.Sum256([]byte("scalar"))
	for _, point := range append(smallOrder(), scalar[:]) {
		f.Add(scalar[:], point)
	}
	f.Add(make([]byte, 56), make([]byte, 56))
	f.Fuzz(func(t *testing.T, scalar, point []byte) {
		for _, a := range algorithms {
			private, err := keys.NewPrivate(keys.X25519, scalar)
			public, err2 := keys.NewPublic(a, point)
			if err != nil || err2 != nil {
				continue
			}
			secret, err := private.DH(public)
			if a != keys.X25519 {
				require.ErrorIs(t, err, keys.ErrAlgorithm)
				continue
			}
			own, err2 := ecdh.X25519().NewPrivateKey(scalar)
			require.NoError(t, err2)
			theirs, err2 := ecdh.X25519().NewPublicKey(point)
			require.NoError(t, err2)
			require.Equal(t, own.PublicKey().Bytes(), private.Public().Raw())
			want, err2 := own.ECDH(theirs)
			if err2 != nil {
				require.ErrorIs(t, err, keys.ErrLowOrder)
				continue
			}
			require.NoError(t, err)
			require.Equal(t, want, secret)
		}
	})
}
