package keys

import "fmt"

// Algorithm is a public-key algorithm. The zero value is none.
type Algorithm uint8

// The algorithms of the SimpleX protocols.
const (
	X25519 Algorithm = iota + 1
	X448
	Ed25519
	Ed448
)

// algorithms holds, for each algorithm, the last byte of its object identifier
// 1.3.101.n (RFC 8410) and its sizes in bytes.
var algorithms = [...]struct {
	name                      string
	oid                       byte
	public, private, authSize int
}{
	X25519:  {"X25519", 110, 32, 32, 0},
	X448:    {"X448", 111, 56, 56, 0},
	Ed25519: {"Ed25519", 112, 32, 32, 64},
	Ed448:   {"Ed448", 113, 57, 57, 114},
}

func (a Algorithm) valid() bool { return a >= X25519 && a <= Ed448 }

// String is the name of the algorithm as RFC 8410 spells it.
func (a Algorithm) String() string {
	if !a.valid() {
		return fmt.Sprintf("algorithm %d", uint8(a))
	}
	return algorithms[a].name
}

// CanSign reports whether the algorithm makes signatures (Ed25519, Ed448).
func (a Algorithm) CanSign() bool { return a == Ed25519 || a == Ed448 }

// CanAgree reports whether the algorithm is a key agreement (X25519, X448).
func (a Algorithm) CanAgree() bool { return a == X25519 || a == X448 }

// PublicSize is the length of a raw public key in bytes.
func (a Algorithm) PublicSize() int { return algorithms[a].public }

// SignatureSize is the length of a signature in bytes, 0 for key agreement.
func (a Algorithm) SignatureSize() int { return algorithms[a].authSize }

func byOID(last byte) (Algorithm, bool) {
	for a := X25519; a <= Ed448; a++ {
		if algorithms[a].oid == last {
			return a, true
		}
	}
	return 0, false
}
