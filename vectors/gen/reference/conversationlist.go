package main

// conversationPlan is how a conversation starts and what is said.
type conversationPlan struct {
	id, what                           string
	version, joiningMax, initiatingMax uint16 // the last one is version if it is not given
	joining, initiating                bool   // whether they accept or propose the KEM
	support                            bool   // whether the ratchet of the initiating side supports it
	flags                              []string
	talk                               func(t *talk)
}

// conversationList are all conversations of the kind.
var conversationList = []conversationPlan{
	{
		id: "v2", what: "version 2, several messages at a time", version: 2, joiningMax: 2,
		talk: func(t *talk) {
			t.supported = map[string]int{joiner: 2, initiator: 2}
			for range 2 {
				t.get(initiator, t.send(joiner), t.send(joiner))
				t.get(joiner, t.send(initiator), t.send(initiator))
			}
		},
	},
	{
		id: "v3", what: "version 3 without KEM, several messages at a time", version: 3, joiningMax: 3,
		talk: func(t *talk) {
			for range 2 {
				t.get(initiator, t.send(joiner), t.send(joiner))
				t.get(joiner, t.send(initiator), t.send(initiator))
			}
		},
	},
	{
		id: "upgrade", what: "both sides know version 3 and begin with 2", version: 2, joiningMax: 3, initiatingMax: 3, flags: []string{"Upgrade"},
		talk: func(t *talk) {
			t.supported = map[string]int{joiner: 3, initiator: 3}
			t.turns(3)
		},
	},
	{
		id: "upgrade-one-side", what: "the initiating side knows only version 2 at first", version: 2, joiningMax: 3, initiatingMax: 2, flags: []string{"Upgrade"},
		talk: func(t *talk) {
			t.supported = map[string]int{joiner: 3, initiator: 2}
			t.turns(2)
			t.supported[initiator] = 3
			t.turns(2)
		},
	},
	{
		id: "upgrade-kem", what: "begins with version 2 and wants the KEM: it comes with version 3", version: 2, joiningMax: 3, initiatingMax: 3, flags: []string{"Upgrade", "KemOn"},
		talk: func(t *talk) {
			t.supported = map[string]int{joiner: 3, initiator: 3}
			t.turns(3, true)
		},
	},
	{
		id: "kem", what: "the KEM is accepted at the start", version: 3, joiningMax: 3, joining: true, initiating: true, support: true, flags: []string{"KemAccepted"},
		talk: func(t *talk) { t.turns(2) },
	},
	{
		id: "kem-proposed", what: "the joining side proposes the KEM at the start, the other one accepts it in its ratchet", version: 3, joiningMax: 3, joining: true, support: true, flags: []string{"KemOn"},
		talk: func(t *talk) {
			t.turns(2)
		},
	},
	{
		id: "kem-on", what: "the KEM is turned on by both sides", version: 3, joiningMax: 3, flags: []string{"KemOn"},
		talk: func(t *talk) {
			t.turns(1)
			t.turns(3, true)
		},
	},
	{
		id: "kem-off", what: "the KEM is turned off by both sides", version: 3, joiningMax: 3, joining: true, initiating: true, support: true, flags: []string{"KemAccepted", "KemOff"},
		talk: func(t *talk) {
			t.turns(1)
			t.turns(2, false)
			t.turns(1)
		},
	},
	{
		id: "out-of-order", what: "messages of one chain in another order, and some of them again", version: 3, joiningMax: 3, flags: []string{"SkippedMessages", "DuplicateMessage"},
		talk: func(t *talk) {
			first, second, third, fourth := t.send(joiner), t.send(joiner), t.send(joiner), t.send(joiner)
			t.get(initiator, third, first)
			t.refused(initiator, third, first)
			t.get(initiator, fourth, second)
			t.refused(initiator, fourth, second)
			t.get(joiner, t.send(initiator))
		},
	},
	{
		id: "over-steps", what: "messages that come after the ratchet steps that followed them", version: 2, joiningMax: 2, flags: []string{"SkippedMessages", "DuplicateMessage"},
		talk: func(t *talk) {
			t.supported = map[string]int{joiner: 2, initiator: 2}
			first, late, last := t.send(joiner), t.send(joiner), t.send(joiner)
			t.get(initiator, first)
			t.get(joiner, t.send(initiator))
			next, lateToo := t.send(joiner), t.send(joiner)
			t.get(initiator, lateToo, late)
			t.get(joiner, t.send(initiator))
			t.get(initiator, t.send(joiner), last, next)
			t.refused(initiator, late, next, first)
		},
	},
	{
		id: "changed", what: "changed messages are refused, the next one decrypts", version: 3, joiningMax: 3, flags: []string{"ChangedMessage", "KeepsState", "SkippedMessages"},
		talk: func(t *talk) {
			t.get(initiator, t.send(joiner))
			first, second, third := t.send(joiner), t.send(joiner), t.send(joiner)
			t.changed(initiator, first, 4)   // IV of the header
			t.changed(initiator, first, 125) // the encrypted header
			t.changed(initiator, first, 126) // tag of the body
			t.changed(initiator, second, -1) // the body
			t.cut(initiator, second, 141)    // within the tag
			t.get(initiator, third)
			t.changed(initiator, second, -1) // now the key is one that was kept
			t.get(initiator, first, second)
		},
	},
	{
		id: "changed-kem", what: "the first message of a chain is changed: no ratchet step is made; the true one makes it", version: 3, joiningMax: 3, joining: true, initiating: true, support: true,
		flags: []string{"ChangedMessage", "KeepsState", "KemAccepted"},
		talk: func(t *talk) {
			first := t.send(joiner)
			t.changed(initiator, first, -1)
			t.get(initiator, first)
			reply := t.send(initiator)
			t.changed(joiner, reply, 2348) // tag of the body
			t.get(joiner, reply)
		},
	},
	{
		id: "too-many", what: "513 messages are missing", version: 3, joiningMax: 3, flags: []string{"TooManySkipped"},
		talk: func(t *talk) {
			t.get(initiator, t.send(joiner))
			before := t.send(joiner)
			t.drop(joiner, 512)
			after := t.send(joiner)
			t.refused(initiator, after)
			t.get(initiator, before)
			t.drop(joiner, 1)
			t.refused(initiator, t.send(joiner))
		},
	},
	{
		id: "not-sent", what: "what cannot be sent does not count", version: 3, joiningMax: 3, flags: []string{"NoSendingChain", "TooLong"},
		talk: func(t *talk) {
			t.sendRefused(initiator, 10)
			t.sendRefused(joiner, 63)
			t.get(initiator, t.send(joiner))
			t.sendRefused(initiator, 63)
			t.get(joiner, t.send(initiator))
		},
	},
}
