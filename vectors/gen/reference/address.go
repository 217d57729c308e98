package main

import (
	"encoding/base64"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"

	"smpcheck/vectors/gen/build"
)

func serverAddress() *build.File {
	f := build.New("server_address", "hosts and addresses of relays",
		"The fingerprint is the SHA-256 of a certificate, in base64url with or without '=' at the end.",
		"An address names alternatives of one relay: all hosts have the same fingerprint and port.",
		"A password is not part of the canonical text.")
	f.Flag("NoHost", "The text is no host.")
	f.Flag("Scheme", "The address does not start with a known scheme and \"://\".")
	f.Flag("Fingerprint", "The fingerprint is missing or not base64url.")
	f.Flag("Password", "The password is empty or has a character that it must not have.")
	f.Flag("Location", "Hosts or port are missing or malformed.")
	f.Flag("Truncated", "The bytes end before the address does.")
	f.Flag("Trailing", "Bytes follow the address.")
	f.Flag("NoItems", "The list of hosts is empty.")
	f.Flag("BracketsLost", "The canonical text of an IPv6 address has no brackets, as with the official implementation; with a port it cannot be read back.")
	hosts(f)
	addresses(f)
	binaryAddresses(f)
	return f
}

func hosts(f *build.File) {
	g := f.Group("host", "hosts as text", "parse_host")
	for _, s := range []string{
		"127.0.0.1", "10.20.30.40", "255.255.255.255", "smp.example.com", "localhost", "a-b.example", "x1.example.org",
		"abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion", "xn--bcher-kva.example",
	} {
		g.Valid(s, "a host", build.Fields{"text": s})
	}
	for _, s := range []string{"::1", "[::1]", "2001:db8::1", "[2001:db8::2:1]", "fe80::1"} {
		g.Valid(s, "an IPv6 address", build.Fields{"text": s}, "BracketsLost")
	}
	for name, s := range inOrder(map[string]string{
		"empty": "", "space": "smp example.com", "space-first": " smp.example.com", "space-last": "smp.example.com ",
		"comma": "smp,example.com", "colon": "smp.example.com:5223", "hash": "smp.example.com#", "semicolon": "smp;example",
		"bracket-open": "[::1", "bracket-closed": "::1]", "ipv6-long": "1:2:3:4:5:6:7:8:9", "ipv6-two-gaps": "1::2::3",
		"ipv6-letter": "2001:db8::g", "onion-short-words": "a.b.onion", "line-feed": "smp.example.com\n",
	}) {
		g.Invalid("parse_host", name, "no host", build.Fields{"text": s}, "MalformedHost", "NoHost")
	}
}

// fingerprint is that of the addresses, in base64url.
var fingerprint = base64.URLEncoding.EncodeToString(build.Bytes("fingerprint", 32))

func addresses(f *build.File) {
	g := f.Group("server", "addresses of relays as text and in binary form", "parse_server", "decode_server", "decode_legacy_server")
	for name, s := range inOrder(map[string]string{
		"plain":      "smp://" + fingerprint + "@smp.example.com",
		"unpadded":   "smp://" + strings.TrimRight(fingerprint, "=") + "@smp.example.com",
		"port":       "smp://" + fingerprint + "@smp.example.com:5223",
		"port-443":   "smp://" + fingerprint + "@127.0.0.1:443",
		"two-hosts":  "smp://" + fingerprint + "@smp.example.com,abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion",
		"hosts-port": "smp://" + fingerprint + "@a.example,b.example,10.0.0.1:5224",
		"password":   "smp://" + fingerprint + ":s3cr3t!$&*~@smp.example.com:5223",
	}) {
		g.Valid(name, "an address", build.Fields{"text": s})
	}
	at := "@smp.example.com"
	for _, c := range []struct{ name, text, flag string }{
		{"no-scheme", fingerprint + at, "Scheme"},
		{"scheme-http", "http://" + fingerprint + at, "Scheme"},
		{"scheme-capitals", "SMP://" + fingerprint + at, "Scheme"},
		{"scheme-one-slash", "smp:/" + fingerprint + at, "Scheme"},
		{"scheme-space", " smp://" + fingerprint + at, "Scheme"},
		{"empty", "", "Scheme"},
		{"no-fingerprint", "smp://" + at, "Fingerprint"},
		{"no-at", "smp://" + fingerprint, "Fingerprint"},
		{"fingerprint-hex", "smp://" + fingerprint[:20] + "!" + fingerprint[21:] + at, "Fingerprint"},
		{"fingerprint-plus", "smp://" + fingerprint[:20] + "+" + fingerprint[21:] + at, "Fingerprint"},
		{"fingerprint-slash", "smp://" + fingerprint[:20] + "/" + fingerprint[21:] + at, "Fingerprint"},
		{"fingerprint-space", "smp://" + fingerprint[:20] + " " + fingerprint[21:] + at, "Fingerprint"},
		{"fingerprint-two-pads", "smp://" + fingerprint + "=" + at, "Fingerprint"},
		{"fingerprint-one-more", "smp://" + strings.TrimRight(fingerprint, "=") + "AA" + at, "Fingerprint"},
		{"password-empty", "smp://" + fingerprint + ":" + at, "Password"},
		{"password-space", "smp://" + fingerprint + ":a b" + at, "Password"},
		{"password-colon", "smp://" + fingerprint + ":a:b" + at, "Password"},
		{"password-slash", "smp://" + fingerprint + ":a/b" + at, "Password"},
		{"no-host", "smp://" + fingerprint + "@", "Location"},
		{"no-host-port", "smp://" + fingerprint + "@:5223", "Location"},
		{"host-comma", "smp://" + fingerprint + "@smp.example.com,", "Location"},
		{"comma-first", "smp://" + fingerprint + "@,smp.example.com", "Location"},
		{"comma-space", "smp://" + fingerprint + "@a.example, b.example", "Location"},
		{"port-empty", "smp://" + fingerprint + at + ":", "Location"},
		{"port-letters", "smp://" + fingerprint + at + ":smp", "Location"},
		{"port-negative", "smp://" + fingerprint + at + ":-1", "Location"},
		{"two-ports", "smp://" + fingerprint + at + ":1:2", "Location"},
		{"slash-last", "smp://" + fingerprint + at + "/", "Location"},
		{"space-last", "smp://" + fingerprint + at + " ", "Location"},
	} {
		g.Invalid("parse_server", c.name, "no address", build.Fields{"text": c.text}, "MalformedServer", c.flag)
	}
}

// binaryAddresses adds what decoders of the binary forms have to refuse.
func binaryAddresses(f *build.File) {
	hash := build.Bytes("fingerprint", 32)
	legacy := []byte("\x09a.example\x045223\x20" + string(hash))
	current := append([]byte{1}, legacy...)
	g := f.Group("binary", "addresses of relays in binary form", "decode_server")
	g.Valid("one-host", "one host and a port", build.Fields{"encoded": current})
	g.Invalid("decode_server", "no-hosts", "a count of 0 hosts", build.Fields{"encoded": append([]byte{0}, legacy[10:]...)}, "MalformedServer", "NoItems")
	refuseCuts(g, "decode_server", "encoded", current, 0, 1, 2, 10, 11, 12, 16, 17, len(current)-1)
	g = f.Group("legacy", "addresses of relays in the binary form of SMP client version 1", "decode_legacy_server")
	g.Valid("one-host", "one host and a port", build.Fields{"legacy": legacy})
	refuseCuts(g, "decode_legacy_server", "legacy", legacy, 0, 1, 9, 10, 11, 15, 16, len(legacy)-1)
}

func refuseCuts(g *build.Group, operation, field string, value []byte, lengths ...int) {
	for _, n := range lengths {
		g.Invalid(operation, fmt.Sprintf("first-%d", n), fmt.Sprintf("the first %d of %d bytes", n, len(value)),
			build.Fields{field: value[:n]}, "Truncated", "Truncated")
	}
	g.Invalid(operation, "and-00", "a byte behind the address", build.Fields{field: append(value[:len(value):len(value)], 0)}, "Trailing", "Trailing")
}

// inOrder walks over a map in the order of its keys.
func inOrder(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, key := range slices.Sorted(maps.Keys(m)) {
			if !yield(key, m[key]) {
				return
			}
		}
	}
}
