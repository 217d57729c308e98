package main

import (
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/vectors/gen/build"
)

func agentPadding() *build.File {
	f := build.New("agent_padding", "lengths to which the ratchet pads agent messages",
		"The padded length has the 16 bit length of the message in front, as in the kind padding.",
		"From agent version 5 on connections may support post-quantum keys; their ratchet headers are longer and messages shorter.")
	f.Flag("NoRoom", "The message is longer than the padded length less the 2 bytes of its own length.")
	f.Flag("NotPadded", "Ratchet info is not encrypted by the ratchet.")
	f.Flag("NoMessage", "The bytes are no agent message.")
	g := f.Group("length", "padded lengths by version, support for post-quantum keys, and envelope", "agent_padding")
	for version := 2; version <= 7; version++ {
		for _, pq := range []bool{false, true} {
			for _, confirmation := range []bool{false, true} {
				room := message.PaddedMessage(uint16(version), pq) - 2
				name := "message"
				if confirmation {
					room, name = message.PaddedConnInfo(uint16(version), pq)-2, "confirmation"
				}
				if pq {
					name += "-pq"
				}
				in := func(length int) build.Fields {
					return build.Fields{"agent_version": version, "pq": pq, "confirmation": confirmation, "length": length}
				}
				g.Valid(fmt.Sprintf("v%d/%s/full", version, name), "the longest message", in(room))
				g.Invalid("agent_padding", fmt.Sprintf("v%d/%s/one-more", version, name), "a byte more than the longest message", in(room+1), "TooLong", "NoRoom")
				if longest := longestMessage(confirmation); room < longest {
					g.Invalid("agent_padding", fmt.Sprintf("v%d/%s/without-pq", version, name), "as long as it could be without post-quantum keys", in(longest), "TooLong", "NoRoom")
				}
			}
		}
	}
	for _, length := range []int{1, 100, 11104, 13616} {
		g.Valid(fmt.Sprintf("length-%d", length), "a shorter message", build.Fields{"agent_version": 7, "pq": false, "confirmation": false, "length": length})
	}
	g.Invalid("agent_padding", "length-65536", "more than a 16 bit length can tell", build.Fields{"agent_version": 2, "pq": false, "confirmation": false, "length": 65536}, "TooLong", "NoRoom")
	paddedMessages(f)
	return f
}

// longestMessage is the length of the longest message without post-quantum keys.
func longestMessage(confirmation bool) int {
	if confirmation {
		return message.PaddedConnInfo(message.VersionDuplexHandshake, false) - 2
	}
	return message.PaddedMessage(message.VersionDuplexHandshake, false) - 2
}

func paddedMessages(f *build.File) {
	g := f.Group("padded", "whole messages with their padding", "pad_agent_message")
	hello := []byte("M\x00\x00\x00\x00\x00\x00\x00\x01\x00H")
	in := func(version int, pq bool, encoded []byte) build.Fields {
		return build.Fields{"agent_version": version, "pq": pq, "encoded": encoded}
	}
	for _, version := range []int{4, 5, 7} {
		for _, pq := range []bool{false, true} {
			g.Valid(fmt.Sprintf("v%d/pq-%t/message", version, pq), "a numbered message", in(version, pq, hello))
			g.Valid(fmt.Sprintf("v%d/pq-%t/connection-info", version, pq), "connection info", in(version, pq, []byte("Iinfo")))
		}
	}
	g.Valid("v7/reply", "connection info with a reply queue", in(7, true, append(joined(pieces([]piece{{"", []byte("D\x01")}}, queueInfoPieces(4, "M"))), "info"...)))
	for _, version := range []int{4, 7} {
		g.Invalid("pad_agent_message", fmt.Sprintf("v%d/ratchet-info", version), "ratchet info", in(version, true, []byte("Rinfo")), "OtherMessage", "NotPadded")
	}
	g.Invalid("pad_agent_message", "v7/message-too-long", "a numbered message that fits a connection without post-quantum keys alone",
		in(7, true, append([]byte("M\x00\x00\x00\x00\x00\x00\x00\x01\x00M"), build.Bytes("agent body", 13606)...)), "TooLong", "NoRoom")
	g.Invalid("pad_agent_message", "v7/connection-info-too-long", "connection info that fits a connection without post-quantum keys alone",
		in(7, true, append([]byte("I"), build.Bytes("agent body", 11104)...)), "TooLong", "NoRoom")
	g.Invalid("pad_agent_message", "v5/truncated", "a numbered message without content", in(5, true, hello[:len(hello)-1]), "Truncated", "NoMessage")
	g.Invalid("pad_agent_message", "v5/trailing", "a byte behind the message: padding is not part of it", in(5, true, append(hello[:len(hello):len(hello)], '#')), "Trailing", "NoMessage")
	g.Invalid("pad_agent_message", "v5/empty", "no bytes", in(5, true, nil), "Truncated", "NoMessage")
	g.Invalid("pad_agent_message", "v5/unknown", "bytes of no message", in(5, true, []byte("X")), "UnknownTag", "NoMessage")
}
