package main

import (
	"fmt"

	"smpcheck/reference/agent/message"
	"smpcheck/vectors/gen/build"
)

func agentPadding() *build.File {
	f := build.New("agent_padding", "lengths to which the ratchet pads agent messages",
		"The padded length has the 16 bit length of the message in front, as in the kind padding.",
		"From agent version 5 on connections may support post-quantum keys; their ratchet headers are longer and messages shorter.",
		"There is a value for each agent version of the range.")
	f.Flag("NoRoom", "At a version of the range the message is longer than the padded length less the 2 bytes of its own length.")
	f.Flag("NotPadded", "Ratchet info is not encrypted by the ratchet.")
	f.Flag("NoMessage", "The bytes are no agent message.")
	f.Flag("ReversedRange", "The lowest version is above the highest.")
	paddingLengths(f)
	paddedMessages(f)
	return f
}

// agentRanges are ranges of versions at which lengths with and without post-quantum keys
// are to be told apart.
var agentRanges = [][2]int{{2, 7}, {4, 5}, {3, 6}, {5, 5}, {6, 6}, {7, 7}}

func paddingLengths(f *build.File) {
	const operation = "agent_padding"
	g := f.Group("length", "padded lengths by version, support for post-quantum keys, and envelope", operation)
	for _, confirmation := range []bool{false, true} {
		for _, pq := range []bool{false, true} {
			name := map[bool]string{false: "message", true: "confirmation"}[confirmation] + map[bool]string{false: "", true: "-pq"}[pq]
			in := func(versions [2]int, length int) build.Fields {
				return build.Fields{"range": versions, "pq": pq, "confirmation": confirmation, "length": length}
			}
			for _, r := range agentRanges {
				id := fmt.Sprintf("%s/v%d-%d", name, r[0], r[1])
				room := longestMessage(r[1], pq, confirmation)
				g.Valid(id+"/full", "the longest message that fits at every version", in(r, room))
				g.Invalid(operation, id+"/one-more", "a byte more than the longest message", in(r, room+1), "TooLong", "NoRoom")
				if longer := longestMessage(r[1], false, confirmation); room < longer {
					g.Invalid(operation, id+"/without-pq", "as long as it could be without post-quantum keys", in(r, longer), "TooLong", "NoRoom")
				}
			}
			g.Valid(name+"/short", "a short message", in([2]int{2, 7}, 5))
		}
	}
	for version := 2; version <= 4; version++ {
		g.Invalid(operation, fmt.Sprintf("v%d/one-more", version), "a byte more than the longest message of a version that knows no post-quantum keys",
			build.Fields{"range": [2]int{version, version}, "pq": true, "confirmation": false, "length": longestMessage(version, true, false) + 1}, "TooLong", "NoRoom")
	}
	reversed := build.Fields{"range": [2]int{7, 2}, "pq": true, "confirmation": false, "length": 1}
	g.Invalid(operation, "reversed", "a range that ends before it starts", reversed, "BadVersionRange", "ReversedRange")
}

// longestMessage is the length of the longest message that an envelope carries.
func longestMessage(version int, pq, confirmation bool) int {
	if confirmation {
		return message.PaddedConnInfo(uint16(version), pq) - 2
	}
	return message.PaddedMessage(uint16(version), pq) - 2
}

func paddedMessages(f *build.File) {
	const operation = "pad_agent_message"
	g := f.Group("padded", "whole messages with their padding", operation)
	in := func(from, to int, pq bool, encoded []byte) build.Fields {
		return build.Fields{"range": [2]int{from, to}, "pq": pq, "encoded": encoded}
	}
	hello := encodedHello(1, nil)
	for _, pq := range []bool{false, true} {
		g.Valid(fmt.Sprintf("message/pq-%t", pq), "a numbered message", in(2, 7, pq, hello))
		g.Valid(fmt.Sprintf("connection-info/pq-%t", pq), "connection info", in(2, 7, pq, []byte("Iinfo")))
	}
	g.Valid("reply", "connection info with a reply queue", in(4, 5, true, append(joined(pieces([]piece{{"", []byte("D\x01")}}, queueInfoPieces(4, "M"))), "info"...)))
	for _, version := range []int{4, 7} {
		g.Invalid(operation, fmt.Sprintf("ratchet-info/v%d", version), "ratchet info", in(version, version, true, []byte("Rinfo")), "OtherMessage", "NotPadded")
	}
	g.Invalid(operation, "message/too-long", "a numbered message that fits a connection without post-quantum keys alone",
		in(7, 7, true, append([]byte("M\x00\x00\x00\x00\x00\x00\x00\x01\x00M"), build.Bytes("agent body", 13606)...)), "TooLong", "NoRoom")
	g.Invalid(operation, "connection-info/too-long", "connection info that fits a connection without post-quantum keys alone",
		in(7, 7, true, append([]byte("I"), build.Bytes("agent body", 11104)...)), "TooLong", "NoRoom")
	g.Invalid(operation, "truncated", "a numbered message without content", in(5, 5, true, hello[:len(hello)-1]), "Truncated", "NoMessage")
	g.Invalid(operation, "trailing", "a byte behind the message: padding is not part of it", in(5, 5, true, append(hello[:len(hello):len(hello)], '#')), "Trailing", "NoMessage")
	g.Invalid(operation, "empty", "no bytes", in(5, 5, true, []byte{}), "Truncated", "NoMessage")
	g.Invalid(operation, "unknown", "bytes of no message", in(5, 5, true, []byte("X")), "UnknownTag", "NoMessage")
}
