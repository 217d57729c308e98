package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func clientHello() *build.File {
	f := build.New("client_hello", "the answer of a client to the hello of a relay, and what the relay makes of it",
		"Messages are block contents before padding.",
		"Bytes after a hello are ignored, and a key that cannot be decoded counts as absent, as in the official implementation.")
	f.Flag("KeyIgnored", "What stands in the place of the session key is no X25519 key: it counts as absent, and these bytes are taken for the next field, or ignored if there is none.")
	f.Flag("TrailingIgnored", "Bytes after the end of the hello are ignored.")
	f.Flag("Cut", "The hello ends within a field, or before one that its version has.")
	f.Flag("OtherVersion", "The hello has a field that its version does not have, or lacks one that it has.")
	f.Flag("WrongFlag", "The flag of a proxy is neither 'T' nor 'F'.")
	f.Flag("WrongOption", "What introduces the service is neither '0' nor '1'.")
	f.Flag("WrongRole", "The role of a service is none of M, N and P.")
	f.Flag("MalformedService", "The certificates or the signed key of a service cannot be decoded.")
	f.Flag("LongHash", "The fingerprint does not fit its length of one byte.")
	f.Flag("WrongAlgorithm", "A key is of an algorithm that cannot stand in this place.")
	f.Flag("WrongIdentity", "The client expects the fingerprint of another relay.")
	f.Flag("VersionOutside", "The relay has not offered the version.")
	f.Flag("OtherInTLS", "The service has not shown these certificates in TLS.")
	f.Flag("WrongCount", "The service shows another number of certificates than 1 to 4.")
	f.Flag("BrokenSignature", "The session key of the service is not signed by its leaf certificate.")
	f.Flag("NoServices", "The relay accepts no services.")
	clientHelloContents(f)
	clientHelloRefusals(f)
	clientHelloIgnored(f)
	clientHelloServers(f)
	return f
}

// testService is what a test service has.
type testService struct {
	testChain
	session keys.PrivateKey
}

func newTestService(certificates int) testService {
	return testService{plainChain("service", keys.Ed25519, certificates), testKey(keys.Ed25519, "service session")}
}

// offer is the service in a hello.
func (s testService) offer(role string) map[string]any {
	return map[string]any{"role": role, "chain": s.values(), "signed_key": vectors.Hex(signed(s.session, s.private[0]))}
}

// bytes is the offer as it stands in a hello.
func (s testService) bytes(role byte) []byte {
	return slices.Concat([]byte{'1', role}, certifiedKey(s.chain, signed(s.session, s.private[0])))
}

// clientKey is the session key of the test client.
func clientKey() keys.PublicKey { return testKey(keys.X25519, "client session").Public() }

// relayHash is the fingerprint of the test relay.
func relayHash() []byte { return testRelay(keys.Ed25519, 2).identity() }

// helloFields are the fields of a hello with all that its version has, apart from a service.
func helloFields(v int) build.Fields {
	in := build.Fields{"version": v, "key_hash": relayHash(), "client_public_der": nil, "proxy": nil, "service": nil}
	if v >= keyVersion {
		in["client_public_der"] = vectors.Hex(clientKey().SPKI())
	}
	if v >= proxyVersion {
		in["proxy"] = false
	}
	return in
}

// clientHelloStart is a hello up to the key.
func clientHelloStart(v int) []byte {
	return append([]byte{byte(v >> 8), byte(v)}, short(relayHash())...)
}

// clientHelloBytes is a hello with all that its version has, without a service.
func clientHelloBytes(v int) []byte {
	b := clientHelloStart(v)
	if v >= keyVersion {
		b = append(b, short(clientKey().SPKI())...)
	}
	if v >= proxyVersion {
		b = append(b, 'F')
	}
	if v >= serviceVersion {
		b = append(b, '0')
	}
	return b
}

// serviceHelloBytes is the hello of a service.
func serviceHelloBytes(v int, s testService) []byte {
	b := clientHelloBytes(v)
	return append(b[:len(b)-1], s.bytes('M')...)
}

func clientHelloContents(f *build.File) {
	g := f.Group("hello", "the hello of a client", "client_hello", "decode_client_hello")
	for v := firstVersion; v <= lastVersion; v++ {
		g.Valid(fmt.Sprintf("version-%d", v), fmt.Sprintf("version %d", v), helloFields(v))
	}
	for _, v := range []int{7, 13, 14, 20} {
		in := helloFields(v)
		in["client_public_der"] = nil
		g.Valid(fmt.Sprintf("no-key-%d", v), fmt.Sprintf("version %d without a session key", v), in)
	}
	for _, v := range []int{14, 16, 20} {
		in := helloFields(v)
		in["proxy"] = true
		g.Valid(fmt.Sprintf("proxy-%d", v), fmt.Sprintf("a proxy at version %d", v), in)
	}
	for i, role := range []string{"M", "N", "P"} {
		in := helloFields(serviceVersion + 2*i)
		in["service"] = newTestService(i + 1).offer(role)
		g.Valid("service-"+role, "a service of role "+role, in)
	}
	for _, n := range []int{0, 255} {
		in := helloFields(lastVersion)
		in["key_hash"] = build.Bytes("key hash", n)
		g.Valid(fmt.Sprintf("hash-%d", n), fmt.Sprintf("a fingerprint of %d bytes", n), in)
	}
	for _, bad := range []struct {
		id, what, class, flag string
		version               int
		change                func(build.Fields)
	}{
		{"key-at-6", "a session key at version 6", "NotInVersion", "OtherVersion", 6, func(in build.Fields) { in["client_public_der"] = vectors.Hex(clientKey().SPKI()) }},
		{"proxy-at-13", "the flag of a proxy at version 13", "NotInVersion", "OtherVersion", 13, func(in build.Fields) { in["proxy"] = false }},
		{"service-at-15", "a service at version 15", "NotInVersion", "OtherVersion", 15, func(in build.Fields) { in["service"] = newTestService(1).offer("M") }},
		{"x448-key", "a session key of X448", "WrongKeyType", "WrongAlgorithm", 20, func(in build.Fields) { in["client_public_der"] = testKey(keys.X448, "a").Public().SPKI() }},
		{"ed25519-key", "a session key of Ed25519", "WrongKeyType", "WrongAlgorithm", 20, func(in build.Fields) { in["client_public_der"] = testKey(keys.Ed25519, "a").Public().SPKI() }},
		{"long-hash", "a fingerprint of 256 bytes", "TooLong", "LongHash", 20, func(in build.Fields) { in["key_hash"] = build.Bytes("key hash", 256) }},
		{"role-X", "a service of role X", "UnknownRole", "WrongRole", 20, func(in build.Fields) { in["service"] = newTestService(1).offer("X") }},
		{"role-empty", "a service of no role", "UnknownRole", "WrongRole", 20, func(in build.Fields) { in["service"] = newTestService(1).offer("") }},
	} {
		in := helloFields(bad.version)
		bad.change(in)
		g.Invalid("client_hello", bad.id, bad.what, in, bad.class, bad.flag)
	}
}

func clientHelloRefusals(f *build.File) {
	g := f.Group("decode", "hellos that cannot be decoded, and one that can", "decode_client_hello")
	refuse := func(id, what string, hello []byte, class, flag string) {
		g.Invalid("decode_client_hello", id, what, build.Fields{"client_hello": hello}, class, flag)
	}
	s := newTestService(2)
	whole := serviceHelloBytes(lastVersion, s)
	g.Valid("service", "the hello of a service at version 20", build.Fields{"client_hello": whole})

	const afterHash, afterKey = 2 + 33, 2 + 33 + 45
	certificate := afterKey + 1 + 1 + 1 + 1 // after flag, option, role, count
	signedKey := certificate + 2 + len(s.chain[0]) + 2 + len(s.chain[1])
	for _, cut := range []struct {
		n    int
		what string
	}{
		{0, "nothing"}, {1, "half of the version"}, {2, "the version alone"}, {3, "the length of the fingerprint and no more"},
		{afterHash - 1, "a fingerprint without its last byte"}, {afterHash, "nothing after the fingerprint"},
		{afterKey, "nothing after the key"}, {afterKey + 1, "nothing after the flag"}, {afterKey + 2, "no role"},
		{afterKey + 3, "no count of certificates"}, {certificate, "no certificate"}, {certificate + 1, "half of a length"},
		{certificate + 100, "half of a certificate"}, {signedKey, "no signed key"}, {len(whole) - 1, "a signed key without its last byte"},
	} {
		refuse(fmt.Sprintf("cut-to-%d", cut.n), cut.what, whole[:cut.n], "Truncated", "Cut")
	}
	refuse("cut-in-key", "half of a key, taken for the flag", whole[:afterHash+20], "BadBoolean", "Cut")
	for _, hello := range []struct{ of, as int }{{6, 14}, {13, 14}, {13, 20}, {14, 16}, {15, 16}, {15, 20}} {
		b := clientHelloBytes(hello.of)
		b[1] = byte(hello.as)
		refuse(fmt.Sprintf("%d-as-%d", hello.of, hello.as), fmt.Sprintf("a hello of version %d that says %d", hello.of, hello.as), b, "Truncated", "OtherVersion")
	}
	for _, c := range []byte{'t', '1', '0', 0, 1} {
		refuse(fmt.Sprintf("flag-%02x", c), fmt.Sprintf("the byte %02x for the flag", c), flippedAt(clientHelloBytes(14), afterKey, c^'F'), "BadBoolean", "WrongFlag")
	}
	for _, c := range []byte{'2', 'T', 0, 1} {
		refuse(fmt.Sprintf("option-%02x", c), fmt.Sprintf("the byte %02x before the service", c), flippedAt(whole, afterKey+1, c^'1'), "BadOption", "WrongOption")
	}
	for _, c := range []byte{'m', 'S', 0} {
		refuse(fmt.Sprintf("role-%02x", c), fmt.Sprintf("the byte %02x for the role", c), flippedAt(whole, afterKey+2, c^'M'), "UnknownRole", "WrongRole")
	}
	before := whole[:afterKey+3]
	key := signed(s.session, s.private[0])
	refuse("no-certificates", "a count of 0 certificates", slices.Concat(before, certifiedKey(nil, key)), "ChainLength", "MalformedService")
	refuse("bad-certificate", "a leaf that is no certificate", slices.Concat(before, certifiedKey([][]byte{key, s.chain[1]}, key)), "MalformedCertificate", "MalformedService")
	refuse("longer-certificate", "a leaf with a byte more", slices.Concat(before, certifiedKey([][]byte{append(bytes.Clone(s.chain[0]), 0)}, key)), "MalformedCertificate", "MalformedService")
	refuse("count", "a count of 3, two certificates follow", slices.Concat(before, []byte{3}, certifiedKey(s.chain, key)[1:]), "MalformedCertificate", "MalformedService")
	refuse("bad-key", "a signed key that is a certificate", slices.Concat(before, certifiedKey(s.chain, s.chain[0])), "MalformedSignedKey", "MalformedService")
	refuse("empty-key", "an empty signed key", slices.Concat(before, certifiedKey(s.chain, nil)), "MalformedSignedKey", "MalformedService")
	refuse("longer-key", "a signed key with a byte more", slices.Concat(before, certifiedKey(s.chain, append(bytes.Clone(key), 0))), "MalformedSignedKey", "MalformedService")
	refuse("key-x448", "a key of X448, whose length is taken for the flag",
		slices.Concat(clientHelloStart(lastVersion), short(testKey(keys.X448, "a").Public().SPKI()), []byte("F0")), "BadBoolean", "WrongFlag")
	refuse("key-empty", "an empty key, whose length is taken for the flag",
		slices.Concat(clientHelloStart(lastVersion), short(nil), []byte("F0")), "BadBoolean", "WrongFlag")
}

func clientHelloIgnored(f *build.File) {
	ignored := f.Group("key-ignored", "hellos in which there is no key that can be decoded", "decode_client_hello")
	x25519 := clientKey().SPKI()
	for _, v := range []int{7, 13} {
		for _, test := range []struct {
			id, what string
			rest     []byte
		}{
			{"cut", "half of a key", short(x25519)[:20]},
			{"empty", "an empty key", short(nil)},
			{"x448", "a key of X448", short(testKey(keys.X448, "a").Public().SPKI())},
			{"ed25519", "a key of Ed25519", short(testKey(keys.Ed25519, "a").Public().SPKI())},
			{"longer", "a key with a byte more", short(append(bytes.Clone(x25519), 0))},
			{"bare", "a key without DER", short(clientKey().Raw())},
			{"no-length", "a key without a length", x25519},
		} {
			ignored.Valid(fmt.Sprintf("%s-%d", test.id, v), fmt.Sprintf("%s at version %d", test.what, v),
				build.Fields{"client_hello": append(clientHelloStart(v), test.rest...)}, "KeyIgnored")
		}
	}
	trailing := f.Group("trailing", "hellos with more bytes after them", "decode_client_hello")
	for _, v := range []int{6, 7, 13, 14, 15, 16, 20} {
		trailing.Valid(fmt.Sprint(v), fmt.Sprintf("bytes after a hello of version %d", v),
			build.Fields{"client_hello": append(clientHelloBytes(v), build.Bytes("trailing", v)...)}, "TrailingIgnored")
	}
	trailing.Valid("20-as-6", "a hello of version 20 that says 6", build.Fields{"client_hello": append(clientHelloStart(6), clientHelloBytes(20)[35:]...)}, "TrailingIgnored")
	trailing.Valid("20-as-13", "a hello of version 20 that says 13", build.Fields{"client_hello": append(clientHelloStart(13), clientHelloBytes(20)[35:]...)}, "TrailingIgnored")
	trailing.Valid("service", "a byte after the hello of a service", build.Fields{"client_hello": append(serviceHelloBytes(20, newTestService(1)), 0)}, "TrailingIgnored")
}

// serverFields are what a relay knows that receives a hello.
func (r relay) serverFields(hello []byte) build.Fields {
	return build.Fields{
		"alpn": true, "server_versions": [2]int{firstVersion, lastVersion}, "session_id": sessionID, "chain": r.values(),
		"leaf_private_der": r.private[0].PKCS8(), "server_private_der": r.session.PKCS8(), "client_hello": hello,
		"client_chain": []vectors.Hex{}, "service_id": nil,
	}
}

func clientHelloServers(f *build.File) {
	g := f.Group("server", "what a relay makes of the hello of a client", "server_handshake")
	r := testRelay(keys.Ed25519, 2)
	for v := firstVersion; v <= lastVersion; v++ {
		g.Valid(fmt.Sprintf("version-%d", v), fmt.Sprintf("a client of version %d", v), r.serverFields(clientHelloBytes(v)))
	}
	proxy := clientHelloBytes(lastVersion)
	proxy[len(proxy)-2] = 'T'
	g.Valid("proxy", "a proxy", r.serverFields(proxy))
	g.Valid("no-key", "a client without a session key", r.serverFields(append(clientHelloStart(lastVersion), 'F', '0')))
	for n := 1; n <= 4; n++ {
		s := newTestService(n)
		g.Valid(fmt.Sprintf("service-%d", n), fmt.Sprintf("a service with %d certificates", n), r.serviceFields(s, lastVersion))
	}
	g.Valid("service-16", "a service at version 16", r.serviceFields(newTestService(2), serviceVersion))
	clientHelloServerRefusals(g, r)
	noALPN := f.Group("no-alpn", "a relay without ALPN", "server_handshake")
	in := r.serverFields(clientHelloBytes(6))
	in["alpn"] = false
	noALPN.Valid("version-6", "without ALPN the relay offers version 6 alone", in)
}

// serviceFields are what a relay knows that receives the hello of a service.
func (r relay) serviceFields(s testService, v int) build.Fields {
	in := r.serverFields(serviceHelloBytes(v, s))
	in["client_chain"], in["service_id"] = s.values(), vectors.Hex(build.Bytes("service id", 24))
	return in
}

// clientHelloServerRefusals adds hellos that a relay does not accept.
func clientHelloServerRefusals(g *build.Group, r relay) {
	rest := clientHelloBytes(lastVersion)[35:]
	withHash := func(keyHash []byte) []byte { return slices.Concat([]byte{0, lastVersion}, short(keyHash), rest) }
	for _, bad := range []struct {
		id, what string
		keyHash  []byte
	}{
		{"hash-changed", "a bit of the fingerprint changed", flipped(relayHash(), 31)},
		{"hash-of-leaf", "the fingerprint of the leaf", hash(r.chain[0])},
		{"hash-of-key", "the hash of the identity's key", sha(r.private[1].Public().SPKI())},
		{"hash-cut", "the first half of the fingerprint", relayHash()[:16]},
		{"hash-empty", "no fingerprint", nil},
	} {
		g.Invalid("server_handshake", bad.id, bad.what, r.serverFields(withHash(bad.keyHash)), "OtherIdentity", "WrongIdentity")
	}
	for _, v := range []int{0, 5, 21, 276, 65535} {
		hello := clientHelloBytes(v)
		g.Invalid("server_handshake", fmt.Sprintf("version-%d", v), fmt.Sprintf("a client of version %d", v), r.serverFields(hello), "VersionOutside", "VersionOutside")
	}
	in := r.serverFields(clientHelloBytes(7))
	in["alpn"] = false
	g.Invalid("server_handshake", "no-alpn-7", "version 7 without ALPN", in, "VersionOutside", "VersionOutside")
	in = r.serverFields(clientHelloBytes(18))
	in["server_versions"] = [2]int{6, 17}
	g.Invalid("server_handshake", "above", "a version above those of the relay", in, "VersionOutside", "VersionOutside")
	g.Invalid("server_handshake", "cut", "a hello without its last byte", r.serverFields(clientHelloBytes(20)[:81]), "Truncated", "Cut")

	s, other := newTestService(2), testService{plainChain("other service", keys.Ed25519, 2), testKey(keys.Ed25519, "service session")}
	serviceOf := func(chain [][]byte, key []byte) []byte {
		b := clientHelloBytes(lastVersion)
		return slices.Concat(b[:len(b)-1], []byte("1M"), certifiedKey(chain, key))
	}
	five := newTestService(5)
	for _, bad := range []struct {
		id, what    string
		hello       []byte
		inTLS       []vectors.Hex
		class, flag string
	}{
		{"service-not-in-tls", "a service without certificates in TLS", serviceHelloBytes(20, s), []vectors.Hex{}, "OtherCertificates", "OtherInTLS"},
		{"service-leaf-in-tls", "a service that showed its leaf alone in TLS", serviceHelloBytes(20, s), s.values()[:1], "OtherCertificates", "OtherInTLS"},
		{"service-other-in-tls", "a service that showed other certificates in TLS", serviceHelloBytes(20, s), other.values(), "OtherCertificates", "OtherInTLS"},
		{"service-reversed-in-tls", "a service that showed its certificates in another order in TLS", serviceHelloBytes(20, s), s.of(1, 0).values(), "OtherCertificates", "OtherInTLS"},
		{"service-five", "a service with five certificates", serviceHelloBytes(20, five), five.values(), "ChainLength", "WrongCount"},
		{"service-signature", "a bit of the signature changed", flipped(serviceHelloBytes(20, s), -1), s.values(), "BadSignature", "BrokenSignature"},
		{"service-by-identity", "a session key signed by the identity", serviceOf(s.chain, signed(s.session, s.private[1])), s.values(), "BadSignature", "BrokenSignature"},
		{"service-by-other", "a session key signed by another service", serviceOf(s.chain, signed(s.session, other.private[0])), s.values(), "BadSignature", "BrokenSignature"},
		{"service-x25519", "a session key of X25519", serviceOf(s.chain, signed(testKey(keys.X25519, "session"), s.private[0])), s.values(), "WrongKeyType", "WrongAlgorithm"},
		{"service-ed448", "a session key of Ed448", serviceOf(s.chain, signed(testKey(keys.Ed448, "session"), s.private[0])), s.values(), "WrongKeyType", "WrongAlgorithm"},
	} {
		in := r.serviceFields(s, lastVersion)
		in["client_hello"], in["client_chain"] = bad.hello, bad.inTLS
		g.Invalid("server_handshake", bad.id, bad.what, in, bad.class, bad.flag)
	}
	in = r.serviceFields(s, lastVersion)
	in["service_id"] = json.RawMessage("null")
	g.Invalid("server_handshake", "no-services", "a relay without services", in, "ServiceRefused", "NoServices")
}
