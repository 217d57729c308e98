package link_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// patience is how long a test waits for the relay.
const patience = 20 * time.Second

// relayCredentials are shared by all relays of the tests: making them is slow.
var relayCredentials = sync.OnceValue(func() keys.Credentials {
	c, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		panic(err)
	}
	return c
})

// online is a relay on loopback that may change what it answers to LKEY and LGET.
type online struct {
	*relay.Endpoint
	server link.Server

	mu     sync.Mutex
	change func(*smp.LNK)
}

func listen(t *testing.T) *online {
	t.Helper()
	o := &online{}
	stages := relay.DefaultStages()
	execute := stages.Execute
	stages.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
		outs := execute(s, r)
		for i := range outs {
			if answer, ok := outs[i].Response.(smp.LNK); ok {
				outs[i].Response = o.changed(answer)
			}
		}
		return outs
	}
	var err error
	o.Endpoint, err = relay.Listen(context.Background(), "127.0.0.1:0", relay.Config{Credentials: relayCredentials(), Stages: stages})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	o.server, err = link.ParseServer(o.Address())
	require.NoError(t, err)
	return o
}

func (o *online) changed(answer smp.LNK) smp.LNK {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.change != nil {
		o.change(&answer)
	}
	return answer
}

// answers makes the relay change its answers; nil makes it honest.
func (o *online) answers(change func(*smp.LNK)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.change = change
}

func (o *online) dial(t *testing.T) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{Address: o.Addr().String(), KeyHash: o.server.KeyHash})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// published is a short link whose queue is on the relay.
type published struct {
	link.PreparedLink
	root  keys.PrivateKey
	queue client.Queue
	short link.ShortLink
}

// publish makes a short link: what an agent does.
func (o *online) publish(t *testing.T, c *client.Client, mode link.Mode, data string) published {
	t.Helper()
	queueMode := map[link.Mode]smp.QueueMode{link.Invitation: smp.Messaging, link.Contact: smp.Contact}[mode]
	var correlationID box.Nonce
	_, err := rand.Read(correlationID[:])
	require.NoError(t, err)
	fixed, user := someContent(t, mode, testQueue)
	address := &fixed.Connection.Queues[0].QueueAddress
	address.Server, address.SenderID, address.Mode = o.server, smp.SenderID(correlationID[:]), queueMode
	user.Data = []byte(data)
	root := newRoot(t)
	p, err := prepare[mode](fixed, user, root, rand.Reader)
	require.NoError(t, err)
	q, linkID, err := c.CreateLinkQueue(t.Context(), client.LinkQueueOptions{
		QueueOptions: client.QueueOptions{Mode: queueMode}, CorrelationID: correlationID, LinkID: p.LinkID, Data: p.Data,
	})
	require.NoError(t, err)
	l, err := link.ParseShortLink(shortLink(p, linkID).Text())
	require.NoError(t, err)
	return published{p, root, q, l}
}

// follow reads a short link: what the agent of who got it does.
func follow(t *testing.T, c *client.Client, l link.ShortLink, key keys.PrivateKey) (link.FixedData, link.UserData, error) {
	t.Helper()
	id, err := l.RelayID()
	if err != nil {
		return link.FixedData{}, link.UserData{}, err
	}
	var senderID []byte
	var data smp.LinkData
	if l.Type == link.InvitationLink {
		senderID, data, err = c.SecureLink(t.Context(), id, key)
	} else {
		senderID, data, err = c.GetLink(t.Context(), id)
	}
	if err != nil {
		return link.FixedData{}, link.UserData{}, err
	}
	return l.Open(senderID, data)
}

var bothModes = []link.Mode{link.Invitation, link.Contact}

func TestLinksOverARelay(t *testing.T) {
	t.Parallel()
	o := listen(t)
	alice, bob := o.dial(t), o.dial(t)
	for _, mode := range bothModes {
		p := o.publish(t, alice, mode, "a profile")
		key := newRoot(t)
		fixed, user, err := follow(t, bob, p.short, key)
		require.NoError(t, err, mode)
		require.True(t, fixed.Equal(p.Fixed), mode)
		require.Equal(t, "a profile", string(user.Data))

		to := client.SenderQueue{SenderID: fixed.Connection.Queues[0].SenderID}
		if mode == link.Invitation {
			to.Key = key
		}
		require.NoError(t, bob.SendMessage(t.Context(), to, false, []byte("hello")))
		select {
		case event := <-alice.Events():
			require.Equal(t, p.queue.RecipientID, event.EntityID)
		case <-time.After(patience):
			require.FailNow(t, "no message")
		}
	}
}

// A relay that changes what it stores is noticed, whatever it changes.
func TestChangedAnswersAreNoticed(t *testing.T) {
	t.Parallel()
	o := listen(t)
	alice, bob := o.dial(t), o.dial(t)
	for _, mode := range bothModes {
		p, other := o.publish(t, alice, mode, "a profile"), o.publish(t, alice, mode, "another profile")
		key := newRoot(t)
		for name, test := range map[string]struct {
			change func(*smp.LNK)
			want   error
		}{
			"a byte of the fixed data":   {func(a *smp.LNK) { a.Data.Fixed = flipped(a.Data.Fixed) }, box.ErrOpen},
			"a byte of the user data":    {func(a *smp.LNK) { a.Data.User = flipped(a.Data.User) }, box.ErrOpen},
			"cut fixed data":             {func(a *smp.LNK) { a.Data.Fixed = a.Data.Fixed[1:] }, link.ErrDataSize},
			"cut user data":              {func(a *smp.LNK) { a.Data.User = a.Data.User[1:] }, link.ErrDataSize},
			"no data":                    {func(a *smp.LNK) { a.Data = smp.LinkData{} }, link.ErrDataSize},
			"exchanged parts":            {func(a *smp.LNK) { a.Data.Fixed, a.Data.User = a.Data.User, a.Data.Fixed }, link.ErrDataSize},
			"data of another link":       {func(a *smp.LNK) { a.Data = other.Data }, box.ErrOpen},
			"user data of another link":  {func(a *smp.LNK) { a.Data.User = other.Data.User }, box.ErrOpen},
			"fixed data of another link": {func(a *smp.LNK) { a.Data.Fixed = other.Data.Fixed }, box.ErrOpen},
			"another link":               {func(a *smp.LNK) { a.SenderID, a.Data = other.queue.SenderID, other.Data }, box.ErrOpen},
			"sender id of another queue": {func(a *smp.LNK) { a.SenderID = other.queue.SenderID }, link.ErrOtherQueue},
			"no sender id":               {func(a *smp.LNK) { a.SenderID = nil }, client.ErrUnexpected},
		} {
			o.answers(test.change)
			_, _, err := follow(t, bob, p.short, key)
			require.ErrorIs(t, err, test.want, "%v: %s", mode, name)
		}
		o.answers(nil)
		_, _, err := follow(t, bob, p.short, key)
		require.NoError(t, err, mode)
	}
}

func flipped(b []byte) []byte {
	c := bytes.Clone(b)
	c[len(c)/2] ^= 1
	return c
}

// A relay that was given the link can encrypt, and cannot sign.
func TestRelayThatKnowsTheLinkCannotForge(t *testing.T) {
	t.Parallel()
	o := listen(t)
	alice, bob := o.dial(t), o.dial(t)
	relayKey := newRoot(t)
	for _, mode := range bothModes {
		p := o.publish(t, alice, mode, "a profile")
		fixed, user := p.Fixed, link.UserData{Mode: mode, AgentVersions: wire.Versions(2, 7), Data: []byte("forged")}
		fixed.RootKey = relayKey.Public()
		signed, _, err := link.SignFixed(fixed, relayKey)
		require.NoError(t, err)
		forgedFixed, err := link.SealFixed(signed, p.Secret, rand.Reader)
		require.NoError(t, err)
		forgedUser, err := link.SignAndSealUser(user, relayKey, p.Secret, rand.Reader)
		require.NoError(t, err)

		key := newRoot(t)
		o.answers(func(a *smp.LNK) { a.Data = smp.LinkData{Fixed: forgedFixed, User: forgedUser} })
		_, _, err = follow(t, bob, p.short, key)
		require.ErrorIs(t, err, link.ErrHash, mode)
		o.answers(func(a *smp.LNK) { a.Data.User = forgedUser })
		_, _, err = follow(t, bob, p.short, key)
		require.ErrorIs(t, err, link.ErrUserSignature, mode)
		if mode == link.Contact {
			forgeOwner(t, o, p, relayKey)
			_, _, err = follow(t, bob, p.short, key)
			require.ErrorIs(t, err, link.ErrOwnerUnauthorized)
		}
	}
}

// forgeOwner makes the relay answer user data in which it is an owner by its own word.
func forgeOwner(t *testing.T, o *online, p published, key keys.PrivateKey) {
	t.Helper()
	owner, err := link.AuthorizeOwner([]byte("relay"), key.Public(), key)
	require.NoError(t, err)
	user := link.UserData{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Owners: []link.Owner{owner}}
	sealed, err := link.SignAndSealUser(user, key, p.Secret, rand.Reader)
	require.NoError(t, err)
	o.answers(func(a *smp.LNK) { a.Data.User = sealed })
}

// An owner with a recipient key of the queue changes the user data of an address.
func TestOwnerChangesUserData(t *testing.T) {
	t.Parallel()
	o := listen(t)
	alice, bob := o.dial(t), o.dial(t)
	p := o.publish(t, alice, link.Contact, "a profile")
	ownerKey, recipientKey := newRoot(t), newRoot(t)
	owner, err := link.AuthorizeOwner([]byte("bob"), ownerKey.Public(), p.root)
	require.NoError(t, err)
	require.NoError(t, alice.SetRecipientKeys(t.Context(), p.queue, p.queue.Key.Public(), recipientKey.Public()))

	user := link.UserData{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Owners: []link.Owner{owner}}
	bobsQueue := p.queue
	bobsQueue.Key = recipientKey
	for i, change := range []struct {
		by    keys.PrivateKey
		over  *client.Client
		queue client.Queue
	}{{p.root, alice, p.queue}, {ownerKey, bob, bobsQueue}} {
		user.Data = fmt.Append(nil, "change ", i)
		sealed, err := link.SignAndSealUser(user, change.by, p.Secret, rand.Reader)
		require.NoError(t, err)
		data := smp.LinkData{Fixed: p.Data.Fixed, User: sealed}
		require.NoError(t, change.over.SetLinkData(t.Context(), change.queue, p.LinkID, data))
		_, got, err := follow(t, o.dial(t), p.short, keys.PrivateKey{})
		require.NoError(t, err)
		require.Equal(t, user.Data, got.Data)
	}

	// What the document promises about the fixed part holds for all of them.
	again, err := link.PrepareContact(p.Fixed, user, p.root, rand.Reader)
	require.NoError(t, err)
	require.Equal(t, p.Key, again.Key)
	require.ErrorIs(t, alice.SetLinkData(t.Context(), p.queue, p.LinkID, again.Data), smp.ErrAuth, "encrypted again")
}

// An address without a short link gets one, and loses it.
func TestLinkOfAnExistingAddress(t *testing.T) {
	t.Parallel()
	o := listen(t)
	c := o.dial(t)
	q, err := c.CreateQueue(t.Context(), client.QueueOptions{Mode: smp.Contact})
	require.NoError(t, err)
	fixed, user := someContent(t, link.Contact, testQueue)
	address := &fixed.Connection.Queues[0].QueueAddress
	address.Server, address.SenderID, address.Mode = o.server, q.SenderID, smp.Contact
	p, err := link.PrepareContact(fixed, user, newRoot(t), rand.Reader)
	require.NoError(t, err)
	require.NoError(t, c.SetLinkData(t.Context(), q, p.LinkID, p.Data))
	got, _, err := follow(t, o.dial(t), p.Address(link.GroupLink), keys.PrivateKey{})
	require.NoError(t, err)
	require.Equal(t, q.SenderID, got.Connection.Queues[0].SenderID)
	require.NoError(t, c.DeleteLink(t.Context(), q))
	_, _, err = follow(t, o.dial(t), p.Address(link.GroupLink), keys.PrivateKey{})
	require.ErrorIs(t, err, smp.ErrAuth)
}

// Two who have the same invitation: one opens it, the other learns nothing.
func TestInvitationHasOneJoiner(t *testing.T) {
	t.Parallel()
	o := listen(t)
	alice := o.dial(t)
	joiners := []*client.Client{o.dial(t), o.dial(t)}
	for range 10 {
		p := o.publish(t, alice, link.Invitation, "a profile")
		errs := make([]error, len(joiners))
		var racing sync.WaitGroup
		for i, c := range joiners {
			key := newRoot(t)
			racing.Go(func() { _, _, errs[i] = follow(t, c, p.short, key) })
		}
		racing.Wait()
		winner := 0
		if errs[0] != nil {
			winner = 1
		}
		require.NoError(t, errs[winner])
		require.ErrorIs(t, errs[1-winner], smp.ErrAuth)
	}
}
