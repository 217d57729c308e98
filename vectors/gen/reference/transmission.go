package main

import (
	"fmt"

	"smpcheck/vectors/gen/build"
)

// transmissionParts are the parts that tests of transmissions vary.
func transmissionParts(version int) build.Fields {
	return build.Fields{
		"version": version, "session_id": build.Bytes("session id", 32), "authorization": []byte{}, "service_signature": nil,
		"correlation_id": build.Bytes("correlation id", 24), "entity_id": build.Bytes("entity id", 24), "command": []byte("SUB"),
	}
}

func smpTransmission() *build.File {
	f := build.New("smp_transmission", "transmissions: their form at each version, authorization and verification",
		"The form changes with versions 7 (the session id is authorized but no longer sent) and 16 (an optional service signature follows each authorization).",
		"An authorization has 64 bytes (Ed25519), 80 (authenticator by X25519) or 114 (Ed448).",
		"In service sessions the queue's key covers the fingerprint of the service certificate followed by what it covers elsewhere; the service's key covers the latter.")
	transmissionForms(f)
	transmissionSessions(f)
	authorizationSchemes(f)
	authorizedTransmissions(f)
	verifiedTransmissions(f)
	receivedBlocks(f)
	return f
}

// authorizationLengths are those of the schemes.
var authorizationLengths = []int{0, 64, 80, 114}

func transmissionForms(f *build.File) {
	f.Flag("FieldTooLong", "A field has more than 255 bytes, which its length cannot say.")
	f.Flag("ServiceSignatureMisplaced", "There is a service signature below version 16, or without authorization, or not of 64 bytes.")
	f.Flag("Cut", "The bytes end within a part.")
	f.Flag("OtherVersionForm", "The bytes have the form of another version.")
	f.Flag("BadOption", "What tells whether there is a service signature is neither '0' nor '1'.")
	g := f.Group("form", "all parts, without a look at what they are", "encode_transmission", "decode_transmission")
	for _, v := range []int{6, 7, 15, 16, 20} {
		for _, n := range authorizationLengths {
			g.Valid(fmt.Sprintf("v%d-%d", v, n), fmt.Sprintf("version %d, an authorization of %d bytes", v, n),
				inputsFor(transmissionParts(v), "authorization", build.Bytes("authorization", n)))
		}
	}
	for _, v := range []int{16, 20} {
		g.Valid(fmt.Sprintf("v%d-service", v), fmt.Sprintf("version %d with a service signature", v),
			inputsFor(transmissionParts(v), "authorization", build.Bytes("authorization", 80), "service_signature", build.Bytes("service signature", 64)))
	}
	for _, v := range []int{6, 7, 16} {
		parts := transmissionParts(v)
		g.Valid(fmt.Sprintf("v%d-event", v), "an event: no correlation id", inputsFor(parts, "correlation_id", []byte{}, "command", []byte("END")))
		g.Valid(fmt.Sprintf("v%d-bare", v), "neither correlation id nor entity id", inputsFor(parts, "correlation_id", []byte{}, "entity_id", []byte{}))
		g.Valid(fmt.Sprintf("v%d-no-command", v), "no command", inputsFor(parts, "command", []byte{}))
		g.Valid(fmt.Sprintf("v%d-long", v), "fields of 255 bytes", inputsFor(parts, "correlation_id", build.Bytes("long id", 255),
			"entity_id", build.Bytes("long entity", 255), "authorization", build.Bytes("authorization", 255)))
	}
	for _, field := range []string{"session_id", "correlation_id", "entity_id", "authorization"} {
		g.Invalid("encode_transmission", "long-"+field, field+" of 256 bytes", inputsFor(transmissionParts(16), field, build.Bytes("long", 256)), "TooLong", "FieldTooLong")
	}
	signature := build.Bytes("service signature", 64)
	misplaced := func(id, what string, version int, authorization, signature []byte) {
		g.Invalid("encode_transmission", id, what, inputsFor(transmissionParts(version), "authorization", authorization, "service_signature", signature),
			"ServiceSignature", "ServiceSignatureMisplaced")
	}
	misplaced("service-v15", "a service signature at version 15", 15, build.Bytes("authorization", 64), signature)
	misplaced("service-alone", "a service signature without authorization", 16, []byte{}, signature)
	for _, n := range []int{0, 63, 65} {
		misplaced(fmt.Sprintf("service-%d", n), fmt.Sprintf("a service signature of %d bytes", n), 16, build.Bytes("authorization", 64), build.Bytes("service signature", n))
	}
	refusedForms(g)
}

func refusedForms(g *build.Group) {
	refuse := func(version int, id, what string, b []byte, class, flag string) {
		g.Invalid("decode_transmission", id, what, build.Fields{"version": version, "transmission": b}, class, flag)
	}
	auth, signature := build.Bytes("authorization", 64), build.Bytes("service signature", 64)
	whole := func(version int, signature any) []byte {
		return answerOf("encode_transmission", "transmission", inputsFor(transmissionParts(version), "authorization", auth, "service_signature", signature))
	}
	v6, v7, v16, service := whole(6, nil), whole(7, nil), whole(16, nil), whole(16, signature)
	refuse(7, "nothing", "no bytes", []byte{}, "Truncated", "Cut")
	for _, cut := range []struct {
		version  int
		id, what string
		b        []byte
	}{
		{6, "in-authorization", "within the authorization", v6[:64]},
		{6, "before-session", "before the session id", v6[:65]},
		{6, "in-session", "within the session id", v6[:97]},
		{6, "before-id", "before the correlation id", v6[:98]},
		{6, "in-id", "within the correlation id", v6[:122]},
		{6, "before-entity", "before the entity id", v6[:123]},
		{6, "in-entity", "within the entity id", v6[:147]},
		{7, "in-authorization", "within the authorization", v7[:1]},
		{7, "before-id", "before the correlation id", v7[:65]},
		{7, "in-id", "within the correlation id", v7[:89]},
		{7, "before-entity", "before the entity id", v7[:90]},
		{7, "in-entity", "within the entity id", v7[:114]},
		{16, "before-option", "before the option of the service signature", v16[:65]},
		{16, "before-id", "before the correlation id", v16[:66]},
		{16, "in-entity", "within the entity id", v16[:115]},
		{16, "before-service", "before the length of the service signature", service[:66]},
		{16, "in-service", "within the service signature", service[:130]},
	} {
		refuse(cut.version, fmt.Sprintf("v%d-%s", cut.version, cut.id), "the bytes end "+cut.what, cut.b, "Truncated", "Cut")
	}
	refuse(16, "v15-form", "the form of versions 7 to 15 at version 16: no option behind the authorization", v7, "BadOption", "OtherVersionForm")
	refuse(16, "v6-form", "the form of version 6 at version 16", v6, "BadOption", "OtherVersionForm")
	refuse(15, "v16-form", "the form of version 16 at version 15: the option is read as a length", v16[:100], "Truncated", "OtherVersionForm")
	refuse(6, "v7-form", "the form of version 7 at version 6: entity id and command are read as correlation id and more", v7, "Truncated", "OtherVersionForm")
	for _, option := range []byte{'2', 0, 1, 'T'} {
		refuse(16, fmt.Sprintf("option-%02x", option), fmt.Sprintf("the byte %02x in place of '0' or '1'", option), concat(v16[:65], []byte{option}, v16[66:]), "BadOption", "BadOption")
	}
	for _, n := range []int{0, 63, 65, 114} {
		refuse(16, fmt.Sprintf("service-signature-of-%d", n), fmt.Sprintf("a service signature of %d bytes", n),
			concat(v16[:65], []byte("1"), shortField(build.Bytes("service signature", n)), v16[66:]), "ServiceSignature", "ServiceSignatureMisplaced")
	}
}

func transmissionSessions(f *build.File) {
	f.Flag("OtherSession", "The session id is that of another session; it is sent at version 6 alone.")
	g := f.Group("session", "the session id of a transmission", "encode_transmission", "check_session")
	for _, v := range []int{6, 7, 20} {
		g.Valid(fmt.Sprintf("v%d", v), fmt.Sprintf("version %d", v), transmissionParts(v))
	}
	g.Valid("v6-tls-1.2", "a session id of 12 bytes", inputsFor(transmissionParts(6), "session_id", build.Bytes("session id", 12)))
	sent := answerOf("encode_transmission", "transmission", transmissionParts(6))
	id := build.Bytes("session id", 32)
	for _, other := range []struct {
		id, what string
		session  []byte
	}{
		{"bit", "a bit of the session id changed", changedBit(id, 31)},
		{"cut", "the session has the first 31 bytes as its id", id[:31]},
		{"none", "the session has no id", []byte{}},
	} {
		g.Invalid("check_session", other.id, other.what, build.Fields{"version": 6, "session_id": other.session, "transmission": sent}, "OtherSession", "OtherSession")
	}
	empty := answerOf("encode_transmission", "transmission", inputsFor(transmissionParts(6), "session_id", []byte{}))
	g.Invalid("check_session", "empty", "the transmission has an empty session id", build.Fields{"version": 6, "session_id": id, "transmission": empty}, "OtherSession", "OtherSession")
}

func authorizationSchemes(f *build.File) {
	f.Flag("AuthorizationLength", "An authorization is as long as those of no scheme.")
	g := f.Group("scheme", "how a transmission is authorized", "authorization_scheme")
	for _, n := range authorizationLengths {
		g.Valid(fmt.Sprintf("%d", n), fmt.Sprintf("an authorization of %d bytes", n), build.Fields{"authorization": build.Bytes("authorization", n)})
	}
	for _, n := range []int{1, 16, 63, 65, 79, 81, 113, 115, 255} {
		g.Invalid("authorization_scheme", fmt.Sprintf("%d", n), fmt.Sprintf("an authorization of %d bytes", n),
			build.Fields{"authorization": build.Bytes("authorization", n)}, "AuthorizationSize", "AuthorizationLength")
	}
}

func receivedBlocks(f *build.File) {
	f.Flag("RefusedTransmission", "At least one transmission of the block is answered with an error.")
	g := f.Group("received", "contents of blocks as a relay takes them apart; errors are what it answers", "receive_commands")
	session := build.Bytes("session id", 32)
	one := func(version int, command string, authorization []byte, entity []byte) []byte {
		return answerOf("encode_transmission", "transmission", inputsFor(transmissionParts(version), "authorization", authorization, "entity_id", entity, "command", []byte(command)))
	}
	entity, auth := build.Bytes("entity id", 24), build.Bytes("authorization", 64)
	content := func(items ...[]byte) []byte {
		b := []byte{byte(len(items))}
		for _, item := range items {
			b = concat(b, []byte{byte(len(item) >> 8), byte(len(item))}, item)
		}
		return b
	}
	for _, v := range []int{6, 7, 16, 20} {
		block := func(id, what string, content []byte, flags ...string) {
			g.Valid(fmt.Sprintf("v%d-%s", v, id), fmt.Sprintf("version %d: %s", v, what), build.Fields{"version": v, "session_id": session, "content": content}, flags...)
		}
		ping, sub := one(v, "PING", nil, nil), one(v, "SUB", auth, entity)
		block("three", "three commands", content(ping, sub, one(v, "SEND T body", nil, entity)))
		if v == 6 || v == 20 {
			continue
		}
		block("no-auth", "SUB without authorization, between good ones", content(ping, one(v, "SUB", nil, entity), sub), "RefusedTransmission")
		block("unknown", "an unknown command", content(one(v, "HELLO", nil, entity)), "RefusedTransmission")
		block("syntax", "PING with parameters", content(one(v, "PING ", nil, nil)), "RefusedTransmission")
		block("length", "an authorization of 65 bytes", content(one(v, "SUB", build.Bytes("authorization", 65), entity), ping), "RefusedTransmission")
		block("form", "a malformed transmission behind a good one", content(ping, []byte{9}), "RefusedTransmission")
	}
	g.Valid("v6-session", "version 6: the session id of another session", build.Fields{
		"version": 6, "session_id": changedBit(session, 0), "content": content(one(6, "PING", nil, nil)),
	}, "RefusedTransmission")
	g.Valid("count", "a block that is malformed as a whole: one answer", build.Fields{
		"version": 18, "session_id": session, "content": concat([]byte{3}, content(one(18, "PING", nil, nil))[1:]),
	}, "RefusedTransmission")
}
