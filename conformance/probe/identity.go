package probe

import (
	"io"
	"time"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
)

// LeafValid limits the validity of the certificate for TLS; both limits are counted from
// now.
func LeafValid(from, until time.Duration) DestinationOption {
	return func(o *destinationOptions) { o.leafFrom, o.leafUntil = from, until }
}

// Stolen shows a leaf of the case's own, in the name of the identity and not signed by it,
// as somebody does who has seen the certificates of a relay and wants to take its place.
func Stolen(o *destinationOptions) { o.stolen = true }

// identity makes the certificates of a destination.
func (o *destinationOptions) identity(rand io.Reader) (keys.Credentials, error) {
	if o.leafFrom == o.leafUntil && !o.stolen {
		return keys.NewCredentials(rand, keys.Ed25519, o.certificates)
	}
	authority, err := newAuthority(rand)
	if err != nil {
		return keys.Credentials{}, err
	}
	now := time.Now()
	if o.stolen {
		return authority.leaf(rand, now.Add(-leafTime), now.Add(leafTime), true)
	}
	return authority.leaf(rand, now.Add(o.leafFrom), now.Add(o.leafUntil), false)
}

// ServiceIdentity is the second certificate of a service, which signs the first ones.
type ServiceIdentity struct {
	t         *conformance.T
	authority authority
}

// NewServiceIdentity makes one.
func NewServiceIdentity(t *conformance.T) ServiceIdentity {
	a, err := newAuthority(t.Fresh())
	if err != nil {
		t.Broken(err)
	}
	return ServiceIdentity{t: t, authority: a}
}

// Leaf makes a first certificate that is valid now, with a key of its own.
func (i ServiceIdentity) Leaf() keys.Credentials { return i.LeafValid(-leafTime, leafTime) }

// LeafValid is Leaf with another validity; both limits are counted from now.
func (i ServiceIdentity) LeafValid(from, until time.Duration) keys.Credentials {
	now := time.Now()
	c, err := i.authority.leaf(i.t.Fresh(), now.Add(from), now.Add(until), false)
	if err != nil {
		i.t.Broken(err)
	}
	return c
}

// leafTime is how long before and after now a leaf is valid.
const leafTime = 365 * 24 * time.Hour

// authority is a certificate that signs others.
type authority struct {
	key keys.PrivateKey
	der []byte
}

func newAuthority(rand io.Reader) (a authority, err error) {
	if a.key, err = keys.Generate(keys.Ed25519, rand); err != nil {
		return a, err
	}
	now := time.Now()
	a.der, err = keys.CreateCertificate(rand, keys.Template{
		CommonName: "SMP server CA", Organization: "SimpleX", CA: true,
		NotBefore: now.Add(-leafTime), NotAfter: now.Add(leafTime),
	}, a.key.Public(), keys.Certificate{}, a.key)
	return a, err
}

// leaf makes a certificate in the name of the authority, which the authority has signed
// unless it is stolen.
func (a authority) leaf(rand io.Reader, from, until time.Time, stolen bool) (keys.Credentials, error) {
	issuer, err := keys.ParseCertificate(a.der)
	if err != nil {
		return keys.Credentials{}, err
	}
	key, err := keys.Generate(keys.Ed25519, rand)
	if err != nil {
		return keys.Credentials{}, err
	}
	signer := a.key
	if stolen {
		signer = key
	}
	template := keys.Template{CommonName: "localhost", NotBefore: from, NotAfter: until}
	leaf, err := keys.CreateCertificate(rand, template, key.Public(), issuer, signer)
	return keys.Credentials{Chain: [][]byte{leaf, a.der}, Key: key}, err
}
