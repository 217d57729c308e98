package main

import (
	"encoding/json"
	"slices"

	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func ratchetStepKind() *build.File {
	f := build.New("ratchet_step", "single steps of a ratchet from a given state: a message is encrypted, decrypted or refused",
		"The versions in the header are those of SMP; ratchet versions are 2 and 3.",
		"None of the valid tests makes new keys; the kind conversation has those that do.")
	for flag, text := range map[string]string{
		"SkippedMessages":  "Messages come out of order: keys are kept, or one that was kept is used.",
		"LaterFields":      "The header has bytes behind its last field. They are ignored, so that later versions can add fields.",
		"NoSendingChain":   "The initiating side encrypts before it received anything.",
		"TooLong":          "Content does not fit the padded length.",
		"DuplicateMessage": "The message is the one that was received last.",
		"EarlierMessage":   "The message was received before the last one, and its key is gone.",
		"TooManySkipped":   "More than 512 messages are missing before the message.",
		"OtherRatchet":     "The message was not made for this side of this ratchet.",
		"ChangedMessage":   "The message was changed on its way.",
		"EndsEarly":        "The message lacks its end.",
		"OtherKemState":    "The message has a KEM ciphertext, and no key was sent for it.",
	} {
		f.Flag(flag, text)
	}
	encryptSteps(f)
	decryptSteps(f)
	return f
}

// talkResult is what comes of a step of a conversation.
type talkResult struct {
	Message vectors.Hex     `json:"message"`
	State   json.RawMessage `json:"state"`
}

// results lets the codec do the steps.
func (t *talk) results() (results []talkResult, initiating json.RawMessage) {
	answer := ratchetAnswer("ratchet_conversation", t.inputs)
	if err := json.Unmarshal(answer["results"], &results); err != nil {
		panic(err)
	}
	return results, answer["initiating_state"]
}

func encryptSteps(f *build.File) {
	g := f.Group("encrypt", "one message", "ratchet_encrypt")
	t := newTalk(conversationPlan{id: "step/encrypt", version: 3, joiningMax: 3, initiatingMax: 3})
	first := t.send(joiner)
	results, initiating := t.results()
	inputs := func(state json.RawMessage, content, length int) build.Fields {
		return build.Fields{"state": state, "content": build.Bytes("ratchet_step/content", content), "padded_length": length, "pq": nil, "supported": 0}
	}
	state := results[first].State
	g.Valid("padded", "content with padding", inputs(state, 20, 64))
	g.Valid("full", "content that fills the padded length", inputs(state, 62, 64))
	g.Valid("empty", "no content", inputs(state, 0, 2))
	g.Invalid("ratchet_encrypt", "nothing-received", "the initiating side at the start", inputs(initiating, 20, 64), "NoSendingChain", "NoSendingChain")
	for id, lengths := range ratchetSorted(map[string][2]int{"63-in-64": {63, 64}, "64-in-64": {64, 64}, "0-in-1": {0, 1}}) {
		g.Invalid("ratchet_encrypt", id, "content that is too long", inputs(state, lengths[0], lengths[1]), "TooLong", "TooLong")
	}
}

func decryptSteps(f *build.File) {
	g := f.Group("decrypt", "one message", "ratchet_decrypt")
	t := newTalk(conversationPlan{id: "step/decrypt", version: 2, joiningMax: 2})
	t.supported = map[string]int{joiner: 2, initiator: 2}
	var sent []int
	for range 5 {
		sent = append(sent, t.send(joiner))
	}
	t.get(initiator, sent[0])
	one := len(t.steps) - 1
	t.get(initiator, sent[3])
	ahead := len(t.steps) - 1
	t.get(initiator, sent[2])
	back := len(t.steps) - 1
	own := t.send(initiator)
	t.drop(joiner, 509)
	far := t.send(joiner)
	results, initiating := t.results()
	message := func(i int) []byte { return results[sent[i]].Message }
	inputs := func(after int, message []byte) build.Fields {
		return build.Fields{"state": results[after].State, "new_keys": nil, "message": message}
	}
	g.Valid("next", "the next message of the chain", inputs(one, message(1)))
	g.Valid("ahead", "two messages are missing before it", inputs(one, message(3)), "SkippedMessages")
	g.Valid("skipped", "a message that was missing", inputs(ahead, message(2)), "SkippedMessages")
	g.Valid("after-skipped", "the next message of the chain, one from before is still missing", inputs(back, message(4)), "SkippedMessages")

	g.Valid("later-fields", "bytes that a later version put behind the header, within its padded length", inputs(one, laterMessage(results[one].State)), "LaterFields")

	refuse := func(id, what string, inputs build.Fields, class, flag string) {
		g.Invalid("ratchet_decrypt", id, what, inputs, class, flag)
	}
	refuse("duplicate-first", "the first message again", inputs(one, message(0)), "DuplicateMessage", "DuplicateMessage")
	refuse("duplicate-ahead", "a message that came ahead of others, again", inputs(ahead, message(3)), "DuplicateMessage", "DuplicateMessage")
	refuse("earlier", "the first message after a later one", inputs(ahead, message(0)), "EarlierMessage", "EarlierMessage")
	refuse("earlier-skipped", "a message that had been missing, again", inputs(back, message(2)), "EarlierMessage", "EarlierMessage")
	refuse("513-missing", "513 messages are missing", inputs(one, results[far].Message), "TooManySkipped", "TooManySkipped")
	refuse("own", "the side's own message", inputs(back, results[own].Message), "RefusedHeader", "OtherRatchet")
	other := newTalk(conversationPlan{id: "step/other", version: 2, joiningMax: 2})
	other.supported[joiner] = 2
	other.send(joiner)
	others, otherInitiating := other.results()
	refuse("other", "a message of another ratchet", inputs(one, others[0].Message), "RefusedHeader", "OtherRatchet")
	refuse("other-start", "the first message of another ratchet, nothing was received before",
		build.Fields{"state": initiating, "new_keys": nil, "message": others[0].Message}, "RefusedHeader", "OtherRatchet")
	refuse("start-second", "the ratchet of another conversation at its start",
		build.Fields{"state": otherInitiating, "new_keys": nil, "message": message(1)}, "RefusedHeader", "OtherRatchet")

	b := message(1)
	for id, at := range ratchetSorted(map[string]int{"iv": 3, "header-tag": 19, "header-body": 123}) {
		refuse("changed-"+id, "a bit was changed: "+id, inputs(one, flippedBit(b, at)), "RefusedHeader", "ChangedMessage")
	}
	for id, at := range ratchetSorted(map[string]int{"tag": 124, "body": 140, "body-end": -1}) {
		refuse("changed-"+id, "a bit was changed: "+id, inputs(one, flippedBit(b, at)), "RefusedBody", "ChangedMessage")
	}
	refuse("changed-skipped", "a bit of the body of a message that was missing was changed", inputs(ahead, flippedBit(message(2), -1)), "RefusedBody", "ChangedMessage")
	refuse("longer", "a byte behind the body", inputs(one, append(slices.Clone(b), '#')), "RefusedBody", "ChangedMessage")
	refuse("shorter", "the body lacks its last byte", inputs(one, b[:len(b)-1]), "RefusedBody", "EndsEarly")
	refuse("other-body", "the header of one message with the body of the next", inputs(one, append(slices.Clone(b[:124]), message(2)[124:]...)), "RefusedBody", "ChangedMessage")
	for id, length := range ratchetSorted(map[string]int{"nothing": 0, "in-header": 60, "in-tag": 130}) {
		refuse("cut-"+id, "the message ends early", inputs(one, b[:length]), "MalformedMessage", "EndsEarly")
	}
	refuseKemState(g)
}

// laterMessage is the next message of the receiving chain of a state, with two more bytes
// in its header than version 2 has.
func laterMessage(state json.RawMessage) []byte {
	var s struct {
		AssociatedData vectors.Hex `json:"ad"`
		Number         uint32      `json:"nr"`
		Receive        struct {
			ChainKey  vectors.Hex `json:"chain_key"`
			HeaderKey vectors.Hex `json:"header_key"`
		} `json:"rcv"`
	}
	if err := json.Unmarshal(state, &s); err != nil {
		panic(err)
	}
	keys := ratchetAnswer("ratchet_chain_kdf", build.Fields{"chain_key": s.Receive.ChainKey})
	header := ratchetBytes(ratchetAnswer("encode_ratchet_header", build.Fields{
		"version": 2, "max_version": 2, "dh_public": ratchetX448("ratchet_step/later").Public().Raw(), "kem": nil,
		"previous_count": 0, "number": s.Number,
	}), "header")
	header = append(header, 1, 2)
	iv := ratchetBytes(keys, "header_iv")
	body, tag := gcmSeal(s.Receive.HeaderKey, iv, s.AssociatedData, padTo(header, len(header), 88))
	encrypted := ratchetBytes(ratchetAnswer("encode_encrypted_header", build.Fields{
		"version": 2, "header_iv": iv, "header_tag": tag, "header_body": body,
	}), "encrypted_header")
	return ratchetBytes(ratchetAnswer("encrypt_ratchet_message", build.Fields{
		"message_key": keys["message_key"], "message_iv": keys["message_iv"], "associated_data": s.AssociatedData,
		"encrypted_header": encrypted, "content": []byte("a later version"), "padded_length": 64,
	}), "message")
}

// refuseKemState adds a message with a KEM ciphertext for a side that has no KEM key.
func refuseKemState(g *build.Group) {
	t := newTalk(conversationPlan{id: "step/kem", version: 3, joiningMax: 3, initiatingMax: 3, joining: true, initiating: true, support: true})
	t.send(joiner)
	results, initiating := t.results()
	var state map[string]any
	if err := json.Unmarshal(initiating, &state); err != nil {
		panic(err)
	}
	state["kem"] = nil
	g.Invalid("ratchet_decrypt", "kem-state", "a KEM ciphertext comes, and no key was sent for it",
		build.Fields{"state": state, "new_keys": nil, "message": results[0].Message}, "KemState", "OtherKemState")
}
