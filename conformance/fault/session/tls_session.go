package session

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// tlsSessionFaults are mistakes in what SMP builds on in a TLS session.
var tlsSessionFaults = []fault.Fault{
	{
		ID:     "tls/session-id-constant",
		Story:  "The session identifier names the relay and not the connection.",
		Breaks: []string{"SMP-TLS-SESSION-UNIQUE", "SMP-TLS-CHANNEL-BINDING"},
		Cases:  []string{"relay/tls/session-unique", "relay/tls/channel-binding"},
		Apply:  sessionID(func(net.Conn) []byte { return bytes.Repeat([]byte{7}, 32) }),
	},
	{
		ID:     "tls/session-id-random",
		Story:  "The session identifier is 32 random bytes, as the one of a web session would be.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING", "SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding", "relay/tls/channel-binding-client"},
		Apply:  sessionID(func(net.Conn) []byte { return fault.Random(32) }),
	},
	{
		ID:     "tls/session-id-exporter",
		Story:  "The channel binding is that of RFC 9266, which is the one made for TLS 1.3.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING", "SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding", "relay/tls/channel-binding-client"},
		Apply: sessionID(func(c net.Conn) []byte {
			s, ok := c.(*transport.Secure)
			if !ok {
				return nil
			}
			state := s.ConnectionState()
			id, err := state.ExportKeyingMaterial("EXPORTER-Channel-Binding", nil, 32)
			if err != nil {
				return nil
			}
			return id
		}),
	},
	{
		ID:     "tls/session-id-short",
		Story:  "The session identifier is cut to 12 bytes, the length of a Finished message in TLS 1.2.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING", "SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding", "relay/tls/channel-binding-client"},
		Apply:  meeting.Steps{Binding: func(_ net.Conn, b *transport.Binding) { b.SessionID = b.SessionID[:12] }}.Apply,
	},
	{
		ID:     "tls/session-id-of-client",
		Story:  "The session identifier is kept by the address of the client and given to its next connection too.",
		Breaks: []string{"SMP-TLS-SESSION-UNIQUE"},
		Cases:  []string{"relay/tls/session-unique"},
		Apply: func(c *relay.Config) {
			var known sync.Map
			meeting.Steps{Binding: func(conn net.Conn, b *transport.Binding) {
				host, _, _ := net.SplitHostPort(conn.RemoteAddr().String())
				id, _ := known.LoadOrStore(host, b.SessionID)
				b.SessionID = id.([]byte)
			}}.Apply(c)
		},
	},
	{
		ID:     "tls/session-id-server-finished",
		Story:  "The session identifier is the first Finished message, which in TLS 1.3 is that of the relay.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding-client"},
		Apply: meeting.Steps{
			Secure: meeting.OwnTLS(func(*tlsprobe.ServerConfig) {}),
			Binding: func(c net.Conn, b *transport.Binding) {
				if own, ok := c.(*tlsprobe.Conn); ok {
					b.SessionID = own.State().ServerFinished
				}
			},
		}.Apply,
	},
	{
		ID:     "tls/session-id-after-retry",
		Story:  "The Finished message is looked for in the second flight of the client, which is its second ClientHello after a retry.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding-longer"},
		Apply: meeting.Steps{
			Secure: meeting.OwnTLS(func(*tlsprobe.ServerConfig) {}),
			Binding: func(c net.Conn, b *transport.Binding) {
				if own, ok := c.(*tlsprobe.Conn); ok && own.State().HelloRetryRequest {
					b.SessionID = own.State().ClientRandom
				}
			},
		}.Apply,
	},
	{
		ID:     "tls/session-id-of-last-record",
		Story:  "The Finished message is taken from the last record of the handshake, whatever part of it that holds.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding-longer"},
		Apply:  lastRecord,
	},
	{
		ID:     "tls/session-id-of-first-message",
		Story:  "The first message of the client after that of the relay is taken for its Finished, and services send a certificate first.",
		Breaks: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Cases:  []string{"relay/tls/channel-binding-longer"},
		Apply: meeting.Steps{Binding: func(_ net.Conn, b *transport.Binding) {
			if len(b.PeerChain) > 0 {
				b.SessionID = b.PeerChain[0][:len(b.SessionID)]
			}
		}}.Apply,
	},
	{
		ID:     "tls/read-is-a-record",
		Story:  "The ClientHello is taken from one read of the network.",
		Breaks: []string{"SMP-TLS-FRAGMENTS"},
		Cases:  []string{"relay/tls/single-bytes"},
		Apply:  meeting.Steps{Network: func(c net.Conn) net.Conn { return &impatient{Conn: c, whole: wholeRecord, once: true} }}.Apply,
	},
	{
		ID:     "tls/record-is-a-block",
		Story:  "One record of TLS is taken for one block.",
		Breaks: []string{"SMP-TLS-FRAGMENTS"},
		Cases:  []string{"relay/tls/block-fragments", "relay/tls/blocks-together"},
		Apply: meeting.Steps{Stream: func(c net.Conn) net.Conn {
			return &impatient{Conn: c, whole: func(b []byte) bool { return len(b) == transport.BlockSize }}
		}}.Apply,
	},
	{
		ID:     "tls/rest-of-record-dropped",
		Story:  "What follows the end of a block in the same record is dropped.",
		Breaks: []string{"SMP-TLS-FRAGMENTS"},
		Cases:  []string{"relay/tls/blocks-together"},
		Apply:  meeting.Steps{Stream: func(c net.Conn) net.Conn { return &forgetful{Conn: c} }}.Apply,
	},
	{
		ID:     "tls/garbage-kept",
		Story:  "A connection without a ClientHello is left alone, since some scanner may still say something.",
		Breaks: []string{"SMP-TLS-GARBAGE"},
		Cases:  []string{"relay/tls/garbage"},
		Apply: meeting.WithTLS(func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
			hello, raw := peek(ctx, raw)
			if hello == nil {
				return nil, transport.Binding{}, drain(raw)
			}
			return meeting.RightTLS(ctx, raw, config)
		}),
	},
	{
		ID:     "tls/garbage-ends-service",
		Story:  "An error in the handshake of one client ends the loop that accepts all of them.",
		Breaks: []string{"SMP-TLS-GARBAGE"},
		Cases:  []string{"relay/tls/garbage"},
		Apply:  endsWithGarbage,
	},
	{
		ID:     "tls/abandoned-slots",
		Story:  "The number of handshakes is limited, and those that the client breaks off count for ever.",
		Breaks: []string{"SMP-TLS-ABANDONED"},
		Cases:  []string{"relay/tls/abandoned"},
		Apply:  leaking(10),
	},
	{
		ID:     "tls/close-notify-ignored",
		Story:  "A close_notify is read and the connection is kept until TCP ends.",
		Breaks: []string{"SMP-TLS-CLOSE"},
		Cases:  []string{"relay/tls/close-notify"},
		Apply: meeting.WithTLS(func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
			conn, binding, err := meeting.RightTLS(ctx, raw, config)
			return &halfOpen{Conn: conn, raw: raw}, binding, err
		}),
	},
}

// sessionID replaces the session identifier.
func sessionID(id func(net.Conn) []byte) func(*relay.Config) {
	return meeting.Steps{Binding: func(c net.Conn, b *transport.Binding) { b.SessionID = id(c) }}.Apply
}

// lastRecord takes what may be the end of a Finished message for all of it, with a client
// that cuts its messages.
func lastRecord(c *relay.Config) {
	meeting.WithTLS(func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		head := make([]byte, recordHead)
		if _, err := io.ReadFull(raw, head); err != nil {
			return nil, transport.Binding{}, err
		}
		conn, binding, err := meeting.RightTLS(ctx, &meeting.Replay{Conn: raw, Head: head}, config)
		if err == nil && isCut(head) {
			binding.SessionID = binding.SessionID[len(binding.SessionID)/2:]
		}
		return conn, binding, err
	})(c)
}

// endsWithGarbage is a relay that accepts nobody after a peer that does not speak TLS, or
// that leaves in its ClientHello.
func endsWithGarbage(c *relay.Config) {
	ended := make(chan struct{}, 1)
	meeting.WithTLS(func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
		hello, raw := peek(ctx, raw)
		if hello == nil {
			select {
			case ended <- struct{}{}:
			default:
			}
		}
		if len(ended) > 0 {
			return nil, transport.Binding{}, errRefused
		}
		return meeting.RightTLS(ctx, raw, config)
	})(c)
}

// impatient is a connection whose every read, or the first one if once, has to be whole.
type impatient struct {
	net.Conn
	whole func([]byte) bool
	// once says that later reads may be anything.
	once, met bool
	rest      []byte
}

// maxRead is more than a block and a record with all that is around it.
const maxRead = transport.BlockSize + 1024

// Read returns what one read gives, or an error if that is not whole.
func (i *impatient) Read(b []byte) (int, error) {
	if len(i.rest) == 0 {
		text := make([]byte, maxRead)
		n, err := i.Conn.Read(text)
		if n == 0 {
			return 0, err
		}
		if !(i.once && i.met) && !i.whole(text[:n]) {
			return 0, errRefused
		}
		i.met = true
		i.rest = text[:n]
	}
	n := copy(b, i.rest)
	i.rest = i.rest[n:]
	return n, nil
}

// wholeRecord reports whether b holds at least one whole record of TLS.
func wholeRecord(b []byte) bool {
	return len(b) >= 5 && len(b)-5 >= int(b[3])<<8|int(b[4])
}

// forgetful is a stream that loses what follows a block in the same read.
type forgetful struct {
	net.Conn
	rest   []byte
	filled int
}

// Read returns bytes of the current block.
func (f *forgetful) Read(b []byte) (int, error) {
	if len(f.rest) == 0 {
		text := make([]byte, maxRead)
		n, err := f.Conn.Read(text)
		if n == 0 {
			return 0, err
		}
		f.rest = text[:min(n, transport.BlockSize-f.filled)]
		f.filled = (f.filled + len(f.rest)) % transport.BlockSize
	}
	n := copy(b, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// halfOpen is a TLS connection that goes on after the close_notify of the peer.
type halfOpen struct {
	net.Conn
	raw net.Conn
}

// Read waits for the end of TCP after the end of TLS.
func (h *halfOpen) Read(b []byte) (int, error) {
	n, err := h.Conn.Read(b)
	if errors.Is(err, io.EOF) {
		err = errors.Join(err, drain(h.raw))
	}
	return n, err
}
