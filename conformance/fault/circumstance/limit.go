package circumstance

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"syscall"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// limitFaults are mistakes in limits.
var limitFaults = []fault.Fault{
	{
		ID:     "limit/few-connections",
		Story:  "The limit of connections is meant for one client and holds for all of them.",
		Breaks: []string{"SMP-LIMIT-CONNECTIONS"},
		Cases:  []string{"relay/limit/connections"},
		Apply:  func(c *relay.Config) { c.MaxConnections = 40 },
	},
	{
		ID:     "limit/one-writer",
		Story:  "One lock guards all writing, so that the writer for a client that does not read keeps all others from theirs.",
		Breaks: []string{"SMP-LIMIT-SLOW-READER"},
		Cases:  []string{"relay/limit/slow-reader"},
		Apply: fault.Stages(func(st *relay.Stages) {
			var mu sync.Mutex
			next := st.Write
			st.Write = func(s *relay.Session, contents [][]byte) error {
				mu.Lock()
				defer mu.Unlock()
				return next(s, contents)
			}
		}),
	},
	{
		ID:     "limit/end-waits",
		Story:  "SUB waits until the subscriber before has room for END.",
		Breaks: []string{"SMP-LIMIT-SLOW-READER"},
		Cases:  []string{"relay/limit/unread-answers"},
		Apply:  endWaits,
	},
	{
		ID:     "limit/output-unbounded",
		Story:  "What waits to be sent to a client is kept in a list that grows as long as there is memory.",
		Breaks: []string{"SMP-LIMIT-UNREAD"},
		Cases:  []string{"relay/limit/unread-answers"},
		Apply:  func(c *relay.Config) { c.MaxOutput = math.MaxInt },
	},
	{
		ID:     "limit/one-reader",
		Story:  "The buffer for the block that is arriving is one for all connections, and is waited for until the block is complete.",
		Breaks: []string{"SMP-LIMIT-STALLED-BLOCK"},
		Cases:  []string{"relay/limit/stalled-block"},
		Apply:  oneReader,
	},
	{
		ID:     "limit/one-handshake",
		Story:  "New connections are taken one after the other, each when the handshake of the one before has ended.",
		Breaks: []string{"SMP-LIMIT-SILENT"},
		Cases:  []string{"relay/limit/silent"},
		Apply: fault.Stages(func(st *relay.Stages) {
			turn, next := make(chan struct{}, 1), st.Handshake
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				if err := takeTurn(ctx, turn, conn); err != nil {
					return nil, err
				}
				defer func() { <-turn }()
				return next(ctx, conn, config)
			}
		}),
	},
	{
		ID:     "limit/one-hello",
		Story:  "The relay waits for the hello of one client before it greets the next one.",
		Breaks: []string{"SMP-LIMIT-SILENT"},
		Cases:  []string{"relay/limit/silent"},
		Apply: fault.Stages(func(st *relay.Stages) {
			turn := make(chan struct{}, 1)
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				secure, err := transport.ServerTLS(ctx, conn, config)
				if err != nil {
					return nil, err
				}
				if err := takeTurn(ctx, turn, conn); err != nil {
					return nil, err
				}
				defer func() { <-turn }()
				return transport.ServerHandshake(ctx, secure, secure.Binding(), config)
			}
		}),
	},
	{
		ID:     "limit/reset-ends-listener",
		Story:  "A connection that is reset within the TLS handshake is taken for a failure of the network, after which nobody is accepted any more.",
		Breaks: []string{"SMP-LIMIT-ABRUPT-CLOSE"},
		Cases:  []string{"relay/limit/abrupt-close"},
		Apply: fault.Stages(func(st *relay.Stages) {
			var failed atomic.Bool
			accept := st.Accept
			st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
				secure, err := transport.ServerTLS(ctx, conn, config)
				if err != nil {
					if errors.Is(err, syscall.ECONNRESET) {
						failed.Store(true)
					}
					return nil, err
				}
				return transport.ServerHandshake(ctx, secure, secure.Binding(), config)
			}
			st.Accept = func(conn net.Conn) (net.Conn, error) {
				if failed.Load() {
					return nil, errors.New("the network has failed")
				}
				return accept(conn)
			}
		}),
	},
}

// endWaits lets SUB wait for what is being written to the session that created or
// subscribed to the queue before.
func endWaits(c *relay.Config) {
	writing := new(fault.PerSession[sync.Mutex])
	var subscribers fault.Notes[string, *relay.Session]
	fault.Together(
		fault.Stages(func(st *relay.Stages) {
			next := st.Write
			st.Write = func(s *relay.Session, contents [][]byte) error {
				mu := writing.Of(s)
				mu.Lock()
				defer mu.Unlock()
				return next(s, contents)
			}
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				subscribers.Set(string(ids.RecipientID), s)
			}
			return outs
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
			if before, ok := subscribers.Swap(string(r.Transmission.EntityID), s); ok && before != s {
				mu := writing.Of(before)
				mu.Lock()
				defer mu.Unlock()
			}
			return next(s, r)
		}),
	)(c)
}

// takeTurn waits until nobody else has the turn, or closes the connection.
func takeTurn(ctx context.Context, turn chan struct{}, conn net.Conn) error {
	select {
	case turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errors.Join(ctx.Err(), conn.Close())
	}
}

// oneReader reads one block at a time, of all connections.
func oneReader(c *relay.Config) {
	var mu sync.Mutex
	framing.Steps{Read: func(conn net.Conn, block []byte) error {
		n, err := conn.Read(block[:1])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		_, err = io.ReadFull(conn, block[n:])
		return err
	}}.Apply(c)
}
