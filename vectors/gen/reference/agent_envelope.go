package main

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func agentEnvelope() *build.File {
	f := build.New("agent_envelope", "envelopes of the agent protocol: what two agents write to each other through queues, as the queue's own encryption protects it",
		"The form is the same at every agent version; which version is acceptable depends on the connection.",
		"Ciphertexts of the ratchet are any bytes here, and much shorter than real ones.",
		"Ratchet parameters and links are those of the kinds x3dh and connection_link.")
	f.Flag("Truncated", "The bytes end before the envelope does.")
	f.Flag("UnknownTag", "The letter after the version announces no envelope.")
	f.Flag("OtherOption", "What introduces optional parameters is neither '0' nor '1'.")
	f.Flag("WrongKey", "A ratchet key is not of X448.")
	f.Flag("MalformedKey", "The bytes of a ratchet key are no key.")
	f.Flag("KemTag", "Parameters of the key encapsulation neither propose nor accept.")
	f.Flag("KemLength", "A key or a ciphertext of the key encapsulation has not its length.")
	f.Flag("KemAccepted", "New ratchet keys accept a key encapsulation; they may only propose one.")
	f.Flag("NotAnInvitation", "The link is no full link of an invitation.")
	f.Flag("OtherVersion", "An agent version that no agent speaks has the same form.")
	f.Flag("EmptyBody", "No ciphertext follows; the ratchet, not the envelope, refuses this.")
	f.Flag("TooManyParameters", "Bytes remain after the ratchet parameters where they stand alone.")
	confirmations(f)
	messageEnvelopes(f)
	invitations(f)
	ratchetKeys(f)
	return f
}

const encodeEnvelope, decodeEnvelope = "encode_agent_envelope", "decode_agent_envelope"

// offered are the forms of ratchet parameters.
var offered = []struct {
	name   string
	pieces func() []piece
}{
	{"e2e-2", func() []piece { return ratchetPieces(2) }},
	{"e2e-3", func() []piece { return ratchetPieces(3) }},
	{"kem-proposed", func() []piece { return atVersion3(proposing()) }},
	{"kem-accepted", func() []piece { return atVersion3(accepting()) }},
}

// envelopeStart are the agent version 7 and a tag.
func envelopeStart(tag string) []piece {
	return []piece{{"agent-version", []byte{0, 7}}, {"tag", []byte(tag)}}
}

func confirmations(f *build.File) {
	g := f.Group("confirmation", "envelopes with the first ciphertext of a ratchet, and the ratchet parameters of the accepting party", encodeEnvelope, decodeEnvelope)
	content := func(parameters any) build.Fields {
		return build.Fields{"type": "AgentConfirmation", "parameters": parameters, "encrypted": "656e6372797074656420696e666f"}
	}
	for version := 2; version <= 7; version++ {
		g.Valid(fmt.Sprintf("none/v%d", version), "no ratchet parameters", build.Fields{"agent_version": version, "content": content(nil)})
		g.Valid(fmt.Sprintf("e2e-2/v%d", version), "parameters at ratchet version 2", build.Fields{"agent_version": version, "content": content(hex.EncodeToString(joined(ratchetPieces(2))))})
	}
	for _, o := range offered[1:] {
		for _, version := range []int{5, 7} {
			g.Valid(fmt.Sprintf("%s/v%d", o.name, version), "parameters at ratchet version 3",
				build.Fields{"agent_version": version, "content": content(hex.EncodeToString(joined(o.pieces())))})
		}
	}
	for _, version := range []int{0, 1, 8, 256, 65535} {
		g.Valid(fmt.Sprintf("none/v%d", version), "a version out of use", build.Fields{"agent_version": version, "content": content(nil)}, "OtherVersion")
	}
	unknownEnvelopes(g)
	cutPieces(g, decodeEnvelope, "start", append(envelopeStart("C"), piece{"option", []byte("1")}), 0)
	with := func(parameters []piece) []piece {
		return pieces(envelopeStart("C"), []piece{{"option", []byte("1")}}, parameters)
	}
	cutPieces(g, decodeEnvelope, "e2e-2", with(ratchetPieces(2)), 3)
	cutPieces(g, decodeEnvelope, "kem-proposed", with(atVersion3(proposing())), 8)
	cutPieces(g, decodeEnvelope, "kem-accepted", with(atVersion3(accepting())), 10)
	for _, letter := range []byte{0, 1, '2', 'T', 'A'} {
		g.Invalid(decodeEnvelope, fmt.Sprintf("option-%02x", letter), fmt.Sprintf("the byte %02x introduces no parameters", letter),
			build.Fields{"encoded": withPiece(with(ratchetPieces(2)), "option", []byte{letter})}, "BadOption", "OtherOption")
	}
	for _, letter := range []byte{0, 'P', 'F'} {
		g.Invalid(decodeEnvelope, fmt.Sprintf("kem-option-%02x", letter), fmt.Sprintf("the byte %02x introduces no key encapsulation", letter),
			build.Fields{"encoded": withPiece(with(atVersion3(proposing())), "kem-option", []byte{letter})}, "BadOption", "OtherOption")
	}
	for _, letter := range []byte{0, 'p', 'C', '1'} {
		g.Invalid(decodeEnvelope, fmt.Sprintf("kem-tag-%02x", letter), fmt.Sprintf("the byte %02x instead of 'P' or 'A'", letter),
			build.Fields{"encoded": withPiece(with(atVersion3(proposing())), "kem-tag", []byte{letter})}, "KemTag", "KemTag")
	}
	wrongRatchetKeys(g, "e2e-2", with)
	kemLengths(g, with)
	g.Invalid(encodeEnvelope, "parameters-and-more", "parameters that are followed by a byte",
		build.Fields{"agent_version": 7, "content": content(hex.EncodeToString(append(joined(ratchetPieces(3)), '0')))}, "Trailing", "TooManyParameters")
	g.Invalid(encodeEnvelope, "kem-at-e2e-2", "a key encapsulation in parameters of ratchet version 2, which end before it",
		build.Fields{"agent_version": 7, "content": content(hex.EncodeToString(joined(pieces(ratchetPieces(2)[:1], proposing()))))}, "Trailing", "TooManyParameters")
}

// unknownEnvelopes adds letters that announce no envelope.
func unknownEnvelopes(g *build.Group) {
	for _, letter := range []byte{0, 'c', 'm', 'A', 'D', 'H', 'X', '_', '1', 0xff} {
		g.Invalid(decodeEnvelope, fmt.Sprintf("tag-%02x", letter), fmt.Sprintf("the byte %02x in the place of the tag", letter),
			build.Fields{"encoded": joined([]piece{{"", []byte{0, 7, letter}}, {"", []byte("0encrypted")}})}, "UnknownTag", "UnknownTag")
	}
}

// wrongRatchetKeys adds parameters with keys that are not of X448 or no keys.
func wrongRatchetKeys(g *build.Group, id string, with func([]piece) []piece) {
	for _, place := range []int{1, 2} {
		name := fmt.Sprintf("key%d", place)
		changed := func(der []byte) build.Fields {
			all := ratchetPieces(2)
			all[2*place-1].bytes, all[2*place].bytes = []byte{byte(len(der))}, der
			return build.Fields{"encoded": joined(append(with(all), piece{"", []byte("tail")}))}
		}
		for _, a := range []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448} {
			g.Invalid(decodeEnvelope, fmt.Sprintf("%s/%s-%s", id, name, lower(a)), "a key of "+a.String(), changed(spkiOf(a, "agent 1")), "WrongKeyType", "WrongKey")
		}
		der := spkiOf(keys.X448, "agent 1")
		g.Invalid(decodeEnvelope, fmt.Sprintf("%s/%s-empty", id, name), "a key of no bytes", changed(nil), "MalformedKey", "MalformedKey")
		g.Invalid(decodeEnvelope, fmt.Sprintf("%s/%s-bare", id, name), "a bare key without its algorithm", changed(der[12:]), "MalformedKey", "MalformedKey")
		g.Invalid(decodeEnvelope, fmt.Sprintf("%s/%s-other-object", id, name), "a key of an unknown algorithm", changed(otherObject(der)), "MalformedKey", "MalformedKey")
		g.Invalid(decodeEnvelope, fmt.Sprintf("%s/%s-and-a-byte", id, name), "a key with a byte behind it", changed(append(der, 0)), "MalformedKey", "MalformedKey")
	}
}

// kemLengths adds keys and ciphertexts of the wrong length.
func kemLengths(g *build.Group, with func([]piece) []piece) {
	public, ciphertext := encryptionKeys()
	for _, c := range []struct {
		name, what      string
		ciphertext, key []byte
	}{
		{"key-short", "a key of a byte less", nil, public[1:]},
		{"key-long", "a key of a byte more", nil, append(public[:len(public):len(public)], 0)},
		{"key-empty", "a key of no bytes", nil, []byte{}},
		{"ciphertext-short", "a ciphertext of a byte less", ciphertext[1:], public},
		{"ciphertext-long", "a ciphertext of a byte more", append(ciphertext[:len(ciphertext):len(ciphertext)], 0), public},
		{"ciphertext-empty", "a ciphertext of no bytes", []byte{}, public},
	} {
		all := atVersion3(ratchetPieces(2)[1:])
		if c.ciphertext == nil {
			all = pieces(all, []piece{{"", []byte("1P")}}, largePrefixed("kem-key", c.key))
		} else {
			all = pieces(all, []piece{{"", []byte("1A")}}, largePrefixed("kem-ciphertext", c.ciphertext), largePrefixed("kem-key", c.key))
		}
		g.Invalid(decodeEnvelope, "kem-"+c.name, c.what, build.Fields{"encoded": joined(append(with(all), piece{"", []byte("tail")}))}, "KemLength", "KemLength")
	}
}

func messageEnvelopes(f *build.File) {
	g := f.Group("message", "envelopes with a ciphertext of the ratchet", encodeEnvelope, decodeEnvelope)
	for version := 2; version <= 7; version++ {
		g.Valid(fmt.Sprintf("v%d", version), "a ciphertext", build.Fields{"agent_version": version,
			"content": build.Fields{"type": "AgentMsgEnvelope", "encrypted": hex.EncodeToString(build.Bytes("agent ciphertext", 10+version))}})
	}
	g.Valid("empty", "nothing but the envelope", build.Fields{"agent_version": 7, "content": build.Fields{"type": "AgentMsgEnvelope", "encrypted": ""}}, "EmptyBody")
}

// invitationText is a link of an invitation.
func invitationText() string {
	return "simplex:/invitation#/?v=2-7&smp=" + escapedQueue() + "&e2e=v%3D2-3%26x3dh%3D" +
		base64.URLEncoding.EncodeToString(spkiOf(keys.X448, "agent 1")) + "%2C" + base64.URLEncoding.EncodeToString(spkiOf(keys.X448, "agent 2"))
}

func invitations(f *build.File) {
	g := f.Group("invitation", "envelopes with which somebody asks the owner of a contact address for a connection", encodeEnvelope, decodeEnvelope)
	text := canonicalLink(invitationText())
	for version := 2; version <= 7; version++ {
		g.Valid(fmt.Sprintf("v%d", version), "an invitation and connection info", build.Fields{"agent_version": version,
			"content": build.Fields{"type": "AgentInvitation", "request": text, "info": hex.EncodeToString(build.Bytes("agent info", 4*version))}})
	}
	g.Valid("no-info", "an invitation without connection info", build.Fields{"agent_version": 7,
		"content": build.Fields{"type": "AgentInvitation", "request": text, "info": ""}})
	start := envelopeStart("I")
	cutPieces(g, decodeEnvelope, "cut", pieces(start, largePrefixed("link", []byte(text))), 2)
	for name, link := range inOrder(map[string]string{
		"empty":        "",
		"contact":      canonicalLink("simplex:/contact#/?v=2-7&smp=" + escapedQueue()),
		"no-e2e":       "simplex:/invitation#/?v=2-7&smp=" + escapedQueue(),
		"no-queue":     "simplex:/invitation#/?v=2-7&e2e=v%3D2-3%26x3dh%3D" + base64.URLEncoding.EncodeToString(spkiOf(keys.X448, "agent 1")) + "%2C" + base64.URLEncoding.EncodeToString(spkiOf(keys.X448, "agent 2")),
		"no-version":   "simplex:/invitation#/?smp=" + escapedQueue() + text[len("simplex:/invitation#/?v=2-7&smp=")+len(escapedQueue()):],
		"other-scheme": "xmpp:" + text[len("simplex:"):],
		"queue-alone":  queueText("4", "&q=m"),
		"short-link":   "simplex:/i#" + base64.RawURLEncoding.EncodeToString(build.Bytes("agent link id", 24)) + "/" + base64.RawURLEncoding.EncodeToString(build.Bytes("agent link key", 32)) + "?h=smp.example.com",
		"no-utf-8":     "\xff\xfe",
	}) {
		g.Invalid(decodeEnvelope, "link-"+name, "a text that is no invitation",
			build.Fields{"encoded": joined(pieces(start, largePrefixed("link", []byte(link)), []piece{{"", []byte("info")}}))}, "NotAnInvitation", "NotAnInvitation")
	}
	g.Invalid(encodeEnvelope, "encode-contact", "a contact address instead of an invitation", build.Fields{"agent_version": 7, "content": build.Fields{
		"type": "AgentInvitation", "request": canonicalLink("simplex:/contact#/?v=2-7&smp=" + escapedQueue()), "info": ""}}, "NotAnInvitation", "NotAnInvitation")
}

func ratchetKeys(f *build.File) {
	g := f.Group("ratchet-key", "envelopes with the parameters of a new ratchet", encodeEnvelope, decodeEnvelope)
	content := func(parameters []piece, info string) build.Fields {
		return build.Fields{"type": "AgentRatchetKey", "parameters": hex.EncodeToString(joined(parameters)), "info": info}
	}
	for version := 3; version <= 7; version++ {
		g.Valid(fmt.Sprintf("e2e-2/v%d", version), "parameters at ratchet version 2", build.Fields{"agent_version": version, "content": content(ratchetPieces(2), "52")})
	}
	for _, o := range offered[1:3] {
		g.Valid(o.name+"/v7", "parameters at ratchet version 3", build.Fields{"agent_version": 7, "content": content(o.pieces(), "52696e666f")})
	}
	g.Valid("no-info/v7", "parameters alone", build.Fields{"agent_version": 7, "content": content(ratchetPieces(3), "")})
	with := func(parameters []piece) []piece { return pieces(envelopeStart("R"), parameters) }
	cutPieces(g, decodeEnvelope, "e2e-3", with(ratchetPieces(3)), 2)
	cutPieces(g, decodeEnvelope, "kem-proposed", with(atVersion3(proposing())), 8)
	wrongRatchetKeys(g, "e2e-2", with)
	accepted := atVersion3(accepting())
	g.Invalid(decodeEnvelope, "kem-accepted", "parameters that accept a key encapsulation", build.Fields{"encoded": joined(with(accepted))}, "KemState", "KemAccepted")
	g.Invalid(encodeEnvelope, "encode-kem-accepted", "parameters that accept a key encapsulation",
		build.Fields{"agent_version": 7, "content": content(accepted, "52")}, "KemState", "KemAccepted")
	g.Invalid(decodeEnvelope, "option-first", "an option before the parameters, as confirmations have it, takes the place of the version: its keys are malformed",
		build.Fields{"encoded": joined(pieces(envelopeStart("R"), []piece{{"", []byte("1")}}, ratchetPieces(2)))}, "MalformedKey", "MalformedKey")
}
