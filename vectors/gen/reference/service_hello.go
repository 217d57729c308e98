package main

import (
	"fmt"
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

// transportErrors are the names of all errors of the transport.
var transportErrors = []string{
	"BLOCK", "VERSION", "LARGE_MSG", "SESSION", "NO_AUTH",
	"HANDSHAKE PARSE", "HANDSHAKE IDENTITY", "HANDSHAKE BAD_AUTH", "HANDSHAKE BAD_SERVICE",
}

func serviceHello() *build.File {
	f := build.New("service_hello", "the third message of the handshake: what a relay answers to a service",
		"Messages are block contents before padding. Version 16 and later have this message, if the client's hello has a service.")
	f.Flag("TrailingIgnored", "Bytes after the identifier are ignored, and so are those after a space behind an error.")
	f.Flag("LongID", "The identifier does not fit its length of one byte.")
	f.Flag("Cut", "The message ends within the identifier, or before it.")
	f.Flag("WrongTag", "The message starts with neither 'R' nor 'E'.")
	f.Flag("WrongError", "The error is none of the transport's.")
	f.Flag("Refused", "The relay answers with an error.")
	serviceResponses(f)
	serviceClients(f)
	return f
}

func serviceResponses(f *build.File) {
	g := f.Group("response", "the answer of a relay", "service_response", "decode_service_response")
	for _, n := range []int{0, 1, 24, 255} {
		g.Valid(fmt.Sprintf("id-%d", n), fmt.Sprintf("an identifier of %d bytes", n),
			build.Fields{"service_id": build.Bytes("service id", n), "refusal": nil})
	}
	for _, name := range transportErrors {
		g.Valid(name, "the error "+name, build.Fields{"service_id": nil, "refusal": name})
	}
	g.Invalid("service_response", "id-256", "an identifier of 256 bytes",
		build.Fields{"service_id": build.Bytes("service id", 256), "refusal": nil}, "TooLong", "LongID")
	for _, name := range []string{"", "AUTH", "block", "HANDSHAKE"} {
		g.Invalid("service_response", fmt.Sprintf("make-%q", name), "no error of the transport",
			build.Fields{"service_id": nil, "refusal": name}, "UnknownError", "WrongError")
	}
	refuse := func(id, what string, response []byte, class, flag string) {
		g.Invalid("decode_service_response", id, what, build.Fields{"server_response": response}, class, flag)
	}
	id := build.Bytes("service id", 24)
	refuse("empty", "nothing", nil, "Truncated", "Cut")
	refuse("no-id", "no identifier", []byte("R"), "Truncated", "Cut")
	refuse("cut-id", "an identifier without its last byte", append([]byte("R"), short(id)[:24]...), "Truncated", "Cut")
	refuse("long-length", "a length of 255 bytes, 24 follow", slices.Concat([]byte("R\xff"), id), "Truncated", "Cut")
	for _, tag := range []byte{'r', 'e', 'S', '0', 0} {
		refuse(fmt.Sprintf("tag-%02x", tag), fmt.Sprintf("the byte %02x in front", tag), append([]byte{tag}, short(id)...), "UnknownAnswer", "WrongTag")
	}
	refuse("no-tag", "an identifier without a tag", short(id), "UnknownAnswer", "WrongTag")
	for _, text := range []string{
		"", " BLOCK", "AUTH", "block", "BLOCKS", "BLOC", "HANDSHAKE", "HANDSHAKE ", "HANDSHAKE  PARSE", "HANDSHAKE parse",
		"HANDSHAKE BLOCK", "HANDSHAKE PARSED", "PARSE", "CMD SYNTAX", "BLOCK\x00",
	} {
		refuse(fmt.Sprintf("error-%q", text), "no error of the transport", []byte("E"+text), "UnknownError", "WrongError")
	}

	trailing := f.Group("trailing", "answers with more bytes after them", "decode_service_response")
	for _, n := range []int{1, 100} {
		trailing.Valid(fmt.Sprintf("id-%d", n), fmt.Sprintf("%d bytes after an identifier", n),
			build.Fields{"server_response": slices.Concat([]byte("R"), short(id), build.Bytes("trailing", n))}, "TrailingIgnored")
	}
	for _, text := range []string{"BLOCK x", "VERSION 20 19", "HANDSHAKE PARSE  x"} {
		trailing.Valid(strings.ReplaceAll(text, " ", "-"), "words after an error", build.Fields{"server_response": []byte("E" + text)}, "TrailingIgnored")
	}
}

// credentials are the service as an input.
func (s testService) credentials(role string) map[string]any {
	return map[string]any{
		"role": role, "chain": s.values(), "leaf_private_der": vectors.Hex(s.private[0].PKCS8()),
		"session_private_der": vectors.Hex(s.session.PKCS8()),
	}
}

func serviceClients(f *build.File) {
	g := f.Group("client", "what a service makes of the answer", "client_handshake")
	whole := f.Group("both", "the handshake of a service from its start", "handshake")
	r, s := testRelay(keys.Ed25519, 2), newTestService(2)
	id := build.Bytes("service id", 24)
	fields := func(s testService, role string, v int, response []byte) build.Fields {
		in := r.clientFields(r.bytes(lowerVersion, newerVersion), firstVersion, v)
		in["service"], in["server_response"] = s.credentials(role), response
		return in
	}
	accepted := append([]byte("R"), short(id)...)
	for v := serviceVersion; v <= lastVersion; v++ {
		role := string("MNP"[v%3])
		if v < lastVersion-1 && role == "M" {
			role = "N" // services for messages need version 19 in newer software
		}
		g.Valid(fmt.Sprintf("version-%d", v), fmt.Sprintf("a service of role %s at version %d", role, v), fields(s, role, v, accepted))
	}
	for _, n := range []int{1, 3, 4} {
		g.Valid(fmt.Sprintf("certificates-%d", n), fmt.Sprintf("a service with %d certificates", n), fields(newTestService(n), "M", lastVersion, accepted))
	}
	for _, name := range transportErrors {
		g.Invalid("client_handshake", name, "the relay answers "+name, fields(s, "N", lastVersion, []byte("E"+name)), "ServiceRefused", "Refused")
	}
	for _, bad := range []struct{ id, response, class, flag string }{
		{"empty", "", "Truncated", "Cut"},
		{"cut", string(accepted[:20]), "Truncated", "Cut"},
		{"tag", "X" + string(accepted[1:]), "UnknownAnswer", "WrongTag"},
		{"error", "EAUTH", "UnknownError", "WrongError"},
	} {
		g.Invalid("client_handshake", "malformed-"+bad.id, "an answer that cannot be decoded", fields(s, "N", lastVersion, []byte(bad.response)), bad.class, bad.flag)
	}
	in := r.serverFields(nil)
	for _, message := range []string{"client_hello", "client_chain", "service_id"} {
		delete(in, message)
	}
	client := fields(s, "M", lastVersion, accepted)
	for _, name := range []string{"server_response", "key_hash", "client_versions", "proxy", "client_private_der", "service"} {
		in[name] = client[name]
	}
	in["server_versions"] = [2]int{firstVersion, newerVersion}
	whole.Valid("accepted", "a service that is accepted", in)
}
