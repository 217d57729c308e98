package probe

import (
	"io"
	"time"

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
	authority, err := keys.Generate(keys.Ed25519, rand)
	if err != nil {
		return keys.Credentials{}, err
	}
	now := time.Now()
	root := keys.Template{
		CommonName: "SMP server CA", Organization: "SimpleX", CA: true,
		NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0),
	}
	top, err := keys.CreateCertificate(rand, root, authority.Public(), keys.Certificate{}, authority)
	if err != nil {
		return keys.Credentials{}, err
	}
	issuer, err := keys.ParseCertificate(top)
	if err != nil {
		return keys.Credentials{}, err
	}
	key, err := keys.Generate(keys.Ed25519, rand)
	if err != nil {
		return keys.Credentials{}, err
	}
	template := keys.Template{CommonName: "localhost", NotBefore: root.NotBefore, NotAfter: root.NotAfter}
	signer := authority
	if o.stolen {
		signer = key
	} else {
		template.NotBefore, template.NotAfter = now.Add(o.leafFrom), now.Add(o.leafUntil)
	}
	leaf, err := keys.CreateCertificate(rand, template, key.Public(), issuer, signer)
	return keys.Credentials{Chain: [][]byte{leaf, top}, Key: key}, err
}
