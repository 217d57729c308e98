package planted_test

import (
	"strings"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// converse is an ordinary conversation, which every relay has to serve: what the fuzzer
// builds on, and what its canary does.
func converse(r *relayed) {
	t := r.t
	alice, bob := r.dial(), r.dial()
	q := alice.create()
	bob.says(q, "hello")
	alice.receives(q, "hello")
	alice.secure(q)
	for _, body := range []string{"a", strings.Repeat("long ", 3000) + ".", "three"} {
		bob.says(q, body)
		alice.receives(q, body)
	}

	invitation := bob.create(messaging)
	invitation.sender = newKey(keys.X25519)
	require.Equal(t, smp.OK{}, alice.ask(invitation.sender, invitation.senderID, smp.SKEY{SenderKey: invitation.sender.Public()}))
	alice.says(invitation, "and back")
	bob.receives(invitation, "and back")

	// Not on a connection that comes after another one: when the relay has noticed the end
	// of that is not known.
	waiting := alice.create(unsubscribed)
	bob.says(waiting, "while away")
	again := r.dial()
	require.IsType(t, smp.SOK{}, again.order(waiting, smp.SUB{}))
	again.receives(waiting, "while away")

	id, key := alice.notifier(q)
	service := r.dial()
	require.IsType(t, smp.SOK{}, service.ask(key, id, smp.NSUB{}))
	bob.notify(q, "look")
	_, told := service.take(func(r received) bool { return isA[smp.NMSG](r.Response) })
	require.True(t, told)
	alice.receives(q, "look")

	address := again.create(contact)
	link := smp.LSET{LinkID: randomID(), Data: smp.LinkData{Fixed: []byte("fixed"), User: []byte("user")}}
	require.Equal(t, smp.OK{}, again.order(address, link))
	require.Equal(t, smp.LNK{SenderID: address.senderID, Data: link.Data}, bob.ask(noKey, link.LinkID, smp.LGET{}))

	old := r.dial(at(14))
	require.Equal(t, uint16(14), old.conn.Version())
	older := old.create()
	bob.says(older, "to an older client")
	old.receives(older, "to an older client")

	require.Equal(t, smp.OK{}, alice.order(q, smp.DEL{}))
	require.True(t, alice.fence())
	for _, p := range []*peer{alice, bob, again, service, old} {
		require.NoError(t, p.conn.Close())
	}
}

// receives waits for a message and acknowledges it.
func (p *peer) receives(q *queue, body string) {
	p.t.Helper()
	m, id := p.delivered()
	require.Equal(p.t, q.recipientID, id)
	require.Equal(p.t, body, p.text(q, m))
	require.Equal(p.t, smp.OK{}, p.order(q, smp.ACK{MsgID: m.ID}))
}
