package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

// proxyScene is one command through a proxy, with all keys.
type proxyScene struct {
	relay, command, sender testPair // session key of the relay, the command's own key, the sender's key
	commandSecret          []byte
	sessionSecret          []byte
	id, proxyID, entity    []byte
}

func newProxyScene() proxyScene {
	s := proxyScene{
		relay: newPair(keys.X25519, "relay session"), command: newPair(keys.X25519, "proxied command"), sender: newPair(keys.X25519, "queue sender"),
		id: build.Bytes("client correlation id", 24), proxyID: build.Bytes("proxy correlation id", 24), entity: build.Bytes("sender id", 24),
	}
	s.commandSecret = answerOf("agree", "secret", build.Fields{"private_key": s.command.private, "public_key": s.relay.public})
	s.sessionSecret = answerOf("agree", "secret", build.Fields{"private_key": newPair(keys.X25519, "proxy session").private, "public_key": s.relay.public})
	return s
}

func (s proxyScene) forwarding(version int) build.Fields {
	return build.Fields{
		"version": version, "relay_session_id": build.Bytes("relay session id", 32), "correlation_id": s.id, "entity_id": s.entity,
		"command": []byte("SEND T message"), "sender_private_key": s.sender.private, "relay_public_key": s.relay.public,
		"command_private_key": s.command.private, "length": 200,
	}
}

func proxy() *build.File {
	f := build.New("proxy", "commands through a proxy: all layers of PFWD, RFWD, RRES and PRES",
		"The client seals a block for the relay with the secret of a key for this command alone and the relay's session key; the nonce is its correlation id.",
		"The proxy seals that with the secret of its own session with the relay, without padding; the nonce is the correlation id of RFWD.",
		"The nonces of the responses are those of the commands with their 24 bytes in reverse order. (The protocol document says increased by 1.)",
		"Real blocks are padded to 16226 bytes; most tests use a shorter length.")
	boxFlags(f)
	f.Flag("NonceNotReversed", "The response was sealed with the nonce of the command.")
	f.Flag("NonceIncreased", "The response was sealed with the nonce of the command increased by 1.")
	f.Flag("WrongKeyType", "A key is not X25519.")
	f.Flag("MalformedKey", "A key is not in its DER form.")
	f.Flag("OtherTag", "It is another command or response.")
	f.Flag("UnknownTag", "There is no such command or response.")
	f.Flag("Cut", "The bytes end within a part.")
	f.Flag("RealSize", "Padded to the length of real blocks.")
	f.Flag("OtherLayer", "The box belongs to another layer.")
	s := newProxyScene()
	s.client(f)
	s.relayOpens(f)
	s.proxyForwards(f)
	s.relayAnswers(f)
	s.proxyReturns(f)
	return f
}

// client adds what the client makes of its command.
func (s proxyScene) client(f *build.File) {
	g := f.Group("pfwd", "the client's part: block, box and PFWD", "seal_forwarded", "decode_pfwd")
	for _, v := range []int{8, 11, 15, 16, 17} {
		g.Valid(fmt.Sprintf("v%d", v), fmt.Sprintf("SEND at version %d with the sender's authorization", v), s.forwarding(v))
		g.Valid(fmt.Sprintf("v%d-no-auth", v), fmt.Sprintf("SEND at version %d to a queue without sender key", v), inputsFor(s.forwarding(v), "sender_private_key", nil))
	}
	g.Valid("sender-ed25519", "a sender's key of Ed25519", inputsFor(s.forwarding(17), "sender_private_key", newPair(keys.Ed25519, "queue sender").private))
	g.Valid("real", "padded to the length of real blocks", inputsFor(s.forwarding(17), "length", 16226), "RealSize")
	g.Invalid("seal_forwarded", "no-room", "a block that is too long", inputsFor(s.forwarding(17), "length", 150), "TooLong", "NoRoom")
	g.Invalid("seal_forwarded", "relay-Ed25519", "a session key of Ed25519", inputsFor(s.forwarding(17), "relay_public_key", newPair(keys.Ed25519, "relay").public), "WrongKeyType", "WrongKeyType")
	g.Invalid("seal_forwarded", "command-X448", "a key of the command of X448", inputsFor(s.forwarding(17), "command_private_key", newPair(keys.X448, "command").private), "WrongKeyType", "WrongKeyType")
	pfwd := answerOf("seal_forwarded", "pfwd", s.forwarding(17))
	const tag, keyAt = 5, 5 + 2 // "PFWD ", then the version and the key
	refuse := func(id, what string, b []byte, class, flag string) {
		g.Invalid("decode_pfwd", id, what, build.Fields{"pfwd": b}, class, flag)
	}
	refuse("rfwd", "the command RFWD", concat([]byte("RFWD "), pfwd[tag:]), "OtherTag", "OtherTag")
	refuse("unknown", "the word PFWX", concat([]byte("PFWX "), pfwd[tag:]), "UnknownTag", "UnknownTag")
	refuse("in-version", "the bytes end within the version", pfwd[:tag+1], "Truncated", "Cut")
	refuse("in-key", "the bytes end within the key", pfwd[:keyAt+20], "Truncated", "Cut")
	refuse("ed25519", "a key of Ed25519", concat(pfwd[:keyAt], shortField(newPair(keys.Ed25519, "command").public), pfwd[keyAt+45:]), "WrongKeyType", "WrongKeyType")
	refuse("bare-key", "the key without DER", concat(pfwd[:keyAt], shortField(s.command.public[12:]), pfwd[keyAt+45:]), "MalformedKey", "MalformedKey")
}

// relayOpens adds what the relay makes of the client's box.
func (s proxyScene) relayOpens(f *build.File) {
	g := f.Group("forwarded", "the relay opens the client's box", "open_forwarded")
	box := answerOf("seal_forwarded", "forwarded", s.forwarding(17))
	opening := build.Fields{"command_secret": s.commandSecret, "correlation_id": s.id, "forwarded": box}
	g.Valid("v17", "SEND at version 17", opening)
	g.Valid("v8", "SEND at version 8", inputsFor(opening, "forwarded", answerOf("seal_forwarded", "forwarded", s.forwarding(8))))
	for _, a := range alterations(box) {
		g.Invalid("open_forwarded", a.id, a.what, inputsFor(opening, "forwarded", a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_forwarded", "proxy-id", "opened with the correlation id of the proxy", inputsFor(opening, "correlation_id", s.proxyID), "BoxClosed", "OtherNonce")
	g.Invalid("open_forwarded", "session-secret", "opened with the secret of proxy and relay", inputsFor(opening, "command_secret", s.sessionSecret), "BoxClosed", "OtherKey")
	response := answerOf("seal_response", "sealed_response", s.answering())
	g.Invalid("open_forwarded", "response", "a box of the response", inputsFor(opening, "forwarded", response), "BoxClosed", "OtherLayer")
	g.Invalid("open_forwarded", "raw-secret", "made with the X25519 secret as it is", inputsFor(opening, "forwarded", plainBox(s.commandSecret, s.id, []byte{0, 0})), "BoxClosed", "KeyStepMissing")
	badPadding(g, "open_forwarded", func(content []byte) build.Fields {
		return inputsFor(opening, "forwarded", sealedBare(s.commandSecret, s.id, content))
	})
}

// proxyForwards adds the layer between proxy and relay.
func (s proxyScene) proxyForwards(f *build.File) {
	g := f.Group("rfwd", "the proxy's part: RFWD", "seal_rfwd", "open_rfwd")
	forwarding := func(version int) build.Fields {
		return build.Fields{
			"session_secret": s.sessionSecret, "proxy_correlation_id": s.proxyID, "correlation_id": s.id, "version": version,
			"command_key": s.command.public, "forwarded": answerOf("seal_forwarded", "forwarded", s.forwarding(version)),
		}
	}
	for _, v := range []int{8, 16, 17} {
		g.Valid(fmt.Sprintf("v%d", v), fmt.Sprintf("a command of version %d", v), forwarding(v))
	}
	g.Valid("empty", "a box of no bytes", inputsFor(forwarding(17), "forwarded", []byte{}))
	g.Invalid("seal_rfwd", "ed25519", "a key of Ed25519", inputsFor(forwarding(17), "command_key", newPair(keys.Ed25519, "command").public), "WrongKeyType", "WrongKeyType")
	g.Invalid("seal_rfwd", "short-id", "a correlation id of the proxy of 23 bytes", inputsFor(forwarding(17), "proxy_correlation_id", s.proxyID[:23]), "NonceSize", "WrongLength")
	rfwd := answerOf("seal_rfwd", "rfwd", forwarding(17))
	opening := build.Fields{"session_secret": s.sessionSecret, "proxy_correlation_id": s.proxyID, "rfwd": rfwd}
	const tag = 5
	for _, a := range alterations(rfwd[tag:]) {
		g.Invalid("open_rfwd", a.id, a.what, inputsFor(opening, "rfwd", concat(rfwd[:tag], a.box)), "BoxClosed", a.flag)
	}
	g.Invalid("open_rfwd", "client-id", "opened with the correlation id of the client", inputsFor(opening, "proxy_correlation_id", s.id), "BoxClosed", "OtherNonce")
	g.Invalid("open_rfwd", "command-secret", "opened with the secret of the command", inputsFor(opening, "session_secret", s.commandSecret), "BoxClosed", "OtherKey")
	g.Invalid("open_rfwd", "pfwd", "the command PFWD", inputsFor(opening, "rfwd", answerOf("seal_forwarded", "pfwd", s.forwarding(17))), "OtherTag", "OtherTag")
	g.Invalid("open_rfwd", "unknown", "the word RFWX", inputsFor(opening, "rfwd", concat([]byte("RFWX "), rfwd[tag:])), "UnknownTag", "UnknownTag")
	inner := answerOf("seal_rfwd", "forwarded_command", forwarding(17))
	content := func(id, what string, b []byte, class, flag string) {
		g.Invalid("open_rfwd", id, what, inputsFor(opening, "rfwd", concat([]byte("RFWD "), sealedBare(s.sessionSecret, s.proxyID, b))), class, flag)
	}
	content("content-empty", "nothing inside", []byte{}, "Truncated", "Cut")
	content("content-in-id", "the content ends within the correlation id", inner[:20], "Truncated", "Cut")
	content("content-in-version", "the content ends within the version", inner[:26], "Truncated", "Cut")
	content("content-in-key", "the content ends within the key", inner[:60], "Truncated", "Cut")
	content("content-ed25519", "a key of Ed25519 inside", concat(inner[:27], shortField(newPair(keys.Ed25519, "command").public), inner[72:]), "WrongKeyType", "WrongKeyType")
}

// answering are the inputs of the relay's answer to the client.
func (s proxyScene) answering() build.Fields {
	return build.Fields{"command_secret": s.commandSecret, "correlation_id": s.id, "entity_id": s.entity, "response": []byte("OK"), "length": 100}
}

// increased returns the nonce that follows as a number, most significant byte first.
func increased(nonce []byte) []byte {
	next := concat(nonce)
	for i := len(next) - 1; i >= 0; i-- {
		if next[i]++; next[i] != 0 {
			break
		}
	}
	return next
}

// relayAnswers adds the response to the client.
func (s proxyScene) relayAnswers(f *build.File) {
	g := f.Group("pres", "the relay's answer to the client: block, box and PRES", "seal_response", "open_pres")
	g.Valid("ok", "OK, the same at all versions", s.answering())
	g.Valid("error", "an error", inputsFor(s.answering(), "response", []byte("ERR AUTH")))
	g.Valid("no-entity", "without entity id", inputsFor(s.answering(), "entity_id", []byte{}))
	g.Valid("real", "padded to the length of real blocks", inputsFor(s.answering(), "length", 16226), "RealSize")
	g.Invalid("seal_response", "no-room", "a block that is too long", inputsFor(s.answering(), "length", 56), "TooLong", "NoRoom")
	g.Invalid("seal_response", "short-id", "a correlation id of 23 bytes", inputsFor(s.answering(), "correlation_id", s.id[:23]), "NonceSize", "WrongLength")
	pres := answerOf("seal_response", "pres", s.answering())
	content := answerOf("seal_response", "response_content", s.answering())
	opening := build.Fields{"command_secret": s.commandSecret, "correlation_id": s.id, "pres": pres}
	const tag = 5
	with := func(box []byte) build.Fields { return inputsFor(opening, "pres", concat([]byte("PRES "), box)) }
	for _, a := range alterations(pres[tag:]) {
		g.Invalid("open_pres", a.id, a.what, with(a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_pres", "not-reversed", "sealed with the correlation id as it is", with(sealedBytes(s.commandSecret, s.id, content, 100)), "BoxClosed", "NonceNotReversed")
	g.Invalid("open_pres", "increased", "sealed with the correlation id increased by 1", with(sealedBytes(s.commandSecret, increased(s.id), content, 100)), "BoxClosed", "NonceIncreased")
	g.Invalid("open_pres", "other-id", "the answer to another command", inputsFor(opening, "correlation_id", s.proxyID), "BoxClosed", "OtherNonce")
	g.Invalid("open_pres", "session-secret", "opened with the secret of proxy and relay", inputsFor(opening, "command_secret", s.sessionSecret), "BoxClosed", "OtherKey")
	g.Invalid("open_pres", "rres", "the response RRES", inputsFor(opening, "pres", concat([]byte("RRES "), pres[tag:])), "OtherTag", "OtherTag")
	nonce := answerOf("response_nonce", "nonce", build.Fields{"correlation_id": s.id})
	badPadding(g, "open_pres", func(content []byte) build.Fields { return with(sealedBare(s.commandSecret, nonce, content)) })
}

// proxyReturns adds the response to the proxy.
func (s proxyScene) proxyReturns(f *build.File) {
	n := f.Group("nonce", "nonces of responses", "response_nonce")
	n.Valid("client", "of the client's correlation id", build.Fields{"correlation_id": s.id})
	n.Valid("count", "of the bytes 0 to 23", build.Fields{"correlation_id": counting(24)})
	for _, length := range []int{0, 23, 25} {
		n.Invalid("response_nonce", fmt.Sprintf("%d-bytes", length), fmt.Sprintf("a correlation id of %d bytes", length), build.Fields{"correlation_id": counting(length)}, "NonceSize", "WrongLength")
	}
	g := f.Group("rres", "the relay's answer to the proxy: RRES", "seal_rres", "open_rres")
	base := build.Fields{
		"session_secret": s.sessionSecret, "proxy_correlation_id": s.proxyID, "correlation_id": s.id,
		"sealed_response": answerOf("seal_response", "sealed_response", s.answering()),
	}
	g.Valid("ok", "a response", base)
	g.Valid("empty", "a response of no bytes", inputsFor(base, "sealed_response", []byte{}))
	g.Valid("other-id", "the response to another command in the same session", inputsFor(base, "correlation_id", build.Bytes("other id", 24)))
	rres := answerOf("seal_rres", "rres", base)
	plain := answerOf("seal_rres", "forwarded_response", base)
	opening := build.Fields{"session_secret": s.sessionSecret, "proxy_correlation_id": s.proxyID, "rres": rres}
	const tag = 5
	with := func(box []byte) build.Fields { return inputsFor(opening, "rres", concat([]byte("RRES "), box)) }
	for _, a := range alterations(rres[tag:]) {
		g.Invalid("open_rres", a.id, a.what, with(a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_rres", "not-reversed", "sealed with the correlation id as it is", with(sealedBare(s.sessionSecret, s.proxyID, plain)), "BoxClosed", "NonceNotReversed")
	g.Invalid("open_rres", "increased", "sealed with the correlation id increased by 1", with(sealedBare(s.sessionSecret, increased(s.proxyID), plain)), "BoxClosed", "NonceIncreased")
	g.Invalid("open_rres", "client-id", "opened with the correlation id of the client", inputsFor(opening, "proxy_correlation_id", s.id), "BoxClosed", "OtherNonce")
	g.Invalid("open_rres", "command-secret", "opened with the secret of the command", inputsFor(opening, "session_secret", s.commandSecret), "BoxClosed", "OtherKey")
	g.Invalid("open_rres", "pres", "the response PRES", inputsFor(opening, "rres", concat([]byte("PRES "), rres[tag:])), "OtherTag", "OtherTag")
	g.Invalid("open_rres", "unknown", "the word RREX", inputsFor(opening, "rres", concat([]byte("RREX "), rres[tag:])), "UnknownTag", "UnknownTag")
	nonce := answerOf("response_nonce", "nonce", build.Fields{"correlation_id": s.proxyID})
	for _, length := range []int{0, 20} {
		g.Invalid("open_rres", fmt.Sprintf("content-%d", length), "the content ends within the correlation id", with(sealedBare(s.sessionSecret, nonce, plain[:length])), "Truncated", "Cut")
	}
}

// counting returns the bytes 0, 1, 2 and so on.
func counting(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}
