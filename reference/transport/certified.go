package transport

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// writeCertified appends a chain, leaf first, and a signed key: a one-byte count,
// then every certificate and the key with a word16 length. SMP, "Transport
// handshake" (routerCertKey, serviceCertKey).
func writeCertified(w *wire.Writer, chain [][]byte, signedKey []byte) {
	w.Count(len(chain))
	for _, der := range chain {
		w.Large(der)
	}
	w.Large(signedKey)
}

// readCertified decodes what writeCertified makes and checks that everything is
// well-formed DER. Errors go to the reader.
func readCertified(r *wire.Reader) (chain [][]byte, signedKey []byte) {
	n := int(r.Byte())
	if n == 0 {
		r.Fail(fmt.Errorf("%w: none", keys.ErrChainLength))
	}
	for i := 0; i < n && r.Err() == nil; i++ {
		der := r.Large()
		if r.Err() != nil {
			break
		}
		if _, err := keys.ParseCertificate(der); err != nil {
			r.Fail(fmt.Errorf("certificate %d: %w", i, err))
		}
		chain = append(chain, der)
	}
	signedKey = r.Large()
	if r.Err() == nil {
		if _, err := keys.ParseSignedKey(signedKey); err != nil {
			r.Fail(err)
		}
	}
	if r.Err() != nil {
		return nil, nil
	}
	return chain, signedKey
}

// certifiedKey returns the key in signedKey if signer signed it and it is of
// algorithm alg. All failures are ErrBadAuth.
func certifiedKey(signedKey []byte, signer keys.PublicKey, alg keys.Algorithm) (keys.PublicKey, error) {
	signed, err := keys.ParseSignedKey(signedKey)
	if err != nil {
		return keys.PublicKey{}, wrap(ErrBadAuth, err)
	}
	if err := signed.Verify(signer); err != nil {
		return keys.PublicKey{}, fmt.Errorf("%w: session key: %w", ErrBadAuth, err)
	}
	key, err := signed.PublicKey()
	if err != nil {
		return keys.PublicKey{}, fmt.Errorf("%w: session key: %w", ErrBadAuth, err)
	}
	if key.Algorithm() != alg {
		return keys.PublicKey{}, fmt.Errorf("%w: %w: session key is %v, expected %v", ErrBadAuth, keys.ErrAlgorithm, key.Algorithm(), alg)
	}
	return key, nil
}
