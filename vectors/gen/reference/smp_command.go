package main

import (
	"fmt"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// smpCommands makes the vectors of all commands.
func smpCommands() *build.File {
	f := newSMPFile("command", build.New("smp_command", "commands of SMP at versions 6 to 20, without the parts of the transmission around them",
		"Keys are SubjectPublicKeyInfo in DER. Tags are known at every version.",
		"A relay answers CMD UNKNOWN to what is refused as UnknownTag, and CMD SYNTAX to what is refused otherwise."))
	commandFlags(f)
	newCommands(f)
	subscriptions(f)
	keyCommands(f)
	linkCommands(f)
	messageCommands(f)
	proxyCommands(f)
	nameCommands(f)
	bareCommands(f)
	credentials(f)
	return f.File
}

// commandFlags explains the flags that are not those of all layouts.
func commandFlags(f *smpFile) {
	f.Flag("HashLength", "A hash of queue ids has not 16 bytes. The official implementation does not check it.")
	f.Flag("LaterFlags", "There are more message flags than are known. A decoder ignores them.")
	f.Flag("MalformedHost", "The text is no host.")
	f.Flag("MalformedName", "A name has at least two labels of 1 to 63 ASCII letters, digits and single inner hyphens, and at most 253 bytes.")
	f.Flag("NoAuthorization", "A command of a queue or a service needs an authorization and an entity id; one of them is missing.")
	f.Flag("NoEntity", "The command needs an entity id and has none.")
	f.Flag("NoFlagsEnd", "No space follows the message flags.")
	f.Flag("NoPart", "A value lacks a part that the version sends.")
	f.Flag("PasswordCharacter", "A relay's password has printable characters, and neither spaces nor one of @ : /")
	f.Flag("TooLong", "A value is longer than its length can tell.")
	f.Flag("UnexpectedCredentials", "The command must not have an authorization, or must not have an entity id.")
}

func hexOf(b []byte) vectors.Hex { return b }

func bareCommands(f *smpFile) {
	g := f.group("bare", "commands without parameters")
	for _, tag := range []string{"SUB", "NDEL", "GET", "OFF", "DEL", "QUE", "PING", "LDEL", "LGET", "NSUB"} {
		m := layout.Message{Tag: tag}
		g.valid(tag, "the command "+tag, m, 6, 20)
		g.faults(tag, 20, m)
	}
	for _, wrong := range []struct{ id, encoded, what string }{
		{"nothing", "", "no bytes"},
		{"space", " ", "a space alone"},
		{"leading-space", " SUB", "a space in front of the tag"},
		{"zero", "\x00", "a byte 00"},
		{"response", "OK", "the tag of a response"},
		{"event", "END", "the tag of an event"},
		{"line", "PING\n", "a line feed behind the tag"},
		{"cut", "SU", "a part of a tag"},
		{"two", "SUBPING", "two tags"},
		{"tab", "ACK\t\x00", "a tab behind the tag"},
		{"unknown", "SUBSCRIBE", "no tag of SMP"},
		{"length", "\x03SUB", "a tag with its length"},
	} {
		g.refused("tag/"+wrong.id, wrong.what, 20, []byte(wrong.encoded), "UnknownTag", "UnknownTag")
	}
}

func subscriptions(f *smpFile) {
	for _, tag := range []string{"SUBS", "NSUBS"} {
		g := f.group(tag, "subscribing all queues of a service; number of queues and hash of their ids are sent from version 19")
		old := layout.Message{Tag: tag}
		g.valid("old", "without parameters", old, 6, 18)
		m := func(count int64, hash []byte) layout.Message {
			return layout.Message{Tag: tag, Doubled: "HashLength", Fields: []layout.Field{
				layout.Int64("count", count), hashField(hash)}}
		}
		hash := build.Bytes("ids hash", 16)
		g.valid("none", "no queues", m(0, make([]byte, 16)), 19, 20)
		g.valid("some", "770 queues", m(770, hash), 19, 20)
		g.valid("many", "the largest count", m(1<<63-1, hash), 19, 20)
		g.faults("some", 19, m(770, hash))
		g.faults("old", 18, old)
		g.elsewhere("old", "the form without parameters", old, map[uint16]string{19: "MissingParameters", 20: "MissingParameters"})
		g.elsewhere("some", "the form with parameters", m(770, hash), map[uint16]string{6: "Trailing", 18: "Trailing"})
		g.unencodable("no-count", "no count where the version sends it", 19,
			build.Fields{"command": tag, "count": nil, "ids_hash": hexOf(hash)}, "MissingPart", "NoPart")
		g.unencodable("no-hash", "no hash where the version sends it", 20,
			build.Fields{"command": tag, "count": "1", "ids_hash": nil}, "MissingPart", "NoPart")
	}
}

// hashField is a hash of queue ids.
func hashField(hash []byte) layout.Field {
	h := layout.Short("ids-hash", hash)
	h.Faults = []layout.Fault{
		{Name: "empty", What: "no bytes", Value: []byte{0}, Class: "HashLength", Flag: "HashLength"},
		{Name: "short", What: "15 bytes", Value: append([]byte{15}, hash[:15]...), Class: "HashLength", Flag: "HashLength"},
		{Name: "long", What: "17 bytes", Value: append(append([]byte{17}, hash...), 0), Class: "HashLength", Flag: "HashLength"},
	}
	return h
}

func keyCommands(f *smpFile) {
	algorithms := []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}
	for i, tag := range []string{"KEY", "SKEY", "LKEY"} {
		g := f.group(tag, "a command with the key of a sender")
		for j, algorithm := range algorithms {
			m := layout.Message{Tag: tag, Doubled: "MalformedKey", Fields: []layout.Field{f.keys.Auth("key", layout.PublicKey(algorithm, tag))}}
			g.valid(lower(algorithm), "a key of "+algorithm.String(), m, 6, 20)
			if j == i {
				g.faults(lower(algorithm), 20, m)
			} else {
				g.faults(lower(algorithm), 20, m, "key")
			}
		}
		g.unencodable("x448", "a key of X448", 20, build.Fields{"command": tag, "key": layout.PublicKey(keys.X448, tag)}, "WrongKeyType", "WrongKeyAlgorithm")
		g.unencodable("no-key", "no key", 20, build.Fields{"command": tag, "key": ""}, "MalformedKey", "MalformedKey")
	}

	g := f.group("RKEY", "the keys of all recipients of a contact queue")
	list := func(n int) layout.Message {
		m := layout.Message{Tag: "RKEY", Doubled: "MalformedKey", Fields: []layout.Field{layout.Count("count", n, true)}}
		for i := range n {
			name := fmt.Sprintf("key-%d", i+1)
			m.Fields = append(m.Fields, f.keys.Auth(name, layout.PublicKey(algorithms[i%3], name)))
		}
		return m
	}
	for n := 1; n <= 4; n++ {
		g.valid(fmt.Sprint(n), fmt.Sprintf("keys: %d", n), list(n), 6, 20)
	}
	g.faults("3", 20, list(3))
	g.refused("3/v20/fewer", "one key more than the count says", 20, append([]byte("RKEY \x02"), list(3).Encoded()[6:]...), "Trailing", "TrailingBytes")
	g.unencodable("none", "no keys", 20, build.Fields{"command": "RKEY", "keys": []string{}}, "EmptyList", "NoElements")
	g.unencodable("x448", "a key of X448 among others", 20, build.Fields{"command": "RKEY",
		"keys": []vectors.Hex{layout.PublicKey(keys.Ed25519, "1"), layout.PublicKey(keys.X448, "2")}}, "WrongKeyType", "WrongKeyAlgorithm")
	many := make([]vectors.Hex, 256)
	for i := range many {
		many[i] = layout.PublicKey(keys.Ed25519, "1")
	}
	g.unencodable("256", "256 keys; the count has one byte", 20, build.Fields{"command": "RKEY", "keys": many}, "TooLong", "TooLong")

	g = f.group("NKEY", "keys for notifications")
	for i, algorithm := range algorithms {
		m := layout.Message{Tag: "NKEY", Doubled: "MalformedKey", Fields: []layout.Field{
			f.keys.Auth("key", layout.PublicKey(algorithm, "notifier")), f.keys.DH("dh-key", layout.PublicKey(keys.X25519, "notifier dh"))}}
		g.valid(lower(algorithm), "a notifier key of "+algorithm.String(), m, 6, 20)
		if i == 0 {
			g.faults(lower(algorithm), 20, m)
		}
	}
	g.unencodable("ed25519", "an Ed25519 key for key agreement", 20, build.Fields{"command": "NKEY",
		"key": layout.PublicKey(keys.Ed25519, "1"), "dh_key": layout.PublicKey(keys.Ed25519, "2")}, "WrongKeyType", "WrongKeyAlgorithm")
}

func linkCommands(f *smpFile) {
	g := f.group("LSET", "the data of a short link")
	m := func(id, fixed, user int) layout.Message {
		return layout.Message{Tag: "LSET", Doubled: "Truncated", Fields: []layout.Field{
			layout.Short("link-id", build.Bytes("link id", id)),
			layout.Large("fixed", build.Bytes("fixed data", fixed)), layout.Large("user", build.Bytes("user data", user))}}
	}
	g.valid("usual", "a link id of 24 bytes", m(24, 20, 30), 6, 20)
	g.valid("empty", "no bytes in any part", m(0, 0, 0), 6, 20)
	g.valid("long-id", "a link id of 255 bytes", m(255, 1, 1), 6, 20)
	g.valid("large", "parts of more than 255 bytes", m(24, 256, 300), 6, 20)
	g.faults("usual", 20, m(24, 20, 30))
	g.unencodable("long-id", "a link id of 256 bytes", 20, build.Fields{"command": "LSET", "link_id": hexOf(build.Bytes("link id", 256)),
		"link_data": build.Fields{"enc_fixed_data": "", "enc_user_data": ""}}, "TooLong", "TooLong")
}

func messageCommands(f *smpFile) {
	g := f.group("ACK", "acknowledging a message")
	ack := func(n int) layout.Message {
		doubled := "Truncated"
		return layout.Message{Tag: "ACK", Doubled: doubled, Fields: []layout.Field{layout.Short("msg-id", build.Bytes("message id", n))}}
	}
	for _, n := range []int{0, 1, 24, 255} {
		g.valid(fmt.Sprint(n), fmt.Sprintf("a message id of %d bytes", n), ack(n), 6, 20)
	}
	g.faults("24", 20, ack(24))
	g.unencodable("256", "a message id of 256 bytes", 20, build.Fields{"command": "ACK", "msg_id": hexOf(build.Bytes("message id", 256))}, "TooLong", "TooLong")

	g = f.group("SEND", "sending a message")
	send := func(notify bool, more string, n int) layout.Message {
		flags := layout.Boolean("notification", notify)
		end := layout.Field{Name: "flags-end", Value: []byte(more + " "), Cut: "MalformedFlags"}
		return layout.Message{Tag: "SEND", Doubled: "BadBoolean", Fields: []layout.Field{flags, end, layout.Tail("body", build.Bytes("body", n))}}
	}
	for i, n := range []int{0, 1, 5, 255, 256, 300} {
		g.valid(fmt.Sprintf("%d", n), fmt.Sprintf("a body of %d bytes", n), send(i%2 == 0, "", n), 6, 20)
	}
	g.valid("spaces", "a body that starts with spaces", layout.Message{Tag: "SEND", Fields: []layout.Field{layout.Tail("body", []byte("T   a b"))}}, 6, 20)
	g.valid("flag-like", "a body that looks like flags", layout.Message{Tag: "SEND", Fields: []layout.Field{layout.Tail("body", []byte("F T F "))}}, 6, 20)
	g.faults("5", 20, send(true, "", 5), "notification")
	g.faults("5", 20, send(true, "", 5))
	g.refused("flags/no-space", "no space behind the flags", 20, []byte("SEND Tbody"), "MalformedFlags", "NoFlagsEnd")
	g.refused("flags/line", "a line feed in place of the space behind the flags", 20, []byte("SEND F\nbody"), "MalformedFlags", "NoFlagsEnd")
	g.refused("flags/none", "a body without flags", 20, []byte("SEND  body"), "BadBoolean", "NotBoolean")

	later := f.Group("later-flags", "flags of later versions behind the one that is known are passed over", "decode_command_throughout", "decode_command")
	for i, more := range []string{"F", "TT", "12\x00\xff", strings.Repeat("x", 40)} {
		m := send(i%2 == 0, more, 6)
		later.Valid(fmt.Sprintf("SEND/%d", len(more)), fmt.Sprintf("%d bytes more of flags", len(more)),
			build.Fields{"encoded": m.Encoded(), "range": []int{6, 20}}, "LaterFlags")
	}
}

// credentials are all combinations of the parts around a command that are refused.
func credentials(f *smpFile) {
	g := f.Group("credentials", "commands that lack the authorization or the entity id, or have one that they must not have", "check_credentials")
	for _, rule := range []struct{ tags, both, authorization, entity, neither string }{
		{"SUB SUBS KEY RKEY LSET LDEL NKEY NDEL GET ACK OFF DEL QUE SKEY LKEY NSUB NSUBS", "", "NoAuthorization", "NoAuthorization", "NoAuthorization"},
		{"NEW", "UnexpectedCredentials", "", "NoAuthorization", "NoAuthorization"},
		{"SEND", "", "NoEntity", "", "NoEntity"},
		{"LGET PFWD", "UnexpectedCredentials", "NoEntity", "", "NoEntity"},
		{"PING PRXY RFWD RSLV", "UnexpectedCredentials", "UnexpectedCredentials", "UnexpectedCredentials", ""},
	} {
		for _, tag := range strings.Fields(rule.tags) {
			for _, c := range []struct {
				id, what, class string
				auth, entity    bool
			}{
				{"both", "authorization and entity id", rule.both, true, true},
				{"authorization", "an authorization and no entity id", rule.authorization, true, false},
				{"entity", "an entity id and no authorization", rule.entity, false, true},
				{"neither", "neither authorization nor entity id", rule.neither, false, false},
			} {
				if c.class != "" {
					g.Invalid("check_credentials", tag+"/"+c.id, tag+" with "+c.what,
						build.Fields{"tag": tag, "has_authorization": c.auth, "has_entity_id": c.entity}, c.class, c.class)
				}
			}
		}
	}
}
