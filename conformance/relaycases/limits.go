package relaycases

import (
	"bytes"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// heavy is the timeout of cases that open many connections or queues.
const heavy = 40 * time.Second

// stallTime is how long others are served before a client that does not read is
// taken for stalled.
const stallTime = 500 * time.Millisecond

// unreadBlocks are many more blocks than the buffers of two systems hold, each with
// unreadPings, and unreadTime is how long the relay may take for one.
const (
	unreadBlocks = 4096
	unreadPings  = 50
	unreadTime   = time.Second
)

// manyConnections is how many connections of one client a relay has to serve.
const manyConnections = 50

// Robustness against other connections. No document has these rules. The cases
// run alone: a relay that breaks one would spoil the verdicts of others.
var limitCases = []conformance.Case{
	observed(conformance.Case{
		ID:           "relay/limit/connections",
		Title:        "Fifty connections of one client are served at once",
		Requirements: []string{"SMP-LIMIT-CONNECTIONS"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			conns := []*probe.Conn{probe.Dial(t)}
			for len(conns) < manyConnections {
				conns = append(conns, probe.ExpectClient(t, "beside its other connections"))
			}
			q := conns[0].NewQueue()
			for _, c := range conns {
				body := t.Rand().Bytes(20)
				c.Ask(q.SenderID, probe.NoKey, smp.SEND{Body: body}).Expect(smp.OK{})
				d := q.ExpectSimplest(conns[0], body)
				q.Acknowledge(conns[0], d)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/limit/slow-reader",
		Title:        "A subscriber that does not read stops nobody",
		Requirements: []string{"SMP-LIMIT-SLOW-READER"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			slow, sender, other := probe.Dial(t), probe.Dial(t), probe.Dial(t)
			slow.Narrow()
			subscribed, fetched, independent := slow.NewQueue(), slow.NewQueue(probe.OnlyCreate), other.NewQueue()
			fetched.Fill(sender, make([]byte, 15000))
			for range 6 {
				slow.Send(flood(slow, fetched)...)
			}
			// The relay needs some time until it has filled all buffers.
			stalled := time.Now().Add(t.Timeout(stallTime))
			for time.Now().Before(stalled) {
				body := t.Rand().Bytes(100)
				independent.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
				d := independent.ExpectSimplest(other, body)
				independent.Recipient(other, smp.ACK{MsgID: d.MsgID}).Expect(smp.OK{})
			}
			for range 3 {
				subscribed.Sender(sender, smp.SEND{Body: make([]byte, 15000)}).Expect(smp.OK{})
			}
			independent.Sender(sender, smp.SEND{Body: []byte{1}}).Expect(smp.OK{})
			independent.ExpectSimplest(other, []byte{1})
			probe.ExpectClient(t, "while another does not read")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/delivery/deferred",
		Title:        "Messages for a connection that does not read go to the next subscriber, whether that connection lasts or ends",
		Requirements: []string{"SMP-MSG-DEFERRED"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			slow, sender, next := probe.Dial(t), probe.Dial(t), probe.Dial(t)
			slow.Narrow()
			taken, left, fetched := slow.NewQueue(), slow.NewQueue(), slow.NewQueue(probe.OnlyCreate)
			fetched.Fill(sender, make([]byte, 15000))
			for range 6 {
				slow.Send(flood(slow, fetched)...)
			}
			sender.Linger(stallTime)
			bodies := sender.Bodies(2)
			taken.Fill(sender, bodies...)
			left.Fill(sender, bodies...)
			taken.Subscribe(next)
			expectAll(taken, next, bodies)
			slow.Reset()
			left.Subscribe(next)
			expectAll(left, next, bodies)
		},
	}),
	must(conformance.Case{
		ID:           "relay/delivery/resumed",
		Title:        "A connection that did not read for a while and reads again gets the message that came meanwhile",
		Requirements: []string{"SMP-SUB-LATER"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			slow, sender := probe.Dial(t), probe.Dial(t)
			q, fetched := slow.NewQueue(), slow.NewQueue(probe.OnlyCreate)
			fetched.Fill(sender, make([]byte, 15000))
			var gets []smp.Transmission
			for range 6 {
				block := flood(slow, fetched)
				slow.Send(block...)
				gets = append(gets, block...)
			}
			sender.Linger(stallTime)
			body := t.Rand().Bytes(60)
			q.Fill(sender, body)
			for _, get := range gets {
				probe.RequireA[smp.MSG](slow.Await("GET", get))
			}
			q.ExpectSimplest(slow, body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/get/unread",
		Title:        "Messages that wait for a connection which does not read stay what they are when another one acknowledges them",
		Requirements: []string{"SMP-GET-MESSAGE"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			slow, other := probe.Dial(t), probe.Dial(t)
			q := slow.NewQueue(probe.OnlyCreate)
			body := t.Rand().Bytes(15000)
			q.Fill(other, body, []byte("the next one"))
			var gets []smp.Transmission
			for range 6 {
				block := flood(slow, q)
				slow.Send(block...)
				gets = append(gets, block...)
			}
			other.Linger(stallTime)
			m := probe.RequireA[smp.MSG](q.Recipient(other, smp.GET{}))
			q.Recipient(other, smp.ACK{MsgID: m.ID}).Require(smp.OK{})
			for _, get := range gets {
				if a := slow.Await("GET", get); bytes.Equal(probe.RequireA[smp.MSG](a).ID, m.ID) {
					expectContent(t, q, probe.RequireA[smp.MSG](a), body)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/limit/unread-answers",
		Title:        "A client that reads no answers is, in the end, not read from any more, and keeps nobody from its queue",
		Requirements: []string{"SMP-LIMIT-UNREAD", "SMP-LIMIT-SLOW-READER"},
		Solo:         true,
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			c, next := probe.Dial(t), probe.Dial(t)
			q := c.NewQueue()
			c.Narrow()
			t.About("SMP-LIMIT-UNREAD")
			if taken := stuff(c); taken == unreadBlocks {
				t.Failf("the relay stops reading from a client that does not read", "it took %d blocks with %d commands each", taken, unreadPings)
			}
			t.About("SMP-LIMIT-SLOW-READER")
			if a := next.Ask(q.RecipientID, q.Key, smp.SUB{}); !a.OK() || isError(a.Received) {
				t.Fail("SUB of its queue on another connection → OK or SOK", a.String())
			}
			probe.ExpectClient(t, "while another does not read its answers")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/limit/stalled-block",
		Title:        "A connection that stalls within a block stops nobody",
		Requirements: []string{"SMP-LIMIT-STALLED-BLOCK"},
		Solo:         true,
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			c, sender := probe.Dial(t), probe.Dial(t)
			q := c.NewQueue()
			parts := []int{1, 100, smp.BlockSize / 2, smp.BlockSize - 1}
			stalled := make([]*probe.Conn, len(parts))
			for i := range stalled {
				stalled[i] = probe.Dial(t)
			}
			stalled[0].NewQueue()
			for i, part := range parts {
				stalled[i].SendBlock(stalled[i].Block(stalled[i].Content(bare(stalled[i], smp.PING{})))[:part])
			}
			body := t.Rand().Bytes(100)
			q.Sender(sender, smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectSimplest(c, body)
			probe.ExpectClient(t, "while others stall within a block")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/limit/silent",
		Title:        "Connections that say nothing, after TCP, TLS or the relay's hello, stop nobody",
		Requirements: []string{"SMP-LIMIT-SILENT"},
		Solo:         true,
		Edges:        true,
		Run: func(t *T) {
			c := probe.Dial(t, probe.Unproven)
			c.Ping()
			for range 4 {
				probe.TCP(t)
			}
			probe.ExpectClient(t, "while others say nothing after TCP")
			for range 4 {
				probe.Open(t)
			}
			probe.ExpectClient(t, "while others say nothing after TLS")
			for range 4 {
				probe.Meet(t)
			}
			probe.ExpectClient(t, "while others say nothing after the relay's hello")
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/limit/abrupt-close",
		Title:        "A reset within the TLS handshake, a hello or a block stops nobody and ends the subscription",
		Requirements: []string{"SMP-LIMIT-ABRUPT-CLOSE"},
		Solo:         true,
		Edges:        true,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			raw, greeted := probe.TCP(t), probe.Meet(t)
			c, sender, again := probe.Dial(t), probe.Dial(t), probe.Dial(t)
			q := c.NewQueue()
			if _, err := raw.Write(startOfClientHello); err != nil {
				t.Broken(err)
			}
			probe.Reset(t, raw)
			greeted.SendBlock(make([]byte, 100))
			greeted.Reset()
			c.SendBlock(c.Block(c.Content(c.Transmission(q.RecipientID, q.Key, smp.DEL{})))[:smp.BlockSize-1])
			c.Reset()
			bodies := sender.Bodies(2)
			q.Sender(sender, smp.SEND{Body: bodies[0]}).Expect(smp.OK{})
			q.Subscribe(again)
			q.Acknowledge(again, q.ExpectRedelivery(again, bodies[0]))
			q.Sender(sender, smp.SEND{Body: bodies[1]}).Expect(smp.OK{})
			q.ExpectSimplest(again, bodies[1])
			probe.ExpectClient(t, "after others were reset")
		},
	}),
}

// expectAll fails the case unless all messages come on c, which has subscribed, one after
// the other.
func expectAll(q *probe.Queue, c *probe.Conn, bodies [][]byte) {
	for _, body := range bodies {
		q.Acknowledge(c, q.ExpectRedelivery(c, body))
	}
}

// stuff sends PINGs, and reads no answers, until the relay takes no more of them. It returns
// how many blocks of them the relay took, at most unreadBlocks.
func stuff(c *probe.Conn) (taken int) {
	pings := make([]smp.Transmission, unreadPings)
	for i := range pings {
		pings[i] = bare(c, smp.PING{})
	}
	content := c.Content(pings...)
	for taken < unreadBlocks && c.Offer(content, unreadTime) {
		taken++
	}
	return taken
}

// startOfClientHello is a TLS record that promises 512 bytes of a handshake
// message and ends after the first.
var startOfClientHello = []byte{22, 3, 1, 2, 0, 1}

// flood is a block full of GETs, each of which the relay answers with a large
// message.
func flood(c *probe.Conn, q *probe.Queue) []smp.Transmission {
	gets := make([]smp.Transmission, 90)
	for i := range gets {
		gets[i] = c.Transmission(q.RecipientID, q.Key, smp.GET{})
	}
	return gets
}
