package main

import (
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/vectors/gen/build"
)

func agentMessage() *build.File {
	f := build.New("agent_message", "agent messages: what the ratchet encrypts, with the contents of numbered messages and the chain of their hashes",
		"The hash of a message is the SHA-256 of its encoding, before padding and encryption.",
		"Numbers count per direction of a connection; the connection info of the confirmation has number 1, although it does not say so.",
		"Queue information inside messages is that of the group queue and of the kind queue_uri.")
	f.Flag("Truncated", "The bytes end before the message does.")
	f.Flag("Trailing", "Bytes follow the message.")
	f.Flag("UnknownTag", "The tag announces no message.")
	f.Flag("NoItems", "A list that needs an item has none.")
	f.Flag("OtherCount", "The count of a list is not that of its items.")
	f.Flag("OtherOption", "What introduces an optional address is neither '0' nor '1'.")
	f.Flag("OtherLetter", "A boolean is neither 'T' nor 'F'.")
	f.Flag("WrongKey", "A key is of an algorithm that cannot do what its place asks for.")
	f.Flag("MalformedKey", "The bytes of a key are no key.")
	f.Flag("NoHosts", "The address of a relay has no hosts.")
	f.Flag("ReversedRange", "The lowest client version is above the highest.")
	f.Flag("TooLong", "A value is longer than its length prefix can tell.")
	f.Flag("LetterTakenForMode", "The letter after the key of a queue without mode is read as the mode, although it was the first of the connection info.")
	f.Flag("ModeNotWritten", "The mode was not written at this client version: the decoder finds none.")
	f.Flag("NotNumbered", "Only numbered messages stand in the chain.")
	f.Flag("OtherForm", "The message is no connection info with one reply queue.")
	agentContents(f)
	contentNegatives(f)
	agentMessages(f)
	agentReplies(f)
	replyQueues(f)
	agentChains(f)
	agentIntegrity(f)
	return f
}

const (
	encodeContent, decodeContent = "encode_a_message", "decode_a_message"
	encodeMessage, decodeMessage = "encode_agent_message", "decode_agent_message"
)

// aMessage is the JSON form of a content.
func aMessage(name string, fields build.Fields) build.Fields {
	form := build.Fields{"type": name}
	for key, value := range fields {
		form[key] = value
	}
	return form
}

func receipt(id, name string, hash, info int) build.Fields {
	return build.Fields{"id": id, "hash": hex.EncodeToString(build.Bytes("agent hash "+name, hash)), "info": hex.EncodeToString(build.Bytes("agent info", info))}
}

func addedQueue(text string, replaced any) build.Fields {
	return build.Fields{"queue": text, "replaced": replaced}
}

func queueWithKey(info []piece, key []byte) build.Fields {
	return build.Fields{"queue": hex.EncodeToString(joined(info)), "sender_key": hex.EncodeToString(key)}
}

func readyQueue(name string, primary bool) build.Fields {
	return build.Fields{"queue": address(name), "primary": primary}
}

// itemList returns the fields as a list that is never null.
func itemList(items ...build.Fields) []build.Fields { return append([]build.Fields{}, items...) }

// namedContent is a content with the name of its test.
type namedContent struct {
	name, what string
	form       build.Fields
}

func allContents() []namedContent {
	sender := spkiOf(keys.Ed25519, "agent sender")
	var manyReceipts []build.Fields
	for i := range 255 {
		manyReceipts = append(manyReceipts, receipt(strconv.Itoa(i), "", 0, 0))
	}
	onion := agentRelay()[:len(agentRelay())-len("smp.example.com:5223")] + "smp.example.com,10.0.0.1"
	return []namedContent{
		{"HELLO", "the queue is secured", aMessage("HELLO", nil)},
		{"A_MSG", "a body", aMessage("A_MSG", build.Fields{"body": hex.EncodeToString([]byte("hello"))})},
		{"A_MSG/empty", "no body", aMessage("A_MSG", build.Fields{"body": ""})},
		{"A_MSG/like-a-tag", "a body that starts as another message", aMessage("A_MSG", build.Fields{"body": hex.EncodeToString([]byte("MQT"))})},
		{"A_RCVD", "a receipt", aMessage("A_RCVD", build.Fields{"receipts": itemList(receipt("5", "5", 32, 0))})},
		{"A_RCVD/two", "two receipts", aMessage("A_RCVD", build.Fields{"receipts": itemList(receipt("5", "5", 32, 4), receipt("300", "300", 32, 256))})},
		{"A_RCVD/255", "as many receipts as the count allows, with nothing in them", aMessage("A_RCVD", build.Fields{"receipts": manyReceipts})},
		{"A_RCVD/numbers", "the highest number and a negative one", aMessage("A_RCVD", build.Fields{"receipts": itemList(
			receipt("9223372036854775807", "high", 255, 0), receipt("-1", "negative", 1, 1))})},
		{"EREADY", "a number", aMessage("EREADY", build.Fields{"last_decrypted": "1234"})},
		{"EREADY/zero", "no message was decrypted", aMessage("EREADY", build.Fields{"last_decrypted": "0"})},
		{"EREADY/high", "the highest number", aMessage("EREADY", build.Fields{"last_decrypted": "9223372036854775807"})},
		{"A_QCONT", "an address", aMessage("A_QCONT", build.Fields{"queue": address("a")})},
		{"A_QCONT/hosts", "a relay with two hosts and no port", aMessage("A_QCONT", build.Fields{"queue": build.Fields{"server": onion, "sender_id": "01"}})},
		{"QADD", "a queue that replaces another", aMessage("QADD", build.Fields{"queues": itemList(addedQueue(queueText("4", "&q=m"), address("a")))})},
		{"QADD/beside", "a queue beside the others", aMessage("QADD", build.Fields{"queues": itemList(addedQueue(queueText("1-4", "&q=m&k=s"), nil))})},
		{"QADD/two", "two queues", aMessage("QADD", build.Fields{"queues": itemList(
			addedQueue(queueText("2-4", "&q=m&k=s"), nil), addedQueue(queueText("4", "&q=c"), address("b")))})},
		{"QADD/no-mode", "a queue without mode", aMessage("QADD", build.Fields{"queues": itemList(addedQueue(queueText("4", ""), nil))})},
		{"QKEY", "a queue with a key", aMessage("QKEY", build.Fields{"queues": itemList(queueWithKey(queueInfoPieces(4, "M"), sender))})},
		{"QKEY/client-1", "a queue at client version 1", aMessage("QKEY", build.Fields{"queues": itemList(queueWithKey(queueInfoPieces(1, ""), sender))})},
		{"QKEY/client-3", "a queue at client version 3", aMessage("QKEY", build.Fields{"queues": itemList(queueWithKey(queueInfoPieces(3, "T"), spkiOf(keys.Ed448, "agent sender")))})},
		{"QKEY/two", "two queues, X25519 keys", aMessage("QKEY", build.Fields{"queues": itemList(
			queueWithKey(queueInfoPieces(4, ""), spkiOf(keys.X25519, "agent sender")), queueWithKey(queueInfoPieces(2, ""), spkiOf(keys.X25519, "agent sender 2")))})},
		{"QUSE", "a primary queue", aMessage("QUSE", build.Fields{"queues": itemList(readyQueue("a", true))})},
		{"QUSE/two", "a queue that is not primary, and one that is", aMessage("QUSE", build.Fields{"queues": itemList(readyQueue("a", false), readyQueue("b", true))})},
		{"QTEST", "an address", aMessage("QTEST", build.Fields{"queues": itemList(address("a"))})},
		{"QTEST/two", "two addresses", aMessage("QTEST", build.Fields{"queues": itemList(address("a"), address("b"))})},
	}
}

func agentContents(f *build.File) {
	g := f.Group("content", "contents of numbered messages", encodeContent, decodeContent)
	for _, c := range allContents() {
		g.Valid(c.name, c.what, build.Fields{"content": c.form})
	}
	for _, c := range []struct{ name, list string }{{"A_RCVD", "receipts"}, {"QADD", "queues"}, {"QKEY", "queues"}, {"QUSE", "queues"}, {"QTEST", "queues"}} {
		g.Invalid(encodeContent, "encode-"+c.name+"-empty", "no items to encode",
			build.Fields{"content": aMessage(c.name, build.Fields{c.list: itemList()})}, "EmptyList", "NoItems")
	}
	long := make([]build.Fields, 256)
	for i := range long {
		long[i] = receipt("1", "", 0, 0)
	}
	g.Invalid(encodeContent, "encode-256-receipts", "more receipts than the count allows", build.Fields{"content": aMessage("A_RCVD", build.Fields{"receipts": long})}, "TooLong", "TooLong")
	g.Invalid(encodeContent, "encode-long-hash", "a hash of 256 bytes in a receipt", build.Fields{"content": aMessage("A_RCVD", build.Fields{"receipts": itemList(receipt("1", "long", 256, 0))})}, "TooLong", "TooLong")
	g.Invalid(encodeContent, "encode-long-sender-id", "a sender id of 256 bytes", build.Fields{"content": aMessage("A_QCONT", build.Fields{
		"queue": build.Fields{"server": agentRelay(), "sender_id": hex.EncodeToString(build.Bytes("agent sender", 256))}})}, "TooLong", "TooLong")
	g.Invalid(encodeContent, "encode-QKEY-x448", "a sender key that authorizes nothing", build.Fields{"content": aMessage("QKEY", build.Fields{
		"queues": itemList(queueWithKey(queueInfoPieces(4, "M"), spkiOf(keys.X448, "agent 1")))})}, "WrongKeyType", "WrongKey")
}

// oneItem is a count of one.
var oneItem = []piece{{"count", []byte{1}}}

func tagPiece(text string) []piece { return []piece{{"tag", []byte(text)}} }

// receiptPieces are one receipt.
func receiptPieces() []piece {
	return pieces([]piece{{"number", []byte{0, 0, 0, 0, 0, 0, 1, 2}}}, prefixed("hash", build.Bytes("agent hash", 32)), largePrefixed("info", []byte("info")))
}

// encodedContents are the pieces of contents that have fields of a fixed form.
func encodedContents() map[string][]piece {
	return map[string][]piece{
		"A_RCVD":  pieces(tagPiece("V"), oneItem, receiptPieces()),
		"EREADY":  pieces(tagPiece("E"), []piece{{"number", []byte{0, 0, 0, 0, 0, 0, 4, 210}}}),
		"A_QCONT": pieces(tagPiece("QC"), addressPieces("a")),
		"QADD":    pieces(tagPiece("QA"), oneItem, queueURIPieces(), []piece{{"option", []byte("1")}}, renamed(addressPieces("a"), "replaced-")),
		"QKEY":    pieces(tagPiece("QK"), oneItem, queueInfoPieces(4, "M"), prefixed("sender-key", spkiOf(keys.Ed25519, "agent sender"))),
		"QUSE":    pieces(tagPiece("QU"), oneItem, addressPieces("a"), []piece{{"primary", []byte("T")}}),
		"QTEST":   pieces(tagPiece("QT"), oneItem, addressPieces("a")),
	}
}

// renamed puts a word before the names of pieces.
func renamed(all []piece, word string) []piece {
	others := make([]piece, len(all))
	for i, p := range all {
		others[i] = piece{word + p.name, p.bytes}
	}
	return others
}

func contentNegatives(f *build.File) {
	g := f.Group("content-bytes", "contents of numbered messages that have to be refused", decodeContent)
	g.Valid("HELLO", "the shortest content", build.Fields{"encoded": []byte("H")})
	all := encodedContents()
	for _, name := range []string{"A_RCVD", "EREADY", "A_QCONT", "QADD", "QKEY", "QUSE", "QTEST"} {
		cutPieces(g, decodeContent, name, all[name], 1)
		trailing(g, decodeContent, name, all[name])
	}
	trailing(g, decodeContent, "HELLO", tagPiece("H"))
	g.Invalid(decodeContent, "empty", "no bytes", build.Fields{"encoded": []byte{}}, "Truncated", "Truncated")
	for _, t := range []string{"X", "h", "\x00", "Q", "QX", "Qa", "q", "I", "D", "_", "A_MSG"} {
		g.Invalid(decodeContent, fmt.Sprintf("tag-%x", t), "a tag of no content", build.Fields{"encoded": []byte(t)}, "UnknownTag", "UnknownTag")
	}
	for _, name := range []string{"A_RCVD", "QADD", "QKEY", "QUSE", "QTEST"} {
		g.Invalid(decodeContent, name+"/count-0", "a count of 0 and nothing behind it", build.Fields{"encoded": append(joined(all[name][:1]), 0)}, "EmptyList", "NoItems")
		g.Invalid(decodeContent, name+"/count-2", "a count of 2 before one item", build.Fields{"encoded": withPiece(all[name], "count", []byte{2})}, "Truncated", "OtherCount")
		g.Invalid(decodeContent, name+"/two-counted-as-1", "a count of 1 before two items",
			build.Fields{"encoded": joined(pieces(all[name], all[name][2:]))}, "Trailing", "OtherCount")
	}
	for _, letter := range []byte{0, '2', 'T'} {
		g.Invalid(decodeContent, fmt.Sprintf("QADD/option-%02x", letter), fmt.Sprintf("the byte %02x before the replaced queue", letter),
			build.Fields{"encoded": withPiece(all["QADD"], "option", []byte{letter})}, "BadOption", "OtherOption")
	}
	for _, letter := range []byte{0, 1, '1', 't', 'Y'} {
		g.Invalid(decodeContent, fmt.Sprintf("QUSE/primary-%02x", letter), fmt.Sprintf("the byte %02x is no boolean", letter),
			build.Fields{"encoded": withPiece(all["QUSE"], "primary", []byte{letter})}, "BadBoolean", "OtherLetter")
	}
	for _, name := range []string{"A_QCONT", "QADD", "QKEY", "QUSE", "QTEST"} {
		g.Invalid(decodeContent, name+"/no-hosts", "a relay with a count of 0 hosts", build.Fields{"encoded": withoutHosts(all[name])}, "MalformedServer", "NoHosts")
	}
	g.Invalid(decodeContent, "QADD/reversed-versions", "client versions 4 to 3", build.Fields{"encoded": withPiece(all["QADD"], "client-versions", []byte{0, 4, 0, 3})}, "BadVersionRange", "ReversedRange")
	wrongContentKeys(g, "QADD", "dh-key", keys.X448, keys.Ed25519, keys.Ed448)
	wrongContentKeys(g, "QKEY", "dh-key", keys.X448, keys.Ed25519)
	wrongContentKeys(g, "QKEY", "sender-key", keys.X448)
}

// withoutHosts returns the encoding with a count of 0 in the place of the first host.
func withoutHosts(all []piece) []byte {
	var kept []piece
	for i := range all {
		if all[i].name == "count-of-hosts" {
			kept = append(kept, all[:i]...)
			kept = append(kept, piece{"", []byte{0}})
			return joined(append(kept, all[i+3:]...))
		}
	}
	panic("no hosts")
}

// wrongContentKeys adds keys of other algorithms and malformed ones in a place.
func wrongContentKeys(g *build.Group, name, place string, others ...keys.Algorithm) {
	changed := func(der []byte) build.Fields {
		all := encodedContents()[name]
		for i := range all {
			if all[i].name == "length-of-"+place {
				all[i].bytes, all[i+1].bytes = []byte{byte(len(der))}, der
			}
		}
		return build.Fields{"encoded": joined(all)}
	}
	id := name + "/" + place + "-"
	for _, a := range others {
		g.Invalid(decodeContent, id+lower(a), "a key of "+a.String(), changed(spkiOf(a, "agent 1")), "WrongKeyType", "WrongKey")
	}
	der := spkiOf(keys.X25519, "agent queue")
	g.Invalid(decodeContent, id+"empty", "a key of no bytes", changed(nil), "MalformedKey", "MalformedKey")
	g.Invalid(decodeContent, id+"bare", "a bare key without its algorithm", changed(der[12:]), "MalformedKey", "MalformedKey")
	g.Invalid(decodeContent, id+"other-object", "a key of an unknown algorithm", changed(otherObject(der)), "MalformedKey", "MalformedKey")
	g.Invalid(decodeContent, id+"and-a-byte", "a key with a byte behind it", changed(append(der, 0)), "MalformedKey", "MalformedKey")
}

func infoMessage(form string, n int) build.Fields {
	return build.Fields{"message": build.Fields{"type": form, "info": hex.EncodeToString(build.Bytes("agent info", n))}}
}

func numbered(id int64, previous int, content build.Fields) build.Fields {
	return build.Fields{"message": build.Fields{"type": "AgentMessage", "id": strconv.FormatInt(id, 10),
		"previous_hash": hex.EncodeToString(build.Bytes("agent previous", previous)), "content": content}}
}

func reply(n int, queues ...[]piece) build.Fields {
	var encoded []string
	for _, q := range queues {
		encoded = append(encoded, hex.EncodeToString(joined(q)))
	}
	return build.Fields{"message": build.Fields{"type": "AgentConnInfoReply", "queues": encoded, "info": hex.EncodeToString(build.Bytes("agent info", n))}}
}

func agentMessages(f *build.File) {
	g := f.Group("message", "what the ratchet encrypts", encodeMessage, decodeMessage)
	for _, n := range []int{0, 1, 40} {
		g.Valid(fmt.Sprintf("conn-info/%d", n), "connection info", infoMessage("AgentConnInfo", n))
		g.Valid(fmt.Sprintf("ratchet-info/%d", n), "ratchet info", infoMessage("AgentRatchetInfo", n))
	}
	g.Valid("reply/client-4", "a queue that may be secured by its sender", reply(20, queueInfoPieces(4, "M")))
	g.Valid("reply/client-4-contact", "a contact queue", reply(20, queueInfoPieces(4, "C")))
	g.Valid("reply/client-3", "a queue at client version 3", reply(20, queueInfoPieces(3, "T")))
	g.Valid("reply/two-queues", "two queues", reply(20, queueInfoPieces(4, "M"), queueInfoPieces(4, "C")))
	g.Valid("reply/no-info", "no connection info", reply(0, queueInfoPieces(4, "M")))
	for _, c := range allContents() {
		if strings.Contains(c.name, "/") {
			continue // another form of the content before
		}
		g.Valid("numbered/"+c.name, "number, previous hash and content: "+c.what, numbered(2, 32, c.form))
	}
	hello := aMessage("HELLO", nil)
	g.Valid("numbered/first", "no message before", numbered(1, 0, hello))
	g.Valid("numbered/high", "the highest number", numbered(math.MaxInt64, 32, hello))
	g.Valid("numbered/long-hash", "as long a hash as its length allows", numbered(3, 255, hello))
	g.Invalid(encodeMessage, "encode-long-hash", "a previous hash of 256 bytes", numbered(3, 256, hello), "TooLong", "TooLong")
	none := reply(5)
	none["message"].(build.Fields)["queues"] = []string{}
	g.Invalid(encodeMessage, "encode-no-queues", "connection info with an empty list of reply queues", none, "EmptyList", "NoItems")

	start := pieces(tagPiece("M"), []piece{{"number", []byte{0, 0, 0, 0, 0, 0, 0, 2}}}, prefixed("previous-hash", build.Bytes("agent previous", 32)), []piece{{"content", []byte("H")}})
	cutPieces(g, decodeMessage, "numbered", start, 0)
	trailing(g, decodeMessage, "numbered", start)
	for _, t := range []string{"X", "Q", "q", "\x00"} {
		g.Invalid(decodeMessage, fmt.Sprintf("numbered/content-%x", t), "a tag of no content", build.Fields{"encoded": withPiece(start, "content", []byte(t))}, "UnknownTag", "UnknownTag")
	}
	for _, t := range []byte{0, 'm', 'i', 'H', 'C', 'X', '1', 0xff} {
		g.Invalid(decodeMessage, fmt.Sprintf("tag-%02x", t), fmt.Sprintf("the byte %02x announces no message", t), build.Fields{"encoded": withPiece(start, "tag", []byte{t})}, "UnknownTag", "UnknownTag")
	}
	d := pieces(tagPiece("D"), oneItem, queueInfoPieces(4, ""))
	cutPieces(g, decodeMessage, "reply", d, 1)
	g.Invalid(decodeMessage, "reply/count-0", "a count of 0 reply queues", build.Fields{"encoded": []byte("D\x00info")}, "EmptyList", "NoItems")
	g.Invalid(decodeMessage, "reply/count-2", "a count of 2 before one queue", build.Fields{"encoded": withPiece(d, "count", []byte{2})}, "Truncated", "OtherCount")
}
