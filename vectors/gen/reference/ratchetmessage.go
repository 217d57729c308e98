package main

import (
	"fmt"
	"slices"

	"smpcheck/vectors/gen/build"
)

func ratchetMessages() *build.File {
	f := build.New("ratchet_message", "messages of the ratchet: bodies, encrypted with the key of one message and bound to the encrypted header",
		"The versions in the header are those of SMP; ratchet versions are 2 and 3.",
		"A message is the encrypted header with its length, the tag of the body (16 bytes) and the encrypted body, which is all that follows. The length has one byte at version 2 and two from version 3 on.",
		"The associated data of the body are those of the ratchet followed by the encrypted header.",
		"Real messages are padded to 13618 bytes and more; here the lengths are small.")
	sealFlags(f)
	f.Flag("MalformedHeader", "The encrypted header in the message is no encrypted header.")
	m := newMessageTests()
	m.valid(f)
	m.refusedEncryption()
	m.refusedEnvelopes()
	m.refusedDecryption()
	return f
}

// messageTests makes the tests of the kind.
type messageTests struct {
	group                    *build.Group
	key, iv, associated      []byte
	headerV2, headerV3, full []byte // encrypted headers
}

func newMessageTests() *messageTests {
	h := newHeaderTests()
	return &messageTests{
		key: build.Bytes("ratchet_message/key", 32), iv: build.Bytes("ratchet_message/iv", 16), associated: h.associated,
		headerV2: h.encryptedV2, headerV3: h.encryptedV3, full: h.full,
	}
}

func (m *messageTests) inputs(header []byte, content, length int) build.Fields {
	return build.Fields{
		"message_key": m.key, "message_iv": m.iv, "associated_data": m.associated, "encrypted_header": header,
		"content": build.Bytes("ratchet_message/content", content), "padded_length": length,
	}
}

func (m *messageTests) valid(f *build.File) {
	m.group = f.Group("message", "a message from its content", "encrypt_ratchet_message", "decrypt_ratchet_message", "encode_ratchet_message", "decode_ratchet_message")
	add := func(id, what string, header []byte, content, length int) {
		m.group.Valid(id, what, ratchetFields(m.inputs(header, content, length), build.Fields{
			"message_key": build.Bytes("ratchet_message/key/"+id, 32), "message_iv": build.Bytes("ratchet_message/iv/"+id, 16),
			"content": build.Bytes("ratchet_message/content/"+id, content),
		}))
	}
	for _, v := range []struct {
		id, what string
		header   []byte
	}{{"v2", "version 2", m.headerV2}, {"v3", "version 3", m.headerV3}} {
		add(v.id+"-empty", v.what+", no content and no padding", v.header, 0, 2)
		add(v.id+"-padding", v.what+", no content", v.header, 0, 33)
		add(v.id+"-block", v.what+", one whole block of AES", v.header, 14, 16)
		add(v.id+"-more", v.what+", a byte more than a block", v.header, 15, 17)
		add(v.id+"-padded", v.what+", content with padding", v.header, 100, 200)
		add(v.id+"-long", v.what+", content that fills 1000 bytes", v.header, 998, 1000)
	}
	add("v3-large", "version 3 with a large header", m.full, 100, 200)
}

func (m *messageTests) refusedEncryption() {
	refuse := func(id, what string, inputs, others build.Fields, class, flag string) {
		m.group.Invalid("encrypt_ratchet_message", "encrypt-"+id, what, ratchetFields(inputs, others), class, flag)
	}
	for _, c := range [][2]int{{15, 16}, {16, 16}, {0, 1}, {0, 0}, {99, 100}} {
		refuse(fmt.Sprintf("%d-in-%d", c[0], c[1]), fmt.Sprintf("%d bytes do not fit %d", c[0], c[1]), m.inputs(m.headerV3, c[0], c[1]), nil, "TooLong", "NoRoom")
	}
	for _, length := range []int{0, 31, 33} {
		refuse(fmt.Sprintf("key-%d", length), fmt.Sprintf("a message key of %d bytes", length), m.inputs(m.headerV3, 10, 32), build.Fields{"message_key": resized(m.key, length)}, "RatchetLength", "WrongLength")
	}
	for _, length := range []int{0, 12, 15, 17} {
		refuse(fmt.Sprintf("iv-%d", length), fmt.Sprintf("an IV of %d bytes", length), m.inputs(m.headerV3, 10, 32), build.Fields{"message_iv": resized(m.iv, length)}, "RatchetLength", "WrongLength")
	}
}

// message returns an encrypted message.
func (m *messageTests) message(header []byte) []byte {
	return ratchetBytes(ratchetAnswer("encrypt_ratchet_message", m.inputs(header, 20, 40)), "message")
}

func (m *messageTests) refusedEnvelopes() {
	const decode = "decode_ratchet_message"
	refuse := func(id, what string, b []byte, flag string) {
		m.group.Invalid(decode, "envelope-"+id, what, build.Fields{"message": b}, "MalformedMessage", flag)
	}
	v3 := m.message(m.headerV3)
	parts := ratchetParts{{"header length", v3[:2]}, {"header", v3[2:126]}, {"tag", v3[126:142]}}
	refuseEnds(m.group, decode, "envelope-cut", "message", "MalformedMessage", parts, 0, nil)
	refuse("header-beyond", "the length of the header is beyond the end", parts.with("header length", 31, 255), "EndsEarly")
	refuse("header-longer", "the length of the header is one more than that of the header", append(parts.with("header length", 0, 125), v3[142:]...), "MalformedHeader")
	refuse("header-shorter", "the length of the header is one less than that of the header", append(parts.with("header length", 0, 123), v3[142:]...), "MalformedHeader")
	refuse("no-header", "a header of no bytes", append(parts.with("header length", 0, 0), v3[142:]...), "MalformedHeader")
	for _, length := range []int{12, 15, 17} {
		m.group.Invalid("encode_ratchet_message", fmt.Sprintf("envelope-tag-%d", length), fmt.Sprintf("a tag of %d bytes", length), build.Fields{
			"version": 3, "header_iv": make([]byte, 16), "header_tag": make([]byte, 16), "header_body": make([]byte, 88),
			"message_tag": make([]byte, length), "body": make([]byte, 16),
		}, "RatchetLength", "WrongLength")
	}
}

func (m *messageTests) refusedDecryption() {
	refuse := func(id, what string, message []byte, others build.Fields, class, flag string) {
		m.group.Invalid("decrypt_ratchet_message", "decrypt-"+id, what, ratchetFields(build.Fields{
			"message_key": m.key, "message_iv": m.iv, "associated_data": m.associated, "message": message,
		}, others), class, flag)
	}
	for _, v := range []struct {
		id     string
		header []byte
		start  int // of the header in the message
	}{{"v2", m.headerV2, 1}, {"v3", m.headerV3, 2}} {
		b := m.message(v.header)
		end := v.start + len(v.header)
		for place, at := range ratchetSorted(map[string]int{
			"header-iv": v.start + 2, "header-tag": v.start + 18, "header-body": end - 1, "tag": end, "tag-end": end + 15, "body": end + 16, "body-end": -1,
		}) {
			refuse(v.id+"-"+place, "a bit was changed: "+place, flippedBit(b, at), nil, "RefusedBody", "Changed")
		}
		refuse(v.id+"-cut", "the body lacks its last byte", b[:len(b)-1], nil, "RefusedBody", "Changed")
		refuse(v.id+"-no-body", "no body", b[:end+16], nil, "RefusedBody", "Changed")
		refuse(v.id+"-longer", "a byte behind the body", append(slices.Clone(b), '#'), nil, "RefusedBody", "Changed")
		refuse(v.id+"-key", "another message key", b, build.Fields{"message_key": flippedBit(m.key, -1)}, "RefusedBody", "OtherKey")
		refuse(v.id+"-iv", "another IV", b, build.Fields{"message_iv": flippedBit(m.iv, -1)}, "RefusedBody", "OtherKey")
		refuse(v.id+"-data", "other associated data", b, build.Fields{"associated_data": flippedBit(m.associated, 0)}, "RefusedBody", "OtherBinding")
		refuse(v.id+"-no-data", "no associated data", b, build.Fields{"associated_data": []byte{}}, "RefusedBody", "OtherBinding")
	}
	long := m.message(m.full)
	refuse("other-header", "the body of a message with the header of another one", append(m.message(m.headerV3)[:126], long[2+len(m.full):]...), nil, "RefusedBody", "OtherBinding")
	v3 := m.message(m.headerV3)
	refuse("key-16", "a message key of 16 bytes", v3, build.Fields{"message_key": m.key[:16]}, "RatchetLength", "WrongLength")
	refuse("iv-12", "an IV of 12 bytes", v3, build.Fields{"message_iv": m.iv[:12]}, "RatchetLength", "WrongLength")

	sealed := func(iv, associated, padded []byte) []byte {
		body, tag := gcmSeal(m.key, iv, associated, padded)
		return slices.Concat(ratchetWord(len(m.headerV3)), m.headerV3, tag, body)
	}
	bound := slices.Concat(m.associated, m.headerV3)
	content := build.Bytes("ratchet_message/content", 20)
	refuse("short-iv", "encrypted with an IV of 12 bytes", sealed(m.iv[:12], bound, padTo(content, 20, 40)), build.Fields{"message_iv": resized(m.iv[:12], 16)}, "RefusedBody", "ShortIV")
	refuse("header-unbound", "encrypted without the header in the associated data", sealed(m.iv, m.associated, padTo(content, 20, 40)), nil, "RefusedBody", "OtherBinding")
	refuse("header-length-bound", "encrypted with the length of the header in the associated data",
		sealed(m.iv, slices.Concat(m.associated, ratchetWord(len(m.headerV3)), m.headerV3), padTo(content, 20, 40)), nil, "RefusedBody", "OtherBinding")
	refuse("padding", "the length in front of the content is one beyond the end", sealed(m.iv, bound, padTo(content, 39, 40)), nil, "PaddingLength", "PaddingBeyond")
	refuse("padding-65535", "the length in front of the content is 65535", sealed(m.iv, bound, padTo(content, 65535, 40)), nil, "PaddingLength", "PaddingBeyond")
	refuse("one-byte", "a body of one byte", sealed(m.iv, bound, []byte{0}), nil, "Truncated", "ShortPadding")
	refuse("nothing", "an authentic body of no bytes", sealed(m.iv, bound, nil), nil, "Truncated", "ShortPadding")
}
