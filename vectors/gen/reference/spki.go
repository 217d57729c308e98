package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

var allAlgorithms = []keys.Algorithm{keys.X25519, keys.X448, keys.Ed25519, keys.Ed448}

func spki() *build.File {
	f := build.New("spki", "keys in DER: SubjectPublicKeyInfo and PKCS #8, key agreement and signatures",
		"Each algorithm has exactly one DER form (RFC 8410).",
		"Secrets of key agreement are not hashed; signatures have no context (RFC 7748, RFC 8032).")
	f.Flag("EdgeValue", "The bare key has a remarkable value; its encoding is like any other.")
	f.Flag("Cut", "The DER ends too early.")
	f.Flag("TrailingBytes", "Bytes follow the DER.")
	f.Flag("WrongLength", "A length in the DER is not that of its content.")
	f.Flag("LongForm", "A length below 128 is written in more than one byte, which DER forbids; the official decoder throws.")
	f.Flag("Indefinite", "A length is indefinite, which DER forbids.")
	f.Flag("WrongTag", "A value in the DER has another tag.")
	f.Flag("Parameters", "The algorithm has parameters, which RFC 8410 forbids.")
	f.Flag("OtherAlgorithm", "The object identifier is none of X25519, X448, Ed25519 and Ed448.")
	f.Flag("WrongSize", "The DER is well-formed, but the key has not the size of the algorithm.")
	f.Flag("NotThisForm", "The bytes are a key in another form.")
	f.Flag("WrongUse", "The key is valid, but its algorithm cannot do this.")
	f.Flag("BadSignature", "The signature is not by the key, or not of the message.")
	spkiPairs(f)
	spkiPublic(f)
	spkiUses(f)
	spkiAgreement(f)
	spkiSignatures(f)
	return f
}

// testKey is a private key that depends on its name alone.
func testKey(a keys.Algorithm, name string) keys.PrivateKey {
	k, err := keys.Generate(a, build.Random("key "+a.String()+" "+name))
	if err != nil {
		panic(err) // the stream does not end
	}
	return k
}

// edgeValues are the bytes of remarkable keys.
var edgeValues = []struct {
	name string
	fill byte
}{{"zeros", 0}, {"ones", 0xff}}

func lower(a keys.Algorithm) string { return strings.ToLower(a.String()) }

func spkiPairs(f *build.File) {
	g := f.Group("pair", "private keys with their public keys", "key_pair", "private_key", "public_key", "decode_public_key")
	for _, a := range allAlgorithms {
		for _, name := range []string{"a", "b"} {
			g.Valid(lower(a)+"/"+name, "a key pair of "+a.String(), build.Fields{"private_der": testKey(a, name).PKCS8()})
		}
		size := len(testKey(a, "a").Raw())
		for _, edge := range edgeValues {
			k, err := keys.NewPrivate(a, bytes.Repeat([]byte{edge.fill}, size))
			if err != nil {
				panic(err) // every private key of the right size is good
			}
			g.Valid(lower(a)+"/"+edge.name, "a private key of equal bytes", build.Fields{"private_der": k.PKCS8()}, "EdgeValue")
		}
	}
	for i, a := range allAlgorithms {
		for _, bad := range privateFaults(testKey(a, "a").PKCS8(), i == 0) {
			g.Invalid("key_pair", lower(a)+"/"+bad.id, bad.what, build.Fields{"private_der": bad.der}, "MalformedKey", bad.flag)
		}
	}
	g.Invalid("key_pair", "x25519/public", "a public key where a private one is expected",
		build.Fields{"private_der": testKey(keys.X25519, "a").Public().SPKI()}, "MalformedKey", "NotThisForm")
	g.Invalid("key_pair", "x25519/bare", "a private key without DER",
		build.Fields{"private_der": testKey(keys.X25519, "a").Raw()}, "MalformedKey", "NotThisForm")
}

// fault is DER with one thing wrong.
type fault struct {
	id, what, flag string
	der            []byte
}

// faults collects variants of one DER structure.
type faults struct {
	der  []byte
	list []fault
}

func (f *faults) add(id, what, flag string, der []byte) {
	f.list = append(f.list, fault{id, what, flag, der})
}

func (f *faults) cut(lengths ...int) {
	for _, n := range lengths {
		f.add(fmt.Sprintf("cut-to-%d", n), fmt.Sprintf("only the first %d bytes", n), "Cut", f.der[:n])
	}
}

// set adds a variant in which one byte has another value.
func (f *faults) set(id, what, flag string, at int, value byte) {
	der := bytes.Clone(f.der)
	der[at] = value
	f.add(id, what, flag, der)
}

// insert adds a variant with more bytes at one place, and the lengths at other places
// changed by a number.
func (f *faults) insert(id, what, flag string, at int, more []byte, by int, lengths ...int) {
	der := bytes.Clone(f.der)
	for _, i := range lengths {
		der[i] += byte(by)
	}
	f.add(id, what, flag, slices.Insert(der, at, more...))
}

// publicFaults are wrong forms of a SubjectPublicKeyInfo. Those that do not depend on the
// algorithm are only made on demand.
func publicFaults(der []byte, all bool) []fault {
	f := &faults{der: der}
	f.cut(len(der) - 1)
	f.add("trailing", "a byte follows", "TrailingBytes", append(bytes.Clone(der), 0))
	short := bytes.Clone(der[:len(der)-1])
	short[1], short[10] = short[1]-1, short[10]-1
	f.add("size-less", "a key that is one byte too short", "WrongSize", short)
	f.insert("size-more", "a key that is one byte too long", "WrongSize", len(der), []byte{0}, 1, 1, 10)
	if !all {
		return f.list
	}
	f.cut(0, 1, 2, 4, 9, 11, 12)
	f.add("size-none", "a key of no bytes", "WrongSize", append([]byte{0x30, 10}, append(bytes.Clone(der[2:10]), 1, 0)...))
	for _, l := range []struct {
		name string
		at   int
	}{{"outer", 1}, {"algorithm", 3}, {"identifier", 5}, {"bits", 10}} {
		f.set("length-"+l.name+"-less", "a length that is one less", "WrongLength", l.at, der[l.at]-1)
		f.set("length-"+l.name+"-more", "a length that is one more", "WrongLength", l.at, der[l.at]+1)
	}
	f.insert("long-outer", "the outer length in two bytes", "LongForm", 1, []byte{0x81}, 0)
	f.insert("long-outer-3", "the outer length in three bytes", "LongForm", 1, []byte{0x82, 0}, 0)
	f.insert("long-algorithm", "the length of the algorithm in two bytes", "LongForm", 3, []byte{0x81}, 1, 1)
	f.insert("long-bits", "the length of the key in two bytes", "LongForm", 10, []byte{0x81}, 1, 1)
	f.add("indefinite", "the outer length is indefinite", "Indefinite", slices.Concat([]byte{0x30, 0x80}, der[2:], []byte{0, 0}))
	f.set("tag-outer", "a SET outside", "WrongTag", 0, 0x31)
	f.set("tag-algorithm", "a SET around the identifier", "WrongTag", 2, 0x31)
	f.set("tag-identifier", "a relative identifier", "WrongTag", 4, 0x0d)
	f.set("tag-bits", "an OCTET STRING for the key", "WrongTag", 9, 0x04)
	f.insert("null", "NULL as parameters", "Parameters", 9, []byte{5, 0}, 2, 1, 3)
	f.set("oid-109", "identifier 1.3.101.109", "OtherAlgorithm", 8, 109)
	f.set("oid-114", "identifier 1.3.101.114", "OtherAlgorithm", 8, 114)
	f.set("oid-100", "identifier 1.3.100.110", "OtherAlgorithm", 7, 100)
	f.insert("oid-longer", "identifier 1.3.101.110.1", "OtherAlgorithm", 9, []byte{1}, 1, 1, 3, 5)
	f.add("p256", "a key of P-256", "OtherAlgorithm", slices.Concat(
		[]byte{0x30, 0x59, 0x30, 0x13, 6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7, 3, 0x42, 0, 4},
		build.Bytes("spki p256", 64)))
	return f.list
}

// privateFaults are wrong forms of a PKCS #8 key.
func privateFaults(der []byte, all bool) []fault {
	f := &faults{der: der}
	f.cut(len(der) - 1)
	f.add("trailing", "a byte follows", "TrailingBytes", append(bytes.Clone(der), 0))
	short := bytes.Clone(der[:len(der)-1])
	short[1], short[13], short[15] = short[1]-1, short[13]-1, short[15]-1
	f.add("size-less", "a key that is one byte too short", "WrongSize", short)
	f.insert("size-more", "a key that is one byte too long", "WrongSize", len(der), []byte{0}, 1, 1, 13, 15)
	if !all {
		return f.list
	}
	f.cut(0, 1, 4, 5, 12, 14, 16)
	for _, l := range []struct {
		name string
		at   int
	}{{"outer", 1}, {"algorithm", 6}, {"octets", 13}, {"inner", 15}} {
		f.set("length-"+l.name+"-less", "a length that is one less", "WrongLength", l.at, der[l.at]-1)
		f.set("length-"+l.name+"-more", "a length that is one more", "WrongLength", l.at, der[l.at]+1)
	}
	f.insert("long-outer", "the outer length in two bytes", "LongForm", 1, []byte{0x81}, 0)
	f.set("tag-outer", "a SET outside", "WrongTag", 0, 0x31)
	f.set("tag-version", "an OCTET STRING for the version", "WrongTag", 2, 0x04)
	f.set("tag-algorithm", "a SET around the identifier", "WrongTag", 5, 0x31)
	f.set("tag-octets", "a BIT STRING for the key", "WrongTag", 12, 0x03)
	f.set("tag-inner", "an INTEGER within the OCTET STRING", "WrongTag", 14, 0x02)
	f.set("oid-114", "identifier 1.3.101.114", "OtherAlgorithm", 11, 114)
	f.add("no-version", "no version", "NotThisForm", slices.Concat([]byte{0x30, der[1] - 3}, der[5:]))
	f.add("one-string", "the key in one OCTET STRING alone", "NotThisForm",
		slices.Concat([]byte{0x30, der[1] - 2}, der[2:13], []byte{der[15]}, der[16:]))
	return f.list
}

func spkiPublic(f *build.File) {
	g := f.Group("public", "public keys, alone", "decode_public_key", "public_key")
	for i, a := range allAlgorithms {
		for _, edge := range edgeValues {
			k, err := keys.NewPublic(a, bytes.Repeat([]byte{edge.fill}, a.PublicSize()))
			if err != nil {
				panic(err) // the size is right
			}
			g.Valid(lower(a)+"/"+edge.name, "a public key of equal bytes", build.Fields{"public_der": k.SPKI()}, "EdgeValue")
		}
		der := testKey(a, "a").Public().SPKI()
		for _, bad := range publicFaults(der, i == 0) {
			g.Invalid("decode_public_key", lower(a)+"/"+bad.id, bad.what, build.Fields{"public_der": bad.der}, "MalformedKey", bad.flag)
		}
		g.Invalid("decode_public_key", lower(a)+"/bare", "a public key without DER", build.Fields{"public_der": der[12:]}, "MalformedKey", "NotThisForm")
	}
	g.Invalid("decode_public_key", "x25519/private", "a private key where a public one is expected",
		build.Fields{"public_der": testKey(keys.X25519, "a").PKCS8()}, "MalformedKey", "NotThisForm")
	x := testKey(keys.X25519, "a").Public().SPKI()
	for _, oid := range []byte{111, 113} {
		der := bytes.Clone(x)
		der[8] = oid
		g.Invalid("decode_public_key", fmt.Sprintf("x25519/as-%d", oid), "a key of 32 bytes for an algorithm with longer ones",
			build.Fields{"public_der": der}, "MalformedKey", "WrongSize")
	}
}

func spkiUses(f *build.File) {
	uses := f.Group("use", "what a public key may be used for", "key_uses")
	only := f.Group("x25519-only", "places where only X25519 is allowed, as for session keys", "decode_x25519_key")
	for _, a := range allAlgorithms {
		in := build.Fields{"public_der": testKey(a, "b").Public().SPKI()}
		uses.Valid(lower(a), "a key of "+a.String(), in)
		if a == keys.X25519 {
			only.Valid(lower(a), "a key of "+a.String(), in)
			continue
		}
		only.Invalid("decode_x25519_key", lower(a), "a key of "+a.String(), in, "WrongKeyType", "WrongUse")
	}
}

func spkiAgreement(f *build.File) {
	g := f.Group("agreement", "secrets that two keys agree on", "agree")
	for _, a := range []keys.Algorithm{keys.X25519, keys.X448} {
		for _, pair := range [][2]string{{"a", "b"}, {"b", "a"}, {"c", "d"}, {"d", "c"}} {
			g.Valid(lower(a)+"/"+pair[0]+pair[1], "two keys of "+a.String(), build.Fields{
				"private_key": testKey(a, pair[0]).PKCS8(), "public_key": testKey(a, pair[1]).Public().SPKI(),
			})
		}
	}
	for _, private := range allAlgorithms {
		for _, public := range allAlgorithms {
			if private == public && private.CanAgree() {
				continue
			}
			g.Invalid("agree", lower(private)+"-with-"+lower(public), "a private key of "+private.String()+" with a public key of "+public.String(),
				build.Fields{"private_key": testKey(private, "a").PKCS8(), "public_key": testKey(public, "b").Public().SPKI()},
				"WrongKeyType", "WrongUse")
		}
	}
}

func spkiSignatures(f *build.File) {
	sign := f.Group("sign", "signatures", "sign")
	verify := f.Group("verify", "the verification of signatures", "verify_signature")
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
		k, other := testKey(a, "a"), testKey(a, "b")
		for _, n := range []int{0, 1, 32, 200} {
			message := build.Bytes("spki message", n)
			id, what := fmt.Sprintf("%s/%d", lower(a), n), fmt.Sprintf("a message of %d bytes", n)
			sign.Valid(id, what, build.Fields{"private_der": k.PKCS8(), "message": message})
			verify.Valid(id, what, signedFields(k, message))
		}
		message := build.Bytes("spki message", 32)
		for _, bad := range []struct {
			id, what string
			change   func(build.Fields)
		}{
			{"first-byte", "the first byte of the signature changed", flip("signature", 0)},
			{"last-byte", "the byte before the last of the signature changed", flip("signature", -2)},
			{"middle", "the first byte of the second half of the signature changed", flip("signature", a.SignatureSize()/2)},
			{"message", "the message changed", flip("message", 0)},
			{"message-longer", "a byte more in the message", func(in build.Fields) { in["message"] = append(bytes.Clone(message), 0) }},
			{"message-shorter", "a byte less in the message", func(in build.Fields) { in["message"] = message[1:] }},
			{"other-key", "the public key of another one", func(in build.Fields) { in["public_der"] = other.Public().SPKI() }},
			{"empty", "no signature", func(in build.Fields) { in["signature"] = []byte{} }},
			{"cut", "a signature without its last byte", func(in build.Fields) {
				in["signature"] = in["signature"].([]byte)[:a.SignatureSize()-1]
			}},
			{"longer", "a signature with a byte more", func(in build.Fields) {
				in["signature"] = append(in["signature"].([]byte), 0)
			}},
			{"zeros", "a signature of zeros", func(in build.Fields) { in["signature"] = make([]byte, a.SignatureSize()) }},
		} {
			in := signedFields(k, message)
			bad.change(in)
			verify.Invalid("verify_signature", lower(a)+"/"+bad.id, bad.what, in, "NotAuthorized", "BadSignature")
		}
	}
	for _, a := range []keys.Algorithm{keys.X25519, keys.X448} {
		k := testKey(a, "a")
		sign.Invalid("sign", lower(a), "a key of "+a.String()+" cannot sign",
			build.Fields{"private_der": k.PKCS8(), "message": build.Bytes("spki message", 32)}, "WrongKeyType", "WrongUse")
		in := signedFields(testKey(keys.Ed25519, "a"), build.Bytes("spki message", 32))
		in["public_der"] = k.Public().SPKI()
		verify.Invalid("verify_signature", lower(a), "a key of "+a.String()+" cannot verify", in, "WrongKeyType", "WrongUse")
	}
}

func signedFields(k keys.PrivateKey, message []byte) build.Fields {
	signature, err := k.Sign(message)
	if err != nil {
		panic(err) // the caller's keys can sign
	}
	return build.Fields{"public_der": k.Public().SPKI(), "message": message, "signature": signature}
}

// flip changes a bit of a byte of a field; places below zero count from the end.
func flip(field string, at int) func(build.Fields) {
	return func(in build.Fields) { in[field] = flipped(in[field].([]byte), at) }
}

// flipped returns b with a bit of one byte changed.
func flipped(b []byte, at int) []byte {
	b = bytes.Clone(b)
	if at < 0 {
		at += len(b)
	}
	b[at] ^= 1
	return b
}
