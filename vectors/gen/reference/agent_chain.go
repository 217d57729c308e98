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
	hash := build.Bytes("agent previous", 32)
	other := build.Bytes("agent other", 32)
	received := func(lastID int64, lastHash []byte, id int64, previous []byte) build.Fields {
		encoded, err := message.EncodeMessage(message.AgentMessage{Header: message.Header{ID: id, PreviousHash: previous}, Body: message.HELLO{}})
		if err != nil {
			panic(err) // the values fit
		}
		return build.Fields{"last_id": strconv.FormatInt(lastID, 10), "last_hash": lastHash, "encoded": encoded}
	}
	for _, c := range []struct {
		name, what         string
		lastID             int64
		lastHash, previous []byte
		id                 int64
	}{
		{"ok/first", "the first message", 0, nil, nil, 1},
		{"ok/next", "the next message", 41, hash, hash, 42},
		{"ok/high", "the next message beyond 32 bits", 1 << 32, hash, hash, 1<<32 + 1},
		{"skipped/one", "one message is missing", 41, hash, other, 43},
		{"skipped/many", "a thousand messages are missing", 41, hash, other, 1042},
		{"skipped/same-hash", "one message is missing, the hash is that of the last one", 41, hash, hash, 43},
		{"skipped/first", "the first message is missing", 0, nil, hash, 2},
		{"bad-id/one-less", "a number below the last one", 41, hash, other, 40},
		{"bad-id/right-hash", "a number below the last one with the hash of the last one", 41, hash, hash, 7},
		{"bad-id/negative", "a negative number", 0, nil, nil, -1},
		{"duplicate/next-hash", "the last number again, with the hash of the last message", 41, hash, hash, 41},
		{"duplicate/other-hash", "the last number again, as the message was sent before", 41, hash, other, 41},
		{"duplicate/zero", "number 0 before any message", 0, nil, nil, 0},
		{"bad-hash/other", "the next number with another hash", 41, hash, other, 42},
		{"bad-hash/one-bit", "the next number with a hash that differs in one bit", 41, hash, flipped(hash, -1), 42},
		{"bad-hash/none", "the next number without a hash", 41, hash, nil, 42},
		{"bad-hash/short", "the next number with a part of the hash", 41, hash, hash[:31], 42},
		{"bad-hash/first", "the first message with a hash", 0, nil, hash, 1},
	} {
		g.Valid(c.name, c.what, received(c.lastID, c.lastHash, c.id, c.previous))
	}
	for name, encoded := range inOrder(map[string]string{"conn-info": "Iinfo", "ratchet-info": "R"}) {
		g.Invalid("check_agent_message", name, "a message that has no number", build.Fields{"last_id": "1", "last_hash": hash, "encoded": []byte(encoded)}, "OtherMessage", "NotNumbered")
	}
	g.Invalid("check_agent_message", "trailing", "a message with a byte behind it",
		build.Fields{"last_id": "0", "last_hash": []byte{}, "encoded": []byte("M\x00\x00\x00\x00\x00\x00\x00\x01\x00HH")}, "Trailing", "Trailing")
	g.Invalid("check_agent_message", "no-content", "number and hash without a content",
		build.Fields{"last_id": "0", "last_hash": []byte{}, "encoded": []byte("M\x00\x00\x00\x00\x00\x00\x00\x01\x00")}, "Truncated", "Truncated")
}
