package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/pem"
	"fmt"
	"slices"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func certificates() *build.File {
	f := build.New("certificate", "certificates, chains of them, and session keys that they sign",
		"Chains are lists of DER certificates, leaf first; the identity of a relay is the second one.",
		"Most certificates are valid for one second.")
	f.Flag("Malformed", "A certificate or signed key is not the one DER structure that it has to be.")
	f.Flag("OtherAlgorithm", "The key of the certificate is none of the four algorithms.")
	f.Flag("WrongCount", "A relay shows 2, 3 or 4 certificates, a service 1 to 4.")
	f.Flag("WrongIdentity", "The second certificate has not the fingerprint of the address.")
	f.Flag("WrongIssuer", "A certificate is issued in another name than that of the next one.")
	f.Flag("BrokenSignature", "A signature is not that of the key which has to have signed.")
	f.Flag("OutOfTime", "A certificate is not valid at the time.")
	f.Flag("WrongKey", "The private key does not belong to the leaf.")
	f.Flag("WrongAlgorithm", "A key is of an algorithm that cannot stand in this place.")
	f.Flag("FarFuture", "Dates after 2049 are written as GeneralizedTime, those before as UTCTime.")
	certificateParts(f)
	certificateChains(f)
	certificateServices(f)
	certificateCredentials(f)
	certificateSignedKeys(f)
	return f
}

func certificateParts(f *build.File) {
	g := f.Group("parse", "what is in a certificate", "certificate")
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
		c := plainChain("parse", a, 2)
		g.Valid(lower(a)+"/leaf", "the leaf of a relay", build.Fields{"certificate": c.chain[0]})
		g.Valid(lower(a)+"/identity", "the identity of a relay", build.Fields{"certificate": c.chain[1]})
	}
	far := makeChain("far", certificateSpec{
		name: "far", alg: keys.Ed25519, notBefore: time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC), notAfter: time.Date(2050, 1, 1, 0, 0, 0, 0, time.UTC),
	})
	g.Valid("far-future", "a certificate valid from 2049 to 2050", build.Fields{"certificate": far.chain[0]}, "FarFuture")

	der := plainChain("parse", keys.Ed25519, 2).chain[0]
	refuse := func(id, what string, der []byte) {
		g.Invalid("certificate", id, what, build.Fields{"certificate": der}, "MalformedCertificate", "Malformed")
	}
	for _, n := range []int{0, 1, 4, 8, 40, len(der) / 2, len(der) - 65, len(der) - 1} {
		refuse(fmt.Sprintf("cut-to-%d", n), fmt.Sprintf("only the first %d bytes", n), der[:n])
	}
	refuse("trailing", "a byte follows", append(bytes.Clone(der), 0))
	refuse("twice", "the certificate twice", slices.Concat(der, der))
	refuse("tag", "a SET outside", append([]byte{0x31}, der[1:]...))
	refuse("algorithms-differ", "the algorithm outside of the signed part is Ed448", flippedAt(der, len(der)-68, 112^113))
	refuse("signature-tag", "an OCTET STRING for the signature", flippedAt(der, len(der)-67, 3^4))
	refuse("key", "a public key in place of a certificate", testKey(keys.Ed25519, "a").Public().SPKI())
	refuse("signed-part", "only the part that is signed", der[4:len(der)-74])
	refuse("pem", "a certificate as PEM", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	spki := plainChain("parse", keys.Ed25519, 2).private[0].Public().SPKI()
	unknown := bytes.Clone(spki)
	unknown[8] = 114
	g.Invalid("certificate", "other-algorithm", "a key with the identifier 1.3.101.114",
		build.Fields{"certificate": swapOnce(der, spki, unknown)}, "MalformedKey", "OtherAlgorithm")
}

// flippedAt returns b with the bits of one byte changed that are set in mask.
func flippedAt(b []byte, at int, mask byte) []byte {
	b = bytes.Clone(b)
	b[at] ^= mask
	return b
}

func certificateChains(f *build.File) {
	g := f.Group("chain", "the certificates of a relay", "verify_chain")
	at := second(certified)
	fields := func(c testChain, keyHash []byte) build.Fields {
		return build.Fields{"chain": c.values(), "key_hash": keyHash, "time": at}
	}
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
		for n := 2; n <= 4; n++ {
			c := plainChain("relay", a, n)
			g.Valid(fmt.Sprintf("%s/%d", lower(a), n), fmt.Sprintf("%d certificates of %s", n, a), fields(c, c.identity()))
		}
	}
	for _, mixed := range [][2]keys.Algorithm{{keys.Ed25519, keys.Ed448}, {keys.Ed448, keys.Ed25519}} {
		c := makeChain("mixed", certificateSpec{name: "localhost", alg: mixed[0]}, certificateSpec{name: "CA", alg: mixed[1]})
		g.Valid(lower(mixed[0])+"-by-"+lower(mixed[1]), "a leaf and an identity of different algorithms", fields(c, c.identity()))
	}

	two, three, four, five := plainChain("relay", keys.Ed25519, 2), plainChain("relay", keys.Ed25519, 3), plainChain("relay", keys.Ed25519, 4), plainChain("relay", keys.Ed25519, 5)
	other := plainChain("other relay", keys.Ed25519, 2)
	for _, bad := range []struct {
		id, what    string
		c           testChain
		keyHash     []byte
		class, flag string
	}{
		{"none", "no certificate", two.of(), two.identity(), "ChainLength", "WrongCount"},
		{"one", "only the leaf", two.of(0), hash(two.chain[0]), "ChainLength", "WrongCount"},
		{"one-self-signed", "only the identity", two.of(1), two.identity(), "ChainLength", "WrongCount"},
		{"five", "five certificates", five, five.identity(), "ChainLength", "WrongCount"},
		{"hash-of-leaf", "the fingerprint of the leaf", two, hash(two.chain[0]), "OtherIdentity", "WrongIdentity"},
		{"hash-of-third", "the fingerprint of the third certificate", three, hash(three.chain[2]), "OtherIdentity", "WrongIdentity"},
		{"hash-of-fourth", "the fingerprint of the last of four certificates", four, hash(four.chain[3]), "OtherIdentity", "WrongIdentity"},
		{"hash-of-key", "the hash of the key of the identity", two, sha(two.private[1].Public().SPKI()), "OtherIdentity", "WrongIdentity"},
		{"hash-of-other", "the fingerprint of another relay", two, other.identity(), "OtherIdentity", "WrongIdentity"},
		{"hash-changed", "a bit of the fingerprint changed", two, flipped(two.identity(), 31), "OtherIdentity", "WrongIdentity"},
		{"hash-cut", "the first half of the fingerprint", two, two.identity()[:16], "OtherIdentity", "WrongIdentity"},
		{"hash-empty", "no fingerprint", two, nil, "OtherIdentity", "WrongIdentity"},
		{"reversed", "the identity before the leaf", two.of(1, 0), two.identity(), "OtherIdentity", "WrongIdentity"},
		{"exchanged", "the second and third certificate exchanged", three.of(0, 2, 1), three.identity(), "OtherIdentity", "WrongIdentity"},
		{"without-middle", "the leaf and the last of three certificates", three.of(0, 2), hash(three.chain[2]), "OtherIssuer", "WrongIssuer"},
		{"leaf-twice", "the leaf twice", two.of(0, 0), hash(two.chain[0]), "OtherIssuer", "WrongIssuer"},
		{"other-issuer", "a leaf in the name of somebody else", two.reissue(parsed(three.chain[2]), two.private[1]), two.identity(), "OtherIssuer", "WrongIssuer"},
		{"leaf-by-other-key", "a leaf that another key signed", two.reissue(parsed(two.chain[1]), other.private[1]), two.identity(), "BadSignature", "BrokenSignature"},
		{"leaf-of-other", "the leaf of another relay with the same names", two.with(0, other.chain[0]), two.identity(), "BadSignature", "BrokenSignature"},
		{"leaf-by-itself", "a leaf that signed itself", two.reissue(parsed(two.chain[1]), two.private[0]), two.identity(), "BadSignature", "BrokenSignature"},
		{"leaf-signature", "a bit of the leaf's signature changed", two.with(0, flipped(two.chain[0], -1)), two.identity(), "BadSignature", "BrokenSignature"},
		{"leaf-serial", "a bit of the leaf's serial number changed", two.with(0, flipped(two.chain[0], 30)), two.identity(), "BadSignature", "BrokenSignature"},
		{"identity-signature", "a bit of the identity's signature changed, of three certificates", brokenIdentity(three), brokenIdentity(three).identity(), "BadSignature", "BrokenSignature"},
		{"leaf-cut", "a leaf without its last byte", two.with(0, two.chain[0][:len(two.chain[0])-1]), two.identity(), "MalformedCertificate", "Malformed"},
		{"leaf-empty", "an empty leaf", two.with(0, nil), two.identity(), "MalformedCertificate", "Malformed"},
	} {
		g.Invalid("verify_chain", bad.id, bad.what, fields(bad.c, bad.keyHash), bad.class, bad.flag)
	}
	for _, bad := range []struct {
		id, what string
		by       time.Duration
	}{{"too-early", "one second before the certificates are valid", -time.Second}, {"too-late", "one second after", time.Second}} {
		in := fields(two, two.identity())
		in["time"] = second(certified.Add(bad.by))
		g.Invalid("verify_chain", bad.id, bad.what, in, "OutsideValidity", "OutOfTime")
	}
	past := certified.Add(-time.Second)
	leaf := makeChain("expired", certificateSpec{name: "localhost", alg: keys.Ed25519, notBefore: past, notAfter: past}, certificateSpec{name: "CA", alg: keys.Ed25519})
	g.Invalid("verify_chain", "leaf-expired", "only the leaf has expired", fields(leaf, leaf.identity()), "OutsideValidity", "OutOfTime")
	middle := makeChain("expired", certificateSpec{name: "localhost", alg: keys.Ed25519},
		certificateSpec{name: "CA", alg: keys.Ed25519, notBefore: past, notAfter: past}, certificateSpec{name: "root", alg: keys.Ed25519})
	g.Invalid("verify_chain", "identity-expired", "only the identity has expired, of three certificates", fields(middle, middle.identity()), "OutsideValidity", "OutOfTime")
}

func sha(b []byte) []byte {
	sum := sha256.Sum256(b)
	return sum[:]
}

func brokenIdentity(c testChain) testChain { return c.with(1, flipped(c.chain[1], -1)) }

func certificateServices(f *build.File) {
	g := f.Group("service", "the certificates of a service", "verify_service_chain")
	at := second(certified)
	for n := 1; n <= 4; n++ {
		c := plainChain("service", keys.Ed25519, n)
		g.Valid(fmt.Sprint(n), fmt.Sprintf("%d certificates", n), build.Fields{"chain": c.values(), "time": at})
	}
	two := plainChain("service", keys.Ed25519, 2)
	for _, bad := range []struct {
		id, what    string
		c           testChain
		class, flag string
	}{
		{"none", "no certificate", two.of(), "ChainLength", "WrongCount"},
		{"five", "five certificates", plainChain("service", keys.Ed25519, 5), "ChainLength", "WrongCount"},
		{"leaf-alone", "a single certificate that another one has issued", two.of(0), "OtherIssuer", "WrongIssuer"},
		{"self-signature", "a single certificate with a changed signature", plainChain("service", keys.Ed25519, 1).with(0, flipped(plainChain("service", keys.Ed25519, 1).chain[0], -1)), "BadSignature", "BrokenSignature"},
		{"leaf-signature", "a leaf with a changed signature", two.with(0, flipped(two.chain[0], -1)), "BadSignature", "BrokenSignature"},
		{"reversed", "the identity before the leaf", two.of(1, 0), "OtherIssuer", "WrongIssuer"},
	} {
		g.Invalid("verify_service_chain", bad.id, bad.what, build.Fields{"chain": bad.c.values(), "time": at}, bad.class, bad.flag)
	}
	g.Invalid("verify_service_chain", "too-late", "one second after the certificates are valid",
		build.Fields{"chain": two.values(), "time": second(certified.Add(time.Second))}, "OutsideValidity", "OutOfTime")
}

func certificateCredentials(f *build.File) {
	g := f.Group("credentials", "certificates with the private key of the leaf", "credentials")
	fields := func(c testChain, private []byte) build.Fields {
		return build.Fields{"chain": c.values(), "leaf_private_der": private, "time": second(certified)}
	}
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
		c := plainChain("relay", a, 2)
		g.Valid(lower(a), "certificates of "+a.String(), fields(c, c.private[0].PKCS8()))
	}
	c := plainChain("relay", keys.Ed25519, 2)
	g.Invalid("credentials", "key-of-identity", "the private key of the identity", fields(c, c.private[1].PKCS8()), "OtherKey", "WrongKey")
	g.Invalid("credentials", "other-key", "the private key of another relay", fields(c, plainChain("other relay", keys.Ed25519, 2).private[0].PKCS8()), "OtherKey", "WrongKey")
	same, err := keys.NewPrivate(keys.X25519, c.private[0].Raw())
	if err != nil {
		panic(err) // both kinds of keys have 32 bytes
	}
	g.Invalid("credentials", "as-x25519", "the same bytes as a key of X25519", fields(c, same.PKCS8()), "OtherKey", "WrongKey")
	g.Invalid("credentials", "bare-key", "a private key without DER", fields(c, c.private[0].Raw()), "MalformedKey", "Malformed")
}

func certificateSignedKeys(f *build.File) {
	sign := f.Group("sign-key", "session keys signed by leaf certificates", "sign_key")
	verify := f.Group("verify-signed-key", "session keys out of signed keys", "verify_signed_key")
	fields := func(signed []byte, leaf keys.PrivateKey, a keys.Algorithm) build.Fields {
		return build.Fields{"signed_key": signed, "leaf_public_der": leaf.Public().SPKI(), "session_algorithm": a.String()}
	}
	for _, leafAlgorithm := range []keys.Algorithm{keys.Ed25519, keys.Ed448} {
		for _, a := range []keys.Algorithm{keys.X25519, keys.Ed25519} {
			leaf, session := testKey(leafAlgorithm, "leaf"), testKey(a, "session")
			id, what := lower(a)+"-by-"+lower(leafAlgorithm), "a key of "+a.String()+" signed by "+leafAlgorithm.String()
			sign.Valid(id, what, build.Fields{"session_public_der": session.Public().SPKI(), "leaf_private_der": leaf.PKCS8()})
			verify.Valid(id, what, fields(signed(session, leaf), leaf, a))
		}
	}
	leaf, session := testKey(keys.Ed25519, "leaf"), testKey(keys.X25519, "session")
	sign.Invalid("sign_key", "by-x25519", "a leaf that cannot sign",
		build.Fields{"session_public_der": session.Public().SPKI(), "leaf_private_der": testKey(keys.X25519, "leaf").PKCS8()}, "WrongKeyType", "WrongAlgorithm")
	sign.Invalid("sign_key", "bare", "a session key without DER",
		build.Fields{"session_public_der": session.Public().Raw(), "leaf_private_der": leaf.PKCS8()}, "MalformedKey", "Malformed")

	der := signed(session, leaf)
	spki := session.Public().SPKI()
	for _, bad := range []struct {
		id, what    string
		in          build.Fields
		class, flag string
	}{
		{"signature", "a bit of the signature changed", fields(flipped(der, -1), leaf, keys.X25519), "BadSignature", "BrokenSignature"},
		{"session-key", "a bit of the session key changed", fields(flipped(der, 20), leaf, keys.X25519), "BadSignature", "BrokenSignature"},
		{"other-leaf", "signed by another leaf", fields(der, testKey(keys.Ed25519, "other leaf"), keys.X25519), "BadSignature", "BrokenSignature"},
		{"ed448-leaf", "a leaf of Ed448 and a signature of Ed25519", fields(der, testKey(keys.Ed448, "leaf"), keys.X25519), "BadSignature", "BrokenSignature"},
		{"x25519-leaf", "a leaf that cannot have signed", fields(der, testKey(keys.X25519, "leaf"), keys.X25519), "BadSignature", "BrokenSignature"},
		{"bare-signed", "the signature covers the key without the SEQUENCE around it", fields(signedObject(sequence(spki), leaf, spki), leaf, keys.X25519), "BadSignature", "BrokenSignature"},
		{"raw-signed", "the signature covers the bare key", fields(signedObject(sequence(spki), leaf, session.Public().Raw()), leaf, keys.X25519), "BadSignature", "BrokenSignature"},
		{"says-ed448", "the algorithm says Ed448", fields(flippedAt(der, len(der)-68, 112^113), leaf, keys.X25519), "BadSignature", "BrokenSignature"},
		{"no-wrapper", "the key is not in a SEQUENCE of its own", fields(signedObject(spki, leaf, spki), leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"two-wrappers", "the key is in two more SEQUENCEs", fields(signedObject(sequence(sequence(spki)), leaf, sequence(sequence(spki))), leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"empty", "nothing", fields(nil, leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"cut", "without the last byte", fields(der[:len(der)-1], leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"without-signature", "without the signature", fields(sequence(der[2:len(der)-67]), leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"trailing", "a byte follows", fields(append(bytes.Clone(der), 0), leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"unsigned", "the key alone", fields(spki, leaf, keys.X25519), "MalformedSignedKey", "Malformed"},
		{"ed25519-for-x25519", "a session key of Ed25519 where X25519 is expected", fields(signed(testKey(keys.Ed25519, "session"), leaf), leaf, keys.X25519), "WrongKeyType", "WrongAlgorithm"},
		{"x448-for-x25519", "a session key of X448 where X25519 is expected", fields(signed(testKey(keys.X448, "session"), leaf), leaf, keys.X25519), "WrongKeyType", "WrongAlgorithm"},
		{"x25519-for-ed25519", "a session key of X25519 where a service's Ed25519 is expected", fields(der, leaf, keys.Ed25519), "WrongKeyType", "WrongAlgorithm"},
		{"ed448-for-ed25519", "a session key of Ed448 where a service's Ed25519 is expected", fields(signed(testKey(keys.Ed448, "session"), leaf), leaf, keys.Ed25519), "WrongKeyType", "WrongAlgorithm"},
	} {
		verify.Invalid("verify_signed_key", bad.id, bad.what, bad.in, bad.class, bad.flag)
	}
}

// signed is the public half of a session key, signed by a leaf.
func signed(session, leaf keys.PrivateKey) []byte {
	der, err := keys.SignKey(session.Public(), leaf)
	if err != nil {
		panic(err) // the leaf can sign
	}
	return der
}

// sequence is a DER SEQUENCE with a content of less than 128 bytes.
func sequence(content ...[]byte) []byte {
	all := slices.Concat(content...)
	return append([]byte{0x30, byte(len(all))}, all...)
}

// signedObject is an object signed by an Ed25519 key as X.509 does, with a signature that
// covers something of the caller's choice.
func signedObject(object []byte, signer keys.PrivateKey, covered []byte) []byte {
	signature, err := signer.Sign(covered)
	if err != nil {
		panic(err) // the signer is an Ed25519 key
	}
	return sequence(object, sequence([]byte{6, 3, 0x2b, 0x65, 112}), []byte{3, 65, 0}, signature)
}
