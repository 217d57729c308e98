package proxy

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// togetherFaults are mistakes that show with several commands, clients or
// destinations.
var togetherFaults = []fault.Fault{
	{
		ID:     "proxy/answers-in-order",
		Story:  "An answer of the destination is taken for that to the oldest RFWD, whatever its correlation id is.",
		Breaks: []string{"SMP-PROXY-PRES-CORRELATION"},
		Cases:  []string{"relay/proxy/pres-correlation", "relay/proxy/stray-answer"},
		Apply:  connection{secure: answersInOrder}.apply,
	},
	{
		ID:     "proxy/answers-by-client-correlation",
		Story:  "Answers find their clients by the correlation id of PFWD, as if no two clients could have the same.",
		Breaks: []string{"SMP-PROXY-PRES-CORRELATION"},
		Cases:  []string{"relay/proxy/same-correlation"},
		Apply:  answersByClientCorrelation(),
	},
	{
		ID:     "proxy/first-answer-of-block",
		Story:  "A block of the destination is taken for a single answer.",
		Breaks: []string{"SMP-PROXY-PRES-CORRELATION"},
		Cases:  []string{"relay/proxy/answers-batched"},
		Apply:  connection{secure: firstAnswerOfBlock}.apply,
	},
	{
		ID:     "proxy/correlation-of-last",
		Story:  "The proxy remembers the correlation id of the last PFWD of a client alone.",
		Breaks: []string{"SMP-PROXY-PRES-CORRELATION"},
		Cases:  []string{"relay/proxy/pres-correlation"},
		Apply:  correlationOfLast(),
	},
	{
		ID:     "proxy/tail-to-end-of-block",
		Story:  "The transmission in PFWD is taken to the end of the block, where other commands may follow.",
		Breaks: []string{"SMP-PROXY-RFWD-UNCHANGED"},
		Cases:  []string{"relay/proxy/pipelined"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Decode
			st.Decode = func(s *relay.Session, content []byte) []relay.Request { return tailToEnd(content, next(s, content)) }
		}),
	},
	{
		ID:     "proxy/waits-for-destination",
		Story:  "The connection of the client waits until its PFWD is answered.",
		Breaks: []string{"SMP-PROXY-SLOW-DESTINATION"},
		Cases:  []string{"relay/proxy/beside"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Execute
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if r.Command.Tag() != "PFWD" {
					return next(s, r)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
				defer cancel()
				return fault.Reply(r, st.Proxy(ctx, s, r))
			}
		}),
	},
	{
		ID:     "proxy/one-command-at-a-time",
		Story:  "A lock is held while the proxy waits for a destination, so that one that is slow stops all.",
		Breaks: []string{"SMP-PROXY-SLOW-DESTINATION"},
		Cases:  []string{"relay/proxy/beside"},
		Apply:  oneAtATime("PFWD"),
	},
	{
		ID:     "proxy/one-session-at-a-time",
		Story:  "A lock is held while the proxy connects to a destination, so that one that is silent stops all.",
		Breaks: []string{"SMP-PROXY-DESTINATION-GONE"},
		Cases:  []string{"relay/proxy/silent-hello"},
		Apply:  oneAtATime("PRXY"),
	},
	{
		ID:     "proxy/beyond-limit-dropped",
		Story:  "PFWD that come when as many as the limit says are under way are dropped, instead of waiting.",
		Breaks: []string{"SMP-PROXY-CONCURRENCY"},
		Cases:  []string{"relay/proxy/bounded"},
		Apply:  beyondLimit(func() smp.Response { return nil }),
	},
	{
		ID:     "proxy/beyond-limit-refused",
		Story:  "PFWD that come when as many as the limit says are under way are refused, instead of waiting.",
		Breaks: []string{"SMP-PROXY-CONCURRENCY"},
		Cases:  []string{"relay/proxy/bounded"},
		Apply:  beyondLimit(func() smp.Response { return smp.ERR{Err: broker(smp.BrokerTimeout)} }),
	},
	{
		ID:     "proxy/client-ends-session",
		Story:  "When a client leaves, the sessions that it has used are closed with it.",
		Breaks: []string{"SMP-PROXY-SENDER-GONE", "SMP-PROXY-ERR-SESSION-LIVES"},
		Cases:  []string{"relay/proxy/client-gone-forward"},
		Apply:  clientEndsSession,
	},
	{
		ID:     "proxy/client-keeps-attempt",
		Story:  "When the client leaves for whom a destination is connected to, all who wait for the same are forgotten.",
		Breaks: []string{"SMP-PROXY-SENDER-GONE"},
		Cases:  []string{"relay/proxy/client-gone"},
		Apply:  clientKeepsAttempt,
	},
}

// answersInOrder gives each answer the correlation id of the oldest command without one.
func answersInOrder(s *transport.Secure, _ *transport.ClientConfig) (net.Conn, transport.Binding, error) {
	var mu sync.Mutex
	var waiting [][]byte
	each := func(change func(*smp.Transmission)) func([]byte) []byte {
		return func(content []byte) []byte {
			mu.Lock()
			defer mu.Unlock()
			return changedBlock(content, func(encoded [][]byte) ([][]byte, error) {
				for i := range encoded {
					var err error
					if encoded[i], err = changed(smp.MaxVersion, encoded[i], change); err != nil {
						return nil, err
					}
				}
				return encoded, nil
			})
		}
	}
	return &blockConn{
		Secure: s,
		out:    each(func(t *smp.Transmission) { waiting = append(waiting, t.CorrelationID) }),
		in: each(func(t *smp.Transmission) {
			if len(waiting) > 0 {
				t.CorrelationID, waiting = waiting[0], waiting[1:]
			}
		}),
	}, s.Binding(), nil
}

// answersByClientCorrelation gives every answer to the last one who waits under the
// correlation id of its client.
func answersByClientCorrelation() func(*relay.Config) {
	type answer struct {
		body []byte
		err  error
	}
	var waiting sync.Map // of chan answer, by correlation id
	return hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
		own := make(chan answer, 2)
		waiting.Store(string(c.CorrelationID), own)
		body, err := next(ctx, d, c)
		if last, ok := waiting.LoadAndDelete(string(c.CorrelationID)); ok {
			last.(chan answer) <- answer{body, err}
		}
		select {
		case a := <-own:
			return a.body, a.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
}

func firstAnswerOfBlock(s *transport.Secure, _ *transport.ClientConfig) (net.Conn, transport.Binding, error) {
	return &blockConn{Secure: s, in: func(content []byte) []byte {
		return changedBlock(content, func(encoded [][]byte) ([][]byte, error) { return encoded[:1], nil })
	}}, s.Binding(), nil
}

// changedBlock changes the transmissions of a block. A hello, which is none, stays as it
// is.
func changedBlock(content []byte, change func([][]byte) ([][]byte, error)) []byte {
	encoded, err := smp.DecodeBlock(content)
	if err != nil || len(encoded) == 0 {
		return content
	}
	if encoded, err = change(encoded); err != nil {
		return content
	}
	result, err := smp.EncodeBlock(encoded...)
	if err != nil {
		return content
	}
	return result
}

// correlationOfLast gives PRES the correlation id of the last PFWD of the connection.
func correlationOfLast() func(*relay.Config) {
	var last sync.Map // of correlation ids, by *relay.Session
	return fault.Together(
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if r.Command.Tag() == "PFWD" {
				last.Store(s, bytes.Clone(r.Transmission.CorrelationID))
			}
			return next(s, r)
		}),
		fault.ChangesTransmissions(func(s *relay.Session, t *smp.Transmission) {
			if id, ok := last.Load(s); ok && bytes.HasPrefix(t.Command, []byte("PRES ")) {
				t.CorrelationID = id.([]byte)
			}
		}))
}

// tailToEnd makes everything behind the first PFWD of a block a part of it.
func tailToEnd(content []byte, requests []relay.Request) []relay.Request {
	for i := range requests {
		c, ok := requests[i].Command.(smp.PFWD)
		if !ok {
			continue
		}
		if at := bytes.Index(content, c.Body); at >= 0 {
			c.Body = slices.Clone(content[at:])
			requests[i].Command = c
		}
		return requests[:i+1]
	}
	return requests
}

// oneAtATime serves one command of a kind after the other, of all clients.
func oneAtATime(tag string) func(*relay.Config) {
	turn := make(chan struct{}, 1)
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		if r.Command.Tag() != tag {
			return next(ctx, s, r)
		}
		select {
		case turn <- struct{}{}:
		case <-ctx.Done():
			return nil
		}
		defer func() { <-turn }()
		return next(ctx, s, r)
	})
}

// beyondLimit answers in another way what comes while a relay has the usual number of
// PFWD under way.
func beyondLimit(answer func() smp.Response) func(*relay.Config) {
	var underWay atomic.Int32
	return fault.Together(
		forwarding(func(c *relay.ProxyConfig) { c.MaxCommands = 100_000 }),
		proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			defer underWay.Add(-1)
			if underWay.Add(1) > relay.DefaultMaxProxyCommands && r.Command.Tag() == "PFWD" {
				return answer()
			}
			return next(ctx, s, r)
		}))
}

// clientEndsSession closes the sessions of a client that is gone.
func clientEndsSession(c *relay.Config) {
	var mu sync.Mutex
	destinations := make(map[string]*client.Client)
	used := make(map[*relay.Session]*client.Client)
	connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
		d, err := next(ctx, r, address, keyHash)
		if err == nil {
			mu.Lock()
			destinations[string(d.SessionID())] = d
			mu.Unlock()
		}
		return d, err
	})(c)
	proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		mu.Lock()
		if d := destinations[string(r.Transmission.EntityID)]; d != nil {
			used[s] = d
		}
		mu.Unlock()
		return next(ctx, s, r)
	})(c)
	leaves(func(s *relay.Session) {
		mu.Lock()
		d := used[s]
		mu.Unlock()
		if d != nil {
			_ = d.Close() // which returns nil
		}
	})(c)
}

// leaves calls gone when a connection is at its end.
func leaves(gone func(*relay.Session)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Read
		st.Read = func(s *relay.Session) ([]byte, error) {
			content, err := next(s)
			if err != nil {
				gone(s)
			}
			return content, err
		}
	})
}

// attempt is a connection to a destination that is being made for a client.
type attempt struct {
	ready chan struct{} // closed when there is an answer
	gone  chan struct{} // closed when the client is gone
}

// clientKeepsAttempt answers those who ask at the same time when the first one has been
// answered, and never if it is gone by then.
func clientKeepsAttempt(c *relay.Config) {
	var mu sync.Mutex
	attempts := make(map[string]*attempt)
	owned := make(map[*relay.Session]*attempt)
	proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		c, ok := r.Command.(smp.PRXY)
		if !ok {
			return next(ctx, s, r)
		}
		mu.Lock()
		a := attempts[destinationOf(c)]
		first := a == nil
		if first {
			a = &attempt{make(chan struct{}), make(chan struct{})}
			attempts[destinationOf(c)], owned[s] = a, a
		}
		mu.Unlock()
		if first {
			return a.lead(ctx, next(ctx, s, r))
		}
		select {
		case <-a.ready:
			return next(ctx, s, r)
		case <-ctx.Done():
			return nil
		}
	})(c)
	leaves(func(s *relay.Session) {
		mu.Lock()
		defer mu.Unlock()
		if a := owned[s]; a != nil {
			delete(owned, s)
			close(a.gone)
		}
	})(c)
}

// lead ends the attempt with its answer, unless the client leaves within a moment.
func (a *attempt) lead(ctx context.Context, answer smp.Response) smp.Response {
	moment := time.NewTimer(500 * time.Millisecond)
	defer moment.Stop()
	select {
	case <-a.gone:
	case <-moment.C:
		close(a.ready)
	case <-ctx.Done():
	}
	return answer
}
