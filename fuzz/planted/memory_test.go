package planted_test

import (
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/fuzz/planted"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// resident is the memory of the process, in bytes.
func (p *process) resident() int64 {
	p.t.Helper()
	usage, err := load.UsageOf(p.cmd.Process.Pid)
	require.NoError(p.t, err)
	return usage.Resident
}

// What is kept for many things, 64 KiB each, or for few, 256 KiB each, stands out.
const (
	many    = 1000
	few     = many / 4
	keptAll = many * 64 << 10
)

// growing reports whether the process grows by what a fault keeps at least when something
// is done many times.
func growing(do func(r *relayed)) trigger {
	return func(r *relayed) bool {
		before := r.resident()
		do(r)
		return r.resident()-before > keptAll*3/4
	}
}

// repeats sends transmissions in blocks, each of which is to be answered.
func repeats(times int, prepare func(p *peer) (make func() []byte)) trigger {
	const batch = 50
	return growing(func(r *relayed) {
		p := r.dial()
		next := prepare(p)
		for range times / batch {
			items := make([][]byte, batch)
			for i := range items {
				items[i] = next()
			}
			p.send(items...)
			for range items {
				_, ok := p.take(func(received) bool { return true })
				require.True(r.t, ok)
			}
		}
	})
}

// repeatsCommand is repeats for a command about a queue.
func repeatsCommand(times int, change func(p *peer, q *queue) (keys.PrivateKey, []byte, smp.Command), mode ...func(*smp.NEW)) trigger {
	return repeats(times, func(p *peer) func() []byte {
		q := p.create(mode...)
		return func() []byte {
			key, entity, command := change(p, q)
			return p.encode(p.transmission(key, entity, command))
		}
	})
}

// full fills a queue.
func full(p *peer, q *queue) {
	p.t.Helper()
	for range planted.Quota {
		p.says(q, "full")
	}
	require.True(p.t, refused(p.say(q, "too much"), smp.ErrQuota))
	p.delivered()
}

var memoryTriggers = map[string]trigger{
	"memory/malformed-block": repeats(many, func(*peer) func() []byte {
		return func() []byte { return []byte{24} }
	}),
	"memory/unknown-tag": repeats(many, func(p *peer) func() []byte {
		return func() []byte { return p.encode(p.bytes(noKey, nil, []byte("WHAT"))) }
	}),
	"memory/malformed-parameters": repeats(many, func(p *peer) func() []byte {
		return func() []byte { return p.encode(p.bytes(noKey, nil, []byte("ACK"))) }
	}),
	"memory/wrong-authorization": repeatsCommand(many, func(_ *peer, q *queue) (keys.PrivateKey, []byte, smp.Command) {
		return newKey(keys.Ed25519), q.recipientID, smp.QUE{}
	}),
	"memory/refused-key": repeats(few, func(p *peer) func() []byte {
		q := p.create()
		p.secure(q)
		return func() []byte {
			return p.encode(p.transmission(q.recipient, q.recipientID, smp.KEY{SenderKey: newKey(keys.Ed25519).Public()}))
		}
	}),
	"memory/refused-message": repeats(few, func(p *peer) func() []byte {
		q := p.create()
		full(p, q)
		return func() []byte { return p.encode(p.transmission(noKey, q.senderID, smp.SEND{Body: []byte("more")})) }
	}),
	"memory/needless-acknowledgement": repeatsCommand(many, func(_ *peer, q *queue) (keys.PrivateKey, []byte, smp.Command) {
		return q.recipient, q.recipientID, smp.ACK{MsgID: randomID()}
	}),
	"memory/repeated-subscription": repeatsCommand(many, func(_ *peer, q *queue) (keys.PrivateKey, []byte, smp.Command) {
		return q.recipient, q.recipientID, smp.SUB{}
	}),
	"memory/deleted-queue": growing(func(r *relayed) {
		p := r.dial()
		for range many {
			require.Equal(r.t, smp.OK{}, p.order(p.create(), smp.DEL{}))
		}
	}),
	"memory/replaced-notifier": repeatsCommand(few, func(_ *peer, q *queue) (keys.PrivateKey, []byte, smp.Command) {
		notifier := smp.NotifierKeys{AuthKey: newKey(keys.Ed25519).Public(), DHKey: newKey(keys.X25519).Public()}
		return q.recipient, q.recipientID, smp.NKEY{NotifierKeys: notifier}
	}),
	"memory/connection": growing(func(r *relayed) {
		for range many {
			r.dial().abort()
		}
	}),
	"memory/failed-handshake": growing(func(r *relayed) {
		for range few {
			raw := r.raw()
			_, err := raw.Write([]byte("this is not TLS"))
			require.NoError(r.t, err)
			b := make([]byte, transport.BlockSize)
			for err == nil {
				_, err = raw.Read(b)
			}
			_ = raw.Close()
		}
	}),
	"memory/unreached-destination": growing(func(r *relayed) {
		p := r.dial()
		server := smp.Server{Hosts: []string{"127.0.0.1"}, Port: r.freePort(), KeyHash: make([]byte, 32)}
		for range few {
			require.IsType(r.t, smp.ERR{}, p.ask(noKey, nil, smp.PRXY{Server: server}))
		}
	}),
}
