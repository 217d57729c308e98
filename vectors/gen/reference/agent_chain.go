package main

import (
	"strconv"

	"smpcheck/reference/agent/message"
	"smpcheck/vectors/gen/build"
)

// chainContents are the contents of a conversation.
func chainContents(names ...string) []build.Fields {
	all := map[string]build.Fields{}
	for _, c := range allContents() {
		all[c.name] = c.form
	}
	var chosen []build.Fields
	for _, name := range names {
		chosen = append(chosen, all[name])
	}
	return chosen
}

func agentChains(f *build.File) {
	g := f.Group("chain", "messages of one direction, each with the hash of the one before", "chain_agent_messages")
	start := func(id int64, hash int, contents []build.Fields) build.Fields {
		return build.Fields{"last_id": strconv.FormatInt(id, 10), "last_hash": build.Bytes("agent chain", hash), "contents": contents}
	}
	g.Valid("one", "the first message", start(0, 0, chainContents("HELLO")))
	g.Valid("after-connection-info", "three messages after the connection info, which has number 1", start(1, 32, chainContents("HELLO", "A_MSG", "A_RCVD")))
	g.Valid("same-content", "the same content three times: numbers and hashes differ", start(1, 32, chainContents("A_MSG", "A_MSG", "A_MSG")))
	g.Valid("rotation", "messages of both sides of a rotation in one row", start(10, 32, chainContents("QADD", "QKEY", "QUSE", "QTEST", "A_MSG")))
	g.Valid("high", "numbers beyond 32 bits", start(1<<32-1, 32, chainContents("EREADY", "A_QCONT")))
	g.Invalid("chain_agent_messages", "no-receipts", "a content with an empty list", start(1, 32, append(chainContents("HELLO"), aMessage("A_RCVD", build.Fields{"receipts": itemList()}))), "EmptyList", "NoItems")
	g.Invalid("chain_agent_messages", "long-hash", "a last hash of 256 bytes", start(1, 256, chainContents("HELLO")), "TooLong", "TooLong")
}

func agentIntegrity(f *build.File) {
	g := f.Group("integrity", "what a recipient finds out about a numbered message", "check_agent_message")
	other := build.Bytes("agent other", 32)
	received := func(last []byte, id int64, previous []byte) build.Fields {
		return build.Fields{"last_message": last, "encoded": encodedHello(id, previous)}
	}
	last := encodedHello(41, build.Bytes("agent previous", 32))
	hash := message.Hash(last)
	high := encodedHello(1<<32, nil)
	connInfo := []byte("Iinfo")
	reply := append(joined(pieces([]piece{{"", []byte("D\x01")}}, queueInfoPieces(4, "M"))), "info"...)
	for _, c := range []struct {
		name, what     string
		last, previous []byte
		id             int64
	}{
		{"ok/first", "the first message", nil, nil, 1},
		{"ok/next", "the next message", last, hash, 42},
		{"ok/high", "the next message beyond 32 bits", high, message.Hash(high), 1<<32 + 1},
		{"ok/after-conn-info", "the message after the connection info, which has number 1", connInfo, message.Hash(connInfo), 2},
		{"ok/after-reply", "the message after connection info with a reply queue", reply, message.Hash(reply), 2},
		{"skipped/one", "one message is missing", last, other, 43},
		{"skipped/many", "a thousand messages are missing", last, other, 1042},
		{"skipped/same-hash", "one message is missing, the hash is that of the last one", last, hash, 43},
		{"skipped/first", "the first message is missing", nil, hash, 2},
		{"bad-id/one-less", "a number below the last one", last, other, 40},
		{"bad-id/right-hash", "a number below the last one with the hash of the last one", last, hash, 7},
		{"bad-id/negative", "a negative number", nil, nil, -1},
		{"duplicate/next-hash", "the last number again, with the hash of the last message", last, hash, 41},
		{"duplicate/same", "the last message again", last, build.Bytes("agent previous", 32), 41},
		{"duplicate/conn-info", "number 1 after the connection info", connInfo, message.Hash(connInfo), 1},
		{"duplicate/zero", "number 0 before any message", nil, nil, 0},
		{"bad-hash/other", "the next number with another hash", last, other, 42},
		{"bad-hash/one-bit", "the next number with a hash that differs in one bit", last, flipped(hash, -1), 42},
		{"bad-hash/none", "the next number without a hash", last, nil, 42},
		{"bad-hash/short", "the next number with a part of the hash", last, hash[:31], 42},
		{"bad-hash/first", "the first message with a hash", nil, hash, 1},
	} {
		g.Valid(c.name, c.what, received(c.last, c.id, c.previous))
	}
	for name, encoded := range inOrder(map[string]string{"conn-info": "Iinfo", "ratchet-info": "R"}) {
		g.Invalid("check_agent_message", name, "a message that has no number", build.Fields{"last_message": last, "encoded": []byte(encoded)}, "OtherMessage", "NotNumbered")
	}
	g.Invalid("check_agent_message", "after-ratchet-info", "a last message that has no number", build.Fields{"last_message": []byte("R"), "encoded": last}, "OtherMessage", "NotNumbered")
	g.Invalid("check_agent_message", "trailing", "a message with a byte behind it", build.Fields{"last_message": []byte{}, "encoded": append(encodedHello(1, nil), 'H')}, "Trailing", "Trailing")
	none := encodedHello(1, nil)
	g.Invalid("check_agent_message", "no-content", "number and hash without a content", build.Fields{"last_message": []byte{}, "encoded": none[:len(none)-1]}, "Truncated", "Truncated")
}

// encodedHello is the encoding of a HELLO with a header.
func encodedHello(id int64, previous []byte) []byte {
	encoded, err := message.EncodeMessage(message.AgentMessage{Header: message.Header{ID: id, PreviousHash: previous}, Body: message.HELLO{}})
	if err != nil {
		panic(err) // the values fit
	}
	return encoded
}
