package keys_test

import (
	"crypto/x509"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
	"smpcheck/vectors"
)

// FuzzParseCertificate: what is a certificate is made of parts of the input, and what
// crypto/x509 finds in it too.
func FuzzParseCertificate(f *testing.F) {
	addBytes(f, "certificate", "handshake")
	for _, i := range seed.Spread(seed.Of(seed.ServerHello)) {
		hello, err := transport.DecodeServerHello(i.Data)
		if err != nil {
			continue // wrong on purpose
		}
		for _, der := range hello.Chain {
			f.Add(der)
		}
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		var c keys.Certificate
		var err error
		bound.Check(t, len(der), func() { c, err = keys.ParseCertificate(der) })
		if err != nil {
			require.ErrorIs(t, err, keys.ErrCertificate)
			require.Zero(t, c)
			return
		}
		require.Equal(t, der, c.Raw)
		require.Contains(t, string(der), string(c.Issuer))
		require.Contains(t, string(der), string(c.Subject))
		require.Contains(t, string(der), string(c.SPKI))
		bound.Check(t, len(der), func() {
			if err := c.CheckSignature(c); err != nil {
				require.ErrorIs(t, err, keys.ErrSignature)
			}
		})
		if key, err := c.PublicKey(); err == nil {
			require.Equal(t, c.SPKI, key.SPKI())
		}
		known, err := x509.ParseCertificate(der)
		if err != nil {
			return // it looks at more fields
		}
		require.Equal(t, known.RawIssuer, c.Issuer)
		require.Equal(t, known.RawSubject, c.Subject)
		require.Equal(t, known.RawSubjectPublicKeyInfo, c.SPKI)
		require.True(t, known.NotBefore.Equal(c.NotBefore))
		require.True(t, known.NotAfter.Equal(c.NotAfter))
		require.Equal(t, known.IsCA, c.CA)
	})
}

// chainVectors calls yield with the chains of the vectors and the times at which they are
// looked at.
func chainVectors(yield func([][]byte, int64)) {
	v, err := vectors.Load("certificate")
	if err != nil {
		panic(err) // it is embedded
	}
	for g, test := range v.All() {
		var in struct {
			Chain         []vectors.Hex `json:"chain"`
			KeyHash       vectors.Hex   `json:"key_hash"`
			LeafPublicDER vectors.Hex   `json:"leaf_public_der"`
			Time          int64         `json:"time,string"`
		}
		if (g.Name == "chain" || g.Name == "service") && test.Inputs.Decode(&in) == nil {
			chain := make([][]byte, len(in.Chain))
			for i, der := range in.Chain {
				chain[i] = der
			}
			yield(chain, in.Time)
		}
	}
}

// FuzzValidateChain: whatever four certificates are, the fingerprint of the second one is
// that of the chain, and what is accepted fulfils each rule by itself. A chain that a relay
// may show is good for a service.
func FuzzValidateChain(f *testing.F) {
	none := []byte{}
	chainVectors(func(chain [][]byte, at int64) {
		for len(chain) < 4 {
			chain = append(chain, none)
		}
		f.Add(chain[0], chain[1], chain[2], chain[3], uint8(len(chain)), at)
	})
	f.Fuzz(func(t *testing.T, leaf, identity, third, fourth []byte, count uint8, seconds int64) {
		chain := [][]byte{leaf, identity, third, fourth, leaf, leaf}[:count%7]
		at := time.Unix(seconds, 0)
		hash := keys.FingerprintOf(identity)
		size := 0
		for _, der := range chain {
			size += len(der)
		}
		var err, serviceErr error
		bound.Check(t, size, func() {
			err, serviceErr = keys.ValidateChainAt(chain, hash[:], at), keys.ValidateServiceChainAt(chain, at)
		})
		var wrong *keys.FingerprintError
		require.False(t, errors.As(err, &wrong), "the fingerprint of the second certificate is not accepted")
		if len(chain) < 2 || len(chain) > 4 {
			require.ErrorIs(t, err, keys.ErrChainLength)
		} else {
			require.Equal(t, err == nil, serviceErr == nil)
			hash[0] ^= 1
			require.ErrorIs(t, keys.ValidateChainAt(chain, hash[:], at), keys.ErrFingerprint)
		}
		if serviceErr == nil {
			requireChain(t, chain, at)
		}
	})
}

// requireChain checks the rules one by one, with crypto/x509 where it knows the keys.
func requireChain(t *testing.T, chain [][]byte, at time.Time) {
	for i, der := range chain {
		above := chain[min(i+1, len(chain)-1)]
		require.NoError(t, keys.CheckSignature(der, above))
		c, err := x509.ParseCertificate(der)
		issuer, issuerErr := x509.ParseCertificate(above)
		if err != nil || issuerErr != nil {
			continue // it looks at more fields
		}
		require.Equal(t, issuer.RawSubject, c.RawIssuer)
		require.False(t, at.Before(c.NotBefore) || at.After(c.NotAfter))
		if issuer.PublicKey != nil && c.SignatureAlgorithm == x509.PureEd25519 {
			require.NoError(t, issuer.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature))
		}
	}
}

// FuzzParseCredentials: what are credentials in PEM is saved and loaded as the same ones.
func FuzzParseCredentials(f *testing.F) {
	v, err := vectors.Load("certificate")
	require.NoError(f, err)
	for g, test := range v.All() {
		var in struct {
			Chain          []vectors.Hex `json:"chain"`
			LeafPrivateDER vectors.Hex   `json:"leaf_private_der"`
			Time           string        `json:"time"`
		}
		if g.Name != "credentials" || test.Inputs.Decode(&in) != nil {
			continue
		}
		var c keys.Credentials
		for _, der := range in.Chain {
			c.Chain = append(c.Chain, der)
		}
		if c.Key, err = keys.ParsePrivate(in.LeafPrivateDER); err == nil {
			f.Add(c.ChainPEM(), c.KeyPEM())
		}
	}
	f.Add([]byte("-----BEGIN CERTIFICATE-----\n"), []byte("-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, chainPEM, keyPEM []byte) {
		var c keys.Credentials
		var err error
		bound.Check(t, len(chainPEM)+len(keyPEM), func() { c, err = keys.ParseCredentials(chainPEM, keyPEM) })
		if err != nil {
			require.Empty(t, c.Chain)
			return
		}
		again, err := keys.ParseCredentials(c.ChainPEM(), c.KeyPEM())
		require.NoError(t, err)
		require.Equal(t, c.Chain, again.Chain)
		require.Equal(t, c.Key.Raw(), again.Key.Raw())
		require.Equal(t, c.Key.Public().Algorithm(), c.Key.Algorithm())
	})
}
