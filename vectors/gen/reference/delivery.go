package main

import (
	"crypto/sha3"
	"crypto/sha512"
	"fmt"

	"smpcheck/vectors/gen/build"
)

func delivery() *build.File {
	f := build.New("delivery", "messages from the relay to the recipient: content and encryption of MSG",
		"The secret is the raw X25519 secret of the recipient's key in NEW and the relay's key in IDS; the nonce is the message id.",
		"Real messages are padded to 16106 bytes at all versions; most tests use a shorter length.",
		"The marker of a full queue has neither flag nor body.")
	boxFlags(f, "WrongLength")
	f.Flag("QuotaMarker", "The queue was full: the message is the marker QUOTA with a time.")
	f.Flag("LaterFlags", "Flags of later versions follow the known one and are ignored.")
	f.Flag("StartsLikeMarker", "The time of a message begins with the bytes of the word QUOTA.")
	f.Flag("ShortContent", "The content ends within the time, before the flags or before the space behind them.")
	f.Flag("BadFlag", "The first message flag is neither 'T' nor 'F'.")
	f.Flag("TrailingBytes", "Bytes follow the time of the marker of a full queue.")
	f.Flag("LongestBody", "The body has more than 16088 bytes, which no version allows.")
	f.Flag("RealSize", "Padded to the length of real messages.")
	message := build.Fields{"quota": false, "timestamp": "1700000000", "notify": true, "body": build.Bytes("delivery body", 20)}
	quota := build.Fields{"quota": true, "timestamp": "1700000000", "notify": nil, "body": nil}

	g := f.Group("content", "the content before encryption", "encode_delivery", "decode_delivery")
	g.Valid("notify", "a message that asks for a notification", message)
	g.Valid("no-notify", "a message without notification", inputsFor(message, "notify", false))
	g.Valid("empty", "a message without body", inputsFor(message, "body", []byte{}))
	g.Valid("space", "a body that begins with a space", inputsFor(message, "body", []byte(" body")))
	g.Valid("flag-in-body", "a body that begins like flags", inputsFor(message, "body", []byte("F body")))
	for _, at := range []string{"0", "1", "-1", "9223372036854775807"} {
		g.Valid("time"+at, "a message of the time "+at, inputsFor(message, "timestamp", at))
	}
	g.Valid("quota", "the marker of a full queue", quota, "QuotaMarker")
	g.Valid("quota-early", "the marker with the time 0", inputsFor(quota, "timestamp", "0"), "QuotaMarker")
	g.Invalid("encode_delivery", "too-long", "a body of 16089 bytes", inputsFor(message, "body", make([]byte, 16089)), "MessageTooLarge", "LongestBody")
	refusedDeliveries(g, answerOf("encode_delivery", "delivery", message), answerOf("encode_delivery", "delivery", quota))

	later := f.Group("later-flags", "content with flags of later versions", "decode_delivery")
	for _, flags := range []string{"T1", "Fabc", "TF", "T\x00\xff"} {
		later.Valid(fmt.Sprintf("%x", flags), fmt.Sprintf("the flags %q", flags), build.Fields{"delivery": concat([]byte{0, 0, 0, 0, 0x65, 0x53, 0xf1, 0}, []byte(flags), []byte(" body"))}, "LaterFlags")
	}
	sealedDeliveries(f, message, quota)
	return f
}

// refusedDeliveries adds content that is malformed, made of good content.
func refusedDeliveries(g *build.Group, message, quota []byte) {
	refuse := func(id, what string, content []byte, class, flag string) {
		g.Invalid("decode_delivery", id, what, build.Fields{"delivery": content}, class, flag)
	}
	refuse("nothing", "no content", []byte{}, "Truncated", "ShortContent")
	refuse("in-time", "the content ends within the time", message[:7], "Truncated", "ShortContent")
	refuse("no-flags", "the content ends after the time", message[:8], "Truncated", "ShortContent")
	refuse("no-space", "the content ends after the flag", message[:9], "MalformedFlags", "ShortContent")
	refuse("no-space-later", "no space behind flags of a later version", concat(message[:9], []byte("abc")), "MalformedFlags", "ShortContent")
	for _, flag := range []byte{'t', '1', 0, ' '} {
		refuse(fmt.Sprintf("flag-%02x", flag), fmt.Sprintf("the flag %q", flag), concat(message[:8], []byte{flag}, message[9:]), "BadBoolean", "BadFlag")
	}
	refuse("quota-trailing", "a byte after the marker's time", concat(quota, []byte{'x'}), "Trailing", "TrailingBytes")
	refuse("quota-and-message", "flags and body after the marker's time", concat(quota, message[8:]), "Trailing", "TrailingBytes")
	refuse("like-quota", "a message whose time begins with the word QUOTA and a space", concat([]byte("QUOTA bodyT body")), "Trailing", "StartsLikeMarker")
}

func sealedDeliveries(f *build.File, message, quota build.Fields) {
	secret, id := build.Bytes("delivery secret", 32), build.Bytes("message id", 24)
	sealing := func(content build.Fields, length int) build.Fields {
		return inputsFor(content, "secret", secret, "message_id", id, "length", length)
	}
	g := f.Group("sealed", "the body of MSG", "seal_delivery", "open_delivery")
	g.Valid("message", "a message padded to 64", sealing(message, 64))
	g.Valid("quota", "the marker of a full queue padded to 64", sealing(quota, 64), "QuotaMarker")
	g.Valid("empty", "a message without body", sealing(inputsFor(message, "body", []byte{}), 64))
	g.Valid("full", "a message that fills its length", sealing(message, 32))
	g.Valid("second-id", "the same message with another id", inputsFor(sealing(message, 64), "message_id", build.Bytes("other message id", 24)))
	g.Valid("short-id", "a message id of 12 bytes, with zero bytes after it in the nonce", inputsFor(sealing(message, 64), "message_id", build.Bytes("message id", 12)))
	g.Valid("real", "a message of real size", sealing(message, 16106), "RealSize")
	g.Valid("real-quota", "the marker of real size", sealing(quota, 16106), "RealSize", "QuotaMarker")
	g.Invalid("seal_delivery", "no-room", "a message that is one byte too long", sealing(message, 31), "TooLong", "NoRoom")
	g.Invalid("seal_delivery", "too-long", "a body of 16089 bytes in a length that would hold it", sealing(inputsFor(message, "body", make([]byte, 16089)), 17000), "MessageTooLarge", "LongestBody")
	sealed := answerOf("seal_delivery", "sealed", sealing(message, 64))
	opening := build.Fields{"secret": secret, "message_id": id, "sealed": sealed}
	for _, a := range alterations(sealed) {
		g.Invalid("open_delivery", a.id, a.what, inputsFor(opening, "sealed", a.box), "BoxClosed", a.flag)
	}
	g.Invalid("open_delivery", "other-id", "opened with another message id", inputsFor(opening, "message_id", changedBit(id, 5)), "BoxClosed", "OtherNonce")
	g.Invalid("open_delivery", "cut-id", "opened with a message id that lacks its last byte", inputsFor(opening, "message_id", id[:23]), "BoxClosed", "OtherNonce")
	g.Invalid("open_delivery", "other-secret", "opened with another secret", inputsFor(opening, "secret", changedBit(secret, 3)), "BoxClosed", "OtherKey")
	g.Invalid("open_delivery", "raw-secret", "made with the X25519 secret as it is", inputsFor(opening, "sealed", plainBox(secret, id, []byte{0, 0})), "BoxClosed", "KeyStepMissing")
	g.Invalid("open_delivery", "short-content", "the content ends within the time", inputsFor(opening, "sealed", sealedBytes(secret, id, make([]byte, 7), 32)), "Truncated", "ShortContent")
	badPadding(g, "open_delivery", func(content []byte) build.Fields {
		return inputsFor(opening, "sealed", sealedBare(secret, id, content))
	})
}

func notification() *build.File {
	f := build.New("notification", "metadata of a message in a notification: content and encryption of NMSG",
		"The secret is the raw X25519 secret of the recipient's key in NKEY and the relay's key in NID; NMSG has the nonce.",
		"Real notifications are padded to 128 bytes.")
	boxFlags(f)
	f.Flag("Extension", "Bytes follow the time: a later version put them there, and they are ignored.")
	f.Flag("ShortContent", "The content ends within the message id or the time.")
	f.Flag("LongId", "The message id has more than 255 bytes.")
	id, secret, nonce := build.Bytes("message id", 24), build.Bytes("notification secret", 32), build.Bytes("notification nonce", 24)
	content := build.Fields{"message_id": id, "timestamp": "1700000000"}

	g := f.Group("content", "the content before encryption", "encode_notification", "decode_notification")
	g.Valid("24-bytes", "a message id of 24 bytes", content)
	for _, n := range []int{0, 1, 117, 255} {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a message id of %d bytes", n), inputsFor(content, "message_id", build.Bytes("message id", n)))
	}
	for _, at := range []string{"0", "-1", "9223372036854775807"} {
		g.Valid("time"+at, "the time "+at, inputsFor(content, "timestamp", at))
	}
	g.Invalid("encode_notification", "256-bytes", "a message id of 256 bytes", inputsFor(content, "message_id", build.Bytes("message id", 256)), "TooLong", "LongId")
	plain := answerOf("encode_notification", "notification", content)
	for _, n := range []int{0, 1, 24, 25, 32} {
		g.Invalid("decode_notification", fmt.Sprintf("cut-%d", n), fmt.Sprintf("the first %d of 33 bytes", n), build.Fields{"notification": plain[:n]}, "Truncated", "ShortContent")
	}
	later := f.Group("extension", "content of later versions", "decode_notification")
	for _, more := range []string{"\x00", "xyz", "T "} {
		later.Valid(fmt.Sprintf("%x", more), fmt.Sprintf("%q after the time", more), build.Fields{"notification": concat(plain, []byte(more))}, "Extension")
	}

	sealing := inputsFor(content, "secret", secret, "nonce", nonce, "length", 128)
	s := f.Group("sealed", "the body of NMSG", "seal_notification", "open_notification")
	s.Valid("real", "padded to 128", sealing)
	s.Valid("short-id", "a short message id", inputsFor(sealing, "message_id", id[:4]))
	s.Valid("full", "a message id that fills the length", inputsFor(sealing, "message_id", build.Bytes("message id", 117)))
	s.Valid("other-nonce", "another nonce", inputsFor(sealing, "nonce", changedBit(nonce, 0)))
	s.Invalid("seal_notification", "no-room", "a message id that is one byte too long", inputsFor(sealing, "message_id", build.Bytes("message id", 118)), "TooLong", "NoRoom")
	sealed := answerOf("seal_notification", "sealed", sealing)
	opening := build.Fields{"secret": secret, "nonce": nonce, "sealed": sealed}
	for _, a := range alterations(sealed) {
		s.Invalid("open_notification", a.id, a.what, inputsFor(opening, "sealed", a.box), "BoxClosed", a.flag)
	}
	s.Invalid("open_notification", "id-as-nonce", "opened with the message id in place of the nonce", inputsFor(opening, "nonce", id), "BoxClosed", "OtherNonce")
	s.Invalid("open_notification", "other-secret", "opened with another secret", inputsFor(opening, "secret", changedBit(secret, 31)), "BoxClosed", "OtherKey")
	s.Invalid("open_notification", "short-nonce", "a nonce of 23 bytes", inputsFor(opening, "nonce", nonce[:23]), "NonceSize", "WrongLength")
	s.Invalid("open_notification", "raw-secret", "made with the X25519 secret as it is", inputsFor(opening, "sealed", plainBox(secret, nonce, []byte{0, 0})), "BoxClosed", "KeyStepMissing")
	s.Invalid("open_notification", "short-content", "the content ends within the time", inputsFor(opening, "sealed", sealedBytes(secret, nonce, plain[:30], 64)), "Truncated", "ShortContent")
	badPadding(s, "open_notification", func(content []byte) build.Fields {
		return inputsFor(opening, "sealed", sealedBare(secret, nonce, content))
	})
	return f
}

func senderIDs() *build.File {
	f := build.New("sender_id", "sender ids of queues that are created with link data",
		"The first 24 bytes of the SHA3-384 of the correlation id of NEW; without link data the relay makes the id.")
	f.Flag("OtherLength", "The correlation id does not have 24 bytes; all of it is hashed.")
	f.Flag("OtherId", "The sender id is that of another correlation id.")
	f.Flag("OtherHash", "The sender id comes from another hash, or from another part of it.")
	f.Flag("WrongLength", "The sender id does not have 24 bytes.")
	id := build.Bytes("sender correlation id", 24)
	g := f.Group("derive", "the sender id of a correlation id", "sender_id", "check_sender_id")
	for i := range 4 {
		g.Valid(fmt.Sprintf("%d", i), "a correlation id", build.Fields{"correlation_id": build.Bytes(fmt.Sprintf("sender correlation id %d", i), 24)})
	}
	g.Valid("zero", "a correlation id of zero bytes", build.Fields{"correlation_id": make([]byte, 24)})
	for _, n := range []int{0, 12, 32, 103, 104, 105} {
		g.Valid(fmt.Sprintf("%d-bytes", n), fmt.Sprintf("a correlation id of %d bytes", n), build.Fields{"correlation_id": build.Bytes("sender correlation id", n)}, "OtherLength")
	}
	good, sha3384, sha3256, sha2 := answerOf("sender_id", "sender_id", build.Fields{"correlation_id": id}), sha3.Sum384(id), sha3.Sum256(id), sha512.Sum384(id)
	refuse := func(id_, what, flag string, sender []byte) {
		g.Invalid("check_sender_id", id_, what, build.Fields{"correlation_id": id, "sender_id": sender}, "OtherSenderId", flag)
	}
	refuse("first-bit", "a bit of the first byte changed", "OtherId", changedBit(good, 0))
	refuse("last-bit", "a bit of the last byte changed", "OtherId", changedBit(good, -1))
	refuse("other", "of another correlation id", "OtherId", answerOf("sender_id", "sender_id", build.Fields{"correlation_id": changedBit(id, 0)}))
	refuse("correlation-id", "the correlation id itself", "OtherId", id)
	refuse("23-bytes", "the last byte is missing", "WrongLength", good[:23])
	refuse("25-bytes", "the first 25 bytes of the hash", "WrongLength", sha3384[:25])
	refuse("whole-hash", "all 48 bytes of the hash", "WrongLength", sha3384[:])
	refuse("empty", "no sender id", "WrongLength", []byte{})
	refuse("last-part", "the last 24 bytes of the hash", "OtherHash", sha3384[24:])
	refuse("sha3-256", "of SHA3-256", "OtherHash", sha3256[:24])
	refuse("sha-384", "of SHA-384", "OtherHash", sha2[:24])
	return f
}
