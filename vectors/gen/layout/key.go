package layout

import (
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// PublicKey returns the DER of a test key with a name.
func PublicKey(algorithm keys.Algorithm, name string) vectors.Hex {
	private, err := keys.Generate(algorithm, build.Random("key "+name))
	if err != nil {
		return nil // the stream of random bytes does not end
	}
	return private.Public().SPKI()
}

// malformedKeys are what may stand in place of the DER of a key, and must not.
var malformedKeys = []struct {
	name, what string
	of         func(der []byte) []byte
}{
	{"empty", "no bytes", func([]byte) []byte { return nil }},
	{"raw", "the bare key without its DER", func(der []byte) []byte { return der[12:] }},
	{"short", "DER without its last byte", func(der []byte) []byte { return der[:len(der)-1] }},
	{"long", "DER and a byte more", func(der []byte) []byte { return append(slices.Clone(der), 0) }},
	{"set", "DER that starts with a SET", func(der []byte) []byte { return changed(der, 0, 0x31) }},
	{"algorithm", "DER of an algorithm that SMP does not know (1.3.101.115)", func(der []byte) []byte { return changed(der, 8, 115) }},
	{"octets", "DER with an octet string in place of the bit string", func(der []byte) []byte { return changed(der, 9, 4) }},
	{"unused-bits", "DER with unused bits in the bit string", func(der []byte) []byte { return changed(der, 11, 1) }},
	{"private", "the start of a private key (PKCS #8)", func(der []byte) []byte { return append([]byte{0x30, 0x2e, 2, 1, 0}, der[2:]...) }},
}

func changed(b []byte, at int, value byte) []byte {
	b = slices.Clone(b)
	b[at] = value
	return b
}

// Keys makes the keys of a file: each has other faults, and all of them together
// have all faults.
type Keys struct{ made int }

// Auth is the key that authorizes commands: X25519, Ed25519 or Ed448.
func (k *Keys) Auth(name string, der []byte) Field {
	return k.field(name, der, keys.X448)
}

// DH is a key for key agreement: X25519.
func (k *Keys) DH(name string, der []byte) Field {
	return k.field(name, der, keys.X448, keys.Ed25519, keys.Ed448)
}

func (k *Keys) field(name string, der []byte, wrong ...keys.Algorithm) Field {
	f := Field{Name: name, Value: shortOf(der), Cut: "Truncated", prefix: 1}
	for _, algorithm := range wrong {
		f.Faults = append(f.Faults, Fault{algorithm.String(), "a key of " + algorithm.String(),
			shortOf(PublicKey(algorithm, name)), "WrongKeyType", "WrongKeyAlgorithm"})
	}
	for range 2 {
		m := malformedKeys[k.made%len(malformedKeys)]
		f.Faults = append(f.Faults, Fault{m.name, m.what, shortOf(m.of(der)), "MalformedKey", "MalformedKey"})
		k.made++
	}
	return f
}
