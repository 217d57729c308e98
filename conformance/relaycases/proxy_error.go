package relaycases

import (
	"bytes"
	"slices"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/box"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Limits of what a proxy may let a client wait for when the destination is
// silent: the official one takes 45 seconds to connect and 30 for a command.
const (
	silentTime = 70 * time.Second
	// noticeTime is how long a proxy may take to notice that a connection has ended.
	noticeTime    = 15 * time.Second
	silentTimeout = 90 * time.Second
)

// SMP, "Error responses": what a client is told about the answer to RFWD.
var proxyErrorCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/proxy/error-protocol",
		Title:        "An error with which the destination answers RFWD reaches the client as PROXY PROTOCOL",
		Requirements: []string{"SMP-PROXY-ERR-PROTOCOL"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, e := range []*smp.Error{
				smp.ErrCrypto, smp.ErrBlock, smp.ErrAuth, smp.ErrCmdSyntax, smp.ErrInternal, smp.ErrProxyNoSession,
				smp.ProxyBrokerError(transportBroker(smp.TransportNoAuth)),
			} {
				p := packPing(t, u)
				u.Send(p)
				leg.RequireForward().AnswerError(e)
				u.Await(p).ExpectError(smp.ProxyProtocolError(e))
			}
		},
	}),
	answered("relay/proxy/error-response", "An answer that is no response", "SMP-PROXY-ERR-RESPONSE",
		[]smp.BrokerCode{smp.BrokerResponse}, []string{"XRES 0123456789", "RRES", "ERR NONSENSE", "PKEY \x05ab", ""}),
	answered("relay/proxy/error-unexpected", "Another response than RRES", "SMP-PROXY-ERR-UNEXPECTED",
		[]smp.BrokerCode{smp.BrokerUnexpected}, []string{"PONG"}),
	must(conformance.Case{
		ID:           "relay/proxy/error-crypto",
		Title:        "RRES that the proxy cannot decrypt is an error, and never PRES",
		Requirements: []string{"SMP-PROXY-PRES-UNCHANGED", "SMP-PROXY-RRES-NONCE"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, content := range [][]byte{t.Rand().Bytes(16283), t.Rand().Bytes(15), {}} {
				p := packPing(t, u)
				u.Send(p)
				leg.RequireForward().AnswerBytes(append([]byte("RRES "), content...))
				expectFailure(t, u.Await(p), smp.ErrCrypto)
			}
			expectForwarded(t, u, leg)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/error-replayed",
		Title:        "RRES of an earlier command is an error, and never PRES",
		Requirements: []string{"SMP-PROXY-PRES-CORRELATION", "SMP-PROXY-RRES-NONCE"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			p, next := packPing(t, u), packPing(t, u)
			u.Send(p)
			f := leg.RequireForward()
			f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
			probe.RequireA[smp.PRES](u.Await(p))
			u.Send(next)
			f.Answered = leg.RequireForward().Answered
			f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead))
			expectFailure(t, u.Await(next), smp.ErrCrypto)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/error-content",
		Title:        "RRES whose content cannot be cut into its fields is an error, and never PRES",
		Requirements: []string{"SMP-PROXY-RRES-CONTENT", "SMP-PROXY-ERR-RESPONSE"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, content := range [][]byte{{}, {24}, slices.Concat([]byte{255}, t.Rand().Bytes(200))} {
				p := packPing(t, u)
				u.Send(p)
				leg.RequireForward().AnswerContent(content)
				expectFailure(t, u.Await(p), smp.ErrCrypto)
			}
			expectForwarded(t, u, leg)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/error-large",
		Title:        "An answer that does not fit into PRES ends neither the session nor the client's connection",
		Requirements: []string{"SMP-PROXY-ERR-SESSION-LIVES", "SMP-PROXY-PRES-UNCHANGED"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			p := packPing(t, u)
			u.Send(p)
			body := t.Rand().Bytes(16300)
			leg.RequireForward().Answer(body)
			// The official relay sends nothing when the answer does not fit.
			t.About("SMP-PROXY-PRES-UNCHANGED")
			if a := u.Await(p); a.Response != nil && !isERR(a) {
				expectPRES(t, a, body)
			}
			t.About("SMP-PROXY-ERR-SESSION-LIVES")
			expectForwarded(t, u, leg)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/error-timeout",
		Title:        "A forwarded command that the destination does not answer becomes PROXY BROKER TIMEOUT",
		Requirements: []string{"SMP-PROXY-ERR-TIMEOUT"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			u, leg := tunnel(t)
			p := packPing(t, u)
			u.Send(p)
			f := leg.RequireForward()
			a := u.AwaitWithin(p, silentTime)
			a.ExpectError(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTimeout}))
			f.Answer(t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)) // too late
			next := packPing(t, u)
			u.Send(next)
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			leg.RequireForward().Answer(body)
			expectPRES(t, u.Await(next), body)
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/error-block",
		Title:        "A destination that answers with no block at all harms no other: its clients get an error, and can go on later",
		Requirements: []string{"SMP-PROXY-PRES-UNCHANGED"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := requireProxy(t)
			d, other := probe.NewDestination(t), probe.NewDestination(t)
			u, v := c.OpenTunnel(d), c.OpenTunnel(other)
			leg, otherLeg := d.RequireLeg(), other.RequireLeg()
			p := packPing(t, u)
			u.Send(p)
			leg.RequireForward()
			leg.SendBlock(bytes.Repeat([]byte{0xff}, transport.BlockSize))
			expectForwarded(t, v, otherLeg)
			u.AwaitWithin(p, silentTime).ExpectRefused()
			probe.ExpectA[smp.PKEY](c.AskSession(d.Server()))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/proxy/session-lives",
		Title:        "After an error for one command the session forwards the next",
		Requirements: []string{"SMP-PROXY-ERR-SESSION-LIVES"},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, spoil := range []func(*probe.Forward){
				func(f *probe.Forward) { f.AnswerError(smp.ErrInternal) },
				func(f *probe.Forward) { f.AnswerBytes([]byte("NONSENSE")) },
				func(f *probe.Forward) { f.AnswerBytes([]byte("PONG")) },
				func(f *probe.Forward) { f.AnswerBytes([]byte("RRES nonsense")) },
			} {
				p := packPing(t, u)
				u.Send(p)
				spoil(leg.RequireForward())
				u.Await(p).RequireRefused()
				expectForwarded(t, u, leg)
			}
			expectSameSession(t, u.PKEY, probe.ExpectA[smp.PKEY](probe.Dial(t).AskSession(leg.Destination.Server())))
		},
	}),
	must(conformance.Case{
		ID:           "relay/proxy/dies",
		Title:        "A destination that ends the connection in the middle of a forward ends the session, and no other",
		Requirements: []string{"SMP-PROXY-PFWD-CLOSED-SESSION"},
		Versions:     from(8),
		Edges:        true,
		Timeout:      silentTimeout,
		Run: func(t *T) {
			c := requireProxy(t)
			d, other := probe.NewDestination(t), probe.NewDestination(t)
			u, v := c.OpenTunnel(d), c.OpenTunnel(other)
			leg, otherLeg := d.RequireLeg(), other.RequireLeg()
			lost, kept := packPing(t, u), packPing(t, v)
			u.Send(lost)
			v.Send(kept)
			leg.RequireForward()
			f := otherLeg.RequireForward()
			leg.Close()
			body := t.Rand().Bytes(smp.PaddedForwarded + box.Overhead)
			f.Answer(body)
			expectPRES(t, v.Await(kept), body)
			// The official proxy says TIMEOUT, when it would have given up kept as well.
			if a := u.AwaitWithin(lost, silentTime); !a.OK() || !isERR(a) {
				t.Failf("an error for the command that was under way", "%s", a)
			}

			again := c.RequireTunnel(awaitSession(t, c, d))
			if string(again.SessionID) == string(u.SessionID) {
				t.Fail("another session for the second connection", "the session of the first one")
			}
			u.Send(lost)
			u.Await(lost).ExpectRefused()
			p := packPing(t, again)
			again.Send(p)
			expectCommand(t, d.RequireLeg().ExpectForward(), p)
			expectForwarded(t, v, otherLeg)
		},
	}),
}

// requireProxy is a connection to a relay that forwards to destinations of the
// runner; another relay skips the case.
func requireProxy(t *T) *probe.Conn {
	c := probe.Dial(t)
	c.OpenTunnel(probe.NewDestination(t))
	return c
}

// awaitSession asks for a session with a destination whose connection has ended,
// until the proxy has noticed the end, or should have. The answer is then the last one.
func awaitSession(t *T, c *probe.Conn, d *probe.Destination) probe.Answer {
	a := c.AskSession(d.Server())
	for end := time.Now().Add(t.Timeout(noticeTime)); d.Met() < 2 && time.Now().Before(end); {
		d.AwaitAccepted(100 * time.Millisecond)
		a = c.AskSession(d.Server())
	}
	return a
}

// answered is the case of a destination that answers RFWD with something else.
func answered(id, what, requirement string, want []smp.BrokerCode, responses []string) conformance.Case {
	return must(conformance.Case{
		ID:           id,
		Title:        what + " in the place of RRES becomes PROXY BROKER " + string(want[0]),
		Requirements: []string{requirement},
		Versions:     from(8),
		Run: func(t *T) {
			u, leg := tunnel(t)
			for _, response := range responses {
				p := packPing(t, u)
				u.Send(p)
				leg.RequireForward().AnswerBytes([]byte(response))
				a := u.Await(p)
				e, ok := a.Response.(smp.ERR)
				if !ok || e.Err.Proxy == nil || !slices.Contains(want, e.Err.Proxy.Broker.Code) {
					t.Failf("PFWD → ERR PROXY BROKER "+string(want[0])+" and a text", "%s for the answer %q", a, response)
				}
			}
		},
	})
}

func transportBroker(e smp.TransportError) smp.BrokerError {
	return smp.BrokerError{Code: smp.BrokerTransport, Transport: e}
}

// expectBroker fails the case unless the answer is an error, and does not take it
// for the expected one unless it is PROXY BROKER as wanted: the document leaves
// open which error belongs to which failure.
func expectBroker(t *T, a probe.Answer, want ...smp.BrokerError) {
	expected := a.Name() + " → ERR " + smp.ProxyBrokerError(want[0]).Error()
	e, ok := a.Response.(smp.ERR)
	if !ok {
		t.Fail(expected, a.String())
	}
	if e.Err.Proxy == nil || e.Err.Proxy.Code != smp.ProxyBroker {
		t.Nonstrict(expected, a.String())
	}
	got := e.Err.Proxy.Broker
	for _, w := range want {
		if got.Code == w.Code && got.Transport == w.Transport {
			return
		}
	}
	t.Nonstrict(expected, a.String())
}

// expectFailure fails the case unless the answer is an error; one of the proxy, or
// usual, as in the official relay.
func expectFailure(t *T, a probe.Answer, usual *smp.Error) {
	a.ExpectRefused()
	if e := a.Response.(smp.ERR).Err; !e.Equal(usual) && (e.Proxy == nil || e.Proxy.Code != smp.ProxyBroker) {
		t.Nonstrict("PFWD → ERR "+usual.Error()+" or PROXY BROKER", a.String())
	}
}

// isUnreached reports whether an error says that a relay could not be connected to.
func isUnreached(e *smp.Error) bool {
	return e.Proxy != nil && e.Proxy.Code == smp.ProxyBroker &&
		(e.Proxy.Broker.Code == smp.BrokerNetwork || e.Proxy.Broker.Code == smp.BrokerTimeout)
}

func isERR(a probe.Answer) bool {
	_, ok := a.Response.(smp.ERR)
	return ok
}
