package main

import (
	"fmt"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// proxiedChain makes a chain of two certificates and a session key that the leaf signed.
func proxiedChain() (chain [][]byte, signed []byte, err error) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	root, err := keys.Generate(keys.Ed25519, build.Random("root certificate"))
	if err != nil {
		return nil, nil, err
	}
	leaf, err := keys.Generate(keys.Ed25519, build.Random("leaf certificate"))
	if err != nil {
		return nil, nil, err
	}
	session, err := keys.Generate(keys.X25519, build.Random("session key"))
	if err != nil {
		return nil, nil, err
	}
	serials := build.Random("serial numbers")
	valid := keys.Template{CommonName: "SMP server CA", NotBefore: from, NotAfter: from.AddDate(100, 0, 0), CA: true}
	rootDER, err := keys.CreateCertificate(serials, valid, root.Public(), keys.Certificate{}, root)
	if err != nil {
		return nil, nil, err
	}
	issuer, err := keys.ParseCertificate(rootDER)
	if err != nil {
		return nil, nil, err
	}
	valid.CommonName, valid.CA = "localhost", false
	leafDER, err := keys.CreateCertificate(serials, valid, leaf.Public(), issuer, root)
	if err != nil {
		return nil, nil, err
	}
	signed, err = keys.SignKey(session.Public(), leaf)
	return [][]byte{leafDER, rootDER}, signed, err
}

// signedField is a certificate or signed key.
func signedField(name string, der []byte) layout.Field {
	f := layout.Large(name, der)
	for id, wrong := range inOrder(map[string]string{
		"empty": "", "text": "certificate", "set": "\x31\x0a\x30\x00\x30\x00\x03\x04\x00abc", "no-signature": "\x30\x04\x30\x00\x30\x00",
		"octets": "\x30\x0a\x30\x00\x30\x00\x04\x04\x00abc", "more": "\x30\x0c\x30\x00\x30\x00\x03\x04\x00abc\x05\x00",
		"outside": "\x30\x0a\x30\x00\x30\x00\x03\x04\x00abc\x00", "no-algorithm": "\x30\x08\x30\x00\x03\x04\x00abc",
	}) {
		f.Faults = append(f.Faults, layout.Fault{Name: id, What: "DER of another form", Value: layout.Large(name, []byte(wrong)).Value,
			Class: "MalformedSigned", Flag: "MalformedSigned"})
	}
	return f
}

func sessionResponses(f *smpFile) {
	g := f.group("PKEY", "the session of a proxy with a relay")
	certificates, signed, err := proxiedChain()
	if err != nil {
		g.refused("chain", err.Error(), 20, nil, "", "") // reported by Finish
		return
	}
	m := func(session int, lowest, highest uint16, chain ...[]byte) layout.Message {
		versions := layout.Fixed("versions", append(layout.Word16("", lowest).Value, layout.Word16("", highest).Value...))
		versions.Faults = []layout.Fault{{Name: "upside-down", What: "8-7", Value: []byte{0, 8, 0, 7}, Class: "BadVersionRange", Flag: "RangeUpsideDown"}}
		m := layout.Message{Tag: "PKEY", Doubled: "BadVersionRange", Fields: []layout.Field{
			layout.Short("session-id", build.Bytes("session id", session)), versions, layout.Count("count", len(chain), true)}}
		for i, der := range chain {
			m.Fields = append(m.Fields, signedField(fmt.Sprintf("certificate-%d", i+1), der))
		}
		m.Fields = append(m.Fields, signedField("signed-key", signed))
		return m
	}
	usual := m(32, 6, 20, certificates...)
	g.valid("usual", "a chain of two certificates", usual, 6, 20)
	g.valid("one", "a chain of one certificate", m(32, 8, 17, certificates[0]), 6, 20)
	g.valid("versions", "a session id of one byte, one version", m(1, 18, 18, certificates...), 6, 20)
	g.faults("usual", 20, usual)
	value := build.Fields{"response": "PKEY", "session_id": "01", "version_range": []int{6, 20}, "chain": []vectors.Hex{certificates[0]}, "signed_key": hexOf(signed)}
	g.unencodable("no-chain", "no certificates", 20, with(value, build.Fields{"chain": []string{}}), "EmptyList", "NoElements")
	g.unencodable("certificate", "a certificate that is none", 20, with(value, build.Fields{"chain": []string{"3000"}}), "MalformedSigned", "MalformedSigned")
	g.unencodable("signed-key", "a signed key that is none", 20, with(value, build.Fields{"signed_key": "00"}), "MalformedSigned", "MalformedSigned")
	g.unencodable("session-id", "a session id of 256 bytes", 20, with(value, build.Fields{"session_id": hexOf(make256(1))}), "TooLong", "TooLong")
}
