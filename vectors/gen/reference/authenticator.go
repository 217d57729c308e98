package main

import (
	"crypto/sha256"
	"crypto/sha512"
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func authenticators() *build.File {
	f := build.New("authenticator", "deniable authorization of commands with X25519 keys",
		"80 bytes: crypto_box of the SHA-512 of the authorized bytes; the nonce is the correlation id.",
		"The client uses the queue's private key and the relay's public session key, the relay its private session key and the queue's public key.")
	f.Flag("ShortId", "The correlation id has fewer than 24 bytes: zero bytes follow it in the nonce.")
	f.Flag("Altered", "One bit of the authenticator is another one.")
	f.Flag("WrongLength", "The authenticator does not have 80 bytes.")
	f.Flag("OtherText", "The authenticator is of other authorized bytes.")
	f.Flag("OtherNonce", "The correlation id is another one.")
	f.Flag("OtherKey", "A key is another one.")
	f.Flag("OtherHash", "The box holds something else than the SHA-512 of the authorized bytes.")
	f.Flag("WrongKeyType", "A key is not X25519.")
	queue, relay, other := newPair(keys.X25519, "queue"), newPair(keys.X25519, "relay"), newPair(keys.X25519, "other queue")
	id, text := build.Bytes("correlation id", 24), build.Bytes("authorized", 90)
	client := build.Fields{"private_key": queue.private, "public_key": relay.public, "correlation_id": id, "authorized": text}

	g := f.Group("make", "making and verifying", "make_authenticator", "verify_authenticator")
	for _, n := range []int{0, 1, 90, 111, 112, 127, 128, 300} {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("%d authorized bytes", n), inputsFor(client, "authorized", build.Bytes("authorized", n)))
	}
	g.Valid("relay-side", "as the relay makes it to compare", inputsFor(client, "private_key", relay.private, "public_key", queue.public))
	g.Valid("other-id", "another correlation id", inputsFor(client, "correlation_id", build.Bytes("other id", 24)))
	for _, n := range []int{0, 12, 23} {
		g.Valid(fmt.Sprintf("id-of-%d", n), fmt.Sprintf("a correlation id of %d bytes", n), inputsFor(client, "correlation_id", build.Bytes("correlation id", n)), "ShortId")
	}

	auth := answerOf("make_authenticator", "authenticator", client)
	server := build.Fields{"private_key": relay.private, "public_key": queue.public, "correlation_id": id, "authorized": text, "authenticator": auth}
	refuse := func(id, what, flag string, changes ...any) {
		g.Invalid("verify_authenticator", id, what, inputsFor(server, changes...), "NotAuthorized", flag)
	}
	for _, at := range []int{0, 15, 16, 47, 79} {
		refuse(fmt.Sprintf("byte-%d", at), fmt.Sprintf("a bit of byte %d changed", at), "Altered", "authenticator", changedBit(auth, at))
	}
	refuse("empty", "no authenticator", "WrongLength", "authenticator", []byte{})
	refuse("64-bytes", "the first 64 bytes, as long as a signature", "WrongLength", "authenticator", auth[:64])
	refuse("79-bytes", "the last byte is missing", "WrongLength", "authenticator", auth[:79])
	refuse("81-bytes", "a byte more", "WrongLength", "authenticator", concat(auth, []byte{0}))
	refuse("text-first", "a bit of the first authorized byte changed", "OtherText", "authorized", changedBit(text, 0))
	refuse("text-last", "a bit of the last authorized byte changed", "OtherText", "authorized", changedBit(text, -1))
	refuse("text-cut", "the last authorized byte is missing", "OtherText", "authorized", text[:89])
	refuse("text-extended", "an authorized byte more", "OtherText", "authorized", concat(text, []byte{0}))
	refuse("id-bit", "a bit of the correlation id changed", "OtherNonce", "correlation_id", changedBit(id, 23))
	refuse("id-other", "another correlation id", "OtherNonce", "correlation_id", build.Bytes("other id", 24))
	refuse("id-cut", "the last byte of the correlation id is missing", "OtherNonce", "correlation_id", id[:23])
	refuse("other-queue", "the key of another queue", "OtherKey", "public_key", other.public)
	refuse("other-session", "the session key of another connection", "OtherKey", "private_key", newPair(keys.X25519, "other relay").private)
	secret := answerOf("agree", "secret", build.Fields{"private_key": queue.private, "public_key": relay.public})
	sum512, sum256 := sha512.Sum512(text), sha256.Sum256(text)
	refuse("sha-256", "the box holds the SHA-256, twice", "OtherHash", "authenticator", sealedBare(secret, id, concat(sum256[:], sum256[:])))
	refuse("first-text", "the box holds the first 64 authorized bytes", "OtherHash", "authenticator", sealedBare(secret, id, text[:64]))
	refuse("key-step", "made with the X25519 secret as it is", "OtherKey", "authenticator", plainBox(secret, id, sum512[:]))
	for _, a := range []keys.Algorithm{keys.Ed25519, keys.X448} {
		g.Invalid("make_authenticator", "key-"+a.String(), "the queue's key is of "+a.String(),
			inputsFor(client, "private_key", newPair(a, "authenticator").private), "WrongKeyType", "WrongKeyType")
	}
	return f
}
