package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// smpResponses makes the vectors of all responses, events and errors.
func smpResponses() *build.File {
	f := newSMPFile("response", build.New("smp_response", "responses, events and errors of SMP at versions 6 to 20, without the parts of the transmission around them",
		"Keys are SubjectPublicKeyInfo in DER. Tags are known at every version, and so are the words of errors.",
		"The JSON of INFO and RNAME may have its fields in any order; the format of INFO is that of the official relay."))
	responseFlags(f)
	idsResponses(f)
	queueResponses(f)
	smpServiceResponses(f)
	sessionResponses(f)
	errorResponses(f)
	infoResponses(f)
	nameResponses(f)
	bareResponses(f)
	substitutes(f)
	entities(f)
	return f.File
}

// responseFlags explains the flags that are not those of all layouts.
func responseFlags(f *smpFile) {
	for name, text := range map[string]string{
		"BelowVersion":          "The response is sent in another form at versions that do not know it, or do not know a part of it.",
		"HashLength":            "A hash of queue ids has not 16 bytes. The official implementation does not check it.",
		"JSONForm":              "A JSON object is malformed, lacks a field that has to be there, or has a field of another type.",
		"MalformedAccount":      "An owner or resolver is not 0x and 40 lower-case hexadecimal digits. The official implementation does not check it.",
		"MalformedSigned":       "A certificate or signed key is not the DER of a sequence of object, algorithm and bit string.",
		"NoEntity":              "The response needs an entity id and has none.",
		"NoPart":                "A value lacks a part that the version sends.",
		"RangeUpsideDown":       "The lowest version of a range is above the highest.",
		"ReadOnly":              "The reason is understood, but no longer sent by anyone: relays send NETWORK alone.",
		"TextTooLong":           "A text in a name record has more than 255 bytes of UTF-8. The official implementation does not check it.",
		"TooLong":               "A value is longer than its length can tell.",
		"UnexpectedCredentials": "The response must not have an entity id.",
		"UnknownFields":         "JSON has fields that are not known. A decoder ignores them.",
		"UnknownWord":           "A word of an error is none of those that its place has.",
	} {
		f.Flag(name, text)
	}
}

// newIDs says what an IDS has.
type newIDs struct {
	mode                    byte // 0 for none
	link, service, notifier bool
}

func (q newIDs) message(f *smpFile, version uint16) layout.Message {
	m := layout.Message{Tag: "IDS", Fields: []layout.Field{
		layout.Short("rcv-id", build.Bytes("recipient id", 24)), layout.Short("snd-id", build.Bytes("sender id", 24)),
		f.keys.DH("srv-dh-key", layout.PublicKey(keys.X25519, "relay dh"))}}
	add := func(fields ...layout.Field) { m.Fields = append(m.Fields, fields...) }
	if version >= 15 {
		add(layout.Option("mode-option", q.mode != 0))
		if q.mode != 0 {
			add(layout.Mode("queue-mode", q.mode))
		}
		add(layout.Option("link-option", q.link))
		if q.link {
			add(layout.Short("link-id", build.Bytes("link id", 24)))
		}
	} else if version >= 9 {
		add(layout.Boolean("sender-can-secure", q.mode == 'M'))
	}
	if version >= 16 {
		add(layout.Option("service-option", q.service))
		if q.service {
			add(layout.Short("service-id", build.Bytes("service id", 24)))
		}
	}
	if version >= 17 {
		add(layout.Option("ntf-option", q.notifier))
		if q.notifier {
			add(layout.Short("notifier-id", build.Bytes("notifier id", 24)), f.keys.DH("ntf-dh-key", layout.PublicKey(keys.X25519, "relay notifier dh")))
		}
	}
	return m
}

func idsResponses(f *smpFile) {
	g := f.group("IDS", "the ids of a new queue; the forms of versions 6 to 8, 9 to 14, 15, 16 and 17 to 20 differ")
	for _, form := range [][2]uint16{{6, 8}, {9, 14}, {15, 15}, {16, 16}, {17, 20}} {
		for _, mode := range []byte{0, 'M', 'C'} {
			for bits := range 8 {
				q := newIDs{mode, bits&1 != 0, bits&2 != 0, bits&4 != 0}
				unsent := form[0] < 9 && mode != 0 || form[0] == 9 && mode == 0 || q.link && form[0] < 15 || q.service && form[0] < 16 || q.notifier && form[0] < 17
				if unsent || form[0] >= 15 && bits == 5 && mode == 0 {
					continue
				}
				name := map[byte]string{0: "none", 'M': "messaging", 'C': "contact"}[mode]
				g.valid(fmt.Sprintf("v%d-%d/%s/%d", form[0], form[1], name, bits),
					fmt.Sprintf("mode: %s, link: %t, service: %t, notifier: %t", name, q.link, q.service, q.notifier), q.message(f, form[0]), form[0], form[1])
			}
		}
	}
	full, none := newIDs{'C', true, true, true}, newIDs{}
	g.faults("full", 20, full.message(f, 20))
	g.faults("none", 20, none.message(f, 20), "mode-option", "link-option", "service-option", "ntf-option")
	g.faults("form-16", 16, full.message(f, 16), "service-option", "service-id")
	g.faults("form-15", 15, full.message(f, 15), "mode-option", "queue-mode", "link-option", "link-id")
	g.faults("form-9", 9, full.message(f, 9), "sender-can-secure")
	g.faults("form-6", 6, full.message(f, 6), "snd-id", "srv-dh-key")
	g.elsewhere("form-6", "the form of version 6", full.message(f, 6), map[uint16]string{9: "Truncated", 15: "Truncated", 16: "Truncated", 17: "Truncated"})
	g.elsewhere("form-9", "the form of version 9", full.message(f, 9), map[uint16]string{8: "Trailing", 15: "BadOption", 16: "BadOption", 17: "BadOption"})
	g.elsewhere("form-15", "the form of version 15", full.message(f, 15), map[uint16]string{8: "Trailing", 14: "BadBoolean", 16: "Truncated", 17: "Truncated"})
	g.elsewhere("form-16", "the form of version 16", full.message(f, 16), map[uint16]string{8: "Trailing", 14: "BadBoolean", 15: "Trailing", 17: "Truncated"})
	g.elsewhere("form-17", "the form of version 17", full.message(f, 17), map[uint16]string{8: "Trailing", 14: "BadBoolean", 15: "Trailing", 16: "Trailing"})

	x25519 := layout.PublicKey(keys.X25519, "relay dh")
	value := build.Fields{"response": "IDS", "rcv_id": "01", "snd_id": "02", "srv_dh_key": x25519, "queue_mode": nil,
		"link_id": nil, "service_id": nil, "server_ntf_creds": nil}
	long := hexOf(make256(1))
	for _, c := range []struct {
		id          string
		others      build.Fields
		class, flag string
	}{
		{"rcv-id-long", build.Fields{"rcv_id": long}, "TooLong", "TooLong"},
		{"snd-id-long", build.Fields{"snd_id": long}, "TooLong", "TooLong"},
		{"link-id-long", build.Fields{"link_id": long}, "TooLong", "TooLong"},
		{"service-id-long", build.Fields{"service_id": long}, "TooLong", "TooLong"},
		{"notifier-id-long", build.Fields{"server_ntf_creds": build.Fields{"notifier_id": long, "dh_key": x25519}}, "TooLong", "TooLong"},
		{"ed25519", build.Fields{"srv_dh_key": layout.PublicKey(keys.Ed25519, "1")}, "WrongKeyType", "WrongKeyAlgorithm"},
		{"ntf-x448", build.Fields{"server_ntf_creds": build.Fields{"notifier_id": "01", "dh_key": layout.PublicKey(keys.X448, "1")}}, "WrongKeyType", "WrongKeyAlgorithm"},
	} {
		g.unencodable(c.id, "IDS with "+c.id, 20, with(value, c.others), c.class, c.flag)
	}
}

func queueResponses(f *smpFile) {
	g := f.group("LNK", "the data of a short link")
	link := func(id, fixed, user int) layout.Message {
		return layout.Message{Tag: "LNK", Doubled: "Truncated", Fields: []layout.Field{layout.Short("sender-id", build.Bytes("sender id", id)),
			layout.Large("fixed", build.Bytes("fixed data", fixed)), layout.Large("user", build.Bytes("user data", user))}}
	}
	g.valid("usual", "a sender id of 24 bytes", link(24, 20, 30), 6, 20)
	g.valid("empty", "no bytes in any part", link(0, 0, 0), 6, 20)
	g.valid("large", "parts of more than 255 bytes", link(255, 256, 300), 6, 20)
	g.faults("usual", 20, link(24, 20, 30))
	g.unencodable("long-id", "a sender id of 256 bytes", 20, build.Fields{"response": "LNK", "sender_id": hexOf(make256(1)),
		"link_data": build.Fields{"enc_fixed_data": "", "enc_user_data": ""}}, "TooLong", "TooLong")

	g = f.group("MSG", "a delivered message")
	msg := func(id, body int) layout.Message {
		return layout.Message{Tag: "MSG", Doubled: "Truncated", Fields: []layout.Field{layout.Short("msg-id", build.Bytes("message id", id)), layout.Tail("body", build.Bytes("body", body))}}
	}
	for _, n := range []int{0, 1, 4, 256} {
		g.valid(fmt.Sprint(n), fmt.Sprintf("a body of %d bytes", n), msg(24, n), 6, 20)
	}
	g.valid("no-id", "an empty message id", msg(0, 4), 6, 20)
	g.faults("4", 20, msg(24, 4))
	g.unencodable("long-id", "a message id of 256 bytes", 20, build.Fields{"response": "MSG", "msg_id": hexOf(make256(1)), "body": ""}, "TooLong", "TooLong")

	g = f.group("NID", "the id of a notifier")
	nid := func(id int) layout.Message {
		return layout.Message{Tag: "NID", Doubled: "Truncated", Fields: []layout.Field{layout.Short("notifier-id", build.Bytes("notifier id", id)),
			f.keys.DH("srv-dh-key", layout.PublicKey(keys.X25519, "relay notifier dh"))}}
	}
	g.valid("usual", "an id of 24 bytes", nid(24), 6, 20)
	g.valid("long-id", "an id of 255 bytes", nid(255), 6, 20)
	g.faults("usual", 20, nid(24))
	g.unencodable("ed448", "an Ed448 key for key agreement", 20, build.Fields{"response": "NID", "notifier_id": "01",
		"srv_dh_key": layout.PublicKey(keys.Ed448, "1")}, "WrongKeyType", "WrongKeyAlgorithm")

	g = f.group("NMSG", "a notification")
	nmsg := func(n int) layout.Message {
		return layout.Message{Tag: "NMSG", Fields: []layout.Field{layout.Fixed("nonce", build.Bytes("nonce", 24)), layout.Short("meta", build.Bytes("meta", n))}}
	}
	for _, n := range []int{0, 144, 255} {
		g.valid(fmt.Sprint(n), fmt.Sprintf("%d bytes of metadata", n), nmsg(n), 6, 20)
	}
	g.faults("144", 20, nmsg(144))
	g.unencodable("256", "256 bytes of metadata", 20, build.Fields{"response": "NMSG", "nonce": hexOf(build.Bytes("nonce", 24)), "enc_meta": hexOf(make256(1))}, "TooLong", "TooLong")

	for _, c := range []struct{ tag, what string }{{"RRES", "a relay's answer to a proxy"}, {"PRES", "a proxy's answer with that of a relay"}} {
		g := f.group(c.tag, c.what)
		m := func(b []byte) layout.Message {
			return layout.Message{Tag: c.tag, Fields: []layout.Field{layout.Tail("body", b)}}
		}
		for _, n := range []int{0, 1, 256} {
			g.valid(fmt.Sprint(n), fmt.Sprintf("%d encrypted bytes", n), m(build.Bytes("encrypted", n)), 6, 20)
		}
		g.valid("spaces", "bytes that start with spaces", m([]byte("  x")), 6, 20)
		g.faults("5", 20, m(build.Bytes("encrypted", 5)))
	}
}

func smpServiceResponses(f *smpFile) {
	g := f.group("SOK", "a subscription in a service session or outside of one")
	sok := func(id []byte) layout.Message {
		m := layout.Message{Tag: "SOK", Doubled: "BadOption", Fields: []layout.Field{layout.Option("service-option", id != nil)}}
		if id != nil {
			m.Fields = append(m.Fields, layout.Short("service-id", id))
		}
		return m
	}
	g.valid("none", "no service", sok(nil), 16, 20)
	g.valid("service", "a service id", sok(build.Bytes("service id", 24)), 16, 20)
	g.valid("empty", "a service id without bytes", sok([]byte{}), 16, 20)
	g.faults("none", 20, sok(nil))
	g.faults("service", 20, sok(build.Bytes("service id", 24)))
	g.unencodable("long-id", "a service id of 256 bytes", 20, build.Fields{"response": "SOK", "service_id": hexOf(make256(1))}, "TooLong", "TooLong")

	for _, tag := range []string{"SOKS", "ENDS"} {
		g := f.group(tag, "a number of queues of a service; the hash of their ids is sent from version 19")
		m := func(count int64, hash []byte) layout.Message {
			m := layout.Message{Tag: tag, Doubled: "Trailing", Fields: []layout.Field{layout.Int64("count", count)}}
			if hash != nil {
				m.Doubled, m.Fields = "HashLength", append(m.Fields, hashField(hash))
			}
			return m
		}
		hash := build.Bytes("ids hash", 16)
		for _, count := range []int64{0, 1, 1 << 32, 1<<63 - 1, -1} {
			g.valid(fmt.Sprintf("old/%d", count), fmt.Sprintf("%d queues", count), m(count, nil), 6, 18)
			g.valid(fmt.Sprint(count), fmt.Sprintf("%d queues", count), m(count, hash), 19, 20)
		}
		g.faults("old", 18, m(5, nil))
		g.faults("hash", 20, m(5, hash))
		g.elsewhere("old", "the form without hash", m(5, nil), map[uint16]string{19: "Truncated"})
		g.elsewhere("hash", "the form with a hash", m(5, hash), map[uint16]string{6: "Trailing", 18: "Trailing"})
		g.unencodable("no-hash", "no hash where the version sends it", 19, build.Fields{"response": tag, "count": "5", "ids_hash": nil}, "MissingPart", "NoPart")
	}
}

func bareResponses(f *smpFile) {
	g := f.group("bare", "responses and events without parameters")
	for _, tag := range []string{"OK", "PONG", "END", "ALLS", "DELD"} {
		lowest := map[bool]uint16{true: 10, false: 6}[tag == "DELD"]
		g.valid(tag, tag, layout.Message{Tag: tag}, lowest, 20)
		g.faults(tag, 20, layout.Message{Tag: tag})
	}
	for id, encoded := range inOrder(map[string]string{"nothing": "", "space": " ", "leading-space": " OK", "zero": "\x00", "command": "SUB",
		"line": "OK\n", "cut": "PON", "two": "OKEND", "length": "\x02OK", "error": "AUTH", "deleted": "DELETED"}) {
		g.refused("tag/"+id, fmt.Sprintf("%q", encoded), 20, []byte(encoded), "UnknownTag", "UnknownTag")
	}
}

// substitutes are the forms at versions that do not know a response or a part of it.
func substitutes(f *smpFile) {
	g := f.Group("substitute", "responses that are sent in another form at older versions", "response_versions")
	blocked := func(reason string, notice any) build.Fields {
		return build.Fields{"response": "ERR", "error": build.Fields{"code": "BLOCKED", "reason": reason, "notice": notice}}
	}
	for _, c := range []struct {
		id, what        string
		response        build.Fields
		encoded         string
		lowest, highest int
	}{
		{"SOK", "SOK is OK below version 16", build.Fields{"response": "SOK", "service_id": nil}, "OK", 6, 15},
		{"DELD", "DELD is END below version 10", build.Fields{"response": "DELD"}, "END", 6, 9},
		{"BLOCKED", "BLOCKED is AUTH below version 12", blocked("spam", nil), "ERR AUTH", 6, 11},
		{"notice", "BLOCKED has no notice below version 18", blocked("content", build.Fields{"ttl": nil}), "ERR BLOCKED reason=content", 12, 17},
	} {
		g.Valid(c.id, c.what, build.Fields{"response": c.response, "encoded": []byte(c.encoded), "range": []int{c.lowest, c.highest}}, "BelowVersion")
	}
}

// entities are the entity ids that are refused.
func entities(f *smpFile) {
	g := f.Group("entity", "responses that lack the entity id, or have one that they must not have", "check_entity")
	for _, tag := range strings.Fields("LNK SOK SOKS MSG NID NMSG PRES END ENDS DELD INFO OK") {
		g.Invalid("check_entity", tag, tag+" without entity id", build.Fields{"tag": tag, "has_entity_id": false}, "NoEntity", "NoEntity")
	}
	for _, tag := range strings.Fields("PONG PKEY RRES ALLS RNAME") {
		g.Invalid("check_entity", tag, tag+" with an entity id", build.Fields{"tag": tag, "has_entity_id": true}, "UnexpectedCredentials", "UnexpectedCredentials")
	}
}
