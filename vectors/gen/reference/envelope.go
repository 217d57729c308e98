package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func queueEnvelope() *build.File {
	f := build.New("queue_envelope", "messages between the clients of a queue: the body of SEND",
		"A client message has a private header: 'K' and the key that the recipient secures the queue with, or '_'.",
		"The envelope around it has a public header: the version of the clients' protocol (1 to 4) and, in confirmations, the sender's X25519 key; then the nonce.",
		"Real client messages are padded to 15904 bytes with a key in the public header and to 16000 without; most tests use a shorter length.")
	boxFlags(f)
	f.Flag("UnknownHeader", "The private header is neither '_' nor 'K'.")
	f.Flag("BadOption", "What tells whether the public header has a key is neither '0' nor '1'.")
	f.Flag("Cut", "The bytes end within a part.")
	f.Flag("WrongKeyType", "A key is of an algorithm that its place does not allow.")
	f.Flag("MalformedKey", "A key is not in its DER form.")
	f.Flag("RealSize", "Padded to the length of real messages.")
	clientMessages(f)
	envelopes(f)
	sealedEnvelopes(f)
	return f
}

func clientMessages(f *build.File) {
	body := build.Bytes("client message", 20)
	g := f.Group("client-message", "the client message before encryption", "encode_client_message", "decode_client_message")
	g.Valid("no-key", "without key", build.Fields{"sender_key": nil, "body": body})
	g.Valid("no-key-empty", "without key and body", build.Fields{"sender_key": nil, "body": []byte{}})
	for _, a := range []keys.Algorithm{keys.X25519, keys.Ed25519, keys.Ed448} {
		g.Valid(a.String(), "with a key of "+a.String(), build.Fields{"sender_key": newPair(a, "sender "+a.String()).public, "body": body})
	}
	key := newPair(keys.X25519, "sender X25519").public
	g.Valid("key-empty", "with a key and without body", build.Fields{"sender_key": key, "body": []byte{}})
	g.Valid("like-header", "a body that begins like a header", build.Fields{"sender_key": nil, "body": []byte("K_")})
	x448 := newPair(keys.X448, "sender X448").public
	g.Invalid("encode_client_message", "encode-X448", "with a key of X448", build.Fields{"sender_key": x448, "body": body}, "WrongKeyType", "WrongKeyType")
	refuse := func(id, what string, message []byte, class, flag string) {
		g.Invalid("decode_client_message", id, what, build.Fields{"client_message": message}, class, flag)
	}
	refuse("X448", "with a key of X448", concat([]byte("K"), shortField(x448), body), "WrongKeyType", "WrongKeyType")
	refuse("nothing", "no bytes", []byte{}, "Truncated", "Cut")
	for _, tag := range []string{"k", "0", "1", "J", " "} {
		refuse(fmt.Sprintf("tag-%x", tag), fmt.Sprintf("the header %q", tag), concat([]byte(tag), body), "UnknownMode", "UnknownHeader")
	}
	refuse("no-length", "nothing behind 'K'", []byte("K"), "Truncated", "Cut")
	refuse("key-cut", "the bytes end within the key", concat([]byte("K"), shortField(key)[:44]), "Truncated", "Cut")
	refuse("key-bare", "the key without DER", concat([]byte("K"), shortField(key[12:]), body), "MalformedKey", "MalformedKey")
	refuse("key-long", "a byte after the key within its length", concat([]byte("K"), shortField(concat(key, []byte{0})), body), "MalformedKey", "MalformedKey")
	refuse("key-of-nothing", "a key of no bytes", concat([]byte("K\x00"), body), "MalformedKey", "MalformedKey")
}

func envelopes(f *build.File) {
	key, nonce, box := newPair(keys.X25519, "sender e2e").public, build.Bytes("envelope nonce", 24), build.Bytes("box", 30)
	g := f.Group("envelope", "the envelope around the encrypted client message", "encode_envelope", "decode_envelope")
	base := build.Fields{"client_version": 4, "dh_key": nil, "nonce": nonce, "box": box}
	for v := 1; v <= 4; v++ {
		g.Valid(fmt.Sprintf("v%d", v), fmt.Sprintf("client version %d without key", v), inputsFor(base, "client_version", v))
		g.Valid(fmt.Sprintf("v%d-key", v), fmt.Sprintf("client version %d with a key", v), inputsFor(base, "client_version", v, "dh_key", key))
	}
	g.Valid("later-version", "a version that does not exist yet", inputsFor(base, "client_version", 65535))
	g.Valid("no-box", "nothing encrypted", inputsFor(base, "box", []byte{}))
	for _, a := range []keys.Algorithm{keys.X448, keys.Ed25519, keys.Ed448} {
		other := newPair(a, "envelope "+a.String()).public
		g.Invalid("decode_envelope", a.String(), "with a key of "+a.String(),
			build.Fields{"envelope": concat([]byte{0, 4, '1'}, shortField(other), nonce, box)}, "WrongKeyType", "WrongKeyType")
	}
	g.Invalid("encode_envelope", "encode-Ed25519", "with a key of Ed25519", inputsFor(base, "dh_key", newPair(keys.Ed25519, "envelope Ed25519").public), "WrongKeyType", "WrongKeyType")
	g.Invalid("encode_envelope", "nonce-of-23", "a nonce of 23 bytes", inputsFor(base, "nonce", nonce[:23]), "NonceSize", "WrongLength")
	whole := answerOf("encode_envelope", "envelope", inputsFor(base, "dh_key", key))
	for _, cut := range []struct {
		id, what string
		n        int
	}{
		{"nothing", "no bytes", 0}, {"in-version", "the bytes end within the version", 1}, {"after-version", "the bytes end after the version", 2},
		{"after-option", "the bytes end before the key", 3}, {"in-key", "the bytes end within the key", 40},
		{"after-key", "the bytes end before the nonce", 48}, {"in-nonce", "the bytes end within the nonce", 71},
	} {
		g.Invalid("decode_envelope", cut.id, cut.what, build.Fields{"envelope": whole[:cut.n]}, "Truncated", "Cut")
	}
	for _, option := range []byte{'2', 0, 1, 'T'} {
		g.Invalid("decode_envelope", fmt.Sprintf("option-%02x", option), fmt.Sprintf("the byte %02x in place of '0' or '1'", option),
			build.Fields{"envelope": concat([]byte{0, 4, option}, nonce, box)}, "BadOption", "BadOption")
	}
	g.Invalid("decode_envelope", "key-bare", "the key without DER", build.Fields{"envelope": concat([]byte{0, 4, '1'}, shortField(key[12:]), nonce, box)}, "MalformedKey", "MalformedKey")
}

func sealedEnvelopes(f *build.File) {
	dh, auth := newPair(keys.X25519, "sender e2e").public, newPair(keys.X25519, "sender X25519").public
	secret, nonce := build.Bytes("queue secret", 32), build.Bytes("envelope nonce", 24)
	message := build.Fields{"secret": secret, "client_version": 4, "dh_key": nil, "nonce": nonce, "sender_key": nil, "body": build.Bytes("client message", 20), "length": 100}
	confirmation := inputsFor(message, "dh_key", dh, "sender_key", auth)
	g := f.Group("sealed", "the whole body of SEND", "seal_envelope", "open_envelope")
	for v := 1; v <= 4; v++ {
		g.Valid(fmt.Sprintf("message-v%d", v), fmt.Sprintf("a message of client version %d", v), inputsFor(message, "client_version", v))
		g.Valid(fmt.Sprintf("confirmation-v%d", v), fmt.Sprintf("a confirmation of client version %d with the key to secure the queue with", v), inputsFor(confirmation, "client_version", v))
	}
	g.Valid("secured-confirmation", "a confirmation after the sender secured the queue", inputsFor(confirmation, "sender_key", nil))
	g.Valid("key-without-dh", "a key to secure the queue with, without key in the public header", inputsFor(message, "sender_key", auth))
	g.Valid("full", "a message that fills its length", inputsFor(message, "length", 23))
	g.Valid("real-message", "a message of real size", inputsFor(message, "length", 16000), "RealSize")
	g.Valid("real-confirmation", "a confirmation of real size", inputsFor(confirmation, "length", 15904), "RealSize")
	g.Invalid("seal_envelope", "no-room", "a message that is one byte too long", inputsFor(message, "length", 22), "TooLong", "NoRoom")
	g.Invalid("seal_envelope", "secret-of-31", "a secret of 31 bytes", inputsFor(message, "secret", secret[:31]), "SecretSize", "WrongLength")

	envelope := answerOf("seal_envelope", "envelope", message)
	opening := build.Fields{"secret": secret, "envelope": envelope}
	const header = 3 // version and option
	around := func(box []byte) build.Fields {
		return inputsFor(opening, "envelope", concat(envelope[:header], nonce, box))
	}
	for _, a := range alterations(envelope[header+len(nonce):]) {
		g.Invalid("open_envelope", a.id, a.what, around(a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_envelope", "nonce", "a bit of the nonce changed", inputsFor(opening, "envelope", changedBit(envelope, header)), "BoxClosed", "OtherNonce")
	g.Invalid("open_envelope", "other-secret", "another secret", inputsFor(opening, "secret", changedBit(secret, 0)), "BoxClosed", "OtherKey")
	g.Invalid("open_envelope", "raw-secret", "made with the X25519 secret as it is", around(plainBox(secret, nonce, []byte{0, 1, '_'})), "BoxClosed", "KeyStepMissing")
	g.Invalid("open_envelope", "unknown-header", "an unknown private header inside", around(sealedBytes(secret, nonce, []byte("Xbody"), 60)), "UnknownMode", "UnknownHeader")
	g.Invalid("open_envelope", "empty-message", "no private header inside", around(sealedBytes(secret, nonce, []byte{}, 60)), "Truncated", "Cut")
	badPadding(g, "open_envelope", func(content []byte) build.Fields { return around(sealedBare(secret, nonce, content)) })
}
