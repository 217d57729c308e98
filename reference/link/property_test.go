package link_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/ratchet"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

func drawBytes(t *rapid.T, n int, label string) []byte {
	return rapid.SliceOfN(rapid.Byte(), n, n).Draw(t, label)
}

func drawKey(t *rapid.T, algorithm keys.Algorithm) keys.PublicKey {
	k, err := keys.NewPublic(algorithm, drawBytes(t, algorithm.PublicSize(), "key"))
	require.NoError(t, err)
	return k
}

func drawVersions(t *rapid.T, lowest, highest uint16) wire.VersionRange {
	v := rapid.Uint16Range(lowest, highest).Draw(t, "min")
	return wire.Versions(v, rapid.Uint16Range(v, highest).Draw(t, "max"))
}

func drawHost(t *rapid.T) link.Host {
	text := rapid.OneOf(
		rapid.StringMatching(`[a-z][a-z0-9-]{0,20}(\.[a-z]{2,8}){0,3}`),
		rapid.StringMatching(`(25[0-5]|1?[1-9]?[0-9])\.(25[0-5]|1?[1-9]?[0-9])\.10\.(25[0-5]|1?[1-9]?[0-9])`),
		rapid.StringMatching(`[a-z2-7]{56}\.onion`),
	).Draw(t, "host")
	h, err := link.ParseHost(text)
	require.NoError(t, err)
	return h
}

func drawServer(t *rapid.T) link.Server {
	s := link.Server{Scheme: link.SMP, KeyHash: drawBytes(t, 32, "key hash")}
	for range rapid.IntRange(1, 3).Draw(t, "hosts") {
		s.Hosts = append(s.Hosts, drawHost(t))
	}
	s.Port = rapid.SampledFrom([]string{"", "443", "5223", "1", "65535"}).Draw(t, "port")
	return s
}

func drawQueue(t *rapid.T) link.QueueURI {
	q := link.QueueURI{ClientVersions: drawVersions(t, 1, 5)}
	q.Server = drawServer(t)
	q.SenderID = drawBytes(t, 24, "sender id")
	q.DHKey = drawKey(t, keys.X25519)
	q.Mode = rapid.SampledFrom([]smp.QueueMode{0, smp.Messaging, smp.Contact}).Draw(t, "mode")
	return q
}

func drawOffer(t *rapid.T) *ratchet.Offer {
	o := &ratchet.Offer{Versions: drawVersions(t, 2, 4), Key1: drawKey(t, keys.X448), Key2: drawKey(t, keys.X448)}
	if o.Versions.Max >= ratchet.PQVersion && rapid.Bool().Draw(t, "kem") {
		o.KEM = &ratchet.KEMParameters{PublicKey: bytes.Repeat(drawBytes(t, 1, "kem key"), ratchet.KEMPublicKeySize)}
	}
	return o
}

// drawConnection returns a connection of which each queue has a mode, because the
// binary form has none that is absent.
func drawConnection(t *rapid.T) link.Connection {
	c := link.Connection{Mode: link.Contact, AgentVersions: drawVersions(t, 2, 9)}
	for range rapid.IntRange(1, 3).Draw(t, "queues") {
		c.Queues = append(c.Queues, drawQueue(t))
	}
	if rapid.Bool().Draw(t, "invitation") {
		c.Mode, c.Ratchet = link.Invitation, drawOffer(t)
	}
	if rapid.Bool().Draw(t, "client data") {
		c.ClientData = []byte(rapid.String().Draw(t, "data"))
	}
	return c
}

func drawShortLink(t *rapid.T, types ...link.LinkType) link.ShortLink {
	l := link.ShortLink{
		Type: rapid.SampledFrom(types).Draw(t, "type"), Web: rapid.Bool().Draw(t, "web"),
		Server: drawServer(t), Key: drawBytes(t, link.LinkKeySize, "link key"),
	}
	if l.Type == link.InvitationLink {
		l.LinkID = drawBytes(t, link.LinkIDSize, "link id")
	}
	return l
}

var contactTypes = []link.LinkType{link.ContactLink, link.ChannelLink, link.GroupLink, link.RelayLink}

func drawPrivate(t *rapid.T) keys.PrivateKey {
	k, err := keys.NewPrivate(keys.Ed25519, drawBytes(t, 32, "seed"))
	require.NoError(t, err)
	return k
}

func TestPropertyTextRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQueue(t)
		gotQueue, err := link.ParseQueueURI(q.Text())
		require.NoError(t, err)
		assert.Equal(t, q, gotQueue)
		require.NoError(t, link.Check(q.Text()))

		c := drawConnection(t)
		got, err := link.ParseLink(c.Text())
		require.NoError(t, err)
		assert.Equal(t, c, got)
		got, err = link.ParseLink(c.WebText(link.AppServer{Host: drawHost(t), Port: "8443"}))
		require.NoError(t, err)
		assert.Equal(t, c, got)

		l := drawShortLink(t, append(contactTypes, link.InvitationLink)...)
		got, err = link.ParseLink(l.Text())
		require.NoError(t, err)
		assert.Equal(t, l, got)
	})
}

// encodedMode is the mode that comes back from the binary form for a range of versions.
func encodedMode(v wire.VersionRange, m smp.QueueMode) smp.QueueMode {
	switch {
	case v.Min >= 4, v.Min < 3 && v.Max >= 3 && m == smp.Messaging:
		return m
	case v.Min == 3 && m != smp.Messaging:
		return smp.Contact
	case v.Min == 3:
		return smp.Messaging
	}
	return 0
}

func TestPropertyBinaryRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQueue(t)
		expected := q
		expected.Mode = encodedMode(q.ClientVersions, q.Mode)
		assert.Equal(t, expected, recode(t, q, link.ReadQueueURI))

		c := drawConnection(t)
		expectedConnection := c
		expectedConnection.Queues = nil
		for _, q := range c.Queues {
			if q.Mode = encodedMode(q.ClientVersions, q.Mode); q.Mode == 0 {
				q.Mode = smp.Contact
			}
			expectedConnection.Queues = append(expectedConnection.Queues, q)
		}
		assert.Equal(t, expectedConnection, recode(t, c, link.ReadConnection))

		l := drawShortLink(t, append(contactTypes, link.InvitationLink)...)
		l.Web = true
		assert.Equal(t, l, recode(t, l, link.ReadShortLink))
	})
}

func TestPropertyQueueInfoRoundTrips(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		q := drawQueue(t).At(rapid.Uint16Range(1, 5).Draw(t, "version"))
		expected := q
		if q.Version < 3 || q.Version == 3 && q.Mode != smp.Messaging {
			expected.Mode = 0
		}
		if q.Version == 1 {
			expected.Server.Hosts = q.Server.Hosts[:1]
		}
		assert.Equal(t, expected, recode(t, q, link.ReadQueueInfo))
	})
}

// recode encodes a value and decodes the result.
func recode[T writer](t *rapid.T, v T, read func(*wire.Reader) T) T {
	b, err := link.Encode(v)
	require.NoError(t, err)
	again, err := link.Decode(b, read)
	require.NoError(t, err)
	for n := range b { // every start of it is refused
		if _, err := link.Decode(b[:n], read); err == nil {
			// but an address may end before its mode
			_, info := any(v).(link.QueueInfo)
			_, uri := any(v).(link.QueueURI)
			require.True(t, (info || uri) && n == len(b)-1, "%d of %d bytes", n, len(b))
		}
	}
	return again
}

func TestPropertyOrderAndUnknownParametersDoNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := drawConnection(t)
		changed := shuffle(t, c.Text(), "#/?", "x=1", "queue=smp%3A%2F%2F", "V=9")
		got, err := link.ParseConnection(changed)
		require.NoError(t, err)
		assert.Equal(t, c, got)
		require.NoError(t, link.Check(changed))

		q := drawQueue(t)
		gotQueue, err := link.ParseQueueURI(shuffle(t, q.Text(), "#/?", "x=1", "Q=c", "extra"))
		require.NoError(t, err)
		assert.Equal(t, q, gotQueue)

		l := drawShortLink(t, contactTypes...)
		gotLink, err := link.ParseShortLink(shuffle(t, l.Text(), "?", "x=1", "H=host"))
		require.NoError(t, err)
		assert.Equal(t, l, gotLink)
	})
}

// shuffle adds parameters to a link and brings all into another order.
func shuffle(t *rapid.T, text, mark string, more ...string) string {
	start, params, ok := strings.Cut(text, mark)
	require.True(t, ok)
	list := append(strings.Split(params, "&"), more...)
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 0))
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return start + mark + strings.Join(list, "&")
}

func sealBoth(signedFixed, signedUser []byte, secret link.Secret, nonce []byte) (smp.LinkData, error) {
	fixed, err := link.SealFixed(signedFixed, secret, bytes.NewReader(nonce))
	if err != nil {
		return smp.LinkData{}, err
	}
	user, err := link.SealUser(signedUser, secret, bytes.NewReader(nonce))
	return smp.LinkData{Fixed: fixed, User: user}, err
}

func drawUserData(t *rapid.T, mode link.Mode, root keys.PrivateKey) (link.UserData, []keys.PrivateKey) {
	d := link.UserData{Mode: mode, AgentVersions: drawVersions(t, 2, 9)}
	d.Data = bytes.Repeat([]byte{7}, rapid.SampledFrom([]int{0, 1, 254, 255, 256, 11000}).Draw(t, "size of data"))
	signers := []keys.PrivateKey{root}
	if mode == link.Invitation {
		return d, signers
	}
	d.Direct = rapid.Bool().Draw(t, "direct")
	for i := range rapid.IntRange(0, 4).Draw(t, "owners") {
		owner := drawPrivate(t)
		by := rapid.SampledFrom(signers).Draw(t, "authorized by")
		o, err := link.AuthorizeOwner([]byte{byte(i)}, owner.Public(), by)
		require.NoError(t, err)
		d.Owners, signers = append(d.Owners, o), append(signers, owner)
	}
	for range rapid.IntRange(0, 2).Draw(t, "relays") {
		l := drawShortLink(t, contactTypes...)
		l.Web = true
		d.Relays = append(d.Relays, l)
	}
	return d, signers
}

func TestPropertyLinkDataRoundTripsInUniformSize(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root := drawPrivate(t)
		fixed := link.FixedData{AgentVersions: drawVersions(t, 2, 9), RootKey: root.Public(), Connection: drawConnection(t)}
		fixed.EntityID = rapid.SampledFrom([][]byte{nil, {}, {1, 2, 3}}).Draw(t, "entity id")
		if fixed.Connection.Ratchet != nil {
			fixed.Connection.Ratchet.KEM = nil // two of them would not fit
		}
		fixed.Connection = recode(t, fixed.Connection, link.ReadConnection)
		user, signers := drawUserData(t, fixed.Connection.Mode, root)

		signedFixed, key, err := link.SignFixed(fixed, root)
		require.NoError(t, err)
		signedUser, err := link.SignUser(user, rapid.SampledFrom(signers).Draw(t, "signer"))
		require.NoError(t, err)
		secret, err := key.InvitationSecret()
		require.NoError(t, err)
		data, err := sealBoth(signedFixed, signedUser, secret, drawBytes(t, 24, "nonce"))
		if len(signedFixed) > link.FixedPadded-2 {
			require.ErrorIs(t, err, wire.ErrPadTooLong)
			return
		}
		require.NoError(t, err)
		assert.Len(t, data.Fixed, link.FixedSize)
		assert.Len(t, data.User, link.UserSize)

		gotFixed, gotUser, err := link.OpenLinkData(data, key, secret)
		require.NoError(t, err)
		assert.Equal(t, fixed, gotFixed)
		assert.Equal(t, user, gotUser)

		changed := rapid.SampledFrom([][]byte{data.Fixed, data.User}).Draw(t, "part")
		i := rapid.IntRange(0, len(changed)-1).Draw(t, "changed byte")
		changed[i] ^= rapid.ByteRange(1, 255).Draw(t, "change")
		_, _, err = link.OpenLinkData(data, key, secret)
		require.Error(t, err)
	})
}

func TestPropertyOwnersAreAuthorizedByThoseBeforeThem(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root := drawPrivate(t)
		d, signers := drawUserData(t, link.Contact, root)
		require.NoError(t, link.VerifyOwners(root.Public(), d.Owners))
		last := signers[len(signers)-1]
		next := drawPrivate(t)
		o, err := link.AuthorizeOwner([]byte("next"), next.Public(), last)
		require.NoError(t, err)
		require.NoError(t, link.VerifyOwners(root.Public(), append(d.Owners, o)))
		require.ErrorIs(t, link.VerifyOwners(root.Public(), append(d.Owners, o, o)), link.ErrOwnerTwice)
		if last.Public() != root.Public() {
			before := append([]link.Owner{o}, d.Owners...)
			require.ErrorIs(t, link.VerifyOwners(root.Public(), before), link.ErrOwnerUnauthorized)
		}
		again, err := link.AuthorizeOwner([]byte("root"), root.Public(), root)
		require.NoError(t, err)
		require.ErrorIs(t, link.VerifyOwners(root.Public(), append(d.Owners, again)), link.ErrOwnerIsRoot)
		o.ID = []byte("other id")
		require.ErrorIs(t, link.VerifyOwners(root.Public(), append(d.Owners, o)), link.ErrOwnerUnauthorized)
	})
}
