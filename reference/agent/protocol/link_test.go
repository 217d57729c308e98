package protocol_test

import (
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/agent"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// shortInvitation lets the agent create an invitation with a short link.
func (g *stage) shortInvitation(data string) link.ShortLink {
	g.t.Helper()
	created, err := g.CreateInvitation(g.t.Context(), agent.CreateOptions{Short: true, UserData: []byte(data)})
	require.NoError(g.t, err)
	g.conn = created.Conn
	l, err := link.ParseShortLink(created.Short.Text())
	require.NoError(g.t, err)
	return l
}

// shortAddress is the same for a contact address.
func (g *stage) shortAddress(data string) link.ShortLink {
	g.t.Helper()
	created, err := g.CreateAddress(g.t.Context(), agent.CreateOptions{Short: true, UserData: []byte(data)})
	require.NoError(g.t, err)
	g.conn = created.Conn
	l, err := link.ParseShortLink(created.Short.Text())
	require.NoError(g.t, err)
	return l
}

// readAddress is what anyone reads of a short address: LGET, decrypted and verified.
func readAddress(t *testing.T, c *client.Client, l link.ShortLink) (link.FixedData, link.UserData, smp.LinkData) {
	t.Helper()
	id, err := l.RelayID()
	require.NoError(t, err)
	sender, data, err := c.GetLink(t.Context(), id)
	require.NoError(t, err)
	fixed, user, err := l.Open(sender, data)
	require.NoError(t, err)
	return fixed, user, data
}

// Agent protocol, "Link data management": the owner changes the user data with LSET; the
// fixed data, and with them the link, stay.
func TestLinkDataOfAnAddress(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	l := g.shortAddress("first")
	stranger := dial(t, g.own)
	fixed, user, before := readAddress(t, stranger, l)
	require.Equal(t, "first", string(user.Data))
	require.Equal(t, link.Contact, fixed.Connection.Mode)
	require.Empty(t, g.commands("own", "LSET"), "NEW has brought the first data")

	for _, data := range []string{"second", "", "third"} {
		if data == "third" {
			g.restart()
		}
		require.NoError(t, g.SetLinkData(t.Context(), g.conn, []byte(data)))
		again, user, now := readAddress(t, stranger, l)
		require.Equal(t, data, string(user.Data))
		require.True(t, fixed.Equal(again))
		require.Equal(t, before.Fixed, now.Fixed, "the fixed data are the same bytes")
		require.NotEqual(t, before.User, now.User)
		set := g.commands("own", "LSET")
		id, err := l.RelayID()
		require.NoError(t, err)
		require.Equal(t, id, set[len(set)-1].content.(smp.LSET).LinkID)
		require.Equal(t, fixed.Connection.Queues[0].SenderID, set[len(set)-1].senderID)
		require.Equal(t, fixed.AgentVersions, user.AgentVersions)
	}
	require.ErrorIs(t, g.SetLinkData(t.Context(), g.conn, randomBytes(t, link.UserPadded)), agent.ErrTooLarge)

	// A request that came by the link works like one by the full link.
	asks := newScript(t, g.far, role{})
	asks.ask(fixed.Connection, "by the short link")
	require.Equal(t, "by the short link", string(expect[agent.Request](g.subject).Info))

	require.NoError(t, g.DeleteLink(t.Context(), g.conn))
	require.Len(t, g.commands("own", "LDEL"), 1)
	id, err := l.RelayID()
	require.NoError(t, err)
	_, _, err = stranger.GetLink(t.Context(), id)
	require.ErrorIs(t, err, smp.ErrAuth)
	require.ErrorIs(t, g.SetLinkData(t.Context(), g.conn, nil), agent.ErrState)
	require.ErrorIs(t, g.DeleteLink(t.Context(), g.conn), agent.ErrState)
	newScript(t, g.far, role{}).ask(fixed.Connection, "by the full link")
	require.Equal(t, "by the full link", string(expect[agent.Request](g.subject).Info))
}

// Deleting a connection ends its link too.
func TestDeletedAddressHasNoLink(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	l := g.shortAddress("")
	require.NoError(t, g.Delete(t.Context(), g.conn, false))
	expect[agent.Removed](g.subject)
	id, err := l.RelayID()
	require.NoError(t, err)
	_, _, err = dial(t, g.own).GetLink(t.Context(), id)
	require.ErrorIs(t, err, smp.ErrAuth)
}

// Agent protocol, "Short link resolution": the agent reads an address with LGET and the
// id that is derived from the link key, and then asks as by the full link.
func TestAgentReadsAnAddress(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	owner, box, prepared := scriptAddress(t, g)
	l := prepared.Address(link.ContactLink)
	parsed, err := link.ParseLink(l.Text())
	require.NoError(t, err)
	for range 2 {
		resolved, err := g.Resolve(t.Context(), parsed)
		require.NoError(t, err)
		require.Equal(t, "who has the address", string(resolved.UserData))
	}
	read := g.commands("far", "LGET", "LKEY")
	require.Len(t, read, 2)
	require.Equal(t, "LGET", read[1].tag)
	require.Equal(t, prepared.LinkID, read[1].entityID)
	require.False(t, read[1].authorized)

	resolved, err := g.Resolve(t.Context(), parsed)
	require.NoError(t, err)
	g.conn, err = g.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte("who asks")})
	require.NoError(t, err)
	p := box.take()
	g.meet(invitationIn(t, p))
	g.joinWith("owner")
	expect[agent.Confirmation](g.subject)
	require.NoError(t, g.Allow(t.Context(), g.conn, nil))
	g.answered()
	expect[agent.Connected](g.subject)
	g.talk(1)

	// A link that the relay does not have, or not any more.
	other := prepared
	other.Key = randomBytes(t, link.LinkKeySize)
	_, err = g.Resolve(t.Context(), other.Address(link.ContactLink))
	require.ErrorIs(t, err, agent.ErrLinkUsed)
	require.NoError(t, owner.DeleteLink(t.Context(), box.queue))
	_, err = g.Resolve(t.Context(), parsed)
	require.ErrorIs(t, err, agent.ErrLinkUsed)
}

// scriptAddress creates a contact address of the script with a short link.
func scriptAddress(t *testing.T, g *stage) (*client.Client, *inbox, link.PreparedLink) {
	t.Helper()
	b := &inbox{t: t, server: g.far, client: dial(t, g.far), dh: newKey(t, keys.X25519)}
	o := client.LinkQueueOptions{QueueOptions: client.QueueOptions{Mode: smp.Contact}}
	_, err := rand.Read(o.CorrelationID[:])
	require.NoError(t, err)
	b.queue.SenderID, b.queue.Mode = smp.SenderID(o.CorrelationID[:]), smp.Contact
	fixed := link.FixedData{AgentVersions: g.agentVersions(), Connection: link.Connection{
		Mode: link.Contact, AgentVersions: g.agentVersions(), Queues: []link.QueueURI{b.uri(g.clientVersions())},
	}}
	user := link.UserData{Mode: link.Contact, AgentVersions: g.agentVersions(), Direct: true, Data: []byte("who has the address")}
	prepared, err := link.PrepareContact(fixed, user, newKey(t, keys.Ed25519), rand.Reader)
	require.NoError(t, err)
	o.LinkID, o.Data = prepared.LinkID, prepared.Data
	b.queue, _, err = b.client.CreateLinkQueue(t.Context(), o)
	require.NoError(t, err)
	return b.client, b, prepared
}

// The agent's short invitation is for the first who reads it.
func TestShortInvitationIsForOne(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	l := g.shortInvitation("who invites")
	id, err := l.RelayID()
	require.NoError(t, err)
	first, second := dial(t, g.own), dial(t, g.own)
	key := newKey(t, keys.Ed25519)
	sender, data, err := first.SecureLink(t.Context(), id, key)
	require.NoError(t, err)
	fixed, user, err := l.Open(sender, data)
	require.NoError(t, err)
	require.Equal(t, "who invites", string(user.Data))
	require.NotNil(t, fixed.Connection.Ratchet.KEM, "there is room for a KEM key")

	// Nobody else can read the link, nor join with what he has seen of it.
	other := newKey(t, keys.Ed25519)
	_, _, err = second.SecureLink(t.Context(), id, other)
	require.ErrorIs(t, err, smp.ErrAuth)
	_, _, err = second.GetLink(t.Context(), id)
	require.ErrorIs(t, err, smp.ErrAuth)
	thief := newScript(t, g.far, role{})
	thief.meet(fixed.Connection)
	require.ErrorIs(t, second.SecureBySender(t.Context(), client.SenderQueue{SenderID: sender, Key: other}), smp.ErrAuth)
	steal := thief.out.seal(thief.out.first(), thief.confirmation(thief.reply("thief"), true))
	require.ErrorIs(t, thief.out.tryPost(steal), smp.ErrAuth)

	// The first joins as with a full link.
	g.meet(fixed.Connection)
	g.script.out.key, g.script.out.secured = key, true
	g.script.out.post(g.script.out.seal(g.script.out.first(), g.confirmation(g.script.reply("first"), true)))
	require.Equal(t, "first", string(expect[agent.Confirmation](g.subject).Info))
	require.NoError(t, g.Allow(t.Context(), g.conn, nil))
	g.answered()
	expect[agent.Connected](g.subject)
	g.talk(2)
	_, _, err = first.SecureLink(t.Context(), id, key)
	require.ErrorIs(t, err, smp.ErrAuth, "the data are gone with the first message")
}

// The agent reads a short invitation with LKEY and joins with the same key; what it was
// told before it was closed counts.
func TestAgentReadsAnInvitation(t *testing.T) {
	t.Parallel()
	g := newStage(t, setting{})
	g.script.in = &inbox{t: t, server: g.far, client: dial(t, g.far), dh: newKey(t, keys.X25519)}
	o := client.LinkQueueOptions{QueueOptions: client.QueueOptions{Mode: smp.Messaging}}
	_, err := rand.Read(o.CorrelationID[:])
	require.NoError(t, err)
	g.in.queue.SenderID, g.in.queue.Mode = smp.SenderID(o.CorrelationID[:]), smp.Messaging
	g.private = newProposal(g.script, true)
	offer := g.private.Public(3).Offer(g.ratchetVersions())
	full := link.Connection{
		Mode: link.Invitation, AgentVersions: g.agentVersions(), Queues: []link.QueueURI{g.in.uri(g.clientVersions())}, Ratchet: &offer,
	}
	prepared, err := link.PrepareInvitation(
		link.FixedData{AgentVersions: g.agentVersions(), Connection: full},
		link.UserData{Mode: link.Invitation, AgentVersions: g.agentVersions(), Data: []byte("who invites")},
		newKey(t, keys.Ed25519), rand.Reader)
	require.NoError(t, err)
	o.Data = prepared.Data
	var id []byte
	g.in.queue, id, err = g.in.client.CreateLinkQueue(t.Context(), o)
	require.NoError(t, err)

	l := prepared.Invitation(id)
	_, err = g.Resolve(t.Context(), l)
	require.NoError(t, err)
	g.restart()
	resolved, err := g.Resolve(t.Context(), l)
	require.NoError(t, err, "the key is stored before it is used")
	require.Equal(t, "who invites", string(resolved.UserData))
	g.conn, err = g.Join(t.Context(), resolved, agent.JoinOptions{Info: []byte("agent")})
	require.NoError(t, err)
	read := g.commands("far", "LKEY")
	require.Len(t, read, 2)
	require.Equal(t, id, read[0].entityID)
	require.True(t, read[0].authorized)
	require.Equal(t, read[0].content, read[1].content, "the same key in both")
	require.Empty(t, g.commands("far", "SKEY"), "LKEY has secured the queue")
	require.True(t, g.commands("far", "SEND")[0].authorized)
	p, reply := g.confirmed()
	require.True(t, p.senderKey.IsZero())
	require.Equal(t, "agent", string(reply.Info))
	g.answer("script")
	expect[agent.PeerInfo](g.subject)
	expect[agent.Connected](g.subject)
	g.talk(2)
}
