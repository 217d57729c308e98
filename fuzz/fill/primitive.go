package fill

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/gofuzz"
	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Pick returns one of the values.
func Pick[T any](c fuzz.Continue, values ...T) T { return values[c.Intn(len(values))] }

// Bytes returns between low and high bytes, never nil. Most are short; both limits and the
// lengths around one-byte and word16 prefixes come often.
func Bytes(c fuzz.Continue, low, high int) []byte {
	n := low + c.Intn(min(high-low, 40)+1)
	if c.Intn(4) == 0 {
		n = min(max(Pick(c, low, high, 1, 24, 254, 255, 256, 1000, 16048), low), high)
	}
	b := make([]byte, n)
	c.Read(b)
	return b
}

// ID returns an identifier: 24 bytes, or another length up to 255.
func ID(c fuzz.Continue) []byte {
	if c.Intn(3) > 0 {
		return Bytes(c, 24, 24)
	}
	return Bytes(c, 0, 255)
}

// Option returns an identifier or nil.
func Option(c fuzz.Continue) []byte {
	if c.RandBool() {
		return nil
	}
	return ID(c)
}

// Text returns valid UTF-8 of at most limit bytes.
func Text(c fuzz.Continue, limit int) string {
	s := c.RandString()
	for len(s) > limit {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// Word returns between 1 and limit characters out of an alphabet of ASCII.
func Word(c fuzz.Continue, alphabet string, limit int) string {
	b := make([]byte, 1+c.Intn(limit))
	for i := range b {
		b[i] = alphabet[c.Intn(len(alphabet))]
	}
	return string(b)
}

// The alphabets of names.
const (
	letters      = "abcdefghijklmnopqrstuvwxyz"
	alphanumeric = letters + "0123456789"
)

// Name returns a name in its one form: at least two labels.
func Name(c fuzz.Continue) string {
	name := Word(c, alphanumeric, 12)
	for range 1 + c.Intn(3) {
		name += Pick(c, ".", ".", "-") + Word(c, alphanumeric, 12)
	}
	return name + "." + Word(c, letters, 8)
}

// Host returns the text of a host in its one form.
func Host(c fuzz.Continue) string {
	switch c.Intn(4) {
	case 0:
		return netip.AddrFrom4([4]byte(Bytes(c, 4, 4))).String()
	case 1:
		b := [16]byte(Bytes(c, 16, 16))
		b[0] |= 1 // no IPv4 address in IPv6 form
		return netip.AddrFrom16(b).String()
	case 2:
		return Word(c, alphanumeric, 56) + ".onion"
	}
	return Word(c, letters, 20) + ".example"
}

// Account returns "0x" and 40 hexadecimal digits.
func Account(c fuzz.Continue) string { return "0x" + hex.EncodeToString(Bytes(c, 20, 20)) }

// Time returns a time that has a form in JSON, in UTC.
func Time(c fuzz.Continue) time.Time {
	return time.Unix(c.Int63n(253402300800), c.Int63n(1e9)).UTC() // until the end of the year 9999
}

// Key returns a public key of one of the algorithms; the bytes are any.
func Key(c fuzz.Continue, algorithms ...keys.Algorithm) keys.PublicKey {
	algorithm := Pick(c, algorithms...)
	k, err := keys.NewPublic(algorithm, Bytes(c, algorithm.PublicSize(), algorithm.PublicSize()))
	if err != nil {
		panic(fmt.Sprintf("key of %v: %v", algorithm, err)) // the length is the algorithm's
	}
	return k
}

// AuthKey returns a key that may authorize commands.
func AuthKey(c fuzz.Continue) keys.PublicKey { return Key(c, keys.X25519, keys.Ed25519, keys.Ed448) }

// DHKey returns an X25519 key.
func DHKey(c fuzz.Continue) keys.PublicKey { return Key(c, keys.X25519) }

// PrivateKey returns a private key of one of the algorithms.
func PrivateKey(c fuzz.Continue, algorithms ...keys.Algorithm) keys.PrivateKey {
	k, err := keys.Generate(Pick(c, algorithms...), c.Rand)
	if err != nil {
		panic(fmt.Sprintf("private key: %v", err)) // the source does not fail
	}
	return k
}

// Range returns a version range; small versions come more often.
func Range(c fuzz.Continue) wire.VersionRange {
	a, b := Version(c), Version(c)
	return wire.Versions(min(a, b), max(a, b))
}

// Version returns a version; those that SMP has come more often.
func Version(c fuzz.Continue) uint16 {
	if c.Intn(4) > 0 {
		return uint16(c.Intn(24))
	}
	return uint16(c.Uint32())
}

// Signed returns the DER of a signed object, which is what certificates and signed keys
// look like from outside: a sequence of an object, an algorithm and a bit string.
func Signed(c fuzz.Continue) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1OctetString(Bytes(c, 0, 400)) })
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes([]byte{6, 3, 0x2b, 0x65, 0x70}) })
		b.AddASN1BitString(Bytes(c, 0, 114))
	})
	return b.BytesOrPanic()
}

// List returns between low and high elements.
func List[T any](c fuzz.Continue, low, high int, element func(fuzz.Continue) T) []T {
	list := make([]T, low+c.Intn(high-low+1))
	for i := range list {
		list[i] = element(c)
	}
	return list
}

// Maybe returns a pointer to an element, or nil.
func Maybe[T any](c fuzz.Continue, element func(fuzz.Continue) T) *T {
	if c.RandBool() {
		return nil
	}
	v := element(c)
	return &v
}
