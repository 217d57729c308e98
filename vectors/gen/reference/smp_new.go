package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
	"smpcheck/vectors/gen/layout"
)

// newQueue says what a NEW has.
type newQueue struct {
	algorithm keys.Algorithm
	password  string
	subscribe bool
	request   string // none, messaging, contact, messaging-link or contact-link
	notifier  bool
}

// String says what the queue has.
func (q newQueue) String() string {
	return fmt.Sprintf("key of %v, password: %t, subscribe: %t, request: %s, notifier: %t",
		q.algorithm, q.password != "", q.subscribe, q.request, q.notifier)
}

// message puts NEW together at a version.
func (q newQueue) message(f *smpFile, version uint16) layout.Message {
	m := layout.Message{Tag: "NEW", Doubled: "MalformedKey", Fields: []layout.Field{
		f.keys.Auth("rcv-auth-key", layout.PublicKey(q.algorithm, "recipient")),
		f.keys.DH("rcv-dh-key", layout.PublicKey(keys.X25519, "recipient dh")),
	}}
	m.Fields = append(m.Fields, q.passwordFields(version)...)
	m.Fields = append(m.Fields, layout.Mode("subscribe-mode", map[bool]byte{true: 'S', false: 'C'}[q.subscribe]))
	if version >= 15 {
		m.Fields = append(m.Fields, q.requestFields()...)
	} else if version >= 9 {
		m.Fields = append(m.Fields, layout.Boolean("sender-can-secure", q.request == "messaging"))
	}
	if version >= 17 {
		m.Fields = append(m.Fields, layout.Option("ntf-creds-option", q.notifier))
		if q.notifier {
			m.Fields = append(m.Fields,
				f.keys.Auth("ntf-auth-key", layout.PublicKey(keys.Ed25519, "notifier")),
				f.keys.DH("ntf-dh-key", layout.PublicKey(keys.X25519, "notifier dh")))
		}
	}
	return m
}

func (q newQueue) passwordFields(version uint16) []layout.Field {
	switch {
	case version < 9 && q.password == "":
		return nil
	case version < 9:
		return []layout.Field{layout.Byte("password-mark", 'A', "UnknownMode", "NotMode", 'a', '1'), passwordField([]byte(q.password))}
	case q.password == "":
		return []layout.Field{layout.Option("password-option", false)}
	}
	return []layout.Field{layout.Option("password-option", true), passwordField([]byte(q.password))}
}

// passwordField is the password of a relay.
func passwordField(password []byte) layout.Field {
	p := layout.Short("password", password)
	for _, c := range []struct {
		name string
		c    byte
	}{{"space", ' '}, {"at", '@'}, {"colon", ':'}, {"slash", '/'}, {"zero", 0}, {"delete", 0x7f}, {"line", '\n'}} {
		spoiled := append([]byte{byte(len(password))}, password...)
		spoiled[1+len(password)/2] = c.c
		p.Faults = append(p.Faults, layout.Fault{Name: c.name, What: fmt.Sprintf("byte %02x in a password", c.c),
			Value: spoiled, Class: "PasswordCharacter", Flag: "PasswordCharacter"})
	}
	return p
}

func (q newQueue) requestFields() []layout.Field {
	if q.request == "none" {
		return []layout.Field{layout.Option("request-option", false)}
	}
	contact := q.request == "contact" || q.request == "contact-link"
	linked := q.request == "messaging-link" || q.request == "contact-link"
	fields := []layout.Field{layout.Option("request-option", true),
		layout.Mode("queue-mode", map[bool]byte{true: 'C', false: 'M'}[contact]), layout.Option("link-option", linked)}
	if !linked {
		return fields
	}
	if contact {
		fields = append(fields, layout.Short("link-id", build.Bytes("link id", 24)))
	}
	return append(fields, layout.Short("sender-id", build.Bytes("sender id", 24)),
		layout.Large("fixed", build.Bytes("fixed data", 12)), layout.Large("user", build.Bytes("user data", 15)))
}

func newCommands(f *smpFile) {
	g := f.group("NEW", "creating a queue; the forms of versions 6 to 8, 9 to 14, 15 to 16 and 17 to 20 differ")
	for i, form := range [][2]uint16{{6, 8}, {9, 14}, {15, 16}, {17, 20}} {
		for j, request := range []string{"none", "messaging", "contact", "messaging-link", "contact-link"} {
			if form[0] < 9 && j > 0 || form[0] == 9 && j != 1 && j != 2 {
				continue
			}
			for k, c := range []struct {
				password  string
				subscribe bool
				notifier  bool
			}{{"", true, false}, {"server_password", false, false}, {"", false, true}, {"x", true, true}} {
				if c.notifier && form[0] < 17 {
					continue
				}
				q := newQueue{[]keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448}[(i+j+k)%3], c.password, c.subscribe, request, c.notifier}
				g.valid(fmt.Sprintf("v%d-%d/%s/%d", form[0], form[1], request, k+1), q.String(), q.message(f, form[0]), form[0], form[1])
			}
		}
	}
	g.valid("password/all", "a password with the first and last characters that are allowed",
		newQueue{keys.X25519, "!~.-\xa1\xff", true, "none", false}.message(f, 20), 17, 20)

	full := newQueue{keys.Ed25519, "server_password", true, "messaging", true}
	linked, contact := full, full
	linked.request, contact.request = "messaging-link", "contact-link"
	g.faults("full", 20, contact.message(f, 20))
	g.faults("link", 17, linked.message(f, 17), "queue-mode", "link-option", "sender-id", "fixed", "user", "ntf-creds-option")
	g.faults("request", 15, full.message(f, 15), "subscribe-mode", "request-option", "queue-mode", "link-option")
	g.faults("secure", 9, full.message(f, 9), "password-option", "subscribe-mode", "sender-can-secure")
	g.faults("password", 6, full.message(f, 6), "password-mark", "password", "subscribe-mode", "rcv-dh-key")
	none := newQueue{keys.X25519, "", false, "none", false}
	g.faults("none", 20, none.message(f, 20), "password-option", "subscribe-mode", "request-option", "ntf-creds-option")
	g.faults("none", 6, none.message(f, 6), "subscribe-mode")
	newElsewhere(g, f, full, none)
	newUnencodable(g)
}

// newElsewhere adds the forms of NEW at the versions of other forms.
func newElsewhere(g smpGroup, f *smpFile, full, none newQueue) {
	g.elsewhere("form-6", "the form of version 6", none.message(f, 6), map[uint16]string{9: "BadOption", 15: "BadOption", 17: "BadOption", 20: "BadOption"})
	g.elsewhere("form-6-password", "the form of version 6 with a password", full.message(f, 6), map[uint16]string{9: "BadOption", 15: "BadOption", 17: "BadOption"})
	g.elsewhere("form-9", "the form of version 9", full.message(f, 9), map[uint16]string{8: "UnknownMode", 15: "BadOption", 17: "BadOption"})
	g.elsewhere("form-15", "the form of version 15", full.message(f, 15), map[uint16]string{8: "UnknownMode", 14: "BadBoolean", 17: "Truncated", 20: "Truncated"})
	g.elsewhere("form-17", "the form of version 17", full.message(f, 17), map[uint16]string{8: "UnknownMode", 14: "BadBoolean", 16: "Trailing"})
	g.elsewhere("form-17-none", "the form of version 17 without notifier", none.message(f, 17), map[uint16]string{15: "Trailing", 16: "Trailing"})
}

func newUnencodable(g smpGroup) {
	request := func(mode string, link, sender int) build.Fields {
		r := build.Fields{"mode": mode, "link_id": nil, "sender_id": hexOf(build.Bytes("sender id", sender)),
			"link_data": build.Fields{"enc_fixed_data": "00", "enc_user_data": "01"}}
		if mode == "contact" {
			r["link_id"] = hexOf(build.Bytes("link id", link))
		}
		return r
	}
	x25519, ed25519 := layout.PublicKey(keys.X25519, "recipient"), layout.PublicKey(keys.Ed25519, "recipient")
	value := build.Fields{"command": "NEW", "rcv_auth_key": ed25519, "rcv_dh_key": x25519, "basic_auth": nil, "subscribe": true,
		"queue_req_data": nil, "ntf_creds": nil}
	for _, c := range []struct {
		id, what    string
		others      build.Fields
		class, flag string
	}{
		{"auth-x448", "an X448 key for authorizations", build.Fields{"rcv_auth_key": layout.PublicKey(keys.X448, "1")}, "WrongKeyType", "WrongKeyAlgorithm"},
		{"dh-ed25519", "an Ed25519 key for key agreement", build.Fields{"rcv_dh_key": ed25519}, "WrongKeyType", "WrongKeyAlgorithm"},
		{"dh-x448", "an X448 key for key agreement", build.Fields{"rcv_dh_key": layout.PublicKey(keys.X448, "1")}, "WrongKeyType", "WrongKeyAlgorithm"},
		{"dh-raw", "a bare key", build.Fields{"rcv_dh_key": hexOf(x25519[12:])}, "MalformedKey", "MalformedKey"},
		{"password-space", "a password with a space", build.Fields{"basic_auth": hexOf([]byte("pass word"))}, "PasswordCharacter", "PasswordCharacter"},
		{"password-long", "a password of 256 bytes", build.Fields{"basic_auth": hexOf(make256('p'))}, "TooLong", "TooLong"},
		{"sender-id-long", "a sender id of 256 bytes", build.Fields{"queue_req_data": request("messaging", 0, 256)}, "TooLong", "TooLong"},
		{"link-id-long", "a link id of 256 bytes", build.Fields{"queue_req_data": request("contact", 256, 24)}, "TooLong", "TooLong"},
		{"ntf-auth-x448", "an X448 key of a notifier", build.Fields{"ntf_creds": build.Fields{"auth_key": layout.PublicKey(keys.X448, "1"), "dh_key": x25519}}, "WrongKeyType", "WrongKeyAlgorithm"},
		{"ntf-dh-ed448", "an Ed448 key of a notifier for key agreement", build.Fields{"ntf_creds": build.Fields{"auth_key": ed25519, "dh_key": layout.PublicKey(keys.Ed448, "1")}}, "WrongKeyType", "WrongKeyAlgorithm"},
	} {
		g.unencodable(c.id, c.what, 20, with(value, c.others), c.class, c.flag)
	}
}

// make256 returns 256 times the same byte.
func make256(c byte) []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = c
	}
	return b
}
