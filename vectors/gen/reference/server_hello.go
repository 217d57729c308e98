package main

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

// firstVersion and lastVersion are the lowest and highest SMP version.
const firstVersion, lastVersion = 6, 20

// The versions that bring parts of the hellos.
const (
	keyVersion     = 7
	proxyVersion   = 14
	serviceVersion = 16
)

func serverHello() *build.File {
	f := build.New("server_hello", "the first message of a relay, and what a client makes of it",
		"Messages are block contents before padding.",
		"Bytes after a hello are ignored, and certificates or a key that cannot be decoded count as absent, as in the official implementation.")
	f.Flag("NoKey", "The relay sends no session key although its versions have one: the connection goes on without block encryption.")
	f.Flag("KeyIgnored", "The certificates or the signed key cannot be decoded: they count as absent.")
	f.Flag("TrailingIgnored", "Bytes after the end of the hello are ignored.")
	f.Flag("Cut", "The hello ends within the version range or the session identifier.")
	f.Flag("ReversedRange", "The lowest version is above the highest.")
	f.Flag("LongSessionID", "The session identifier does not fit its length of one byte.")
	f.Flag("KeyBelowVersion7", "There is a session key, but the versions end before 7.")
	f.Flag("WrongAlgorithm", "A key is of an algorithm that cannot stand in this place.")
	f.Flag("MalformedKey", "A key is not in the DER form of its algorithm.")
	f.Flag("MalformedLeaf", "The leaf of TLS is no certificate.")
	f.Flag("OtherSession", "The session identifier is not that of the TLS connection.")
	f.Flag("WrongIdentity", "The second certificate has not the fingerprint of the address.")
	f.Flag("NothingInCommon", "The relay offers no version that the client speaks.")
	f.Flag("WrongCount", "The relay shows another number of certificates than 2, 3 or 4.")
	f.Flag("BrokenSignature", "The session key is not signed by the key of the leaf that the relay showed in TLS.")
	serverHelloContents(f)
	serverHelloDecoding(f)
	serverHelloClients(f)
	return f
}

// sessionID is the session identifier of most tests.
var sessionID = build.Bytes("session id", 32)

// relay is what a test relay has.
type relay struct {
	testChain
	session keys.PrivateKey
}

func testRelay(a keys.Algorithm, certificates int) relay {
	return relay{plainChain("relay", a, certificates), testKey(keys.X25519, "relay session")}
}

// hello are the fields of server_hello.
func (r relay) hello(lowest, highest int) build.Fields {
	in := build.Fields{"offered": [2]int{lowest, highest}, "session_id": sessionID, "chain": nil, "leaf_private_der": nil, "session_private_der": nil}
	if highest >= keyVersion {
		in["chain"], in["leaf_private_der"], in["session_private_der"] = r.values(), r.private[0].PKCS8(), r.session.PKCS8()
	}
	return in
}

// short is a string with a length of one byte, large one with a length of two.
func short(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

func large(b []byte) []byte { return append([]byte{byte(len(b) >> 8), byte(len(b))}, b...) }

// certifiedKey is a chain with a signed key, as hellos have it.
func certifiedKey(chain [][]byte, signedKey []byte) []byte {
	b := []byte{byte(len(chain))}
	for _, der := range chain {
		b = append(b, large(der)...)
	}
	return append(b, large(signedKey)...)
}

// helloStart are the version range and the session identifier of a hello.
func helloStart(lowest, highest byte) []byte {
	return append([]byte{0, lowest, 0, highest}, short(sessionID)...)
}

// bytes is the hello of the relay.
func (r relay) bytes(lowest, highest byte) []byte {
	if highest < keyVersion {
		return helloStart(lowest, highest)
	}
	return append(helloStart(lowest, highest), certifiedKey(r.chain, signed(r.session, r.private[0]))...)
}

func serverHelloContents(f *build.File) {
	g := f.Group("hello", "the hello of a relay", "server_hello", "decode_server_hello")
	r := testRelay(keys.Ed25519, 2)
	for v := firstVersion; v <= lastVersion; v++ {
		g.Valid(fmt.Sprintf("6-%d", v), fmt.Sprintf("versions 6 to %d", v), r.hello(firstVersion, v))
	}
	g.Valid("19-20", "versions 19 and 20", r.hello(19, 20))
	g.Valid("7-7", "version 7 alone", r.hello(7, 7))
	g.Valid("3-certificates", "three certificates", testRelay(keys.Ed25519, 3).hello(6, 20))
	g.Valid("4-certificates", "four certificates", testRelay(keys.Ed25519, 4).hello(6, 20))
	g.Valid("ed448", "certificates of Ed448", testRelay(keys.Ed448, 2).hello(6, 20))
	for _, n := range []int{0, 12, 255} {
		in := r.hello(6, 6)
		in["session_id"] = build.Bytes("session id", n)
		g.Valid(fmt.Sprintf("session-%d", n), fmt.Sprintf("a session identifier of %d bytes", n), in)
	}
	for _, v := range []int{7, 20} {
		in := r.hello(6, 6)
		in["offered"] = [2]int{6, v}
		g.Valid(fmt.Sprintf("no-key-%d", v), "no session key", in, "NoKey")
	}
	refuse := func(id, what, class, flag string, change func(build.Fields)) {
		in := r.hello(6, 20)
		change(in)
		g.Invalid("server_hello", id, what, in, class, flag)
	}
	refuse("reversed", "versions 20 to 6", "BadVersionRange", "ReversedRange", func(in build.Fields) { in["offered"] = [2]int{20, 6} })
	refuse("long-session", "a session identifier of 256 bytes", "TooLong", "LongSessionID", func(in build.Fields) { in["session_id"] = build.Bytes("session id", 256) })
	refuse("key-at-6", "a session key at version 6", "NotInVersion", "KeyBelowVersion7", func(in build.Fields) { in["offered"] = [2]int{6, 6} })
	for _, n := range []int{0, 15, 47} {
		refuse(fmt.Sprintf("leaf-cut-to-%d", n), "a private key of the leaf that ends too early", "MalformedKey", "MalformedKey", func(in build.Fields) { in["leaf_private_der"] = r.private[0].PKCS8()[:n] })
	}
	refuse("session-public", "a public session key in place of the private one", "MalformedKey", "MalformedKey", func(in build.Fields) { in["session_private_der"] = r.session.Public().SPKI() })
	refuse("session-bare", "a session key without DER", "MalformedKey", "MalformedKey", func(in build.Fields) { in["session_private_der"] = r.session.Raw() })
	refuse("x448-leaf", "a leaf of X448", "WrongKeyType", "WrongAlgorithm", func(in build.Fields) { in["leaf_private_der"] = testKey(keys.X448, "leaf").PKCS8() })
	refuse("x25519-leaf", "a leaf that cannot sign", "WrongKeyType", "WrongAlgorithm", func(in build.Fields) { in["leaf_private_der"] = testKey(keys.X25519, "leaf").PKCS8() })
}

func serverHelloDecoding(f *build.File) {
	r := testRelay(keys.Ed25519, 2)
	whole, start := r.bytes(6, 20), helloStart(6, 20)
	decode := f.Group("decode", "hellos that cannot be decoded, and one that can", "decode_server_hello")
	decode.Valid("whole", "a hello of version 20", build.Fields{"server_hello": whole})
	for _, n := range []int{0, 1, 2, 3, 4, 5, 20, 36} {
		decode.Invalid("decode_server_hello", fmt.Sprintf("cut-to-%d", n), fmt.Sprintf("the first %d bytes of a hello", n),
			build.Fields{"server_hello": whole[:n]}, "Truncated", "Cut")
	}
	decode.Invalid("decode_server_hello", "session-length", "a session identifier of 255 bytes, 32 follow",
		build.Fields{"server_hello": append([]byte{0, 6, 0, 6, 255}, sessionID...)}, "Truncated", "Cut")
	for _, v := range [][2]byte{{7, 6}, {20, 6}, {255, 20}} {
		decode.Invalid("decode_server_hello", fmt.Sprintf("reversed-%d-%d", v[0], v[1]), fmt.Sprintf("versions %d to %d", v[0], v[1]),
			build.Fields{"server_hello": append([]byte{0, v[0], 0, v[1]}, whole[4:]...)}, "BadVersionRange", "ReversedRange")
	}

	ignored := f.Group("key-ignored", "hellos without a key that can be decoded", "decode_server_hello")
	signedKey, spki := signed(r.session, r.private[0]), r.session.Public().SPKI()
	for _, test := range []struct {
		id, what string
		rest     []byte
	}{
		{"nothing", "nothing after the session identifier", nil},
		{"no-certificates", "a count of 0 certificates", certifiedKey(nil, signedKey)},
		{"count", "a count of 3, two certificates follow", append([]byte{3}, certifiedKey(r.chain, signedKey)[1:]...)},
		{"cut-in-certificate", "cut within a certificate", certifiedKey(r.chain, signedKey)[:100]},
		{"cut-in-key", "cut within the signed key", certifiedKey(r.chain, signedKey[:len(signedKey)-1])},
		{"without-key", "certificates alone", certifiedKey(r.chain, nil)[:1+2+len(r.chain[0])+2+len(r.chain[1])]},
		{"empty-key", "an empty signed key", certifiedKey(r.chain, nil)},
		{"unsigned-key", "a key without a signature", certifiedKey(r.chain, spki)},
		{"unwrapped-key", "a signed key without the SEQUENCE around the key", certifiedKey(r.chain, signedObject(spki, r.private[0], spki))},
		{"bad-certificate", "a leaf that is no certificate", certifiedKey([][]byte{spki, r.chain[1]}, signedKey)},
		{"longer-certificate", "a leaf with a byte more", certifiedKey([][]byte{append(bytes.Clone(r.chain[0]), 0), r.chain[1]}, signedKey)},
	} {
		ignored.Valid(test.id, test.what, build.Fields{"server_hello": append(bytes.Clone(start), test.rest...)}, "KeyIgnored")
	}

	trailing := f.Group("trailing", "hellos with more bytes after them", "decode_server_hello")
	trailing.Valid("1", "one byte after the hello", build.Fields{"server_hello": append(bytes.Clone(whole), 0)}, "TrailingIgnored")
	trailing.Valid("100", "100 bytes after the hello", build.Fields{"server_hello": append(bytes.Clone(whole), build.Bytes("trailing", 100)...)}, "TrailingIgnored")
	trailing.Valid("version-6", "a key after the hello of version 6", build.Fields{"server_hello": append(helloStart(6, 6), whole[len(start):]...)}, "TrailingIgnored")
}

// clientFields are what a client knows that receives a hello of the relay.
func (r relay) clientFields(hello []byte, lowest, highest int) build.Fields {
	return build.Fields{
		"server_hello": hello, "server_response": nil, "session_id": sessionID, "key_hash": r.identity(),
		"client_versions": [2]int{lowest, highest}, "proxy": false, "client_private_der": testKey(keys.X25519, "client session").PKCS8(),
		"leaf": r.chain[0], "service": nil,
	}
}

func backwards(b []byte) []byte {
	b = bytes.Clone(b)
	slices.Reverse(b)
	return b
}

// The relay of a newer protocol offers versions that clients do not know; that of an older
// one does not know proxies.
const newerVersion, olderVersion, lowerVersion = 25, 13, 5

func serverHelloClients(f *build.File) {
	g := f.Group("client", "what a client makes of the hello of a relay", "client_handshake")
	r := testRelay(keys.Ed25519, 2)
	newer, older := r.bytes(lowerVersion, newerVersion), r.bytes(lowerVersion, olderVersion)
	for v := firstVersion; v <= lastVersion; v++ {
		hello := newer
		if v < 10 {
			hello = older
		}
		g.Valid(fmt.Sprintf("version-%d", v), fmt.Sprintf("a client of version %d", v), r.clientFields(hello, firstVersion, v))
	}
	for _, v := range []int{proxyVersion, serviceVersion, lastVersion} {
		in := r.clientFields(newer, 8, v)
		in["proxy"] = true
		g.Valid(fmt.Sprintf("proxy-%d", v), fmt.Sprintf("a proxy of version %d", v), in)
	}
	for _, v := range []int{8, proxyVersion, lastVersion} {
		in := r.clientFields(newer, firstVersion, v)
		if v < 10 {
			in["server_hello"] = older
		}
		in["client_private_der"] = nil
		g.Valid(fmt.Sprintf("no-client-key-%d", v), fmt.Sprintf("a client of version %d without a session key", v), in)
	}
	g.Valid("no-relay-key", "a relay without a session key", r.clientFields(helloStart(lowerVersion, newerVersion), firstVersion, lastVersion), "NoKey")
	ed448 := testRelay(keys.Ed448, 3)
	g.Valid("ed448", "a relay with three certificates of Ed448", ed448.clientFields(ed448.bytes(lowerVersion, newerVersion), firstVersion, lastVersion))
	serverHelloRefusals(g, r)
	limited := f.Group("older-relay", "a relay that does not know the flag of proxies", "client_handshake")
	in := r.clientFields(older, 8, lastVersion)
	in["proxy"] = true
	limited.Valid("proxy", "a proxy limits itself to version 10 if the relay is older than 14", in)
}

// serverHelloRefusals adds hellos that a client does not accept.
func serverHelloRefusals(g *build.Group, r relay) {
	start, signedKey, spki := helloStart(6, 20), signed(r.session, r.private[0]), r.session.Public().SPKI()
	other := relay{plainChain("other relay", keys.Ed25519, 2), r.session}
	hello := func(chain [][]byte, key []byte) []byte { return slices.Concat(start, certifiedKey(chain, key)) }
	sessionOf := func(a keys.Algorithm) []byte { return signed(testKey(a, "relay session"), r.private[0]) }
	for _, bad := range []struct {
		id, what    string
		hello       []byte
		class, flag string
	}{
		{"session-changed", "a bit of the session identifier changed", flipped(r.bytes(6, 20), 10), "OtherConnection", "OtherSession"},
		{"session-empty", "no session identifier", append([]byte{0, 6, 0, 20, 0}, r.bytes(6, 20)[37:]...), "OtherConnection", "OtherSession"},
		{"session-cut", "the first 12 bytes of the session identifier", slices.Concat([]byte{0, 6, 0, 20, 12}, sessionID[:12], r.bytes(6, 20)[37:]), "OtherConnection", "OtherSession"},
		{"session-longer", "a byte more in the session identifier", slices.Concat([]byte{0, 6, 0, 20, 33}, sessionID, []byte{0}, r.bytes(6, 20)[37:]), "OtherConnection", "OtherSession"},
		{"session-reversed", "the session identifier backwards", slices.Concat([]byte{0, 6, 0, 20, 32}, backwards(sessionID), r.bytes(6, 20)[37:]), "OtherConnection", "OtherSession"},
		{"cut", "a hello that ends within the session identifier", r.bytes(6, 20)[:30], "Truncated", "Cut"},
		{"empty", "an empty hello", nil, "Truncated", "Cut"},
		{"versions-reversed", "a relay of versions 20 to 6", slices.Concat([]byte{0, 20, 0, 6}, r.bytes(6, 20)[4:]), "BadVersionRange", "ReversedRange"},
		{"bare-signed", "the signature covers the session key without the SEQUENCE around it", hello(r.chain, signedObject(sequence(spki), r.private[0], spki)), "BadSignature", "BrokenSignature"},
		{"hello-signed", "the signature covers the session identifier too", hello(r.chain, signedObject(sequence(spki), r.private[0], slices.Concat(sessionID, sequence(spki)))), "BadSignature", "BrokenSignature"},
		{"says-ed448", "a signature of Ed25519 whose algorithm says Ed448", hello(r.chain, flippedAt(signedKey, len(signedKey)-68, 112^113)), "BadSignature", "BrokenSignature"},
		{"by-ed448", "a session key signed by a key of Ed448", hello(r.chain, signed(r.session, testKey(keys.Ed448, "leaf"))), "BadSignature", "BrokenSignature"},
		{"ed448-session", "a session key of Ed448", hello(r.chain, sessionOf(keys.Ed448)), "WrongKeyType", "WrongAlgorithm"},
		{"leaf-twice", "the leaf twice", hello([][]byte{r.chain[0], r.chain[0]}, signedKey), "OtherIdentity", "WrongIdentity"},
		{"leaf-alone", "the leaf alone", hello(r.chain[:1], signedKey), "ChainLength", "WrongCount"},
		{"next", "a relay of version 21 alone", r.bytes(21, 21), "NoCommonVersion", "NothingInCommon"},
		{"newer", "a relay of versions 21 to 25", r.bytes(21, 25), "NoCommonVersion", "NothingInCommon"},
		{"older", "a relay of versions 1 to 5", r.bytes(1, 5), "NoCommonVersion", "NothingInCommon"},
		{"other-relay", "the certificates of another relay", hello(other.chain, signed(r.session, other.private[0])), "OtherIdentity", "WrongIdentity"},
		{"reversed", "the identity before the leaf", hello([][]byte{r.chain[1], r.chain[0]}, signedKey), "OtherIdentity", "WrongIdentity"},
		{"identity-changed", "a bit of the identity changed", hello([][]byte{r.chain[0], flipped(r.chain[1], 30)}, signedKey), "OtherIdentity", "WrongIdentity"},
		{"one-certificate", "the identity alone", hello(r.chain[1:], signedKey), "ChainLength", "WrongCount"},
		{"five-certificates", "five certificates", hello(plainChain("relay", keys.Ed25519, 5).chain, signedKey), "ChainLength", "WrongCount"},
		{"signature", "a bit of the signature changed", flipped(r.bytes(6, 20), -1), "BadSignature", "BrokenSignature"},
		{"key-changed", "a bit of the session key changed", hello(r.chain, flipped(signedKey, 20)), "BadSignature", "BrokenSignature"},
		{"by-identity", "a session key signed by the identity", hello(r.chain, signed(r.session, r.private[1])), "BadSignature", "BrokenSignature"},
		{"by-other", "a session key signed by another leaf", hello(r.chain, signed(r.session, other.private[0])), "BadSignature", "BrokenSignature"},
		{"ed25519-session", "a session key of Ed25519", hello(r.chain, sessionOf(keys.Ed25519)), "WrongKeyType", "WrongAlgorithm"},
		{"x448-session", "a session key of X448", hello(r.chain, sessionOf(keys.X448)), "WrongKeyType", "WrongAlgorithm"},
	} {
		g.Invalid("client_handshake", bad.id, bad.what, r.clientFields(bad.hello, firstVersion, lastVersion), bad.class, bad.flag)
	}
	for _, bad := range []struct {
		id, what, class, flag string
		change                func(build.Fields)
	}{
		{"hash-of-leaf", "the client expects the fingerprint of the leaf", "OtherIdentity", "WrongIdentity", func(in build.Fields) { in["key_hash"] = hash(r.chain[0]) }},
		{"hash-of-key", "the client expects the hash of the identity's key", "OtherIdentity", "WrongIdentity", func(in build.Fields) { in["key_hash"] = sha(r.private[1].Public().SPKI()) }},
		{"other-leaf", "another leaf in TLS than in the hello", "BadSignature", "BrokenSignature", func(in build.Fields) { in["leaf"] = other.chain[0] }},
		{"tls-session", "another session identifier in TLS", "OtherConnection", "OtherSession", func(in build.Fields) { in["session_id"] = build.Bytes("other session id", 32) }},
		{"hash-cut", "the client expects half of a fingerprint", "OtherIdentity", "WrongIdentity", func(in build.Fields) { in["key_hash"] = r.identity()[:16] }},
		{"hash-empty", "the client expects no fingerprint", "OtherIdentity", "WrongIdentity", func(in build.Fields) { in["key_hash"] = []byte{} }},
		{"tls-12-session", "the client knows the identifier of a TLS 1.2 session", "OtherConnection", "OtherSession", func(in build.Fields) { in["session_id"] = sessionID[:12] }},
		{"identity-in-tls", "the identity in place of the leaf in TLS", "BadSignature", "BrokenSignature", func(in build.Fields) { in["leaf"] = r.chain[1] }},
		{"no-leaf", "no leaf in TLS", "MalformedCertificate", "MalformedLeaf", func(in build.Fields) { in["leaf"] = []byte{} }},
		{"leaf-cut", "a leaf in TLS without its last byte", "MalformedCertificate", "MalformedLeaf", func(in build.Fields) { in["leaf"] = r.chain[0][:len(r.chain[0])-1] }},
		{"client-reversed", "a client of versions 20 to 6", "BadVersionRange", "ReversedRange", func(in build.Fields) { in["client_versions"] = [2]int{20, 6} }},
		{"client-key-x448", "a client with a session key of X448", "WrongKeyType", "WrongAlgorithm", func(in build.Fields) { in["client_private_der"] = testKey(keys.X448, "a").PKCS8() }},
		{"client-key-ed25519", "a client with a session key of Ed25519", "WrongKeyType", "WrongAlgorithm", func(in build.Fields) { in["client_private_der"] = testKey(keys.Ed25519, "a").PKCS8() }},
		{"client-key-bare", "a client with a session key without DER", "MalformedKey", "MalformedKey", func(in build.Fields) { in["client_private_der"] = testKey(keys.X25519, "a").Raw() }},
		{"client-older", "a client of version 5 alone", "NoCommonVersion", "NothingInCommon", func(in build.Fields) { in["client_versions"] = [2]int{5, 5} }},
		{"client-newer", "a client of version 21 alone", "NoCommonVersion", "NothingInCommon", func(in build.Fields) { in["client_versions"] = [2]int{21, 21} }},
		{"proxy-above-10", "a proxy of versions 11 to 20 and a relay of versions up to 10", "NoCommonVersion", "NothingInCommon", func(in build.Fields) {
			in["proxy"], in["client_versions"], in["server_hello"] = true, [2]int{11, 20}, r.bytes(6, 10)
		}},
	} {
		in := r.clientFields(r.bytes(6, 20), firstVersion, lastVersion)
		bad.change(in)
		g.Invalid("client_handshake", bad.id, bad.what, in, bad.class, bad.flag)
	}
}
