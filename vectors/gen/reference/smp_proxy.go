package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// onionHost is an address of version 3.
var onionHost = strings.Repeat("abcdefgh234567", 4) + ".onion"

func proxySession(hosts []string, port string, hash []byte, password string) layout.Message {
	m := layout.Message{Tag: "PRXY", Fields: []layout.Field{layout.Count("host-count", len(hosts), false)}}
	for i, host := range hosts {
		h := layout.Short(fmt.Sprintf("host-%d", i+1), []byte(host))
		for _, wrong := range []struct{ name, host string }{{"empty", ""}, {"space", "smp example"}, {"port", "smp.example:5223"}, {"two", "a.example,b.example"}} {
			h.Faults = append(h.Faults, layout.Fault{Name: wrong.name, What: fmt.Sprintf("%q is no host", wrong.host),
				Value: append([]byte{byte(len(wrong.host))}, wrong.host...), Class: "MalformedHost", Flag: "MalformedHost"})
		}
		m.Fields = append(m.Fields, h)
	}
	m.Fields = append(m.Fields, layout.Short("port", []byte(port)), layout.Short("key-hash", hash), layout.Option("password-option", password != ""))
	if password != "" {
		m.Fields = append(m.Fields, passwordField([]byte(password)))
	}
	return m
}

func proxyCommands(f *smpFile) {
	g := f.group("PRXY", "asking a proxy for a session with a relay")
	hash := build.Bytes("key hash", 32)
	g.valid("domain", "a domain name", proxySession([]string{"smp.example.com"}, "", hash, ""), 6, 20)
	g.valid("port", "a port", proxySession([]string{"smp.example.com"}, "5223", hash, ""), 6, 20)
	g.valid("hosts", "a domain name and an onion address", proxySession([]string{"smp.example.com", onionHost}, "", hash, ""), 6, 20)
	g.valid("ipv4", "an IPv4 address", proxySession([]string{"192.0.2.7"}, "443", hash, ""), 6, 20)
	g.valid("ipv6", "an IPv6 address", proxySession([]string{"2001:db8::7"}, "443", hash, ""), 6, 20)
	g.valid("password", "a password", proxySession([]string{"smp.example.com"}, "", hash, "proxy_password"), 6, 20)
	m := proxySession([]string{"smp.example.com", "192.0.2.7"}, "5223", hash, "proxy_password")
	g.valid("all", "two hosts, port and password", m, 6, 20)
	g.faults("all", 20, m)
	value := build.Fields{"command": "PRXY", "basic_auth": nil}
	relay := func(hosts []string, port string, hash []byte) build.Fields {
		return with(value, build.Fields{"server": build.Fields{"hosts": hosts, "port": port, "key_hash": hexOf(hash)}})
	}
	g.unencodable("no-host", "no host", 20, relay([]string{}, "", hash), "EmptyList", "NoElements")
	g.unencodable("host-space", "a host with a space", 20, relay([]string{"a b"}, "", hash), "MalformedHost", "MalformedHost")
	g.unencodable("port-long", "a port of 256 digits", 20, relay([]string{"a.example"}, string(make256('1')), hash), "TooLong", "TooLong")
	g.unencodable("hash-long", "a fingerprint of 256 bytes", 20, relay([]string{"a.example"}, "", make256(1)), "TooLong", "TooLong")
	g.unencodable("password-at", "a password with @", 20, with(relay([]string{"a.example"}, "", hash),
		build.Fields{"basic_auth": hexOf([]byte("p@ss"))}), "PasswordCharacter", "PasswordCharacter")

	g = f.group("PFWD", "sending a command through a proxy")
	forward := func(version uint16, n int) layout.Message {
		return layout.Message{Tag: "PFWD", Doubled: "MalformedKey", Fields: []layout.Field{layout.Word16("version", version),
			f.keys.DH("key", layout.PublicKey(keys.X25519, "command")), layout.Tail("transmission", build.Bytes("encrypted", n))}}
	}
	for i, n := range []int{0, 1, 30, 256} {
		g.valid(fmt.Sprint(n), fmt.Sprintf("%d encrypted bytes", n), forward(uint16(17+i), n), 6, 20)
	}
	g.faults("30", 20, forward(17, 30))
	g.unencodable("ed25519", "an Ed25519 key for key agreement", 20, build.Fields{"command": "PFWD", "version": 17,
		"key": layout.PublicKey(keys.Ed25519, "command"), "enc_transmission": ""}, "WrongKeyType", "WrongKeyAlgorithm")

	g = f.group("RFWD", "passing a command on to a relay")
	relayed := func(b []byte) layout.Message {
		return layout.Message{Tag: "RFWD", Fields: []layout.Field{layout.Tail("transmission", b)}}
	}
	for _, n := range []int{0, 1, 30, 256} {
		g.valid(fmt.Sprint(n), fmt.Sprintf("%d encrypted bytes", n), relayed(build.Bytes("forwarded", n)), 6, 20)
	}
	g.valid("spaces", "bytes that start with spaces", relayed([]byte("  x")), 6, 20)
	g.faults("30", 20, relayed(build.Bytes("forwarded", 30)))
}

func nameCommands(f *smpFile) {
	g := f.group("RSLV", "resolving a name")
	m := func(name string) layout.Message {
		return layout.Message{Tag: "RSLV", Doubled: "MalformedName", Fields: []layout.Field{layout.Tail("domain", []byte(name))}}
	}
	label := strings.Repeat("a", 63)
	longest := strings.Join([]string{label, label, label, strings.Repeat("b", 61)}, ".")
	for _, name := range []struct{ id, domain string }{
		{"usual", "privacy.simplex"}, {"three", "a.b.testing"}, {"digits", "1.2"}, {"hyphens", "a-b-c.x-1"}, {"label", label + ".simplex"}, {"longest", longest},
	} {
		g.valid(name.id, fmt.Sprintf("a name of %d bytes", len(name.domain)), m(name.domain), 20, 20)
	}
	g.faults("usual", 20, m("privacy.simplex"))
	for _, wrong := range []struct{ id, what, domain string }{
		{"nothing", "no name", ""}, {"bare", "no top-level domain", "privacy"}, {"first-empty", "an empty first label", ".simplex"},
		{"last-empty", "an empty last label", "privacy."}, {"inner-empty", "an empty inner label", "a..simplex"},
		{"label-long", "a label of 64 bytes", label + "a.simplex"}, {"long", "254 bytes", longest + "b"},
		{"hyphen-first", "a hyphen in front of a label", "-a.simplex"}, {"hyphen-last", "a hyphen at the end of a label", "a-.simplex"},
		{"hyphens", "two hyphens together", "a--b.simplex"}, {"underscore", "an underscore", "a_b.simplex"}, {"colon", "a colon", "a:b.simplex"},
		{"utf-8", "a letter that is not ASCII", "\u0430bc.simplex"}, {"zero", "a byte 00", "a\x00b.simplex"}, {"length", "a name with its length", "\x0fprivacy.simplex"},
		{"json", "a name as JSON", `"privacy.simplex"`}, {"at", "an @ in front", "@privacy.simplex"}, {"slash", "a slash", "privacy.simplex/a"},
	} {
		g.refused("refused/"+wrong.id, wrong.what, 20, m(wrong.domain).Encoded(), "MalformedName", "MalformedName")
	}
	for _, wrong := range []struct{ id, what, domain string }{
		{"bare", "no top-level domain", "privacy"}, {"space", "a space", "privacy.simplex "}, {"long", "254 bytes", longest + "b"}, {"utf-8", "a letter that is not ASCII", "é.simplex"},
	} {
		g.unencodable(wrong.id, wrong.what, 20, build.Fields{"command": "RSLV", "domain": wrong.domain}, "MalformedName", "MalformedName")
	}
}
