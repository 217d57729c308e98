package planted_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// stateTriggers are those of all faults of state.
var stateTriggers = func() map[string]trigger {
	all := make(map[string]trigger)
	for _, some := range []map[string]trigger{subscriptionTriggers, messageTriggers, quotaTriggers, queueTriggers, linkTriggers, notifierTriggers} {
		maps.Copy(all, some)
	}
	return all
}()

// takeover makes a queue that the first connection loses to the second one.
func (r *relayed) takeover() (first, second *peer, q *queue) {
	r.t.Helper()
	first, second = r.dial(), r.dial()
	q = first.create()
	demand[smp.SOK](second, q, smp.SUB{})
	return first, second, q
}

var subscriptionTriggers = map[string]trigger{
	"state/takeover-without-end": func(r *relayed) bool {
		first, _, q := r.takeover()
		return !has[smp.END](first, q.recipientID)
	},
	"state/deleted-without-word": func(r *relayed) bool {
		first, second := r.dial(), r.dial()
		q := first.create()
		demand[smp.OK](second, q, smp.DEL{})
		return !has[smp.DELD](first, q.recipientID)
	},
	"state/end-to-new-subscriber": func(r *relayed) bool {
		_, second, q := r.takeover()
		return has[smp.END](second, q.recipientID)
	},
	"state/both-receive": func(r *relayed) bool {
		first, second, q := r.takeover()
		second.says(q, "whose")
		return has[smp.MSG](first, q.recipientID)
	},
	"state/third-subscriber": func(r *relayed) bool {
		_, _, q := r.takeover()
		third := r.dial()
		demand[smp.SOK](third, q, smp.SUB{})
		third.says(q, "third")
		return !has[smp.MSG](third, q.recipientID)
	},
	"state/repeated-subscription": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "once")
		p.delivered()
		demand[smp.SOK](p, q, smp.SUB{})
		m, _ := p.delivered()
		return p.order(q, smp.ACK{MsgID: m.ID}) != smp.OK{}
	},
	"state/unacknowledged-lost": func(r *relayed) bool {
		return r.eventually(func() bool {
			p := r.dial()
			q := p.create()
			p.says(q, "not yet received")
			p.delivered()
			p.abort()
			again := r.dial()
			demand[smp.SOK](again, q, smp.SUB{})
			return !has[smp.MSG](again, q.recipientID)
		})
	},
	"state/get-while-subscribed": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "both ways")
		p.delivered()
		return !refused(p.order(q, smp.GET{}), smp.ErrCmdProhibited)
	},
	"state/third-queue-of-connection": func(r *relayed) bool {
		p := r.dial()
		p.create()
		p.create()
		third := p.create()
		p.says(third, "third")
		_, id := p.delivered()
		return !bytes.Equal(third.recipientID, id)
	},
}

// kept sends messages to a new queue and reports whether others than these are received.
func kept(bodies ...string) trigger {
	return func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, bodies...)
		return !slices.Equal(bodies, p.drain(q))
	}
}

var messageTriggers = map[string]trigger{
	"state/slow-acknowledgement":  kept("1", "2", "3", "4"),
	"state/last-place-used-twice": kept("1", "2", "3", "4"),
	"state/large-body-cut":        kept(strings.Repeat("x", smp.MaxMessageLength(smp.MaxVersion))),
	"state/full-chunk-lost":       kept(strings.Repeat("x", 32)),
	"state/empty-message-lost":    func(r *relayed) bool { return lost(r, "") },
	"state/announced-message-twice": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.notify(q, "look")
		return len(p.drain(q)) > 1
	},
	"state/order-in-block": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		one := p.transmission(noKey, q.senderID, smp.SEND{Body: []byte("one")})
		two := p.transmission(noKey, q.senderID, smp.SEND{Body: []byte("two")})
		p.send(p.encode(one), p.encode(two))
		return !slices.Equal([]string{"one", "two"}, p.drain(q))
	},
	"state/newest-expires": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "old", "new")
		for range 4 {
			demand[smp.INFO](p, q, smp.QUE{})
		}
		return !slices.Equal([]string{"old", "new"}, p.drain(q))
	},
	"state/any-acknowledgement": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "this one")
		p.delivered()
		return !refused(p.order(q, smp.ACK{MsgID: randomID()}), smp.ErrNoMsg)
	},
	"state/repeated-acknowledgement": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "one", "two")
		m, _ := p.delivered()
		demand[smp.MSG](p, q, smp.ACK{MsgID: m.ID})
		return !refused(p.order(q, smp.ACK{MsgID: m.ID}), smp.ErrNoMsg)
	},
	"state/get-takes": func(r *relayed) bool {
		p := r.dial()
		q := p.create(unsubscribed)
		p.says(q, "only one")
		demand[smp.MSG](p, q, smp.GET{})
		return !isA[smp.MSG](p.order(q, smp.GET{}))
	},
}

// lost reports whether a message that was answered OK is not delivered.
func lost(r *relayed, body string) bool {
	p := r.dial()
	q := p.create()
	p.says(q, body)
	return !has[smp.MSG](p, q.recipientID)
}

// fill sends messages, numbered from 1, until the queue is full, and returns how many it
// took.
func (p *peer) fill(q *queue) (taken int) {
	p.t.Helper()
	for {
		switch r := p.say(q, string(rune('1'+taken))); {
		case r == smp.OK{}:
			taken++
		default:
			require.True(p.t, refused(r, smp.ErrQuota))
			return taken
		}
	}
}

var quotaTriggers = map[string]trigger{
	"state/quota-late": func(r *relayed) bool {
		p := r.dial()
		return p.fill(p.create()) > planted.Quota
	},
	"state/quota-early": func(r *relayed) bool {
		p := r.dial()
		return p.fill(p.create()) < planted.Quota
	},
	"state/quota-unmarked": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.fill(q)
		return !slices.Contains(p.drain(q), "quota")
	},
	"state/quota-for-ever": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.fill(q)
		p.drain(q)
		return refused(p.say(q, "again"), smp.ErrQuota)
	},
	"state/quota-counts-refused": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.fill(q)
		return !slices.Equal([]string{"1", "2", "3", "4", "quota"}, p.drain(q))
	},
}

var queueTriggers = map[string]trigger{
	"state/second-key": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.secure(q)
		return p.order(q, smp.KEY{SenderKey: newKey(keys.Ed25519).Public()}) == smp.OK{}
	},
	"state/second-sender-key": func(r *relayed) bool {
		p := r.dial()
		q := p.create(messaging)
		for range 2 {
			q.sender = newKey(keys.Ed25519)
			if p.ask(q.sender, q.senderID, smp.SKEY{SenderKey: q.sender.Public()}) != (smp.OK{}) {
				return false
			}
		}
		return true
	},
	"state/refused-key-kept": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		wrong := p.ask(newKey(keys.Ed25519), q.recipientID, smp.KEY{SenderKey: newKey(keys.Ed25519).Public()})
		require.True(r.t, refused(wrong, smp.ErrAuth))
		return p.order(q, smp.KEY{SenderKey: newKey(keys.Ed25519).Public()}) != smp.OK{}
	},
	"state/deleted-queue-sends": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		demand[smp.OK](p, q, smp.DEL{})
		return p.say(q, "anybody there?") == smp.OK{}
	},
	"state/suspension-ends": func(r *relayed) bool {
		p, other := r.dial(), r.dial()
		q := p.create()
		demand[smp.OK](p, q, smp.OFF{})
		require.True(r.t, refused(other.say(q, "suspended"), smp.ErrAuth))
		p.abort()
		return r.eventually(func() bool { return other.say(q, "again") == smp.OK{} })
	},
	"state/suspension-drops": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		p.says(q, "one", "two")
		demand[smp.OK](p, q, smp.OFF{})
		return !slices.Equal([]string{"one", "two"}, p.drain(q))
	},
	"state/recipient-keys-added": func(r *relayed) bool {
		p := r.dial()
		q := p.create(contact)
		demand[smp.OK](p, q, smp.RKEY{Keys: []keys.PublicKey{newKey(keys.Ed25519).Public()}})
		return isA[smp.INFO](p.order(q, smp.QUE{}))
	},
	"state/first-recipient-key": func(r *relayed) bool {
		p := r.dial()
		q := p.create(contact)
		second := newKey(keys.Ed25519)
		demand[smp.OK](p, q, smp.RKEY{Keys: []keys.PublicKey{newKey(keys.Ed25519).Public(), second.Public()}})
		return !isA[smp.INFO](p.ask(second, q.recipientID, smp.QUE{}))
	},
	"state/recipient-keys-of-any": func(r *relayed) bool {
		p := r.dial()
		q := p.create(messaging)
		return p.order(q, smp.RKEY{Keys: []keys.PublicKey{newKey(keys.Ed25519).Public()}}) == smp.OK{}
	},
	"state/same-queue-twice": func(r *relayed) bool {
		p := r.dial()
		key := newKey(keys.Ed25519)
		request := p.transmission(key, nil, smp.NEW{AuthKey: key.Public(), DHKey: newKey(keys.X25519).Public()})
		first, second := p.submit(request), p.submit(request)
		require.IsType(r.t, smp.IDS{}, second)
		return bytes.Equal(first.(smp.IDS).RecipientID, second.(smp.IDS).RecipientID)
	},
}
