package main

import (
	"bytes"
	"fmt"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// certified is the only second in which most test certificates are valid, so that every
// digit of a time in a vector matters.
var certified = time.Date(2026, time.July, 1, 12, 0, 0, 0, time.UTC)

// certificateSpec says how one certificate of a test chain is made.
type certificateSpec struct {
	name      string // subject
	alg       keys.Algorithm
	notBefore time.Time // zero: certified
	notAfter  time.Time // zero: certified
}

// testChain is a chain of certificates, leaf first, with all private keys.
type testChain struct {
	chain   [][]byte
	private []keys.PrivateKey
}

// subjectNames are those of the certificates in chains, leaf first.
var subjectNames = []string{"localhost", "SMP server CA", "SMP operator CA", "SMP network CA", "SMP root CA"}

// plainChain makes a chain of n certificates whose keys depend on the name.
func plainChain(name string, a keys.Algorithm, n int) testChain {
	specs := make([]certificateSpec, n)
	for i := range specs {
		specs[i] = certificateSpec{name: subjectNames[i], alg: a}
	}
	return makeChain(name, specs...)
}

// makeChain makes a chain, leaf first; the last certificate signs itself.
func makeChain(name string, specs ...certificateSpec) testChain {
	c := testChain{chain: make([][]byte, len(specs)), private: make([]keys.PrivateKey, len(specs))}
	var issuer keys.Certificate
	for i := len(specs) - 1; i >= 0; i-- {
		c.private[i] = testKey(specs[i].alg, fmt.Sprintf("certificate %s %d", name, i))
		signer := c.private[min(i+1, len(specs)-1)]
		c.chain[i] = makeCertificate(fmt.Sprintf("serial %s %d", name, i), specs[i], i > 0, c.private[i].Public(), issuer, signer)
		issuer = parsed(c.chain[i])
	}
	return c
}

func makeCertificate(serial string, s certificateSpec, authority bool, key keys.PublicKey, issuer keys.Certificate, signer keys.PrivateKey) []byte {
	t := keys.Template{CommonName: s.name, NotBefore: s.notBefore, NotAfter: s.notAfter, CA: authority}
	if t.NotBefore.IsZero() {
		t.NotBefore = certified
	}
	if t.NotAfter.IsZero() {
		t.NotAfter = certified
	}
	der, err := keys.CreateCertificate(build.Random(serial), t, key, issuer, signer)
	if err != nil {
		panic(err) // all keys of test chains can sign
	}
	return der
}

func parsed(der []byte) keys.Certificate {
	c, err := keys.ParseCertificate(der)
	if err != nil {
		panic(err) // it was made just before
	}
	return c
}

func hash(certificate []byte) []byte {
	fingerprint := keys.FingerprintOf(certificate)
	return fingerprint[:]
}

// identity is the fingerprint that a relay with the chain is known by.
func (c testChain) identity() []byte { return hash(c.chain[min(1, len(c.chain)-1)]) }

// with returns the chain with another certificate at one place.
func (c testChain) with(i int, der []byte) testChain {
	chain := append([][]byte{}, c.chain...)
	chain[i] = der
	return testChain{chain, c.private}
}

// of returns a chain of some of the certificates.
func (c testChain) of(places ...int) testChain {
	picked := testChain{private: c.private}
	for _, i := range places {
		picked.chain = append(picked.chain, c.chain[i])
	}
	return picked
}

// values are the certificates as a field.
func (c testChain) values() []vectors.Hex { return hexList(c.chain) }

func hexList(list [][]byte) []vectors.Hex {
	values := make([]vectors.Hex, len(list))
	for i, b := range list {
		values[i] = b
	}
	return values
}

// reissue makes the leaf of the chain again, in the name of an issuer and signed by a key.
func (c testChain) reissue(issuer keys.Certificate, signer keys.PrivateKey) testChain {
	return c.with(0, makeCertificate("serial reissued", certificateSpec{name: subjectNames[0], alg: keys.Ed25519}, false, c.private[0].Public(), issuer, signer))
}

// swapOnce returns b with the only occurrence of one byte string replaced by another.
func swapOnce(b, old, new []byte) []byte {
	if bytes.Count(b, old) != 1 {
		panic(fmt.Sprintf("%x is not there exactly once", old))
	}
	return bytes.Replace(b, old, new, 1)
}

// second is a time as a field.
func second(t time.Time) string { return fmt.Sprint(t.Unix()) }
