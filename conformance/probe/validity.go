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

// identity makes the certificates of a destination.
func (o *destinationOptions) identity(rand io.Reader) (keys.Credentials, error) {
	if o.leafFrom == o.leafUntil {
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
	template := keys.Template{CommonName: "localhost", NotBefore: now.Add(o.leafFrom), NotAfter: now.Add(o.leafUntil)}
	leaf, err := keys.CreateCertificate(rand, template, key.Public(), issuer, authority)
	return keys.Credentials{Chain: [][]byte{leaf, top}, Key: key}, err
}
