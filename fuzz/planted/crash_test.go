package planted_test

import (
	"encoding/binary"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// crashed reports whether the process has ended with a stack trace by what the peer, nil
// for none, did. A process that panics may still serve others until it is gone, so the end
// of one with a fault is waited for.
func (r *relayed) crashed(p *peer) bool {
	r.t.Helper()
	if p != nil && p.fence() {
		return false
	}
	if !r.wrong {
		other, err := r.try()
		require.NoError(r.t, err)
		require.True(r.t, other.fence())
		return false // only the connection has ended
	}
	require.True(r.t, r.ended(), "the relay does not end")
	require.Contains(r.t, r.stderr.String(), "panic: runtime error: ")
	require.Contains(r.t, r.stderr.String(), "\ngoroutine ")
	return true
}

// onContent sends a block with a content that is made of that of a PING.
func onContent(change func(content []byte) []byte) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		p.write(change(p.content(p.encode(p.transmission(noKey, nil, smp.PING{})))))
		return r.crashed(p)
	}
}

// onTransmission sends a transmission.
func onTransmission(item ...byte) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		p.send(item)
		return r.crashed(p)
	}
}

// onCommand sends a command, which may be malformed, without authorization.
func onCommand(command ...byte) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		p.submit(p.bytes(noKey, nil, command))
		return r.crashed(p)
	}
}

// onBytes sends bytes in the place of TLS and closes that side of the connection.
func onBytes(b ...byte) trigger {
	return func(r *relayed) bool {
		raw := r.raw()
		_, err := raw.Write(b)
		require.NoError(r.t, err)
		_ = raw.Close()
		return r.crashed(nil)
	}
}

// onHello sends a hello.
func onHello(change func(*transport.ClientHello)) trigger {
	return func(r *relayed) bool {
		secure := r.greet(change)
		drainConnection(secure)
		return r.crashed(nil)
	}
}

// onQueue makes a queue and does something with it.
func onQueue(do func(p *peer, q *queue)) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		do(p, p.create())
		return r.crashed(p)
	}
}

// drainConnection reads until the relay closes the connection.
func drainConnection(conn *transport.Secure) {
	b := make([]byte, transport.BlockSize)
	for {
		if _, err := conn.Read(b); err != nil {
			return
		}
	}
}

var crashTriggers = map[string]trigger{
	"crash/empty-block": onContent(func([]byte) []byte { return nil }),
	"crash/zero-count":  onContent(func([]byte) []byte { return []byte{0} }),
	"crash/batch-count": onContent(func(content []byte) []byte {
		content[0]++
		return content
	}),
	"crash/transmission-length": onContent(func(content []byte) []byte {
		binary.BigEndian.PutUint16(content[1:], uint16(len(content)-smp.BlockHead+1))
		return content
	}),
	"crash/signed-length": onContent(func(content []byte) []byte {
		content[1] |= 0x80
		return content
	}),
	"crash/short-string":      onTransmission(0, 24, 1, 2),
	"crash/service-signature": onTransmission(append([]byte{1, 0, '1', 10}, make([]byte, 10)...)...),
	"crash/unknown-tag":       onCommand([]byte("PINGX")...),
	"crash/long-tag":          onCommand([]byte("ABCDEFGHI")...),
	"crash/entity-id": func(r *relayed) bool {
		p := r.dial()
		p.ask(newKey(keys.Ed25519), randomID()[1:], smp.SUB{})
		return r.crashed(p)
	},
	"crash/largest-body": onQueue(func(p *peer, q *queue) { p.say(q, string(make([]byte, smp.MaxMessageLength(smp.MaxVersion)+1))) }),
	"crash/empty-body":   onQueue(func(p *peer, q *queue) { p.say(q, "") }),
	"crash/key-length": onQueue(func(p *peer, q *queue) {
		p.submit(p.bytes(q.recipient, q.recipientID, append([]byte("KEY \x05"), 1, 2, 3, 4, 5)))
	}),
	"crash/recipient-key-count": onCommand([]byte("RKEY \x09")...),
	"crash/link-data-length":    onCommand([]byte("LSET \x00\xff\xff")...),
	"crash/message-id":          onQueue(func(p *peer, q *queue) { p.order(q, smp.ACK{MsgID: randomID()[1:]}) }),
	"crash/proxy-host":          onCommand([]byte("PRXY \x01\x00\x045223\x0010")...),
	"crash/proxy-port":          onCommand([]byte("PRXY \x01\x09127.0.0.1\x0599999\x000")...),
	"crash/forwarded-tag": func(r *relayed) bool {
		p := r.dial()
		p.ask(noKey, make([]byte, 32), smp.PFWD{Version: smp.MaxVersion, Key: newKey(keys.X25519).Public(), Body: make([]byte, 15)})
		return r.crashed(p)
	},
	"crash/record-type":   onBytes([]byte("GET / HTTP/1.0\r\n\r\n")...),
	"crash/record-length": onBytes(22, 3, 1, 0xFF, 0xFF),
	"crash/half-record":   onBytes(22, 3, 1, 2, 0, 1, 2, 3),
	"crash/hello-version": onHello(func(h *transport.ClientHello) { h.Version = smp.MaxVersion + 1 }),
	"crash/hello-key-hash": onHello(func(h *transport.ClientHello) {
		h.KeyHash = h.KeyHash[1:]
	}),
	"crash/no-session-key": func(r *relayed) bool { return r.crashed(r.dial(withoutKey)) },
	"crash/unknown-notifier": func(r *relayed) bool {
		p := r.dial()
		p.ask(newKey(keys.Ed25519), randomID(), smp.NSUB{})
		return r.crashed(p)
	},
	"crash/deleted-notifier": onQueue(func(p *peer, q *queue) {
		p.notifier(q)
		demand[smp.OK](p, q, smp.NDEL{})
		p.ask(noKey, q.senderID, smp.SEND{Notify: true, Body: []byte("look")})
	}),
	"crash/deleted-queue": onQueue(func(p *peer, q *queue) {
		demand[smp.OK](p, q, smp.DEL{})
		p.order(q, smp.ACK{MsgID: randomID()})
	}),
	"crash/get-while-subscribed": onQueue(func(p *peer, q *queue) { p.order(q, smp.GET{}) }),
	"crash/empty-queue-average":  onQueue(func(p *peer, q *queue) { p.order(q, smp.QUE{}) }),
	"crash/key-of-unsecured": onQueue(func(p *peer, q *queue) {
		p.ask(newKey(keys.Ed25519), q.senderID, smp.SEND{Body: []byte("signed")})
	}),
}
