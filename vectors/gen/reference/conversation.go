package main

import (
	"fmt"

	"smpcheck/reference/ratchet"
	"smpcheck/vectors"
	"smpcheck/vectors/gen/build"
)

func conversations() *build.File {
	f := build.New("conversation", "conversations of two ratchets from the key agreement on, with the state after each step",
		"The versions in the header are those of SMP; ratchet versions are 2 and 3.",
		"The steps hold the keys that ratchet steps make, so that an implementation whose random numbers cannot be chosen for the start begins with the two states (ratchet_steps).",
		"A test is valid although steps in it are refused: their results have the class of the error and the state from before.",
		"Real messages are padded to 13618 bytes and more; here to 64.")
	for flag, text := range map[string]string{
		"SkippedMessages":  "Messages come out of order: the keys of those that are missing are kept.",
		"DuplicateMessage": "A message comes again and is refused: as the last one, as an earlier one, or because its chain is over.",
		"TooManySkipped":   "More than 512 messages are missing before one.",
		"NoSendingChain":   "The initiating side encrypts before it received anything, and cannot.",
		"TooLong":          "Content does not fit the padded length; the step does not count.",
		"Upgrade":          "The ratchet begins with version 2 and rises to 3.",
		"KemOn":            "The KEM is turned on during the conversation.",
		"KemOff":           "The KEM is turned off during the conversation.",
		"KemAccepted":      "The KEM is there from the start.",
		"ChangedMessage":   "Messages are changed on their way and refused.",
		"KeepsState":       "A message that is refused behind its authentic header changes nothing, so that the true one decrypts after it. The official implementation counts it as received and refuses the true one.",
	} {
		f.Flag(flag, text)
	}
	g := f.Group("conversation", "one conversation each", "ratchet_conversation", "ratchet_steps")
	for _, c := range conversationList {
		t := newTalk(c)
		c.talk(t)
		g.Valid(c.id, c.what, t.inputs, c.flags...)
	}
	return f
}

// talk is a conversation whose steps are being written down.
type talk struct {
	inputs    build.Fields
	states    map[string]ratchet.State
	keys      map[string]ratchet.Keys
	supported map[string]int // the highest version that a side announces, 0 for the highest that there is
	steps     []map[string]any
	messages  map[int][]byte
}

// Names of the two sides.
const joiner, initiator = "joining", "initiating"

// newTalk starts a conversation as the operation ratchet_conversation does.
func newTalk(c conversationPlan) *talk {
	name, version := c.id, c.version
	initiatingMax := max(c.version, c.initiatingMax)
	seeds := map[string][]byte{joiner: build.Bytes("conversation/joining/"+name, 32), initiator: build.Bytes("conversation/initiating/"+name, 32)}
	stream := ratchet.NewKeys(build.Random(string(seeds[joiner])))
	own := ratchetMust(ratchet.Propose(ratchet.NewKeys(build.Random(string(seeds[initiator]))), version, c.initiating))
	reply := ratchetMust(ratchet.Reply(stream, own.Public(version), c.joining))
	return &talk{
		inputs: build.Fields{
			"version": version, "joining_seed": seeds[joiner], "initiating_seed": seeds[initiator], "joining_pq": c.joining, "initiating_pq": c.initiating,
			"joining_max": c.joiningMax, "initiating_max": initiatingMax, "initiating_support": c.support, "steps": []any{},
		},
		states: map[string]ratchet.State{
			joiner:    ratchetMust(ratchet.InitSender(stream, reply, own.Public(version), c.joiningMax)),
			initiator: ratchetMust(ratchet.InitReceiver(own, reply.Public(version), initiatingMax, c.support)),
		},
		keys: map[string]ratchet.Keys{
			joiner: ratchet.NewKeys(build.Random("conversation/keys/joining/" + name)), initiator: ratchet.NewKeys(build.Random("conversation/keys/initiating/" + name)),
		},
		supported: map[string]int{}, messages: map[int][]byte{},
	}
}

// add writes a step down and returns its number.
func (t *talk) add(who, do string, fields map[string]any) int {
	step := map[string]any{
		"who": who, "do": do, "content": "", "padded_length": 0, "pq": nil, "supported": 0, "count": 0,
		"message_of": nil, "changed_at": nil, "cut_to": nil, "new_keys": nil,
	}
	for name, value := range fields {
		step[name] = value
	}
	t.steps = append(t.steps, step)
	t.inputs["steps"] = t.steps
	return len(t.steps) - 1
}

// send encrypts a message, with a wish for the KEM if there is one.
func (t *talk) send(who string, pq ...bool) int {
	content := fmt.Appendf(nil, "step %d of the conversation, %s", len(t.steps), who)
	supported := t.supported[who]
	if t.states[who].Version >= ratchet.PQVersion || len(pq) > 0 {
		supported = 0 // then it is at least version 3
	}
	fields := map[string]any{"content": vectors.Hex(content), "padded_length": 64, "supported": supported}
	o := ratchet.Options{Supported: uint16(supported)}
	if len(pq) > 0 {
		fields["pq"] = pq[0]
		o.PQ = map[bool]ratchet.PQEncryption{true: ratchet.PQOn, false: ratchet.PQOff}[pq[0]]
	}
	message, next, err := t.states[who].Encrypt(content, 64, o)
	if err != nil {
		panic(err)
	}
	t.states[who] = next
	n := t.add(who, "encrypt", fields)
	t.messages[n] = message
	return n
}

// sendRefused encrypts content of a length that cannot be encrypted.
func (t *talk) sendRefused(who string, length int) {
	t.add(who, "encrypt", map[string]any{"content": vectors.Hex(make([]byte, length)), "padded_length": 64, "supported": t.supported[who]})
}

// drop makes messages that nobody gets.
func (t *talk) drop(who string, count int) {
	for range count {
		_, next, err := t.states[who].EncryptHeader(ratchet.Options{Supported: uint16(t.supported[who])})
		if err != nil {
			panic(err)
		}
		t.states[who] = next
	}
	t.add(who, "drop", map[string]any{"count": count, "supported": t.supported[who]})
}

// get decrypts the messages of steps.
func (t *talk) get(who string, steps ...int) {
	for _, n := range steps {
		before := t.states[who]
		_, next, err := before.Decrypt(t.keys[who], t.messages[n])
		if err != nil {
			panic(err)
		}
		t.states[who] = next
		fields := map[string]any{"message_of": n}
		if string(before.DHSelf.Raw()) != string(next.DHSelf.Raw()) {
			fields["new_keys"] = map[string]any{"dh_private": vectors.Hex(next.DHSelf.Raw()), "kem": kemOf(next.KEM)}
		}
		t.add(who, "decrypt", fields)
	}
}

// kemOf is the state of the KEM in the form of the vectors.
func kemOf(k *ratchet.KEM) any {
	if k == nil {
		return nil
	}
	var accepted any
	if a := k.Accepted; a != nil {
		accepted = map[string]any{"ciphertext": vectors.Hex(a.Ciphertext), "received_public": vectors.Hex(a.ReceivedPublic), "shared": vectors.Hex(a.Shared[:])}
	}
	return map[string]any{"self": map[string]any{"public": vectors.Hex(k.Self.Public), "secret": vectors.Hex(k.Self.Secret)}, "accepted": accepted}
}

// refused decrypts messages that are refused as they are.
func (t *talk) refused(who string, steps ...int) {
	for _, n := range steps {
		t.add(who, "decrypt", map[string]any{"message_of": n})
	}
}

// changed decrypts a message with a bit of a byte changed; the last one has the number -1.
func (t *talk) changed(who string, step, at int) {
	if at < 0 {
		at += len(t.messages[step])
	}
	t.add(who, "decrypt", map[string]any{"message_of": step, "changed_at": at})
}

// cut decrypts the first bytes of a message.
func (t *talk) cut(who string, step, length int) {
	t.add(who, "decrypt", map[string]any{"message_of": step, "cut_to": length})
}

// turns lets both sides send and receive a message, some times.
func (t *talk) turns(times int, pq ...bool) {
	for range times {
		t.get(initiator, t.send(joiner, pq...))
		t.get(joiner, t.send(initiator, pq...))
	}
}
