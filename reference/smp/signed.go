package smp

import (
	"errors"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"smpcheck/reference/wire"
)

// ErrSigned: a certificate or signed key is not the DER of a signed object:
// a sequence of the object, an algorithm and a bit string.
var ErrSigned = errors.New("not a signed object in DER")

// putSigned writes a certificate or signed key with a word16 length.
func putSigned(w *wire.Writer, der []byte) {
	if err := checkSigned(der); err != nil {
		w.Fail(err)
	}
	w.Large(der)
}

func readSigned(r *wire.Reader) []byte {
	der := r.Large()
	if r.Err() != nil {
		return nil
	}
	if err := checkSigned(der); err != nil {
		r.Fail(err)
	}
	return der
}

// checkSigned looks at the outer structure alone; what it holds is verified by
// those who use it.
func checkSigned(der []byte) error {
	s := cryptobyte.String(der)
	var outer, object, algorithm cryptobyte.String
	var signature []byte
	if !s.ReadASN1(&outer, asn1.SEQUENCE) || !s.Empty() ||
		!outer.ReadASN1(&object, asn1.SEQUENCE) || !outer.ReadASN1(&algorithm, asn1.SEQUENCE) ||
		!outer.ReadASN1BitStringAsBytes(&signature) || !outer.Empty() {
		return fmt.Errorf("%w: %d bytes", ErrSigned, len(der))
	}
	return nil
}
