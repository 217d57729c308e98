package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/transport"
)

// Client is one connection to a relay. Its methods are safe for concurrent use.
// Whoever has made one calls Close when it is no longer needed.
type Client struct {
	conn   *transport.Conn
	config Config

	out    chan []*call // to the writer
	events chan Event

	authorizers authorizers

	started time.Time
	arrived atomic.Int64 // when the last block arrived: nanoseconds after started

	done    chan struct{} // closed when the connection has ended
	stopped sync.WaitGroup

	mu      sync.Mutex
	err     error // why it ended
	pending map[box.Nonce]*call
	late    lateCalls
}

// outBuffer is how many calls of Do may be queued before one waits for the
// writer.
const outBuffer = 256

// Dial connects to the relay of cfg: TCP, TLS and the SMP handshake, within
// cfg.HandshakeTimeout. The errors are those of package transport, among them
// *keys.FingerprintError for another relay than the expected one, and ErrConfig.
func Dial(ctx context.Context, cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	limit := cfg.HandshakeTimeout
	if limit == 0 {
		limit = transport.DefaultHandshakeTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := transport.Dial(ctx, cfg.Address, cfg.transport())
	if err != nil {
		return nil, fmt.Errorf("connecting to relay: %w", err)
	}
	return start(conn, cfg), nil
}

// New returns a client over a connection whose handshake is done, and which
// nobody else reads or writes from now on. The client closes it. If cfg cannot
// be used the error is ErrConfig and the connection is left open.
func New(conn *transport.Conn, cfg Config) (*Client, error) {
	cfg, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	return start(conn, cfg), nil
}

func start(conn *transport.Conn, cfg Config) *Client {
	c := &Client{
		conn:    conn,
		config:  cfg,
		out:     make(chan []*call, outBuffer),
		events:  make(chan Event, cfg.EventBuffer),
		started: time.Now(),
		done:    make(chan struct{}),
		pending: make(map[box.Nonce]*call),
	}
	c.stopped.Go(c.read)
	c.stopped.Go(c.write)
	if cfg.KeepAlive != NoKeepAlive {
		c.stopped.Go(c.keepAlive)
	}
	return c
}

// Version is the agreed SMP version.
func (c *Client) Version() uint16 { return c.conn.Version() }

// SessionID is the session identifier, which every authorization covers.
func (c *Client) SessionID() []byte { return c.conn.SessionID() }

// Conn is the connection with all that was agreed in the handshake. Reading from
// it and writing to it is for the client only.
func (c *Client) Conn() *transport.Conn { return c.conn }

// Done is closed when the connection has ended.
func (c *Client) Done() <-chan struct{} { return c.done }

// Err says why the connection has ended: ErrClosed, ErrLost, ErrBlock,
// ErrKeepAlive or ErrEventOverflow, with its cause. It is nil before.
func (c *Client) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Close ends the connection, and with it all commands that wait for an answer,
// and returns when nothing of the client runs any more. Events that have arrived
// can still be taken from the channel. It tells the relay, for which it waits at
// most five seconds if the relay does not read. It may be called more than once
// and returns nil.
func (c *Client) Close() error {
	c.endBy(ErrClosed, c.conn.Close)
	c.stopped.Wait()
	return nil
}

// end ends the connection without telling the relay.
func (c *Client) end(reason error) { c.endBy(reason, c.conn.Abort) }

// endBy ends the connection. The first reason counts.
func (c *Client) endBy(reason error, disconnect func() error) {
	c.mu.Lock()
	first := c.err == nil
	if first {
		c.err = reason
		close(c.done)
	}
	c.mu.Unlock()
	if first {
		// What closing says does not matter: the connection is of no more use.
		_ = disconnect()
	}
}

// lost wraps an error of the connection.
func lost(err error) error {
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: closed by the relay: %w", ErrLost, err)
	}
	return fmt.Errorf("%w: %w", ErrLost, err)
}

// timeoutOr returns ctx, limited by d if it has no deadline.
func timeoutOr(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if _, limited := ctx.Deadline(); limited {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, d)
}
