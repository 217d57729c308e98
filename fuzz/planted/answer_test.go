package planted_test

import (
	"bytes"
	"crypto/rand"
	"slices"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// answered reports whether the command of the answer is spelled otherwise.
func answered(p *peer, t smp.Transmission, spelling string) bool {
	p.t.Helper()
	p.send(p.encode(t))
	answer, ok := p.answer(t)
	require.True(p.t, ok)
	return string(answer.Command) != spelling
}

var answerTriggers = map[string]trigger{
	"answer/crossed-correlation": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		state := p.transmission(q.recipient, q.recipientID, smp.QUE{})
		var items [][]byte
		for range 3 {
			items = append(items, p.encode(p.transmission(noKey, nil, smp.PING{})))
		}
		p.send(append(items, p.encode(state))...)
		answer, ok := p.answer(state)
		require.True(r.t, ok)
		return !isA[smp.INFO](answer.Response)
	},
	"answer/entity-of-previous": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		unknown := p.transmission(q.recipient, randomID(), smp.QUE{})
		p.send(p.encode(p.transmission(q.recipient, q.recipientID, smp.QUE{})), p.encode(unknown))
		answer, ok := p.answer(unknown)
		require.True(r.t, ok)
		return !bytes.Equal(unknown.EntityID, answer.EntityID)
	},
	"answer/quota-twice": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		for range planted.Quota {
			p.says(q, "full")
		}
		more := p.transmission(noKey, q.senderID, smp.SEND{Body: []byte("more")})
		require.True(r.t, refused(p.submit(more), smp.ErrQuota))
		require.True(r.t, p.fence())
		return slices.ContainsFunc(p.inbox, func(r received) bool { return bytes.Equal(r.CorrelationID, more.CorrelationID) })
	},
	"answer/to-earlier-subscriber": func(r *relayed) bool {
		first, second := r.dial(), r.dial()
		q := first.create()
		return second.unanswered(second.transmission(q.recipient, q.recipientID, smp.SUB{}))
	},
	"answer/end-with-correlation": func(r *relayed) bool {
		first, _, q := r.takeover()
		end, ok := first.take(func(r received) bool { return isA[smp.END](r.Response) && bytes.Equal(r.EntityID, q.recipientID) })
		require.True(r.t, ok)
		return len(end.CorrelationID) > 0
	},
	"answer/long-correlation-cut": func(r *relayed) bool {
		p := r.dial()
		long := smp.Transmission{CorrelationID: make([]byte, 30), Command: []byte("PING")}
		p.send(p.encode(long))
		answer, ok := p.take(func(received) bool { return true })
		require.True(r.t, ok)
		return !bytes.Equal(long.CorrelationID, answer.CorrelationID)
	},
	"answer/suspended-queue-info": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		demand[smp.OK](p, q, smp.OFF{})
		return !isA[smp.INFO](p.order(q, smp.QUE{}))
	},
	"answer/extra-byte": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		return answered(p, p.transmission(q.recipient, q.recipientID, smp.ACK{MsgID: randomID()}), "ERR NO_MSG")
	},
	"answer/unknown-error": func(r *relayed) bool {
		p := r.dial()
		return answered(p, p.bytes(newKey(keys.Ed25519), randomID(), []byte("ACK")), "ERR CMD SYNTAX")
	},
	"answer/later-form": func(r *relayed) bool {
		p := r.dial(at(15))
		q := p.create()
		return answered(p, p.transmission(q.recipient, q.recipientID, smp.SUB{}), "OK")
	},
	"answer/empty-block": func(r *relayed) bool {
		p := r.dial()
		p.write([]byte{0})
		for range 2 { // the first PONG may share a block with the error
			require.True(r.t, p.fence())
		}
		return slices.ContainsFunc(p.contents, func(content []byte) bool { return len(content) == 1 })
	},
	"answer/short-block": func(r *relayed) bool {
		p := r.dial()
		p.write([]byte{0})
		return !p.fence()
	},
	"answer/plain-block": func(r *relayed) bool {
		p := r.dial()
		block := make([]byte, transport.BlockSize)
		_, _ = rand.Read(block) // which never fails
		_, err := p.conn.NetConn().Write(block)
		require.NoError(r.t, err)
		return !p.read()
	},
}
