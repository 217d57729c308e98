package link_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

type prepareFunc func(link.FixedData, link.UserData, keys.PrivateKey, io.Reader) (link.PreparedLink, error)

var prepare = map[link.Mode]prepareFunc{link.Invitation: link.PrepareInvitation, link.Contact: link.PrepareContact}

// Prepared links are byte for byte those of the official implementation that have the same
// nonces.
func TestPreparedLinksAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	compared := map[link.Mode]int{}
	f, err := vectors.Load("links")
	require.NoError(t, err)
	g, ok := f.Group("link_data")
	require.True(t, ok)
	for _, test := range g.Tests {
		var in dataInputs
		var out dataOutput
		require.NoError(t, test.Inputs.Decode(&in))
		if test.Invalid() || test.Output.IsNull() || in.Signer != nil {
			continue
		}
		require.NoError(t, test.Output.Decode(&out))
		comparePrepared(t, test.ID, in, out)
		compared[in.fixed(t).Connection.Mode]++
	}
	require.NotZero(t, compared[link.Invitation])
	require.NotZero(t, compared[link.Contact])
}

func comparePrepared(t *testing.T, id string, in dataInputs, out dataOutput) {
	t.Helper()
	nonces := bytes.Clone(out.EncFixedData[:box.NonceSize])
	if out.EncUserData != nil {
		nonces = append(nonces, out.EncUserData[:box.NonceSize]...)
	} else {
		nonces = append(nonces, out.EncUserDataNonce...)
	}
	fixed := in.fixed(t)
	mode := fixed.Connection.Mode
	fixed.RootKey = keys.PublicKey{}
	p, err := prepare[mode](fixed, in.user(t, mode), privateKey(t, in.RootKey), bytes.NewReader(nonces))
	require.NoError(t, err, id)
	assert.Equal(t, []byte(out.LinkKey), []byte(p.Key), id)
	assert.Equal(t, []byte(out.Secret), p.Secret[:], id)
	assert.Equal(t, []byte(out.LinkID), p.LinkID, id)
	assert.Equal(t, []byte(out.EncFixedData), p.Data.Fixed, id)
	if out.EncUserData != nil {
		assert.Equal(t, []byte(out.EncUserData), p.Data.User, id)
	}
	assert.Equal(t, publicKey(t, in.RootKey.PublicDER), p.Fixed.RootKey, id)
}

// somePrepared returns a prepared link for the given queue, and the root key.
func somePrepared(t require.TestingT, mode link.Mode, queue string) (link.PreparedLink, keys.PrivateKey) {
	root, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	fixed, user := someContent(t, mode, queue)
	p, err := prepare[mode](fixed, user, root, rand.Reader)
	require.NoError(t, err)
	return p, root
}

// someContent returns what a short link holds.
func someContent(t require.TestingT, mode link.Mode, queue string) (link.FixedData, link.UserData) {
	versions := wire.Versions(2, 7)
	uri, err := link.ParseQueueURI(queue)
	require.NoError(t, err)
	c := link.Connection{Mode: mode, AgentVersions: versions, Queues: []link.QueueURI{uri}}
	if mode == link.Invitation {
		c.Ratchet = rapid.Custom(drawOffer).Example(1)
	}
	return link.FixedData{AgentVersions: versions, Connection: c},
		link.UserData{Mode: mode, AgentVersions: versions, Data: []byte("a profile")}
}

// shortLink is the link of prepared data; that of an invitation has the given link id.
func shortLink(p link.PreparedLink, linkID []byte) link.ShortLink {
	if p.Fixed.Connection.Mode == link.Invitation {
		return p.Invitation(linkID)
	}
	return p.Address(link.ContactLink)
}

// TestPropertyPreparedLinksOpen takes the way of a link from its owner to who reads it,
// over its text.
func TestPropertyPreparedLinksOpen(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root := drawPrivate(t)
		c := drawConnection(t)
		fixed := link.FixedData{AgentVersions: drawVersions(t, 2, 9), Connection: c}
		user := link.UserData{Mode: c.Mode, AgentVersions: drawVersions(t, 2, 9), Data: drawBytes(t, 20, "data")}
		if c.Mode == link.Contact {
			fixed.EntityID = drawBytes(t, 24, "entity")
		}
		p, err := prepare[c.Mode](fixed, user, root, rand.Reader)
		if err != nil {
			tooLong, ambiguous := errors.Is(err, wire.ErrPadTooLong), errors.Is(err, link.ErrAmbiguous)
			require.True(t, tooLong || ambiguous, "%v", err)
			return
		}
		require.Len(t, p.Data.Fixed, link.FixedSize)
		require.Len(t, p.Data.User, link.UserSize)
		id := drawBytes(t, link.LinkIDSize, "link id")
		l, err := link.ParseShortLink(shortLink(p, id).Text())
		require.NoError(t, err)
		relayID, err := l.RelayID()
		require.NoError(t, err)
		if c.Mode == link.Contact {
			id = p.LinkID
		}
		require.Equal(t, id, relayID)
		gotFixed, gotUser, err := l.Open(c.Queues[0].SenderID, p.Data)
		require.NoError(t, err)
		require.Equal(t, root.Public(), gotFixed.RootKey)
		read, err := link.Decode(encoded(t, c), link.ReadConnection)
		require.NoError(t, err)
		require.Equal(t, encoded(t, read), encoded(t, gotFixed.Connection))
		require.Equal(t, encoded(t, user), encoded(t, gotUser))
	})
}

func encoded(t require.TestingT, v interface{ Write(*wire.Writer) }) []byte {
	b, err := link.Encode(v)
	require.NoError(t, err)
	return b
}

func TestPreparationIsRefused(t *testing.T) {
	t.Parallel()
	root, other := newRoot(t), newRoot(t)
	invited, invitedUser := someContent(t, link.Invitation, testQueue)
	address, addressUser := someContent(t, link.Contact, testQueue)
	_, err := link.PrepareInvitation(address, addressUser, root, rand.Reader)
	require.ErrorIs(t, err, link.ErrMode)
	_, err = link.PrepareContact(invited, invitedUser, root, rand.Reader)
	require.ErrorIs(t, err, link.ErrMode)
	_, err = link.PrepareContact(address, invitedUser, root, rand.Reader)
	require.ErrorIs(t, err, link.ErrMode)

	x25519, err := keys.Generate(keys.X25519, rand.Reader)
	require.NoError(t, err)
	_, err = link.PrepareContact(address, addressUser, x25519, rand.Reader)
	require.ErrorIs(t, err, link.ErrKey)
	_, err = link.PrepareContact(address, addressUser, root, bytes.NewReader(make([]byte, 2*box.NonceSize-1)))
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)

	stranger, err := link.AuthorizeOwner([]byte("id"), other.Public(), other)
	require.NoError(t, err)
	withOwner := addressUser
	withOwner.Owners = []link.Owner{stranger}
	_, err = link.PrepareContact(address, withOwner, root, rand.Reader)
	require.ErrorIs(t, err, link.ErrOwnerUnauthorized)

	large := addressUser
	large.Data = make([]byte, link.UserPadded)
	_, err = link.PrepareContact(address, large, root, rand.Reader)
	require.ErrorIs(t, err, wire.ErrPadTooLong)
	several := address
	for range 20 {
		several.Connection.Queues = append(several.Connection.Queues, address.Connection.Queues...)
	}
	_, err = link.PrepareContact(several, addressUser, root, rand.Reader)
	require.ErrorIs(t, err, wire.ErrPadTooLong)
	address.Connection.Queues = nil
	_, err = link.PrepareContact(address, addressUser, root, rand.Reader)
	require.ErrorIs(t, err, link.ErrNoQueues)
}

func newRoot(t *testing.T) keys.PrivateKey {
	t.Helper()
	k, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	return k
}

// Neither another queue of the same relay nor one of another relay can take the place of
// the queue in the link.
func TestOpenRefusesAnotherQueue(t *testing.T) {
	t.Parallel()
	for _, mode := range []link.Mode{link.Invitation, link.Contact} {
		p, _ := somePrepared(t, mode, testQueue)
		senderID := p.Fixed.Connection.Queues[0].SenderID
		l := shortLink(p, []byte("a link id"))
		_, _, err := l.Open(senderID, p.Data)
		require.NoError(t, err, mode)

		_, _, err = l.Open(senderID[1:], p.Data)
		require.ErrorIs(t, err, link.ErrOtherQueue, mode)
		_, _, err = l.Open(nil, p.Data)
		require.ErrorIs(t, err, link.ErrOtherQueue, mode)
		elsewhere := l
		elsewhere.Server.Hosts = mustHosts(t, "other.example")
		_, _, err = elsewhere.Open(senderID, p.Data)
		require.ErrorIs(t, err, link.ErrOtherQueue, mode)

		// The data that a relay has for a link can be those of any other link of the same
		// owner, who alone can encrypt them for this one.
		wrongMode := l
		wrongMode.Type = link.ContactLink
		if mode == link.Contact {
			wrongMode.Type = link.InvitationLink
		}
		_, _, err = wrongMode.Open(senderID, p.Data)
		require.ErrorIs(t, err, box.ErrOpen, mode)
	}
}

// An owner could put the data of one mode behind a link of the other.
func TestOpenRefusesAnotherMode(t *testing.T) {
	t.Parallel()
	p, root := somePrepared(t, link.Contact, testQueue)
	secret, err := p.Key.InvitationSecret()
	require.NoError(t, err)
	signed, _, err := link.SignFixed(p.Fixed, root)
	require.NoError(t, err)
	var data smp.LinkData
	data.Fixed, err = link.SealFixed(signed, secret, rand.Reader)
	require.NoError(t, err)
	data.User, err = link.SignAndSealUser(link.UserData{Mode: link.Contact, AgentVersions: wire.Versions(2, 7)}, root, secret, rand.Reader)
	require.NoError(t, err)
	_, _, err = p.Invitation([]byte("id")).Open(p.Fixed.Connection.Queues[0].SenderID, data)
	require.ErrorIs(t, err, link.ErrMode)
}

// The address of the relay in the link counts, and there has to be one.
func TestOpenTakesTheRelayOfTheLink(t *testing.T) {
	t.Parallel()
	p, _ := somePrepared(t, link.Contact, testQueue)
	senderID := p.Fixed.Connection.Queues[0].SenderID
	l := p.Address(link.ContactLink)
	l.Server.KeyHash = bytes.Repeat([]byte{7}, 32)
	l.Server.Port = "1234"
	l.Server.Hosts = append(mustHosts(t, l.Server.Hosts[0].String()), mustHosts(t, "new.example")...)
	fixed, _, err := l.Open(senderID, p.Data)
	require.NoError(t, err)
	require.Equal(t, l.Server, fixed.Connection.Queues[0].Server)
	require.Equal(t, senderID, fixed.Connection.Queues[0].SenderID)

	l = p.Address(link.ContactLink)
	shortened := l.Shorten([]link.Server{l.Server})
	_, _, err = shortened.Open(senderID, p.Data)
	require.ErrorIs(t, err, link.ErrShortened)
	_, _, err = shortened.Restore([]link.Server{l.Server}).Open(senderID, p.Data)
	require.NoError(t, err)
}

func TestPasswordOfTheRelayStaysOutOfLinks(t *testing.T) {
	t.Parallel()
	fixed, user := someContent(t, link.Contact, testQueue)
	fixed.Connection.Queues[0].Server.Password = "secret"
	p, err := link.PrepareContact(fixed, user, newRoot(t), rand.Reader)
	require.NoError(t, err)
	require.Empty(t, p.Address(link.ContactLink).Server.Password)
	require.NotContains(t, p.Address(link.ContactLink).Text(), "secret")
	opened, _, err := p.Address(link.ContactLink).Open(fixed.Connection.Queues[0].SenderID, p.Data)
	require.NoError(t, err)
	require.Empty(t, opened.Connection.Queues[0].Server.Password)
	for _, verb := range []string{"%v", "%+v", "%#v", "%x"} {
		require.NotContains(t, fmt.Sprintf(verb, p), fmt.Sprintf("%x", []byte(p.Key)))
	}
}

func mustHosts(t *testing.T, texts ...string) []link.Host {
	t.Helper()
	var hosts []link.Host
	for _, text := range texts {
		h, err := link.ParseHost(text)
		require.NoError(t, err)
		hosts = append(hosts, h)
	}
	return hosts
}
