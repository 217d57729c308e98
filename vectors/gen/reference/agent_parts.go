package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/sntrup761"
	"smpcheck/vectors/gen/build"
)

// prefixed are the pieces of a value with a length of one byte.
func prefixed(name string, value []byte) []piece {
	return []piece{{"length-of-" + name, []byte{byte(len(value))}}, {name, value}}
}

// largePrefixed are the pieces of a value with a length of 16 bits.
func largePrefixed(name string, value []byte) []piece {
	return []piece{{"length-of-" + name, binary.BigEndian.AppendUint16(nil, uint16(len(value)))}, {name, value}}
}

func pieces(lists ...[]piece) []piece { return slices.Concat(lists...) }

// withPiece returns the encoding with other bytes for one piece.
func withPiece(all []piece, name string, with []byte) []byte {
	others := slices.Clone(all)
	for i := range others {
		if others[i].name == name {
			others[i].bytes = with
			return joined(others)
		}
	}
	panic("no piece " + name)
}

// cutPieces adds what a decoder has to refuse as truncated: the encoding up to each piece
// from the one with index first on, and up to its middle if it has more than one byte.
func cutPieces(g *build.Group, operation, id string, all []piece, first int) {
	whole := joined(all)
	at := 0
	for i, p := range all {
		if i >= first && at < len(whole) {
			g.Invalid(operation, id+"/before-"+p.name, fmt.Sprintf("the bytes end before the field %s", p.name),
				build.Fields{"encoded": whole[:at]}, "Truncated", "Truncated")
			if len(p.bytes) > 1 {
				g.Invalid(operation, id+"/within-"+p.name, fmt.Sprintf("the bytes end within the field %s", p.name),
					build.Fields{"encoded": whole[:at+len(p.bytes)/2]}, "Truncated", "Truncated")
			}
		}
		at += len(p.bytes)
	}
}

// trailing adds an encoding with a byte behind it.
func trailing(g *build.Group, operation, id string, all []piece) {
	g.Invalid(operation, id+"/trailing", "a byte behind the last field",
		build.Fields{"encoded": append(joined(all), 'T')}, "Trailing", "Trailing")
}

// encryptionKeys is a pair of the key encapsulation: its public key, and a ciphertext for it.
func encryptionKeys() (public, ciphertext []byte) {
	public, _, err := sntrup761.GenerateKey(build.Random("agent kem key"))
	if err == nil {
		ciphertext, _, err = sntrup761.Encapsulate(build.Random("agent kem secret"), public)
	}
	if err != nil {
		panic(err) // the stream does not end
	}
	return public, ciphertext
}

// spkiOf is the SubjectPublicKeyInfo of a test key.
func spkiOf(a keys.Algorithm, name string) []byte { return testKey(a, name).Public().SPKI() }

// otherObject returns a key in DER with the object identifier of no known algorithm.
func otherObject(der []byte) []byte {
	changed := slices.Clone(der)
	changed[8] = 0x7f // the last byte of the identifier
	return changed
}

// ratchetPieces are ratchet parameters without a KEM.
func ratchetPieces(version byte) []piece {
	all := pieces([]piece{{"e2e-version", []byte{0, version}}},
		prefixed("key1", spkiOf(keys.X448, "agent 1")), prefixed("key2", spkiOf(keys.X448, "agent 2")))
	if version >= 3 {
		all = append(all, piece{"kem-option", []byte("0")})
	}
	return all
}

// proposing are ratchet parameters that propose a KEM.
func proposing() []piece {
	public, _ := encryptionKeys()
	return pieces(ratchetPieces(2)[1:], []piece{{"kem-option", []byte("1")}, {"kem-tag", []byte("P")}}, largePrefixed("kem-key", public))
}

// accepting are ratchet parameters that accept a KEM.
func accepting() []piece {
	public, ciphertext := encryptionKeys()
	return pieces(ratchetPieces(2)[1:], []piece{{"kem-option", []byte("1")}, {"kem-tag", []byte("A")}},
		largePrefixed("kem-ciphertext", ciphertext), largePrefixed("kem-key", public))
}

// atVersion3 puts the version before parameters that have a KEM.
func atVersion3(all []piece) []piece {
	return pieces([]piece{{"e2e-version", []byte{0, 3}}}, all)
}

// agentRelay is the address of the relay of all queues; see agentRelayPieces.
func agentRelay() string {
	return "smp://" + base64.URLEncoding.EncodeToString(build.Bytes("agent relay", 32)) + "@smp.example.com:5223"
}

func agentRelayPieces() []piece {
	return pieces([]piece{{"count-of-hosts", []byte{1}}}, prefixed("host", []byte("smp.example.com")),
		prefixed("port", []byte("5223")), prefixed("fingerprint", build.Bytes("agent relay", 32)))
}

func agentSender(name string) []byte { return build.Bytes("agent sender "+name, 24) }

// address is a queue's address in the form of the dictionary.
func address(name string) build.Fields {
	return build.Fields{"server": agentRelay(), "sender_id": fmt.Sprintf("%x", agentSender(name))}
}

func addressPieces(name string) []piece {
	return pieces(agentRelayPieces(), prefixed("sender-id", agentSender(name)))
}

// queueInfoPieces are queue information at a client version with the given bytes of the mode.
func queueInfoPieces(version byte, mode string) []piece {
	relay := agentRelayPieces()
	if version < 2 {
		relay = relay[1:]
	}
	all := pieces([]piece{{"client-version", []byte{0, version}}}, relay, prefixed("queue-id", agentSender("queue")),
		prefixed("dh-key", spkiOf(keys.X25519, "agent queue")))
	if mode != "" {
		all = append(all, piece{"mode", []byte(mode)})
	}
	return all
}

// queueText is the text of a queue URI.
func queueText(versions, query string) string {
	return agentRelay() + "/" + base64.URLEncoding.EncodeToString(agentSender("queue")) + "#/?v=" + versions +
		"&dh=" + base64.RawURLEncoding.EncodeToString(spkiOf(keys.X25519, "agent queue")) + "%3D" + query
}

// queueURIPieces are the same queue in binary form, for client versions 4 to 4.
func queueURIPieces() []piece {
	return pieces([]piece{{"client-versions", []byte{0, 4, 0, 4}}}, queueInfoPieces(4, "M")[1:])
}

// canonicalLink returns the text that decoding a link gives.
func canonicalLink(text string) string {
	c, err := link.ParseConnection(text)
	if err != nil {
		panic(err) // the links of the generator are well-formed
	}
	return c.Text()
}

// escapedQueue is a queue URI as the parameter of a link.
func escapedQueue() string { return url.QueryEscape(queueText("4", "&q=m")) }
