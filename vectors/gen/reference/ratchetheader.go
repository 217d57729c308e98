package main

import (
	"crypto/aes"
	"crypto/cipher"
	"fmt"
	"math"
	"slices"

	"smpcheck/vectors/gen/build"
)

func ratchetHeaders() *build.File {
	f := build.New("ratchet_header", "headers of ratchet messages, from their fields to the encrypted header",
		"The versions in the header are those of SMP; ratchet versions are 2 and 3.",
		"The encrypted header is version, IV (16 bytes), tag (16 bytes) and body; the body has a length of one byte at version 2 and of two bytes from version 3 on.",
		"An IV of 16 bytes is not used as it is: counter_block, the first counter block of GCM, is GHASH of it. The first block of the ciphertext comes from the next counter.")
	sealFlags(f)
	for flag, text := range map[string]string{
		"FieldOfVersion": "The header is that of another version, which has no KEM parameters.",
		"WrongAlgorithm": "The key is of another algorithm than X448.",
		"MalformedDER":   "The key is not the exact SubjectPublicKeyInfo of an X448 key.",
		"UnknownTag":     "A byte that tells what follows is none of those that are defined.",
		"BytesBehind":    "Bytes follow the value.",
		"AuthenticWrong": "The ciphertext is authentic, what it holds is malformed.",
	} {
		f.Flag(flag, text)
	}
	h := newHeaderTests()
	h.valid(f)
	h.refusedFields()
	h.refusedPlain()
	h.refusedEnvelopes()
	h.refusedCiphertexts()
	return f
}

// sealFlags explains the flags that headers and messages share.
func sealFlags(f *build.File) {
	for flag, text := range map[string]string{
		"WrongLength":   "A key, IV, tag or ciphertext has another length than it must have.",
		"NoRoom":        "The value is longer than the padded length less its own length of 2 bytes, or the padded length does not fit the length before it.",
		"EndsEarly":     "The bytes end before the value does.",
		"OtherKey":      "The key is not the one that encrypted.",
		"Changed":       "A bit of the IV, tag or ciphertext was changed.",
		"OtherBinding":  "The associated data are not those that were bound to the ciphertext.",
		"PaddingBeyond": "The ciphertext is authentic, the length in front of its content is larger than what follows.",
		"ShortPadding":  "The ciphertext is authentic and has no room for a length.",
		"ShortIV":       "The ciphertext was made with an IV of 12 bytes, of which GCM makes its first counter block in another way.",
	} {
		f.Flag(flag, text)
	}
}

// gcmSeal encrypts padded bytes with an IV of any length; the tag is apart.
func gcmSeal(key, iv, associatedData, padded []byte) (body, tag []byte) {
	aead := ratchetMust(cipher.NewGCMWithNonceSize(ratchetMust(aes.NewCipher(key)), len(iv)))
	sealed := aead.Seal(nil, iv, padded, associatedData)
	return sealed[:len(padded)], sealed[len(padded):]
}

// padTo pads content whose length is told as another one.
func padTo(content []byte, told, length int) []byte {
	b := append(ratchetWord(told), content...)
	for len(b) < length {
		b = append(b, '#')
	}
	return b
}

// headerTests makes the tests of the kind.
type headerTests struct {
	group                          *build.Group
	public, ciphertext, dh, dhDER  []byte
	key, iv, associated            []byte
	encryptedV2, encryptedV3, full []byte
}

func newHeaderTests() *headerTests {
	h := &headerTests{
		key: build.Bytes("ratchet_header/key", 32), iv: build.Bytes("ratchet_header/iv", 16),
		associated: build.Bytes("ratchet_header/associated data", 112), ciphertext: build.Bytes("ratchet_header/ciphertext", 1039),
	}
	h.public, _ = ratchetKEM("ratchet_header")
	dh := ratchetX448("ratchet_header/dh").Public()
	h.dh, h.dhDER = dh.Raw(), dh.SPKI()
	for _, v := range []struct {
		into    *[]byte
		version int
	}{{&h.encryptedV2, 2}, {&h.encryptedV3, 3}} {
		*v.into = ratchetBytes(ratchetAnswer("encrypt_ratchet_header", h.inputs(v.version, nil, 88)), "encrypted_header")
	}
	h.full = ratchetBytes(ratchetAnswer("encrypt_ratchet_header", h.inputs(3, proposedKEM(h.public), 2310)), "encrypted_header")
	return h
}

// inputs are those of a header that is encrypted.
func (h *headerTests) inputs(version int, kem any, length int) build.Fields {
	return build.Fields{
		"version": version, "max_version": 3, "dh_public": h.dh, "kem": kem, "previous_count": 7, "number": 300,
		"header_key": h.key, "header_iv": h.iv, "associated_data": h.associated, "padded_length": length,
	}
}

func (h *headerTests) valid(f *build.File) {
	g := f.Group("header", "a header, encoded, padded and encrypted", "encrypt_ratchet_header", "encode_ratchet_header",
		"decode_ratchet_header", "decrypt_ratchet_header", "encode_encrypted_header", "decode_encrypted_header")
	h.group = g
	named := func(name string, version int, kem any, length int, others build.Fields) build.Fields {
		return ratchetFields(ratchetFields(h.inputs(version, kem, length), build.Fields{
			"dh_public": ratchetX448("ratchet_header/dh/" + name).Public().Raw(), "header_key": build.Bytes("ratchet_header/key/"+name, 32),
			"header_iv": build.Bytes("ratchet_header/iv/"+name, 16), "associated_data": build.Bytes("ratchet_header/ad/"+name, 112),
		}), others)
	}
	first := build.Fields{"previous_count": 0, "number": 0}
	last := build.Fields{"previous_count": math.MaxUint32, "number": uint32(math.MaxUint32 - 1)}
	g.Valid("v2-first", "version 2, the first message", named("v2-first", 2, nil, 88, first))
	g.Valid("v2-last", "version 2, the largest numbers", named("v2-last", 2, nil, 88, last))
	g.Valid("v2-2", "version 2, which is the sender's highest", named("v2-2", 2, nil, 88, build.Fields{"max_version": 2}))
	g.Valid("v2-tight", "version 2, padded to no more than is needed", named("v2-tight", 2, nil, 81, nil))
	g.Valid("v2-unbound", "version 2, no associated data", named("v2-unbound", 2, nil, 88, build.Fields{"associated_data": []byte{}}))
	g.Valid("v3-first", "version 3 without KEM, the first message", named("v3-first", 3, nil, 88, first))
	g.Valid("v3-later", "version 3 without KEM, the peer knows a later version", named("v3-later", 3, nil, 88, build.Fields{"max_version": 4}))
	g.Valid("v3-large", "version 3 without KEM in a large header", named("v3-large", 3, nil, 2310, nil))
	g.Valid("v3-proposed", "version 3, the KEM is proposed", named("v3-proposed", 3, proposedKEM(h.public), 2310, first))
	g.Valid("v3-accepted", "version 3, the KEM is accepted", named("v3-accepted", 3, acceptedKEM(h.public, h.ciphertext), 2310, last))
	g.Valid("v3-accepted-tight", "version 3, the KEM is accepted, padded to no more than is needed", named("v3-accepted-tight", 3, acceptedKEM(h.public, h.ciphertext), 2284, nil))
}

// refusedFields are headers that cannot be encoded or encrypted.
func (h *headerTests) refusedFields() {
	refuse := func(id, what string, inputs, others build.Fields, class, flag string) {
		h.group.Invalid("encrypt_ratchet_header", "encrypt-"+id, what, ratchetFields(inputs, others), class, flag)
	}
	v2, v3 := h.inputs(2, nil, 88), h.inputs(3, nil, 88)
	for _, length := range []int{0, 55, 57} {
		refuse(fmt.Sprintf("dh-%d", length), fmt.Sprintf("a ratchet key of %d bytes", length), v2, build.Fields{"dh_public": resized(h.dh, length)}, "MalformedKey", "WrongLength")
	}
	refuse("kem-key", "a KEM key of 1157 bytes", h.inputs(3, proposedKEM(h.public[:1157]), 2310), nil, "KemLength", "WrongLength")
	refuse("kem-ciphertext", "a KEM ciphertext of 1038 bytes", h.inputs(3, acceptedKEM(h.public, h.ciphertext[:1038]), 2310), nil, "KemLength", "WrongLength")
	for _, length := range []int{0, 16, 31, 33} {
		refuse(fmt.Sprintf("key-%d", length), fmt.Sprintf("a header key of %d bytes", length), v3, build.Fields{"header_key": resized(h.key, length)}, "RatchetLength", "WrongLength")
	}
	for _, length := range []int{0, 12, 15, 17} {
		refuse(fmt.Sprintf("iv-%d", length), fmt.Sprintf("an IV of %d bytes", length), v3, build.Fields{"header_iv": resized(h.iv, length)}, "RatchetLength", "WrongLength")
	}
	refuse("v2-no-room", "version 2, a byte less than is needed", h.inputs(2, nil, 80), nil, "TooLong", "NoRoom")
	refuse("v3-no-room", "a KEM that is proposed in a small header", h.inputs(3, proposedKEM(h.public), 88), nil, "TooLong", "NoRoom")
	refuse("v2-large", "version 2 with a large header, whose length does not fit one byte", h.inputs(2, nil, 2310), nil, "TooLong", "NoRoom")
}

// parts are an encoded header.
func (h *headerTests) parts(version int, kem ratchetParts) ratchetParts {
	all := append(ratchetParts{{"highest version", ratchetWord(3)}}, keyParts("ratchet key", h.dhDER)...)
	if version >= 3 {
		all = append(all, kem...)
	}
	return append(all, ratchetPart{"previous count", []byte{0, 0, 0, 7}}, ratchetPart{"number", []byte{0, 0, 1, 44}})
}

// refusedPlain are encoded headers that cannot be decoded.
func (h *headerTests) refusedPlain() {
	const decode = "decode_ratchet_header"
	none := ratchetParts{{"option", []byte("0")}}
	v2, v3 := h.parts(2, nil), h.parts(3, none)
	accepted := h.parts(3, kemParts(h.public, h.ciphertext))
	at2, at3 := build.Fields{"version": 2}, build.Fields{"version": 3}
	refuseEnds(h.group, decode, "v2-cut", "header", "Truncated", v2, 0, at2)
	refuseEnds(h.group, decode, "v3-cut", "header", "Truncated", accepted, 3, at3)
	refuseKeys(h.group, decode, "key", "header", "ratchet key", v3, at3)
	refuseKEM(h.group, decode, "kem", "header", accepted, at3)
	h.group.Invalid(decode, "v2-at-3", "a header of version 2, read at version 3", ratchetFields(at3, build.Fields{"header": v2.bytes()}), "BadOption", "FieldOfVersion")
}

// refusedEnvelopes are encrypted headers that cannot be taken apart or put together.
func (h *headerTests) refusedEnvelopes() {
	const decode, encode = "decode_encrypted_header", "encode_encrypted_header"
	envelope := func(b []byte, length int) ratchetParts {
		return ratchetParts{{"version", b[:2]}, {"IV", b[2:18]}, {"tag", b[18:34]}, {"body length", b[34 : 34+length]}, {"body", b[34+length:]}}
	}
	v3 := envelope(h.encryptedV3, 2)
	refuseEnds(h.group, decode, "envelope-cut", "encrypted_header", "Truncated", v3, 0, nil)
	refuse := func(id, what string, b []byte, class, flag string) {
		h.group.Invalid(decode, "envelope-"+id, what, build.Fields{"encrypted_header": b}, class, flag)
	}
	refuse("v2-trailing", "version 2, a byte behind the body", append(slices.Clone(h.encryptedV2), 0), "Trailing", "BytesBehind")
	refuse("v3-trailing", "version 3, a byte behind the body", append(slices.Clone(h.encryptedV3), 0), "Trailing", "BytesBehind")
	inputs := func(version, iv, tag, body int) build.Fields {
		return build.Fields{"version": version, "header_iv": make([]byte, iv), "header_tag": make([]byte, tag), "header_body": make([]byte, body)}
	}
	for _, length := range []int{12, 15, 17} {
		h.group.Invalid(encode, fmt.Sprintf("envelope-iv-%d", length), fmt.Sprintf("an IV of %d bytes", length), inputs(3, length, 16, 88), "RatchetLength", "WrongLength")
		h.group.Invalid(encode, fmt.Sprintf("envelope-tag-%d", length), fmt.Sprintf("a tag of %d bytes", length), inputs(3, 16, length, 88), "RatchetLength", "WrongLength")
	}
}

// refusedCiphertexts are encrypted headers that do not open.
func (h *headerTests) refusedCiphertexts() {
	refuse := func(id, what string, encrypted []byte, others build.Fields, class, flag string) {
		h.group.Invalid("decrypt_ratchet_header", "decrypt-"+id, what,
			ratchetFields(build.Fields{"header_key": h.key, "associated_data": h.associated, "encrypted_header": encrypted}, others), class, flag)
	}
	for id, b := range ratchetSorted(map[string][]byte{"v2": h.encryptedV2, "v3": h.encryptedV3, "v3-proposed": h.full}) {
		for place, at := range ratchetSorted(map[string]int{"iv": 2, "iv-end": 17, "tag": 18, "tag-end": 33, "body": 36, "body-end": -1}) {
			refuse(id+"-"+place, "a bit was changed: "+place, flippedBit(b, at), nil, "RefusedHeader", "Changed")
		}
		refuse(id+"-key", "another header key", b, build.Fields{"header_key": flippedBit(h.key, 0)}, "RefusedHeader", "OtherKey")
		refuse(id+"-data", "other associated data", b, build.Fields{"associated_data": flippedBit(h.associated, 60)}, "RefusedHeader", "OtherBinding")
		refuse(id+"-no-data", "no associated data", b, build.Fields{"associated_data": []byte{}}, "RefusedHeader", "OtherBinding")
	}
	swapped := append(slices.Clone(h.associated[56:]), h.associated[:56]...)
	refuse("swapped-data", "the two keys of the associated data in the opposite order", h.encryptedV3, build.Fields{"associated_data": swapped}, "RefusedHeader", "OtherBinding")
	refuse("key-31", "a header key of 31 bytes", h.encryptedV3, build.Fields{"header_key": h.key[:31]}, "RatchetLength", "WrongLength")

	sealed := func(version int, iv, padded []byte) []byte {
		body, tag := gcmSeal(h.key, iv, h.associated, padded)
		return ratchetBytes(ratchetAnswer("encode_encrypted_header", build.Fields{
			"version": version, "header_iv": resized(iv, 16), "header_tag": tag, "header_body": body,
		}), "encrypted_header")
	}
	v2 := h.parts(2, nil)
	plain := v2.bytes()
	refuse("short-iv", "encrypted with the first 12 bytes of the IV and zeros behind them", sealed(2, h.iv[:12], padTo(plain, len(plain), 88)), nil, "RefusedHeader", "ShortIV")
	refuse("padding", "the length in front of the header is beyond the end", sealed(2, h.iv, padTo(plain, 87, 88)), nil, "PaddingLength", "PaddingBeyond")
	refuse("cut", "a header that lacks its last byte", sealed(2, h.iv, padTo(plain[:78], 78, 88)), nil, "Truncated", "AuthenticWrong")
	refuse("empty", "no header at all", sealed(2, h.iv, padTo(nil, 0, 88)), nil, "Truncated", "AuthenticWrong")
	refuse("v2-in-3", "a header of version 2 in one of version 3", sealed(3, h.iv, padTo(plain, len(plain), 88)), nil, "BadOption", "FieldOfVersion")
	unknown := h.parts(3, kemParts(h.public, nil)).with("KEM tag", 'Q')
	refuse("kem-tag", "KEM parameters with an unknown tag", sealed(3, h.iv, padTo(unknown, len(unknown), 2310)), nil, "KemTag", "AuthenticWrong")
	short := h.parts(3, kemParts(h.public[:1157], nil)).bytes()
	refuse("kem-length", "a KEM key of 1157 bytes", sealed(3, h.iv, padTo(short, len(short), 2310)), nil, "KemLength", "AuthenticWrong")
	refuse("one-byte", "a body of one byte", sealed(3, h.iv, []byte{0}), nil, "Truncated", "ShortPadding")
}
