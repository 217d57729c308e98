package main

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func agentReplies(f *build.File) {
	g := f.Group("reply", "connection info with one reply queue, from which the same comes back", "encode_reply", "decode_reply")
	type reply struct {
		version byte
		mode    any
		letters string
	}
	for _, c := range []reply{
		{4, "M", ""}, {4, "M", "M"}, {4, "C", "C"}, {4, "C", "info"}, {4, nil, ""}, {4, nil, "info"}, {4, nil, "m"},
		{3, "M", "T"}, {3, "M", "F"}, {3, nil, "info"}, {3, nil, ""}, {2, nil, "info"}, {2, nil, "{\"v\":1}"}, {1, nil, "info"}, {1, nil, ""},
	} {
		g.Valid(fmt.Sprintf("client-%d/%v/%q", c.version, c.mode, c.letters), "a queue and connection info", build.Fields{
			"queue_info": joined(queueInfoPieces(c.version, "")), "queue_mode": c.mode, "conn_info": []byte(c.letters)})
	}
	for _, c := range []struct {
		name, what string
		encoded    []byte
	}{
		{"conn-info", "connection info without a queue", []byte("Iinfo")},
		{"ratchet-info", "ratchet info", []byte("Rinfo")},
		{"two-queues", "two queues", joined(pieces([]piece{{"", []byte("D\x02")}}, queueInfoPieces(4, "M"), queueInfoPieces(4, "M")))},
	} {
		g.Invalid("decode_reply", c.name, c.what, build.Fields{"encoded": c.encoded}, "OtherMessage", "OtherForm")
	}

	g = f.Group("reply-letters", "connection info with one reply queue, as decoders understand it", "decode_reply")
	for version := byte(1); version <= 4; version++ {
		for _, letter := range []string{"M", "C", "T", "F"} {
			g.Valid(fmt.Sprintf("client-%d/%s", version, letter), "a queue without mode, and info that starts with a letter of a mode", build.Fields{
				"encoded": joined(pieces([]piece{{"", []byte("D\x01")}}, queueInfoPieces(version, ""), []piece{{"", []byte(letter + "y info")}}))}, "LetterTakenForMode")
		}
	}

	g = f.Group("reply-lost", "connection info whose queue is written without its mode", "encode_reply")
	for _, c := range []reply{{1, "M", "info"}, {1, "C", "info"}, {2, "M", "info"}, {2, "C", "info"}, {3, "C", "info"}} {
		g.Valid(fmt.Sprintf("client-%d/%v", c.version, c.mode), "a mode that is not written", build.Fields{
			"queue_info": joined(queueInfoPieces(c.version, "")), "queue_mode": c.mode, "conn_info": []byte(c.letters)}, "ModeNotWritten")
	}
}

func replyQueues(f *build.File) {
	const encode, decode = "encode_reply_queue", "decode_reply_queue"
	g := f.Group("queue", "queue information at a client version", encode, decode)
	queue := func(version int, server string, mode any, key []byte) build.Fields {
		return build.Fields{"client_version": version, "server": server, "sender_id": agentSender("queue"), "dh_key": key, "queue_mode": mode}
	}
	key := spkiOf(keys.X25519, "agent queue")
	for version := 1; version <= 4; version++ {
		g.Valid(fmt.Sprintf("client-%d/none", version), "no mode", queue(version, agentRelay(), nil, key))
	}
	g.Valid("client-3/M", "a messaging queue", queue(3, agentRelay(), "M", key))
	g.Valid("client-4/M", "a messaging queue", queue(4, agentRelay(), "M", key))
	g.Valid("client-4/C", "a contact queue", queue(4, agentRelay(), "C", key))
	for _, a := range []keys.Algorithm{keys.X448, keys.Ed25519, keys.Ed448} {
		g.Invalid(encode, "encode-"+lower(a), "a key of "+a.String(), queue(4, agentRelay(), "M", spkiOf(a, "agent 1")), "WrongKeyType", "WrongKey")
	}
	cutPieces(g, decode, "client-1", queueInfoPieces(1, ""), 0)
	cutPieces(g, decode, "client-2", queueInfoPieces(2, ""), 1)
	for _, c := range []struct{ name, mode, more string }{
		{"client-4/two-modes", "M", "M"}, {"client-4/other-mode", "", "X"}, {"client-4/small-letter", "", "m"}, {"client-3/other-mode", "", "1"},
	} {
		version := c.name[len("client-")] - '0'
		g.Invalid(decode, c.name, "a byte that is no mode behind the queue", build.Fields{"encoded": append(joined(queueInfoPieces(version, c.mode)), c.more...)}, "Trailing", "Trailing")
	}
}
