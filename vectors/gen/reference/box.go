package main

import (
	"fmt"
	"slices"

	"golang.org/x/crypto/nacl/secretbox"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

// boxFlags explains the flags that files about boxes share, but for some of them.
func boxFlags(f *build.File, without ...string) {
	for name, text := range map[string]string{
		"Altered":        "One bit of a box is another one, of its tag or of its ciphertext.",
		"Truncated":      "Bytes are missing at the end of a box.",
		"Extended":       "A byte follows a box.",
		"OtherKey":       "The box was made with another key.",
		"OtherNonce":     "The box was made with another nonce.",
		"KeyStepMissing": "The key was used as it is, without HSalsa20 first.",
		"TagAtTheEnd":    "The tag follows the ciphertext.",
		"WrongLength":    "A key or nonce is too short or too long.",
		"NoRoom":         "The message does not fit the padded length.",
		"BadPadding":     "The box opens, but holds no padded message.",
	} {
		if !slices.Contains(without, name) {
			f.Flag(name, text)
		}
	}
}

// alteration is one way to spoil a box.
type alteration struct {
	id, what, flag string
	box            []byte
}

// alterations of a box with at least two bytes of ciphertext.
func alterations(box []byte) []alteration {
	return []alteration{
		{"first-bit-of-tag", "a bit of the first byte of the tag changed", "Altered", changedBit(box, 0)},
		{"last-bit-of-tag", "a bit of the last byte of the tag changed", "Altered", changedBit(box, 15)},
		{"first-of-ciphertext", "a bit of the first byte of the ciphertext changed", "Altered", changedBit(box, 16)},
		{"last-of-ciphertext", "a bit of the last byte of the ciphertext changed", "Altered", changedBit(box, -1)},
		{"last-byte-missing", "the last byte is missing", "Truncated", box[:len(box)-1]},
		{"tag-alone", "the ciphertext is missing", "Truncated", box[:16]},
		{"part-of-tag", "a byte of the tag is missing", "Truncated", box[:15]},
		{"nothing", "nothing is left", "Truncated", []byte{}},
		{"extended", "a byte more", "Extended", concat(box, []byte{0})},
		{"tag-at-the-end", "the tag behind the ciphertext", "TagAtTheEnd", concat(box[16:], box[:16])},
	}
}

// plainBox is a box of the same algorithm whose key skipped the first HSalsa20.
func plainBox(secret, nonce, message []byte) []byte {
	return secretbox.Seal(nil, message, (*[24]byte)(nonce), (*[32]byte)(secret))
}

// messageLengths cross the borders of the stream's blocks.
var messageLengths = []int{0, 1, 15, 16, 31, 32, 33, 64, 65, 127, 128, 255}

func secretBox() *build.File {
	f := build.New("secret_box", "SMP's secret box: XSalsa20-Poly1305 whose key goes through HSalsa20 first",
		"It is not NaCl's secretbox: the 32 byte key is treated like an X25519 secret of crypto_box.",
		"The tag of 16 bytes stands before the ciphertext.")
	boxFlags(f)
	secret, nonce := build.Bytes("secret box key", 32), build.Bytes("secret box nonce", 24)
	base := build.Fields{"secret": secret, "nonce": nonce, "message": build.Bytes("secret box message", 40)}

	steps := f.Group("derive", "the first step of both kinds of boxes", "derive_box_key")
	for _, name := range []string{"a", "b"} {
		steps.Valid(name, "a key", build.Fields{"secret": build.Bytes("box key "+name, 32)})
	}
	steps.Valid("zero", "a key of zero bytes", build.Fields{"secret": make([]byte, 32)})
	for _, n := range []int{0, 16, 31, 33} {
		steps.Invalid("derive_box_key", fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a key of %d bytes", n),
			build.Fields{"secret": build.Bytes("box key", n)}, "SecretSize", "WrongLength")
	}

	g := f.Group("box", "sealing and opening without padding", "seal_secret_box", "open_secret_box")
	for _, n := range messageLengths {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a message of %d bytes", n), inputsFor(base, "message", build.Bytes("secret box message", n)))
	}
	g.Valid("other-key", "the same message, another key", inputsFor(base, "secret", build.Bytes("second key", 32)))
	g.Valid("first-nonce", "the same message, another first byte of the nonce", inputsFor(base, "nonce", changedBit(nonce, 0)))
	g.Valid("last-nonce", "the same message, another last byte of the nonce", inputsFor(base, "nonce", changedBit(nonce, 23)))
	box := sealedBare(secret, nonce, base["message"].([]byte))
	opening := build.Fields{"secret": secret, "nonce": nonce, "box": box}
	for _, a := range alterations(box) {
		g.Invalid("open_secret_box", a.id, a.what, inputsFor(opening, "box", a.box), "BoxClosed", a.flag)
	}
	for _, at := range []int{0, 15, 16, 23} {
		g.Invalid("open_secret_box", fmt.Sprintf("nonce-byte-%d", at), fmt.Sprintf("a bit of byte %d of the nonce changed", at),
			inputsFor(opening, "nonce", changedBit(nonce, at)), "BoxClosed", "OtherNonce")
	}
	for _, at := range []int{0, 31} {
		g.Invalid("open_secret_box", fmt.Sprintf("key-byte-%d", at), fmt.Sprintf("a bit of byte %d of the key changed", at),
			inputsFor(opening, "secret", changedBit(secret, at)), "BoxClosed", "OtherKey")
	}
	g.Invalid("open_secret_box", "nacl-secretbox", "made by NaCl's secretbox, with the key as it is",
		inputsFor(opening, "box", plainBox(secret, nonce, base["message"].([]byte))), "BoxClosed", "KeyStepMissing")
	for _, n := range []int{31, 33} {
		g.Invalid("seal_secret_box", fmt.Sprintf("key-of-%d", n), fmt.Sprintf("a key of %d bytes", n),
			inputsFor(base, "secret", build.Bytes("secret box key", n)), "SecretSize", "WrongLength")
	}
	for _, n := range []int{8, 12, 23, 25} {
		g.Invalid("seal_secret_box", fmt.Sprintf("nonce-of-%d", n), fmt.Sprintf("a nonce of %d bytes", n),
			inputsFor(base, "nonce", build.Bytes("secret box nonce", n)), "NonceSize", "WrongLength")
	}

	p := f.Group("padded", "sealing and opening with padding", "seal_padded_secret_box", "open_padded_secret_box")
	for _, length := range []int{2, 64, 200} {
		for _, n := range uniqueInts(0, length-3, length-2) {
			p.Valid(fmt.Sprintf("%d-in-%d", n, length), fmt.Sprintf("a message of %d bytes in %d", n, length),
				inputsFor(base, "message", build.Bytes("secret box message", n), "length", length))
		}
		p.Invalid("seal_padded_secret_box", fmt.Sprintf("no-room-in-%d", length), fmt.Sprintf("a message that is one byte too long for %d", length),
			inputsFor(base, "message", build.Bytes("secret box message", length-1), "length", length), "TooLong", "NoRoom")
	}
	p.Invalid("open_padded_secret_box", "altered", "a bit of the ciphertext changed",
		inputsFor(opening, "box", changedBit(sealedBytes(secret, nonce, []byte("message"), 20), -1)), "BoxClosed", "Altered")
	badPadding(p, "open_padded_secret_box", func(content []byte) build.Fields {
		return inputsFor(opening, "box", sealedBare(secret, nonce, content))
	})
	return f
}

// badPadding adds the boxes that open and hold no padded message.
func badPadding(g *build.Group, operation string, inputs func(content []byte) build.Fields) {
	g.Invalid(operation, "padding-empty", "a box of nothing: no length", inputs([]byte{}), "Truncated", "BadPadding")
	g.Invalid(operation, "padding-one-byte", "a box of one byte: no length", inputs([]byte{0}), "Truncated", "BadPadding")
	g.Invalid(operation, "padding-beyond", "the length is larger than what follows by 1", inputs([]byte{0, 4, 'a', 'b', 'c'}), "PaddingLength", "BadPadding")
	g.Invalid(operation, "padding-far-beyond", "the length is 65535", inputs([]byte{0xff, 0xff, 'a', 'b', 'c'}), "PaddingLength", "BadPadding")
}

func cryptoBox() *build.File {
	f := build.New("crypto_box", "NaCl's crypto_box with X25519 keys in DER",
		"The key is HSalsa20 of the X25519 secret; the tag of 16 bytes stands before the ciphertext.",
		"Private keys are PKCS #8, public keys SubjectPublicKeyInfo.")
	boxFlags(f)
	f.Flag("WrongKeyType", "A key is not X25519.")
	f.Flag("MalformedKey", "A key is not in its DER form.")
	alice, bob, carol := newPair(keys.X25519, "alice"), newPair(keys.X25519, "bob"), newPair(keys.X25519, "carol")
	nonce, message := build.Bytes("crypto box nonce", 24), build.Bytes("crypto box message", 40)
	base := build.Fields{"private_key": alice.private, "public_key": bob.public, "nonce": nonce, "message": message}

	agreement(f, alice, bob)
	g := f.Group("box", "sealing and opening without padding", "seal_crypto_box", "open_crypto_box")
	for _, n := range messageLengths[:8] {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a message of %d bytes", n), inputsFor(base, "message", build.Bytes("crypto box message", n)))
	}
	g.Valid("other-side", "made by the other side: the same box", inputsFor(base, "private_key", bob.private, "public_key", alice.public))
	g.Valid("to-oneself", "both keys of one pair", inputsFor(base, "public_key", alice.public))
	box := answerOf("seal_crypto_box", "box", base)
	opening := build.Fields{"private_key": bob.private, "public_key": alice.public, "nonce": nonce, "box": box}
	for _, a := range alterations(box) {
		g.Invalid("open_crypto_box", a.id, a.what, inputsFor(opening, "box", a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_crypto_box", "nonce", "a bit of the nonce changed", inputsFor(opening, "nonce", changedBit(nonce, 7)), "BoxClosed", "OtherNonce")
	g.Invalid("open_crypto_box", "other-sender", "the public key of another sender", inputsFor(opening, "public_key", carol.public), "BoxClosed", "OtherKey")
	g.Invalid("open_crypto_box", "other-recipient", "the private key of another recipient", inputsFor(opening, "private_key", carol.private), "BoxClosed", "OtherKey")
	g.Invalid("open_crypto_box", "own-public-key", "the recipient's own public key in place of the sender's", inputsFor(opening, "public_key", bob.public), "BoxClosed", "OtherKey")
	secret := answerOf("agree", "secret", build.Fields{"private_key": alice.private, "public_key": bob.public})
	g.Invalid("open_crypto_box", "raw-secret", "made with the X25519 secret as it is", inputsFor(opening, "box", plainBox(secret, nonce, message)), "BoxClosed", "KeyStepMissing")
	for _, n := range []int{23, 25} {
		g.Invalid("open_crypto_box", fmt.Sprintf("nonce-of-%d", n), fmt.Sprintf("a nonce of %d bytes", n),
			inputsFor(opening, "nonce", build.Bytes("crypto box nonce", n)), "NonceSize", "WrongLength")
	}
	refusedBoxKeys(g, base, alice, bob)

	p := f.Group("padded", "sealing and opening with padding", "seal_padded_crypto_box", "open_padded_crypto_box")
	for _, n := range []int{0, 50, 62} {
		p.Valid(fmt.Sprintf("%d-in-64", n), fmt.Sprintf("a message of %d bytes in 64", n), inputsFor(base, "message", build.Bytes("crypto box message", n), "length", 64))
	}
	p.Invalid("seal_padded_crypto_box", "no-room", "a message that is one byte too long", inputsFor(base, "message", build.Bytes("crypto box message", 63), "length", 64), "TooLong", "NoRoom")
	badPadding(p, "open_padded_crypto_box", func(content []byte) build.Fields {
		return inputsFor(opening, "box", sealedBare(secret, nonce, content))
	})
	return f
}

// agreement adds key agreements, both sides of each.
func agreement(f *build.File, alice, bob testPair) {
	g := f.Group("agree", "the secret of two key pairs, which is the same for both sides", "agree")
	x448 := []testPair{newPair(keys.X448, "x448 a"), newPair(keys.X448, "x448 b")}
	for _, sides := range []struct {
		id       string
		one, two testPair
	}{{"x25519", alice, bob}, {"x448", x448[0], x448[1]}} {
		g.Valid(sides.id, "one side", build.Fields{"private_key": sides.one.private, "public_key": sides.two.public})
		g.Valid(sides.id+"-other-side", "the other side", build.Fields{"private_key": sides.two.private, "public_key": sides.one.public})
	}
	g.Invalid("agree", "different", "an X25519 and an X448 key", build.Fields{"private_key": alice.private, "public_key": x448[0].public}, "WrongKeyType", "WrongKeyType")
}

// refusedBoxKeys adds the boxes whose keys cannot be used.
func refusedBoxKeys(g *build.Group, base build.Fields, alice, bob testPair) {
	for _, a := range []keys.Algorithm{keys.X448, keys.Ed25519, keys.Ed448} {
		other := newPair(a, "box "+a.String())
		g.Invalid("seal_crypto_box", "public-"+a.String(), "the public key is of "+a.String(), inputsFor(base, "public_key", other.public), "WrongKeyType", "WrongKeyType")
		g.Invalid("seal_crypto_box", "private-"+a.String(), "the private key is of "+a.String(), inputsFor(base, "private_key", other.private), "WrongKeyType", "WrongKeyType")
	}
	both := newPair(keys.X448, "box both")
	g.Invalid("seal_crypto_box", "both-X448", "both keys are X448: their secret is too long", inputsFor(base, "private_key", both.private, "public_key", both.public), "WrongKeyType", "WrongKeyType")
	g.Invalid("seal_crypto_box", "public-bare", "the public key without DER", inputsFor(base, "public_key", bob.public[12:]), "MalformedKey", "MalformedKey")
	g.Invalid("seal_crypto_box", "public-trailing", "a byte after the public key", inputsFor(base, "public_key", concat(bob.public, []byte{0})), "MalformedKey", "MalformedKey")
	g.Invalid("seal_crypto_box", "private-cut", "the last byte of the private key is missing", inputsFor(base, "private_key", alice.private[:47]), "MalformedKey", "MalformedKey")
}
