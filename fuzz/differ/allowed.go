package differ

import (
	"slices"
	"strings"
)

// allowance is a set of answers between which a relay may choose.
type allowance struct {
	// commands are tags; none is every command and what is no transmission.
	commands []string
	// sent is what the relay must see, as exchange.sent has it; none is everything.
	sent []string
	// answers are the set. A star at the end stands for any continuation.
	answers []string
	// reason says why the choice is the relay's.
	reason string
}

// allowances are the choices that the documents leave open, or that documents and official
// implementation decide differently.
var allowances = []allowance{
	{
		sent:    []string{brokenBlock},
		answers: []string{"ERR BLOCK", closed, nothing},
		reason:  "nobody can read it; closing the connection, ERR BLOCK and silence are all in use",
	},
	{
		sent:    []string{malformedBlock},
		answers: []string{"ERR BLOCK", closed},
		reason:  "SMP, \"Error responses\" has ERR BLOCK, and does not say which defects allow the session to go on",
	},
	{
		sent:    []string{"BLOCK"},
		answers: []string{"ERR BLOCK", closed},
		reason:  "one malformed transmission in a block: the same choice",
	},
	{
		sent:    []string{"SESSION"},
		answers: []string{"ERR SESSION", "ERR BLOCK", closed},
		reason:  "SMP says that the session id must be checked, and names an error without saying when the connection ends",
	},
	{
		sent:    []string{keyUnread},
		answers: []string{"PONG", closed},
		reason:  "SMP, \"Transport handshake\": the key in a hello is optional and what follows is ignored; what is no key may be either",
	},
	{
		commands: []string{"SUB"},
		answers:  []string{"OK", "MSG *"},
		reason:   "SMP, \"Subscribe to queue\": the first message or SOK; the official relay sends both, in two transmissions",
	},
	{
		commands: []string{"ACK"},
		answers:  []string{"ERR NO_MSG", "ERR CMD PROHIBITED"},
		reason:   "SMP, \"Acknowledge message delivery\" has NO_MSG, \"Error responses\" PROHIBITED for ACK without a delivered message",
	},
	{
		commands: []string{"ACK"},
		answers:  []string{"OK", "MSG *"},
		reason:   "whether ACK after GET delivers the next message is left open",
	},
	{
		commands: []string{"KEY", "SKEY"},
		answers:  []string{"OK", "ERR AUTH"},
		reason:   "securing a queue again, or one that the sender cannot secure, has no answer in the text",
	},
	{
		commands: []string{"GET", "SUB"},
		answers:  []string{"ERR CMD PROHIBITED", "OK", "MSG *"},
		reason:   "SMP forbids GET and SUB of a queue on one connection and leaves open for how long",
	},
	{
		commands: []string{"SEND"},
		answers:  []string{"OK", "ERR QUOTA"},
		reason:   "how many messages a queue keeps is the relay's choice, and whether the marker of a full queue takes a place",
	},
	{
		commands: []string{"QUE"},
		answers:  []string{"INFO *"},
		reason:   "SMP, \"Get queue state\" leaves what INFO tells to the implementation",
	},
	{
		commands: []string{"RKEY"},
		answers:  []string{"OK", "ERR AUTH", "ERR CMD PROHIBITED"},
		reason:   "which queues take new recipient keys is not in the text",
	},
	{
		commands: []string{"PRXY"},
		answers:  []string{"PKEY", "ERR PROXY *", "ERR CMD PROHIBITED", "ERR AUTH"},
		reason:   "for whom and to whom a relay forwards is its own choice",
	},
	{
		commands: []string{"PFWD"},
		answers:  []string{"PRES *", "ERR PROXY *"},
		reason:   "the same choice, when the session has ended",
	},
	{
		commands: []string{"RSLV"},
		answers:  []string{"RNAME *", "ERR NAME *", "ERR CMD UNKNOWN", "ERR AUTH"},
		reason:   "whether a relay resolves names is its own choice",
	},
	{
		commands: []string{"SUBS", "NSUBS"},
		answers:  []string{"ERR SERVICE", "ERR CMD PROHIBITED", "ERR CMD NO_AUTH", "ERR AUTH"},
		reason:   "a client without a service certificate is refused, with an error that the text does not name",
	},
}

// late are the events that relays send from periodic tasks, up to 15 seconds after their
// cause; they are no part of what has been delivered when everything has settled.
var late = []string{"END", "ENDS", "DELD", "NMSG", "ALLS"}

// lacking is the choice not to have what came with a later version, nor algorithms that the
// documents do not ask for.
var lacking = allowance{
	reason: "a relay need not have commands of later versions, nor keys other than Ed25519 and, from version 7, X25519",
}

// troubles are answers that no relay may give in the place of a refusal.
var troubles = []string{"ERR INTERNAL", "ERR STORE", nothing, closed, undecoded}

// mayLack reports whether one of two answers says that a relay lacks what the other one has,
// or refuses for another reason.
func mayLack(a, b *exchange) bool {
	lacks := func(e *exchange) bool { return slices.Contains(e.lacks, e.answer) }
	fails := func(e *exchange) bool {
		return slices.ContainsFunc(troubles, func(t string) bool { return strings.HasPrefix(e.answer, t) })
	}
	return lacks(a) && !fails(b) || lacks(b) && !fails(a)
}

// allowed returns the choice that both answers are in, nil if there is none.
func allowed(a, b *exchange) *allowance {
	for i := range allowances {
		if allowances[i].covers(a, b) {
			return &allowances[i]
		}
	}
	if mayLack(a, b) {
		return &lacking
	}
	return nil
}

func (c *allowance) covers(a, b *exchange) bool {
	if len(c.commands) > 0 && !slices.Contains(c.commands, a.command) || len(c.sent) > 0 && !slices.Contains(c.sent, a.sent) {
		return false
	}
	// A choice between two messages is none: which one comes is not left open.
	return c.has(a.answer) && c.has(b.answer) && !(isMessage(a.answer) && isMessage(b.answer))
}

func isMessage(answer string) bool { return strings.HasPrefix(answer, "MSG ") }

// has reports whether an answer is in the set.
func (c *allowance) has(answer string) bool {
	return slices.ContainsFunc(c.answers, func(pattern string) bool {
		if prefix, open := strings.CutSuffix(pattern, "*"); open {
			return strings.HasPrefix(answer, prefix)
		}
		return answer == pattern
	})
}
