package planted_test

import (
	"bytes"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// linked makes a contact queue with a link.
func (p *peer) linked() (*queue, smp.LSET) {
	p.t.Helper()
	q := p.create(contact)
	link := smp.LSET{LinkID: randomID(), Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte("user")}}
	demand[smp.OK](p, q, link)
	return q, link
}

var linkTriggers = map[string]trigger{
	"state/deleted-link-readable": func(r *relayed) bool {
		p := r.dial()
		q, link := p.linked()
		demand[smp.OK](p, q, smp.LDEL{})
		return isA[smp.LNK](p.ask(noKey, link.LinkID, smp.LGET{}))
	},
	"state/first-link-data": func(r *relayed) bool {
		p := r.dial()
		q, link := p.linked()
		link.Data.User = []byte("other")
		demand[smp.OK](p, q, link)
		return p.ask(noKey, link.LinkID, smp.LGET{}).(smp.LNK).Data.User[0] != 'o'
	},
	"state/fixed-link-data-change": func(r *relayed) bool {
		p := r.dial()
		q, link := p.linked()
		link.Data.Fixed = []byte("other")
		return p.order(q, link) == smp.OK{}
	},
	"state/second-link-key": func(r *relayed) bool {
		p := r.dial()
		q := p.invitation()
		var answer smp.Response
		for range 2 {
			key := newKey(keys.Ed25519)
			answer = p.ask(key, q.linkID, smp.LKEY{SenderKey: key.Public()})
		}
		return isA[smp.LNK](answer)
	},
	"state/link-set-by-sender": func(r *relayed) bool {
		p := r.dial()
		q, link := p.linked()
		p.secure(q)
		link.Data.User = []byte("sender's")
		return p.ask(q.sender, q.senderID, link) == smp.OK{}
	},
}

// invitation makes a messaging queue with a link.
func (p *peer) invitation() *queue {
	p.t.Helper()
	key, dh := newKey(keys.Ed25519), newKey(keys.X25519)
	id := randomID()
	command, err := smp.EncodeCommand(p.conn.Version(), smp.NEW{
		AuthKey: key.Public(), DHKey: dh.Public(),
		Request: &smp.QueueRequest{Mode: smp.Messaging, Link: &smp.QueueLink{
			SenderID: smp.SenderID(id), Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte("user")},
		}},
	})
	require.NoError(p.t, err)
	q := p.created(key, dh, p.submit(p.authorized(key, smp.Transmission{CorrelationID: id, Command: command}, p.conn.SessionID())))
	require.NotEmpty(p.t, q.linkID)
	return q
}

var notifierTriggers = map[string]trigger{
	"state/notifier-survives": func(r *relayed) bool {
		p, service := r.dial(), r.dial()
		q := p.create()
		service.follows(p, q)
		demand[smp.OK](p, q, smp.NDEL{})
		p.notify(q, "look")
		return has[smp.NMSG](service, nil)
	},
	"state/notification-of-last": func(r *relayed) bool {
		p, service := r.dial(), r.dial()
		first, second := p.create(), p.create()
		id := service.follows(p, first)
		service.follows(p, second)
		p.notify(first, "look")
		n, ok := service.take(func(r received) bool { return isA[smp.NMSG](r.Response) })
		require.True(r.t, ok)
		return !bytes.Equal(id, n.EntityID)
	},
	"state/unasked-notification": func(r *relayed) bool {
		p, service := r.dial(), r.dial()
		q := p.create()
		service.follows(p, q)
		p.says(q, "quiet")
		return has[smp.NMSG](service, nil)
	},
	"state/notification-lost": func(r *relayed) bool {
		p, service := r.dial(), r.dial()
		q := p.create()
		id := service.follows(p, q)
		p.notify(q, "one")
		p.notify(q, "two")
		return count[smp.NMSG](service, id) < 2
	},
	"state/replaced-notifier-subscribes": func(r *relayed) bool {
		p := r.dial()
		q := p.create()
		id, key := p.notifier(q)
		p.notifier(q)
		return isA[smp.SOK](p.ask(key, id, smp.NSUB{}))
	},
	"state/notifier-takeover-without-end": func(r *relayed) bool {
		p, first, second := r.dial(), r.dial(), r.dial()
		q := p.create()
		id, key := p.notifier(q)
		for _, service := range []*peer{first, second} {
			require.IsType(r.t, smp.SOK{}, service.ask(key, id, smp.NSUB{}))
		}
		p.notify(q, "look")
		return has[smp.NMSG](first, id)
	},
}

// follows subscribes to the notifications of a queue of the other connection.
func (p *peer) follows(recipient *peer, q *queue) []byte {
	p.t.Helper()
	id, key := recipient.notifier(q)
	require.IsType(p.t, smp.SOK{}, p.ask(key, id, smp.NSUB{}))
	return id
}
