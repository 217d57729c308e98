package relaycases

import (
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// What the ids that a relay makes tell of each other. SMP, "Simplex queue IDs".
var privacyIDCases = []conformance.Case{
	claim(conformance.Case{
		ID:           "relay/privacy/ids-unrelated",
		Title:        "No id of a queue leads to another id, of this queue or of another, of whatever kind",
		Requirements: []string{"CLAIM-QUEUE-IDS-UNRELATED"},
		Timeout:      manyTime,
		Run: func(t *T) {
			everyID(t).expectUnrelated(t, "ids of queues")
		},
	}),
	must(conformance.Case{
		ID:           "relay/privacy/message-ids",
		Title:        "No id of a message leads to that of its queue or of another message, or the other way round",
		Requirements: []string{"SMP-MSG-ID-RANDOM"},
		Timeout:      manyTime,
		Run: func(t *T) {
			var queues []*probe.Queue
			for range 2 {
				queues = append(queues, createMany(probe.Dial(t), 12)...)
			}
			recipients, senders := idsOfParties(queues)
			messages := idsOfDeliveries(t, queues)
			made := madeIDs{all: slices.Concat(recipients, senders, messages), related: []probe.Related{
				relate("recipient", recipients, "message", messages),
				relate("sender", senders, "message", messages),
				relate("message", messages[1:], "message before", messages),
			}}
			made.expectUnrelated(t, "ids of messages and queues")
		},
	}),
	must(conformance.Case{
		ID:           "relay/privacy/ids-order",
		Title:        "Ids do not rise or fall in the order in which they were made",
		Requirements: []string{"SMP-IDS-RANDOM", "SMP-MSG-ID-RANDOM", "SMP-NTF-ID-SEPARATE"},
		Timeout:      manyTime,
		Run: func(t *T) {
			c := probe.Dial(t)
			queues := createMany(c, probe.LeastForOrder)
			recipients, senders := idsOfParties(queues)
			t.About("SMP-IDS-RANDOM")
			probe.ExpectNoOrder(t, "ids of recipients", recipients)
			probe.ExpectNoOrder(t, "ids of senders", senders)
			if notifiers := idsOfNotifiers(c, queues); notifiers != nil {
				t.About("SMP-NTF-ID-SEPARATE")
				probe.ExpectNoOrder(t, "ids of notifiers", notifiers)
			}
			t.About("SMP-MSG-ID-RANDOM")
			probe.ExpectNoOrder(t, "ids of messages", idsOfDeliveries(t, queues))
		},
	}),
	must(conformance.Case{
		ID:           "relay/privacy/ids-balance",
		Title:        "No byte of ids is fixed, and their bits are ones and zeros equally often",
		Requirements: []string{"SMP-IDS-RANDOM"},
		Timeout:      manyTime,
		Run: func(t *T) {
			recipients, senders := idsOfParties(createMany(probe.Dial(t), 64))
			for what, ids := range map[string][][]byte{"ids of recipients": recipients, "ids of senders": senders} {
				probe.ExpectNoFixedBytes(t, what, ids)
				probe.ExpectBalanced(t, what, ids)
			}
		},
	}),
}

// manyTime is for cases that ask for many ids.
const manyTime = 30 * time.Second

// madeIDs are ids that a relay has made.
type madeIDs struct {
	all     [][]byte
	related []probe.Related
}

func (m madeIDs) expectUnrelated(t *T, what string) {
	probe.ExpectApart(t, what, m.all)
	for _, r := range m.related {
		probe.ExpectUnderivable(t, r)
	}
}

// everyID has the relay make ids of all kinds of queues, on two connections: of recipients,
// senders and notifiers, and from version 15 of links.
func everyID(t *T) (made madeIDs) {
	const queuesOfEach, linksOfEach = 12, 4
	links := probe.Related{First: "recipient", Second: "link"}
	var queues []*probe.Queue
	var notifiers [][]byte
	for range 2 {
		c := probe.Dial(t)
		own := createMany(c, queuesOfEach)
		queues, notifiers = append(queues, own...), append(notifiers, idsOfNotifiers(c, own)...)
		for range linksOfEach {
			if t.Version() < smp.VersionShortLinks {
				break
			}
			l := c.NewLinkedQueue(smp.Messaging, probe.OnlyCreate)
			links.Pairs = append(links.Pairs, [2][]byte{l.RecipientID, l.LinkID})
			made.all = append(made.all, l.RecipientID, l.SenderID, l.LinkID)
		}
	}
	recipients, senders := idsOfParties(queues)
	made.all = slices.Concat(made.all, recipients, senders, notifiers)
	made.related = []probe.Related{
		links,
		relate("recipient", recipients, "sender", senders),
		relate("recipient", recipients, "notifier", notifiers),
		relate("sender", senders, "notifier", notifiers),
		relate("queue", recipients[1:], "queue before", recipients),
	}
	return made
}

// relate pairs ids of two kinds, which belong to the same queues. One list may be longer,
// or empty.
func relate(first string, a [][]byte, second string, b [][]byte) probe.Related {
	r := probe.Related{First: first, Second: second}
	for i := range min(len(a), len(b)) {
		r.Pairs = append(r.Pairs, [2][]byte{a[i], b[i]})
	}
	return r
}

// perBlock is how many commands that create something a case sends in one block.
const perBlock = 16

// createMany creates queues to which c is not subscribed; a relay that refuses one blocks
// the case.
func createMany(c *probe.Conn, n int) []*probe.Queue {
	queues := make([]*probe.Queue, n)
	for start := 0; start < n; start += perBlock {
		var trs []smp.Transmission
		for i := start; i < min(start+perBlock, n); i++ {
			cmd, q := c.NewQueueRequest(probe.OnlyCreate)
			queues[i], trs = q, append(trs, c.Transmission(nil, q.Key, cmd))
		}
		for i, a := range askTogether(c, trs) {
			queues[start+i].Created(probe.RequireA[smp.IDS](a))
		}
	}
	return queues
}

// askTogether sends transmissions in one block and returns their answers.
func askTogether(c *probe.Conn, trs []smp.Transmission) []probe.Answer {
	c.Send(trs...)
	answers := make([]probe.Answer, len(trs))
	for i, tr := range trs {
		answers[i] = c.Await("a command in a block of several", tr)
	}
	return answers
}

func idsOfParties(queues []*probe.Queue) (recipients, senders [][]byte) {
	for _, q := range queues {
		recipients, senders = append(recipients, q.RecipientID), append(senders, q.SenderID)
	}
	return recipients, senders
}

// idsOfNotifiers gives each of the queues a notifier, on c. It returns nothing for a relay
// that has no notifiers, which other cases report: its other ids can be tested.
func idsOfNotifiers(c *probe.Conn, queues []*probe.Queue) (ids [][]byte) {
	for start := 0; start < len(queues); start += perBlock {
		var trs []smp.Transmission
		for _, q := range queues[start:min(start+perBlock, len(queues))] {
			request, _ := q.NotifierRequest(keys.Ed25519)
			trs = append(trs, c.Transmission(q.RecipientID, q.Key, smp.NKEY{NotifierKeys: request}))
		}
		for _, a := range askTogether(c, trs) {
			nid, ok := a.Response.(smp.NID)
			if !ok {
				return nil
			}
			ids = append(ids, nid.NotifierID)
		}
	}
	return ids
}

// idsOfDeliveries sends one message to each of the queues, in their order, and returns
// the ids under which they are delivered.
func idsOfDeliveries(t *T, queues []*probe.Queue) (ids [][]byte) {
	sender, recipient := probe.Dial(t), probe.Dial(t)
	for _, q := range queues {
		q.Fill(sender, []byte("x"))
	}
	for _, q := range queues {
		q.Subscribe(recipient)
		ids = append(ids, q.RequireMessage(recipient).MsgID)
	}
	return ids
}
