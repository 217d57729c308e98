package relaycases

import (
	"bytes"
	"fmt"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// manyQueues is how many queues a recipient has in a case about many: more than fit one
// block of SUBs.
const manyQueues = 240

// noticedTime is how long a relay takes to notice that a connection was reset, at time
// scale 1. A case that waits as long judges nothing by it.
const noticedTime = 200 * time.Millisecond

// Subscriptions of recipients with many queues.
var subscribeManyCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/sub/hundreds",
		Title:        "A connection that subscribes to 240 queues, many in each block, gets what waits in each and what comes later",
		Requirements: []string{"SMP-SUB-MANY", "SMP-BLOCK-BATCH"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			t.About("SMP-SUB-MANY")
			probe.RequireDelivering(t)
			sender, earlier, recipient := probe.Dial(t), probe.Dial(t), probe.Dial(t)
			queues := newQueues(t, earlier, manyQueues)
			first := sendToEach(t, sender, queues)
			subscribeToAll(t, earlier, queues)
			expectFromEach(t, earlier, queues, first)
			earlier.Close()
			subscribeToAll(t, recipient, queues)
			acknowledgeEach(t, recipient, queues, expectFromEach(t, recipient, queues, first))
			expectFromEach(t, recipient, queues, sendToEach(t, sender, queues))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/sub/reset",
		Title:        "A message that comes after the subscribed connection was reset, at once after SUB or later, waits for the next SUB",
		Requirements: []string{"SMP-SUB-RESET"},
		Edges:        true,
		Timeout:      heavy,
		Run: func(t *T) {
			probe.RequireDelivering(t)
			sender := probe.Dial(t)
			for i, body := range sender.Bodies(4) {
				q, gone := sender.NewQueue(probe.OnlyCreate), probe.Dial(t)
				gone.Send(gone.Transmission(q.RecipientID, q.Key, smp.SUB{}))
				if i > 1 {
					gone.Ping()
				}
				gone.Reset()
				if i < 3 {
					sender.Linger(noticedTime)
				}
				q.Fill(sender, body)
				expectForNext(t, q, body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/sub/end-of-each",
		Title:        "A connection that is displaced from many queues at once gets END for each of them",
		Requirements: []string{"SMP-SUB-END", "SMP-BLOCK-BATCH"},
		Edges:        true,
		Timeout:      eventTimeout,
		Run: func(t *T) {
			t.About("SMP-SUB-END")
			earlier, later := probe.Dial(t), probe.Dial(t)
			queues := newQueues(t, earlier, 20)
			subscribeToAll(t, earlier, queues)
			subscribeToAll(t, later, queues)
			for _, q := range queues {
				q.ExpectEvent(earlier, smp.END{})
			}
		},
	}),
}

// expectForNext fails the case unless a message comes to somebody who subscribes now. A SUB
// of a connection that has ended may be executed after the first one.
func expectForNext(t *T, q *probe.Queue, body []byte) {
	var missing string
	for range 2 {
		next := probe.Dial(t)
		q.Subscribe(next)
		var d probe.Delivery
		if d, missing = q.Await(next); missing == "" {
			if !bytes.Equal(d.Message.Body, body) {
				t.Fail("the message that came after the reset", d.Describe())
			}
			return
		}
	}
	t.Fail("the message that came after the reset, for the next who subscribes", missing)
}

// newQueues creates queues on a connection, which is not subscribed to them, many in each
// block. A relay that refuses blocks the case.
func newQueues(t *T, c *probe.Conn, n int, changes ...func(*probe.Queue, *smp.NEW)) []*probe.Queue {
	const inBlock = 40
	queues := make([]*probe.Queue, 0, n)
	for len(queues) < n {
		created := make([]*probe.Queue, min(inBlock, n-len(queues)))
		trs := make([]smp.Transmission, len(created))
		for i := range created {
			var cmd smp.NEW
			cmd, created[i] = c.NewQueueRequest(probe.OnlyCreate)
			for _, change := range changes {
				change(created[i], &cmd)
			}
			trs[i] = c.Transmission(nil, created[i].Key, cmd)
		}
		c.Send(trs...)
		for i, q := range created {
			q.Created(probe.RequireA[smp.IDS](c.Await("NEW", trs[i])))
		}
		queues = append(queues, created...)
	}
	return queues
}

// forEach sends a command for each queue on c, many in a block. It fails the case for
// SMP-BLOCK-BATCH if one is not answered; an error blocks the case.
func forEach(t *T, c *probe.Conn, queues []*probe.Queue, what string, command func(i int) smp.Transmission) {
	const inBlock = 80
	for first := 0; first < len(queues); first += inBlock {
		trs := make([]smp.Transmission, min(inBlock, len(queues)-first))
		for i := range trs {
			trs[i] = command(first + i)
		}
		c.Send(trs...)
		for _, tr := range trs {
			a := c.Await(what, tr)
			if a.Response == nil {
				t.About("SMP-BLOCK-BATCH")
				t.Fail(fmt.Sprintf("%s in a block of %d → an answer to each", what, len(trs)), a.String())
			}
			if isError(a.Received) {
				probe.Blocked(t, "%s in a block of %d was answered %s", what, len(trs), a)
			}
			if _, ok := a.Response.(smp.MSG); ok { // in the place of SOK
				c.PutBack(a.Received)
			}
		}
	}
}

func subscribeToAll(t *T, c *probe.Conn, queues []*probe.Queue) {
	forEach(t, c, queues, "SUB", func(i int) smp.Transmission {
		return c.Transmission(queues[i].RecipientID, queues[i].Key, smp.SUB{})
	})
	c.Settle()
}

// sendToEach sends a message to each queue and returns the bodies.
func sendToEach(t *T, c *probe.Conn, queues []*probe.Queue) [][]byte {
	bodies := make([][]byte, len(queues))
	forEach(t, c, queues, "SEND", func(i int) smp.Transmission {
		bodies[i] = t.Rand().Bytes(20)
		return c.Transmission(queues[i].SenderID, queues[i].SenderKey, smp.SEND{Body: bodies[i]})
	})
	return bodies
}

// expectFromEach fails the case unless the message of each queue comes on c. It returns
// the ids of the messages, in the order of the queues.
func expectFromEach(t *T, c *probe.Conn, queues []*probe.Queue, bodies [][]byte) [][]byte {
	ids := make([][]byte, len(queues))
	for i, q := range queues {
		d, missing := q.Await(c)
		if missing != "" {
			t.Failf("the message of each queue", "none of queue %d of %d: %s", i+1, len(queues), missing)
		}
		if !bytes.Equal(d.Message.Body, bodies[i]) {
			t.Failf("the message of the queue", "another one, from queue %d of %d", i+1, len(queues))
		}
		ids[i] = d.MsgID
	}
	return ids
}

// acknowledgeEach acknowledges one message of each queue.
func acknowledgeEach(t *T, c *probe.Conn, queues []*probe.Queue, ids [][]byte) {
	forEach(t, c, queues, "ACK", func(i int) smp.Transmission {
		return c.Transmission(queues[i].RecipientID, queues[i].Key, smp.ACK{MsgID: ids[i]})
	})
}
