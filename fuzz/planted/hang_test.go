package planted_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// half writes the beginning of a block.
func (p *peer) half() {
	p.t.Helper()
	_, err := p.conn.NetConn().Write(make([]byte, transport.BlockSize/2))
	require.NoError(p.t, err)
}

// stops reports whether the relay stops serving a connection that does nothing unusual.
func (p *peer) stops() bool {
	return p.eventually(func() bool { return !p.fence() })
}

// unanswered sends transmissions in one block and reports whether the last PING, which
// comes behind them, is answered and the transmission is not.
func (p *peer) unanswered(t smp.Transmission) bool {
	p.t.Helper()
	p.send(p.encode(t))
	require.True(p.t, p.fence())
	for _, r := range p.inbox {
		if bytes.Equal(r.CorrelationID, t.CorrelationID) {
			return false
		}
	}
	return true
}

var hangTriggers = map[string]trigger{
	"hang/slow-block": func(r *relayed) bool {
		slow, other := r.dial(), r.dial()
		slow.half()
		return other.stops()
	},
	"hang/cut-block": func(r *relayed) bool {
		cut, other := r.dial(), r.dial()
		cut.half()
		cut.abort()
		return other.stops()
	},
	"hang/refused-hello-turn": func(r *relayed) bool {
		r.greet(func(h *transport.ClientHello) { h.KeyHash = make([]byte, 32) })
		return r.eventually(func() bool {
			p, err := r.try()
			if err != nil {
				return true
			}
			p.abort()
			return false
		})
	},
	"hang/refused-hello": func(r *relayed) bool {
		secure := r.greet(func(h *transport.ClientHello) { h.KeyHash = make([]byte, 32) })
		b := make([]byte, transport.BlockSize)
		for {
			_, err := secure.Read(b)
			var late net.Error
			if err != nil {
				return errors.As(err, &late) && late.Timeout()
			}
		}
	},
	"hang/unread-answers": func(r *relayed) bool {
		other := r.dial()
		q := other.create(contact)
		link := smp.LSET{LinkID: randomID(), Data: smp.LinkData{Fixed: make([]byte, 2000), User: make([]byte, 13000)}}
		require.Equal(r.t, smp.OK{}, other.order(q, link))
		unread := r.narrow()
		for range 40 {
			unread.send(unread.encode(unread.transmission(noKey, link.LinkID, smp.LGET{})))
		}
		return other.stops()
	},
	"hang/count-of-255": func(r *relayed) bool {
		p := r.dial()
		content := p.content(p.encode(p.transmission(noKey, nil, smp.PING{})))
		content[0] = 255
		p.write(content)
		return !p.fence()
	},
	"hang/empty-transmission": func(r *relayed) bool {
		p := r.dial()
		p.send(nil)
		return !p.fence()
	},
	"hang/errors-use-up-places": func(r *relayed) bool {
		p := r.dial()
		for range 6 {
			require.True(r.t, refused(p.submit(p.bytes(noKey, nil, []byte("WHAT"))), smp.ErrCmdUnknown))
		}
		return !p.fence()
	},
	"hang/takeover": func(r *relayed) bool {
		first, second := r.dial(), r.dial()
		q := first.create()
		return second.order(q, smp.SUB{}) == nil
	},
	"hang/refused-link-command": func(r *relayed) bool {
		p := r.dial()
		q := p.create(contact)
		link := smp.LSET{LinkID: randomID(), Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte("user")}}
		require.Equal(r.t, smp.OK{}, p.order(q, link))
		link.Data.Fixed = []byte("other")
		require.True(r.t, refused(p.order(q, link), smp.ErrAuth))
		return r.dial().ask(noKey, link.LinkID, smp.LGET{}) == nil
	},
	"hang/refused-key": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		require.True(r.t, refused(p.ask(newKey(keys.Ed25519), q.recipientID, smp.SUB{}), smp.ErrAuth))
		return p.order(q, smp.SUB{}) == nil
	},
	"hang/rest-of-batch": func(r *relayed) bool {
		p := r.dial()
		rest := p.transmission(noKey, nil, smp.PING{})
		p.send([]byte{24}, p.encode(rest))
		require.True(r.t, p.fence())
		for _, r := range p.inbox {
			if bytes.Equal(r.CorrelationID, rest.CorrelationID) {
				return false
			}
		}
		return true
	},
	"hang/repeated-correlation-id": func(r *relayed) bool {
		p := r.dial()
		ping := p.transmission(noKey, nil, smp.PING{})
		require.Equal(r.t, smp.PONG{}, p.submit(ping))
		return p.unanswered(ping)
	},
	"hang/unreached-destination": func(r *relayed) bool {
		p := r.dial()
		server := smp.Server{Hosts: []string{"127.0.0.1"}, Port: r.freePort(), KeyHash: make([]byte, 32)}
		return p.ask(noKey, nil, smp.PRXY{Server: server}) == nil
	},
	"hang/get-waits": func(r *relayed) bool {
		p := r.dial()
		q := p.create(unsubscribed)
		return p.unanswered(p.transmission(q.recipient, q.recipientID, smp.GET{}))
	},
}

// narrow connects with a small buffer for what comes.
func (r *relayed) narrow() *peer {
	r.t.Helper()
	raw := r.raw()
	require.NoError(r.t, raw.(*net.TCPConn).SetReadBuffer(4096))
	require.NoError(r.t, raw.SetDeadline(time.Time{}))
	conn, err := transport.Client(context.Background(), raw, transport.ClientConfig{KeyHash: r.server.KeyHash, Timeout: r.patience})
	require.NoError(r.t, err)
	p := &peer{relayed: r, conn: conn}
	r.t.Cleanup(p.abort)
	return p
}

// freePort is a port at which nobody listens.
func (r *relayed) freePort() string {
	r.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(r.t, err)
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(r.t, err)
	return port
}
