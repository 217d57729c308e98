package tlsprobe

import (
	"crypto/ecdh"
	"fmt"
	"io"

	"github.com/cloudflare/circl/dh/x448"
)

// share is one side of a key exchange: what is sent, and what follows from the
// other side's.
type share struct {
	group  Group
	public []byte
	agree  func(peer []byte) ([]byte, error)
}

// exchanges holds how to make a share of each group that the probe implements.
// Keys are read from the source directly, so that a seed repeats a hello.
var exchanges = map[Group]func(io.Reader) (*share, error){
	X25519: func(r io.Reader) (*share, error) { return newECDH(X25519, ecdh.X25519(), r) },
	P256:   func(r io.Reader) (*share, error) { return newECDH(P256, ecdh.P256(), r) },
	X448:   newX448,
}

// maxScalarTries bounds the search for a scalar in range. For P-256 one try in
// 2^32 fails, so only a broken source comes to the end.
const maxScalarTries = 8

func newECDH(group Group, curve ecdh.Curve, r io.Reader) (*share, error) {
	var scalar [32]byte
	var err error
	for range maxScalarTries {
		if _, err = io.ReadFull(r, scalar[:]); err != nil {
			return nil, fmt.Errorf("reading random bytes: %w", err)
		}
		var key *ecdh.PrivateKey
		if key, err = curve.NewPrivateKey(scalar[:]); err != nil {
			continue
		}
		return &share{group, key.PublicKey().Bytes(), func(peer []byte) ([]byte, error) {
			public, err := curve.NewPublicKey(peer)
			if err != nil {
				return nil, err
			}
			return key.ECDH(public)
		}}, nil
	}
	return nil, fmt.Errorf("making a key of %s: %w", group, err)
}

func newX448(r io.Reader) (*share, error) {
	var secret, public x448.Key
	if _, err := io.ReadFull(r, secret[:]); err != nil {
		return nil, fmt.Errorf("reading random bytes: %w", err)
	}
	x448.KeyGen(&public, &secret)
	return &share{X448, public[:], func(peer []byte) ([]byte, error) {
		var theirs, shared x448.Key
		if len(peer) != len(theirs) {
			return nil, fmt.Errorf("a public key of %d bytes, expected %d", len(peer), len(theirs))
		}
		copy(theirs[:], peer)
		if !x448.Shared(&shared, &secret, &theirs) {
			return nil, fmt.Errorf("a public key of low order")
		}
		return shared[:], nil
	}}, nil
}
