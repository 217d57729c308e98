package relaycases

import (
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/timing"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// How much is measured. One sample is a block with several commands, which makes the
// difference between two commands as many times larger.
const (
	timedBatch   = 8
	timedSamples = 200
	warmUp       = 10
	// fewSamples are taken if a sample takes longer than slowSample: they prove large
	// effects alone. A relay of which all samples take longer than farSample, at time scale
	// 1, is too far away.
	fewSamples = 50
	slowSample = 5 * time.Millisecond
	farSample  = 20 * time.Millisecond
	// largeDifference is how much a sample differs at least where a single one tells a
	// stranger that a queue exists.
	largeDifference = timedBatch * 250 * time.Microsecond
)

// Whether a queue exists must not be seen in the time of an answer. The relay is asked to
// execute a command for ids of its own and for random ones, both in one random order and
// both with a key that is not good for it. The cases run alone: others would be heard in
// their times.
var timingCases = []conformance.Case{
	secrecyCase("sub", "SUB with a wrong key", &timedCommand{
		arrange: recipientOf,
		command: func(keys.PublicKey) smp.Command { return smp.SUB{} },
	}),
	secrecyCase("key", "KEY with a wrong key", &timedCommand{
		arrange: recipientOf,
		command: func(key keys.PublicKey) smp.Command { return smp.KEY{SenderKey: key} },
	}),
	secrecyCase("ack", "ACK with a wrong key", &timedCommand{
		arrange: recipientOf,
		command: func(keys.PublicKey) smp.Command { return smp.ACK{MsgID: make([]byte, smp.CorrelationIDSize)} },
	}),
	secrecyCase("send", "SEND with a wrong key to a secured queue", &timedCommand{
		arrange: securedSender(),
		command: func(keys.PublicKey) smp.Command { return smp.SEND{Body: make([]byte, 100)} },
	}),
	secrecyCase("skey", "SKEY for a queue that another has secured", &timedCommand{
		versions: from(smp.VersionSenderKeys),
		arrange:  securedSender(probe.SenderCanSecure),
		command:  func(key keys.PublicKey) smp.Command { return smp.SKEY{SenderKey: key} },
	}),
	secrecyCase("nsub", "NSUB with a wrong key", &timedCommand{
		arrange: notifierOf,
		command: func(keys.PublicKey) smp.Command { return smp.NSUB{} },
	}),
	secrecyCase("lkey", "LKEY for an invitation that another has used", &timedCommand{
		versions: from(smp.VersionShortLinks),
		arrange:  usedInvitation,
		command:  func(key keys.PublicKey) smp.Command { return smp.LKEY{SenderKey: key} },
	}),
	should(timedCase("send-unsecured", "SEND with an authorization to an unsecured queue", &timedCommand{
		arrange: func(owner *probe.Conn, _ keys.PrivateKey) []byte { return owner.NewQueue(probe.OnlyCreate).SenderID },
		command: func(keys.PublicKey) smp.Command { return smp.SEND{Body: make([]byte, 100)} },
	}, "SMP-AUTH-TIMING")),
}

// timedCommand is a command whose refusal is timed.
type timedCommand struct {
	versions wire.VersionRange
	// arrange makes what the command is for, with a key that is good for it, and returns
	// its id.
	arrange func(owner *probe.Conn, key keys.PrivateKey) []byte
	// command is what is sent with the given key, which is not good for it.
	command func(key keys.PublicKey) smp.Command
}

// recipientOf makes a queue with a key of its recipient.
func recipientOf(owner *probe.Conn, key keys.PrivateKey) []byte {
	return owner.NewQueueWithKey(key, probe.OnlyCreate).RecipientID
}

// securedSender makes queues with a key of their sender.
func securedSender(options ...probe.QueueOption) func(*probe.Conn, keys.PrivateKey) []byte {
	return func(owner *probe.Conn, key keys.PrivateKey) []byte {
		q := owner.NewQueue(append(options, probe.OnlyCreate)...)
		q.Recipient(owner, smp.KEY{SenderKey: key.Public()}).Require(smp.OK{})
		return q.SenderID
	}
}

// notifierOf makes a queue with a notifier.
func notifierOf(owner *probe.Conn, key keys.PrivateKey) []byte {
	q := owner.NewQueue(probe.OnlyCreate)
	request, _ := q.NotifierRequest(key.Algorithm())
	return probe.RequireA[smp.NID](q.Recipient(owner, smp.NKEY{NotifierKeys: request})).NotifierID
}

// usedInvitation makes an invitation, and uses it.
func usedInvitation(owner *probe.Conn, key keys.PrivateKey) []byte {
	l := owner.NewLinkedQueue(smp.Messaging, probe.OnlyCreate)
	owner.Take(l.LinkID, key).Require(l.LNK())
	return l.LinkID
}

// secrecyCase is a timedCase that fails if a single answer tells that a queue exists.
func secrecyCase(name, title string, m *timedCommand) conformance.Case {
	return claim(timedCase(name, title, m, "CLAIM-HISTORY-AUTH-TIMING", "SMP-AUTH-TIMING"))
}

func timedCase(name, title string, m *timedCommand, requirements ...string) conformance.Case {
	return conformance.Case{
		ID:           "relay/timing/" + name,
		Title:        title + " takes as long as for an unknown id",
		Requirements: requirements,
		Versions:     m.versions,
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			for _, pair := range timedPairs(t) {
				m.run(t, title, pair)
			}
		},
	}
}

// keyPair is the algorithm of the key that a queue has, and of that which a stranger uses.
type keyPair struct{ queue, stranger keys.Algorithm }

func (p keyPair) String() string { return fmt.Sprintf("%v against a key of %v", p.stranger, p.queue) }

// timedPairs are the pairs at the version: one algorithm, and from version 7 also two, where
// nothing fits that could be verified.
func timedPairs(t *T) []keyPair {
	if t.Version() < smp.VersionAuthenticators {
		return []keyPair{{keys.Ed25519, keys.Ed25519}}
	}
	return []keyPair{{keys.X25519, keys.X25519}, {keys.X25519, keys.Ed25519}}
}

// run measures with one pair of algorithms. The stranger has a connection of its own, on
// which no key of the queues was ever good.
func (m *timedCommand) run(t *T, title string, pair keyPair) {
	owner, stranger := probe.Dial(t), probe.Dial(t)
	known := make([][]byte, timedBatch)
	for i := range known {
		known[i] = m.arrange(owner, probe.NewKey(t, pair.queue))
	}
	key := probe.NewKey(t, pair.stranger)
	sample := func(exists bool) time.Duration {
		trs := make([]smp.Transmission, timedBatch)
		for i, id := range known {
			if !exists {
				id = t.Fresh().Bytes(len(id))
			}
			trs[i] = stranger.Transmission(id, key, m.command(key.Public()))
		}
		took, answers := stranger.Time(trs...)
		for _, a := range answers {
			if !isError(a) {
				probe.Blocked(t, "%s is not refused: %s", title, a)
			}
		}
		return took
	}
	c := compareTimes(t, sample)
	t.Record(conformance.Note, fmt.Sprintf("%s: unknown and known: %s", pair, c), nil)
	expected := fmt.Sprintf("%s (%s) takes as long as for an unknown id", title, pair)
	actual := fmt.Sprintf("blocks of %d for unknown ids, and for known ones: %s", timedBatch, c)
	switch c.Effect(largeDifference) {
	case timing.Large:
		t.Fail(expected, actual)
	case timing.Noticed:
		t.Nonstrict(expected, actual)
	}
}

// compareTimes compares samples without and with queues that exist, after some that do not
// count.
func compareTimes(t *T, sample func(exists bool) time.Duration) timing.Comparison {
	unknown, known := takeSamples(t, warmUp, sample)
	n := timedSamples
	c := timing.Compare(unknown, known)
	if nearest := min(c.X, c.Y); nearest > t.Timeout(farSample) {
		t.Skip(fmt.Sprintf("answers take %v, too long to compare the times of many", nearest.Round(time.Millisecond)))
	}
	if max(c.X, c.Y) > slowSample {
		n = fewSamples
	}
	return timing.Compare(takeSamples(t, n, sample))
}

// takeSamples takes n samples of each kind, in random order.
func takeSamples(t *T, n int, sample func(exists bool) time.Duration) (unknown, known []time.Duration) {
	for _, exists := range timing.Order(t.Rand(), n) {
		took := sample(exists)
		if exists {
			known = append(known, took)
		} else {
			unknown = append(unknown, took)
		}
	}
	return unknown, known
}
