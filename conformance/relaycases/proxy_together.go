package relaycases

import (
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
)

// SMP, "Proxying sender commands": many commands, clients and destinations at the
// same time.
var proxyTogetherCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/proxy/pres-correlation",
		Title:        "Each PRES has the correlation id of its PFWD, in whatever order the destination answers",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			other := probe.Dial(t).OpenTunnel(leg.Destination)
			parcels := []*probe.Parcel{packPing(t, u), packPing(t, other), packPing(t, u), packPing(t, other), packPing(t, u)}
			forwards := make(map[string]*probe.Forward)
			for i, p := range parcels {
				[]*probe.Tunnel{u, other}[i%2].Send(p)
			}
			for range parcels {
				f := leg.RequireForward()
				forwards[string(f.Command.CorrelationID)] = f
			}
			bodies := make([][]byte, len(parcels))
			for i, p := range slices.Backward(parcels) {
				f := forwards[string(p.CorrelationID)]
				if f == nil {
					probe.Blocked(t, "the destination got another command in the place of one")
				}
				bodies[i] = t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
				f.Answer(bodies[i])
			}
			for i, p := range parcels {
				expectPRES(t, []*probe.Tunnel{u, other}[i%2].Await(p), bodies[i])
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/same-correlation",
		Title:        "PFWD of two clients with one correlation id have their own answers",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			other := probe.Dial(t).OpenTunnel(leg.Destination)
			p, q := packPing(t, u), packPing(t, other)
			q.CorrelationID = p.CorrelationID
			u.Send(p)
			f := leg.RequireForward()
			other.Send(q)
			g := leg.RequireForward()
			first, second := t.Rand().Bytes(smp.PaddedForwarded+box.Overhead), t.Rand().Bytes(smp.PaddedForwarded+box.Overhead)
			g.Answer(second)
			expectPRES(t, other.Await(q), second)
			f.Answer(first)
			expectPRES(t, u.Await(p), first)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/stray-answer",
		Title:        "An answer of the destination with the correlation id of no RFWD answers nothing",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION"},
		Versions:     from(8),
		Edges:        true, // the official proxy keeps such answers, and has room for 2048
		Run: func(t *T) {
			u, leg := tunnel(t)
			p := packPing(t, u)
			u.Send(p)
			f := leg.RequireForward()
			right := f.Answered
			for _, wrong := range [][]byte{t.Fresh().Bytes(24), f.Command.CorrelationID, reversed(right), right[:23], nil} {
				f.Answered = wrong
				f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
			}
			f.Answered = right
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			f.Answer(body)
			expectPRES(t, u.Await(p), body)
			f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)) // answered already
			next := packPing(t, u)
			u.Send(next)
			g := leg.RequireForward()
			g.Answer(body[1:])
			expectPRES(t, u.Await(next), body[1:])
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/beside",
		Title:        "While a destination is slow, the same client and others are served, for this destination and for others",
		Requirements: []string{"SMP-PROXY-SLOW-DESTINATION"},
		Versions:     from(8),
		Run: func(t *T) {
			c := probe.Dial(t)
			slow, quick := probe.NewDestination(t), probe.NewDestination(t)
			u, v := c.OpenTunnel(slow), c.OpenTunnel(quick)
			slowLeg, quickLeg := slow.RequireLeg(), quick.RequireLeg()
			waiting := packPing(t, u)
			q := c.NewQueue()
			c.Send(waiting.Transmission())
			f := slowLeg.RequireForward()

			c.Ask(nil, probe.NoKey, smp.PING{}).Expect(smp.PONG{})
			body := t.Rand().Bytes(50)
			q.Sender(c, smp.SEND{Body: body}).Expect(smp.OK{})
			q.ExpectMessage(c, body)
			expectForwarded(t, v, quickLeg)
			other := probe.Dial(t)
			expectForwarded(t, other.OpenTunnel(quick), quickLeg)
			expectForwarded(t, other.OpenTunnel(slow), slowLeg)

			response := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			f.Answer(response)
			expectPRES(t, u.Await(waiting), response)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/bounded",
		Title:        "Of many PFWD at once each is forwarded and answered, those that the proxy holds back when others have been answered",
		Requirements: []string{"SMP-PROXY-CONCURRENCY"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      40 * time.Second,
		Run: func(t *T) {
			const many = 96
			u, leg := tunnel(t)
			var parcels []*probe.Parcel
			for range many {
				p := packPing(t, u)
				u.Send(p)
				parcels = append(parcels, p)
			}
			var forwards []*probe.Forward
			for f := leg.NextForward(quiet); f != nil; f = leg.NextForward(quiet) {
				forwards = append(forwards, f)
			}
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			for answered := 0; answered < many; answered++ {
				if answered == len(forwards) {
					forwards = append(forwards, leg.ExpectForward())
				}
				forwards[answered].Answer(body)
			}
			for _, p := range parcels {
				expectPRES(t, u.Await(p), body)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/answers-batched",
		Title:        "Answers of the destination that come in one block reach their clients",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			other := probe.Dial(t).OpenTunnel(leg.Destination)
			p, q := packPing(t, u), packPing(t, other)
			u.Send(p)
			f := leg.RequireForward()
			other.Send(q)
			g := leg.RequireForward()
			first, second := t.Rand().Bytes(5000), t.Rand().Bytes(6000)
			leg.SendTransmissions(g.Transmit(second), f.Transmit(first))
			expectPRES(t, u.Await(p), first)
			expectPRES(t, other.Await(q), second)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/pipelined",
		Title:        "PFWD in one block with other commands is forwarded, and all of them are answered",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION", "SMP-PROXY-RFWD-UNCHANGED"},
		Versions:     from(8),
		Run: func(t *T) {
			c, d := probe.Dial(t), probe.NewDestination(t)
			u := c.OpenTunnel(d)
			leg, q := d.RequireLeg(), c.NewQueue(probe.OnlyCreate)
			p := packPing(t, u)
			p.PFWD.Body = t.Rand().Bytes(4000)
			ping, prxy := c.Transmission(nil, probe.NoKey, smp.PING{}), c.Transmission(nil, probe.NoKey, c.PRXY(d.Server()))
			send := c.Transmission(q.SenderID, probe.NoKey, smp.SEND{Body: []byte("beside")})
			c.Send(ping, p.Transmission(), prxy, send)
			t.About("SMP-PROXY-RFWD-UNCHANGED")
			f := leg.ExpectForward()
			expectCommand(t, f, p)
			t.About("SMP-PROXY-PRES-CORRELATION")
			c.Await("PING", ping).Expect(smp.PONG{})
			c.Await("SEND", send).Expect(smp.OK{})
			expectSameSession(t, u.PKEY, probe.ExpectA[smp.PKEY](c.Await("PRXY", prxy)))
			body := t.Rand().Bytes(300)
			f.Answer(body)
			expectPRES(t, u.Await(p), body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/repeated-command",
		Title:        "A PFWD that comes again has another nonce and other bytes on the second hop, if it is forwarded",
		Requirements: []string{"SMP-PROXY-RFWD-NONCE", "SMP-PROXY-HOPS-CIPHERTEXT"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			p := packPing(t, u)
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			u.Send(p)
			first := leg.RequireForward()
			first.Answer(body)
			expectPRES(t, u.Await(p), body)
			u.Send(p)
			f := leg.NextForward(probe.AnswerTime)
			if f == nil {
				u.Await(p).ExpectRefused()
				return
			}
			f.Answer(body)
			expectPRES(t, u.Await(p), body)
			t.About("SMP-PROXY-RFWD-NONCE")
			probe.ExpectDifferentIDs(t, "correlation ids", [][]byte{first.Transmission.CorrelationID, f.Transmission.CorrelationID})
			t.About("SMP-PROXY-HOPS-CIPHERTEXT")
			// Both are of the same form: some bytes around RFWD and RRES are alike by chance.
			for _, two := range [][][]byte{leg.Received, leg.Sent} {
				if run := probe.SharedRun(two[:1], two[1:2]); run != nil {
					t.Failf("no bytes in common", "%x in both", run)
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/client-gone-forward",
		Title:        "A client that leaves before PRES harms neither the session nor other clients",
		Requirements: []string{"SMP-PROXY-SENDER-GONE", "SMP-PROXY-ERR-SESSION-LIVES"},
		Versions:     from(8),
		Run: func(t *T) {
			gone := probe.Dial(t)
			d := probe.NewDestination(t)
			u := gone.OpenTunnel(d)
			leg := d.RequireLeg()
			other := probe.Dial(t).OpenTunnel(d)
			u.Send(packPing(t, u), packPing(t, u))
			f, g := leg.RequireForward(), leg.RequireForward()
			f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
			gone.Reset()
			g.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
			expectForwarded(t, other, leg)
			if n := d.Met(); n != 1 {
				t.Failf("one connection to the destination", "%d", n)
			}
		},
	}),
}

// quiet is how long nothing comes from a proxy that waits for answers.
const quiet = time.Second
