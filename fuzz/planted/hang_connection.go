package planted

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// stuck never returns: what waits for a thing that nobody does any more.
func stuck() { select {} }

// hangsOfConnections are hangs that what a connection does below its commands causes.
func hangsOfConnections() []Fault {
	return []Fault{
		{
			ID:    "hang/slow-block",
			Title: "A block that arrives in pieces keeps the place for blocks, of which there is one for all connections.",
			Finds: []string{Hang, Canary},
			Apply: func(c *relay.Config) {
				var place sync.Mutex
				insideTLS(func(s *transport.Secure) net.Conn {
					held := false
					return &blockwise{Secure: s, arrived: func(at int, err error) {
						arriving := at > 0 && err == nil
						switch {
						case arriving && !held:
							place.Lock()
						case !arriving && held:
							place.Unlock()
						}
						held = arriving
					}}
				})(c)
			},
		},
		{
			ID:    "hang/cut-block",
			Title: "The place for blocks, one for all connections, is not given back when a connection ends within a block.",
			Finds: []string{Hang, Canary},
			Apply: func(c *relay.Config) {
				var lost atomic.Bool
				insideTLS(func(s *transport.Secure) net.Conn {
					return &blockwise{Secure: s, arrived: func(at int, err error) {
						if at > 0 && err != nil {
							lost.Store(true)
						}
						if at > 0 && err == nil && lost.Load() {
							stuck()
						}
					}}
				})(c)
			},
		},
		{
			ID:    "hang/refused-hello-turn",
			Title: "Hellos are read one after the other, and one that is refused does not make room for the next one.",
			Finds: []string{Hang, Canary},
			Apply: fault.Stages(func(st *relay.Stages) {
				var turn sync.Mutex
				st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
					secure, err := transport.ServerTLS(ctx, raw, config)
					if err != nil {
						return nil, err
					}
					turn.Lock()
					conn, err := transport.ServerHandshake(ctx, secure, secure.Binding(), config)
					if !refusesHello(err) {
						turn.Unlock()
					}
					return conn, err
				}
			}),
		},
		{
			ID:    "hang/refused-hello",
			Title: "A connection whose hello is refused is forgotten and not closed.",
			Finds: []string{Hang},
			Apply: fault.Stages(func(st *relay.Stages) {
				st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
					secure, err := transport.ServerTLS(ctx, raw, config)
					if err != nil {
						return nil, err
					}
					kept := &unclosed{Secure: secure}
					conn, err := transport.ServerHandshake(ctx, kept, secure.Binding(), config)
					if refusesHello(err) {
						stuck()
					}
					kept.closable.Store(true)
					return conn, err
				}
			}),
		},
		{
			ID:    "hang/unread-answers",
			Title: "One writer serves all connections, and waits for the one that does not read.",
			Finds: []string{Hang, Canary},
			Apply: fault.Stages(func(st *relay.Stages) {
				var writer sync.Mutex
				accept, write := st.Accept, st.Write
				st.Accept = func(conn net.Conn) (net.Conn, error) {
					if tcp, ok := conn.(*net.TCPConn); ok {
						_ = tcp.SetWriteBuffer(smallBuffer) // without it the fault takes longer to show
					}
					return accept(conn)
				}
				st.Write = func(s *relay.Session, contents [][]byte) error {
					writer.Lock()
					defer writer.Unlock()
					return write(s, contents)
				}
			}),
		},
		{
			ID:    "hang/count-of-255",
			Title: "Transmissions are counted with a byte up to the count of the block, which it never exceeds if that is 255.",
			Finds: []string{Hang},
			Apply: contents(func(content []byte) {
				if len(content) > 0 && content[0] == smp.MaxTransmissions {
					stuck()
				}
			}),
		},
		{
			ID:    "hang/empty-transmission",
			Title: "A transmission of no bytes is waited for.",
			Finds: []string{Hang},
			Apply: encoded(func(_ *relay.Session, item []byte) {
				if len(item) == 0 {
					stuck()
				}
			}),
		},
		{
			ID:    "hang/errors-use-up-places",
			Title: "A connection has six places for commands under way, and one that fails does not give its place back.",
			Finds: []string{Hang},
			Apply: fault.Remembering(func(failed *beside[relay.Session, atomic.Int32]) func(*relay.Config) {
				const places = 6
				return fault.Together(
					fault.ChangesOutputs(func(s *relay.Session, out *relay.Output) {
						if fault.IsA[smp.ERR](*out) {
							failed.of(s).Add(1)
						}
					}),
					fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
						if failed.of(s).Load() >= places {
							stuck()
						}
						return next(s, content)
					}),
				)
			}),
		},
	}
}

// refusesHello reports whether a handshake has failed because of what the client's hello
// says.
func refusesHello(err error) bool { return errors.As(err, new(transport.Error)) }

// smallBuffer is the size of the buffer for what was written and not yet taken, in bytes.
const smallBuffer = 4096

// unclosed is a connection that is not closed before it is closable.
type unclosed struct {
	*transport.Secure
	closable atomic.Bool
}

// Close closes the connection if that is possible by now.
func (c *unclosed) Close() error {
	if !c.closable.Load() {
		return nil
	}
	return c.Secure.Close()
}
