package main

import (
	"encoding/base64"
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors/gen/build"
)

// base64url returns padded base64url text.
func base64url(b []byte) string { return base64.URLEncoding.EncodeToString(b) }

// unpadded returns base64url text without "=".
func unpadded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// must returns a value that cannot fail for the values of the generators.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// linkKeyPair returns the private key that belongs to a name.
func linkKeyPair(algorithm keys.Algorithm, name string) keys.PrivateKey {
	return must(keys.Generate(algorithm, build.Random(name)))
}

// Parts of the addresses in all vectors of links.
var (
	linkRelayHash = build.Bytes("relay", 32)
	linkSenderID  = build.Bytes("sender id", 24)
	linkQueueKey  = linkKeyPair(keys.X25519, "queue").Public()
)

const linkOnion = "abcdefghijklmnopqrstuvwxyz234567abcdefghijklmnopqrstuvwx.onion"

// linkRelay returns a relay with the hosts.
func linkRelay(port string, names ...string) link.Server {
	s := link.Server{Scheme: link.SMP, KeyHash: linkRelayHash, Port: port}
	for _, name := range names {
		s.Hosts = append(s.Hosts, must(link.ParseHost(name)))
	}
	return s
}

// relayForm is a relay with a name for the ids of tests.
type relayForm struct {
	id    string
	relay link.Server
}

// linkRelays are relays in all forms whose text can be read back.
var linkRelays = []relayForm{
	{"host", linkRelay("", "smp.example.com")},
	{"host-port", linkRelay("5223", "smp.example.com")},
	{"onion", linkRelay("443", "smp.example.com", linkOnion)},
	{"three-hosts", linkRelay("", "smp.example.com", "smp2.example.com", linkOnion)},
	{"ipv4", linkRelay("5224", "192.0.2.7")},
}

// linkQueue returns a queue for a range of client versions; mode 0 is none.
func linkQueue(lowest, highest uint16, mode smp.QueueMode) link.QueueURI {
	return link.QueueURI{ClientVersions: wire.Versions(lowest, highest), QueueAddress: link.QueueAddress{
		Server: linkRelay("5223", "smp.example.com"), SenderID: linkSenderID, DHKey: linkQueueKey, Mode: mode,
	}}
}

// queueModeNames name the modes of queues for the ids of tests.
var queueModeNames = map[smp.QueueMode]string{0: "none", smp.Messaging: "messaging", smp.Contact: "contact"}

// allQueueModes are the modes of queues, with none at all.
var allQueueModes = []smp.QueueMode{smp.Messaging, smp.Contact, 0}

// clientVersions are the ranges of SMP client versions that differ in a form.
var clientVersions = [][2]uint16{{1, 4}, {2, 4}, {3, 4}, {4, 4}, {1, 1}, {2, 2}, {3, 3}, {1, 3}}

// linkOffer returns end-to-end parameters.
func linkOffer(lowest, highest uint16, kem bool) ratchet.Offer {
	o := ratchet.Offer{
		Versions: wire.Versions(lowest, highest),
		Key1:     linkKeyPair(keys.X448, "x3dh 1").Public(),
		Key2:     linkKeyPair(keys.X448, "x3dh 2").Public(),
	}
	if kem {
		o.KEM = &ratchet.KEMParameters{PublicKey: build.Bytes("kem key", ratchet.KEMPublicKeySize)}
	}
	return o
}

// linkInvitation returns an invitation to one queue.
func linkInvitation() link.Connection {
	offer := linkOffer(2, 3, false)
	return link.Connection{
		Mode: link.Invitation, AgentVersions: wire.Versions(2, 7),
		Queues: []link.QueueURI{linkQueue(1, 4, smp.Messaging)}, Ratchet: &offer,
	}
}

// linkContact returns a contact address with one queue.
func linkContact() link.Connection {
	return link.Connection{
		Mode: link.Contact, AgentVersions: wire.Versions(2, 7),
		Queues: []link.QueueURI{linkQueue(4, 4, smp.Contact)},
	}
}

// piece is a field of a binary form: where bytes may end.
type piece struct {
	name  string
	bytes []byte
}

func joined(pieces []piece) []byte {
	var b []byte
	for _, p := range pieces {
		b = append(b, p.bytes...)
	}
	return b
}

// shortBytes is a short string: a length of one byte and the bytes.
func shortBytes(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// word returns 16 bits, most significant byte first.
func word(n int) []byte { return []byte{byte(n >> 8), byte(n)} }

// refusePieces adds tests of an operation that has to refuse the bytes cut before each
// piece and, if it is longer than a byte, within it, and with a byte more.
func refusePieces(g *build.Group, operation, field, prefix string, pieces []piece) {
	refusePiecesFrom(g, operation, field, prefix, pieces, pieces[0].name)
}

// refusePiecesFrom is refusePieces for the piece with the name and those after it.
func refusePiecesFrom(g *build.Group, operation, field, prefix string, pieces []piece, from string) {
	whole := joined(pieces)
	at, reached := 0, false
	for _, p := range pieces {
		reached = reached || p.name == from
		if !reached {
			at += len(p.bytes)
			continue
		}
		g.Invalid(operation, prefix+"cut-before-"+p.name, fmt.Sprintf("%d of %d bytes: nothing of %s", at, len(whole), p.name),
			build.Fields{field: whole[:at]}, "Truncated", "Truncated")
		if n := len(p.bytes); n > 1 {
			g.Invalid(operation, prefix+"cut-in-"+p.name, fmt.Sprintf("%d of %d bytes: the last byte of %s is missing", at+n-1, len(whole), p.name),
				build.Fields{field: whole[:at+n-1]}, "Truncated", "Truncated")
		}
		at += len(p.bytes)
	}
}

// queuePieces are the fields of the binary form of a queue.
func queuePieces(q link.QueueURI) []piece {
	p := []piece{{"client-versions", append(word(int(q.ClientVersions.Min)), word(int(q.ClientVersions.Max))...)}}
	p = append(p, relayPieces(q.Server)...)
	p = append(p, piece{"sender-id", shortBytes(q.SenderID)}, piece{"dh-key", shortBytes(q.DHKey.SPKI())})
	known := len(joined(p))
	if whole := must(link.Encode(q)); len(whole) > known {
		p = append(p, piece{"queue-mode", whole[known:]})
	}
	return p
}

// relayPieces are the fields of the binary form of a relay.
func relayPieces(s link.Server) []piece {
	p := []piece{{"host-count", []byte{byte(len(s.Hosts))}}}
	for i, h := range s.Hosts {
		p = append(p, piece{fmt.Sprintf("host-%d", i+1), shortBytes([]byte(h.String()))})
	}
	return append(p, piece{"port", shortBytes([]byte(s.Port))}, piece{"key-hash", shortBytes(s.KeyHash)})
}

// swapped replaces a part of a text that has to be there.
func swapped(text, old, with string) string {
	if !strings.Contains(text, old) {
		panic("no " + old + " in " + text)
	}
	return strings.Replace(text, old, with, 1)
}

// refusal is a text or binary form that has to be refused.
type refusal[T any] struct {
	id, what string
	value    T
	class    string
	flag     string
}

// refuseAll adds tests of an operation that has to refuse the values of one field.
func refuseAll[T any](g *build.Group, operation, field string, list []refusal[T]) {
	for _, r := range list {
		g.Invalid(operation, r.id, r.what, build.Fields{field: r.value}, r.class, r.flag)
	}
}

// linkFlags explains flags that vectors of links share, those with the names given.
func linkFlags(f *build.File, names ...string) {
	for _, name := range names {
		f.Flag(name, sharedLinkFlags[name])
	}
}

var sharedLinkFlags = map[string]string{
	"Truncated":        "The bytes end within a field or before it.",
	"Trailing":         "Bytes follow the last field.",
	"Scheme":           "The scheme is another one, or is not written exactly as it has to be.",
	"Separator":        "A character between two parts is missing, or there is one too many.",
	"Base64":           "A part is not base64url: it is empty, has characters of other alphabets, a wrong number of '=', or bits that belong to no byte.",
	"Versions":         "A version range is malformed, or its lowest version is above the highest.",
	"Missing":          "A parameter that is required is not there.",
	"Key":              "A key is not the SubjectPublicKeyInfo of its place: it is cut, longer, bare, or of another algorithm.",
	"Host":             "A host of the relay is missing or malformed.",
	"Port":             "The port is not a number.",
	"Fingerprint":      "The fingerprint of the relay is missing or not base64url.",
	"Space":            "Texts have no spaces and line feeds.",
	"OtherForm":        "The text is one of several with this meaning; canonical is the one that is written.",
	"OnlyAccepted":     "The official parser takes this text. The documents do not provide for it, and a strict parser refuses it.",
	"ModeNotWritten":   "The binary form has no place for this mode at these client versions, so nothing or another mode comes back.",
	"BracketsLost":     "The canonical text of an IPv6 address has no brackets, as with the official implementation; with a port it cannot be read back.",
	"SchemeNotWritten": "The binary form does not tell simplex: from https:; what is read from it is a link with https:.",
}
