package protocol_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// addressed lets the agent create a contact address.
func (g *stage) addressed() (agent.ConnID, link.Connection) {
	g.t.Helper()
	created, err := g.CreateAddress(g.t.Context(), agent.CreateOptions{})
	require.NoError(g.t, err)
	l, err := link.ParseConnection(created.Link.Text())
	require.NoError(g.t, err)
	return created.Conn, l
}

// ask sends a request to a contact address, with an invitation of the script.
func (s *script) ask(address link.Connection, info string) []byte {
	s.t.Helper()
	o := newOutbox(s.t, address.Queues[0].At(4))
	body := o.seal(sealing{introduce: true}, requestOf(s, info))
	o.post(body)
	return body
}

// Agent protocol, "Contact addresses", the agent has the address.
func TestContactAddress(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	addressID, address := g.addressed()
	require.Equal(t, link.Contact, address.Mode)
	require.Equal(t, smp.Contact, address.Queues[0].Mode)
	require.Nil(t, address.Ratchet, "the ratchet keys come with requests")
	require.Equal(t, smp.Contact, g.commands("own", "NEW")[0].content.(smp.NEW).Request.Mode)

	var people []*script
	var requests []int64
	for i := range 4 {
		s := newScript(t, g.far, role{})
		body := s.ask(address, fmt.Sprintf("person %d", i))
		again := newOutbox(t, address.Queues[0].At(4))
		again.post(body) // the sender had no answer
		e := g.next()
		require.Equal(t, addressID, e.Conn)
		request := e.Body.(agent.Request)
		require.Equal(t, fmt.Sprintf("person %d", i), string(request.Info))
		people, requests = append(people, s), append(requests, request.RequestID)
	}
	require.Equal(t, 4, g.info(addressID).Requests)
	require.Empty(t, g.commands("far", "SEND", "SKEY"), "nothing is sent before a request is accepted")

	require.NoError(t, g.Reject(t.Context(), requests[0]))
	_, err := g.Accept(t.Context(), requests[0], agent.JoinOptions{})
	require.ErrorIs(t, err, agent.ErrNotFound)
	accepted := map[*script]agent.ConnID{}
	for i, s := range people[1:] {
		g.conn, err = g.Accept(t.Context(), requests[i+1], agent.JoinOptions{Info: []byte("owner")})
		require.NoError(t, err)
		g.script = s
		_, reply := g.confirmed()
		require.Equal(t, "owner", string(reply.Info))
		g.answer("person")
		require.Equal(t, "person", string(expect[agent.PeerInfo](g.subject).Info))
		expect[agent.Connected](g.subject)
		accepted[s] = g.conn
		g.talk(1)
	}
	require.Zero(t, g.info(addressID).Requests)
	require.Zero(t, people[0].in.size(), "who is rejected is told nothing")

	// The address is for requests only, and can be deleted.
	inAddress := 0
	for _, c := range g.commands("own", "SEND") {
		if string(c.senderID) == string(address.Queues[0].SenderID) {
			inAddress++
		}
	}
	require.Equal(t, 8, inAddress, "each request twice")
	require.NoError(t, g.Delete(t.Context(), addressID, false))
	require.Equal(t, "removed", g.next().Body.Kind())
	deleted := g.commands("own", "DEL")
	require.Len(t, deleted, 1)
	require.Equal(t, address.Queues[0].SenderID, deleted[0].senderID)
	late := newScript(t, g.far, role{})
	o := newOutbox(t, address.Queues[0].At(4))
	require.ErrorIs(t, o.tryPost(o.seal(sealing{introduce: true}, requestOf(late, "late"))), smp.ErrAuth)
	for s, id := range accepted {
		g.script, g.conn = s, id
		g.talk(1)
	}
}

// The agent asks for a connection at an address of the script.
func TestRequestToContactAddress(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	box := newInbox(t, g.far, smp.Contact)
	address := link.Connection{
		Mode: link.Contact, AgentVersions: g.agentVersions(), Queues: []link.QueueURI{box.uri(g.clientVersions())},
	}
	g.join(address, "who asks")
	require.Equal(t, []string{"far NEW", "own NEW", "far SEND"}, g.order("NEW", "SKEY", "KEY", "SEND"))
	sent := g.commands("far", "SEND")[0]
	require.False(t, sent.authorized)
	p := box.take()
	require.True(t, p.notify)
	require.True(t, p.senderKey.IsZero())
	require.False(t, p.outer.DHKey.IsZero(), "the key is in the message, for this message alone")
	require.Equal(t, uint16(4), p.outer.Version)
	require.Equal(t, uint16(7), p.Version)
	invitation, ok := p.Content.(message.AgentInvitation)
	require.True(t, ok)
	require.Equal(t, "who asks", string(invitation.Info))
	l := invitation.Request
	require.Equal(t, link.Invitation, l.Mode)
	require.Equal(t, wire.Versions(2, 7), l.AgentVersions)
	require.Equal(t, g.commands("own", "NEW")[0].senderID, l.Queues[0].SenderID)
	require.Equal(t, smp.Messaging, l.Queues[0].Mode)
	require.Equal(t, keys.X25519, l.Queues[0].DHKey.Algorithm())
	require.NotEqual(t, p.outer.DHKey.Raw(), l.Queues[0].DHKey.Raw())
	require.NotNil(t, l.Ratchet.KEM, "a request has room for a KEM key")

	g.meet(l)
	g.joinWith("owner")
	require.Equal(t, "owner", string(expect[agent.Confirmation](g.subject).Info))
	require.NoError(t, g.Allow(t.Context(), g.conn, []byte("who asked")))
	_, info := g.answered()
	require.Equal(t, "who asked", string(info.Info))
	expect[agent.Connected](g.subject)
	g.talk(2)
	require.Zero(t, box.size(), "the address is for the request only")
}

// A request needs a contact address, and what else comes there is refused.
func TestRefusedAtContactAddress(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	_, address := g.addressed()
	o := newOutbox(t, address.Queues[0].At(4))
	asked := newScript(t, g.far, role{})
	g.meet(g.invited()) // for a ratchet that encrypts
	for name, body := range map[string][]byte{
		"confirmation":    o.seal(o.first(), g.confirmation(g.script.reply("wrong"), true)),
		"message":         o.seal(sealing{introduce: true}, message.Envelope{Version: 7, Content: message.AgentMsgEnvelope{Encrypted: randomBytes(t, 15000)}}),
		"ratchet keys":    o.seal(sealing{introduce: true}, ratchetKeys(g.script, newProposal(g.script, true))),
		"with sender key": o.seal(o.first(), requestOf(asked, "wrong")),
		"garbage":         randomBytes(t, 16000),
	} {
		o.post(body)
		g.requireRefused()
		fresh := newScript(t, g.far, role{})
		fresh.ask(address, name)
		require.Equal(t, name, string(expect[agent.Request](g.subject).Info), "the address goes on after: %s", name)
	}
}

// invitationIn is the link in a request.
func invitationIn(t testing.TB, p parcel) link.Connection {
	t.Helper()
	invitation, ok := p.Content.(message.AgentInvitation)
	require.True(t, ok, "%T is no request", p.Content)
	return invitation.Request
}
