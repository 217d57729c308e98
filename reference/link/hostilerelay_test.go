package link_test

import (
	"bytes"
	"crypto/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// contactLink makes the link data of a contact address with data of its application, and
// the key and the secret by which they open.
func contactLink(t require.TestingT, root keys.PrivateKey, data string) (smp.LinkData, link.LinkKey, link.Secret) {
	queue, err := link.ParseQueueURI(testQueue)
	require.NoError(t, err)
	signed, key, err := link.SignFixed(link.FixedData{
		AgentVersions: wire.Versions(2, 7), RootKey: root.Public(),
		Connection: link.Connection{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Queues: []link.QueueURI{queue}},
	}, root)
	require.NoError(t, err)
	_, secret, err := key.ContactSecret()
	require.NoError(t, err)
	fixed, err := link.SealFixed(signed, secret, rand.Reader)
	require.NoError(t, err)
	return smp.LinkData{Fixed: fixed, User: contactUserData(t, root, secret, data)}, key, secret
}

func contactUserData(t require.TestingT, by keys.PrivateKey, secret link.Secret, data string) []byte {
	signed, err := link.SignUser(link.UserData{Mode: link.Contact, AgentVersions: wire.Versions(2, 7), Data: []byte(data)}, by)
	require.NoError(t, err)
	sealed, err := link.SealUser(signed, secret, rand.Reader)
	require.NoError(t, err)
	return sealed
}

// Link data of another link, or of who knows the secret and not the root key, are refused:
// what a relay has, and what somebody has who was given the link.
func TestPropertyLinkDataOfOthersAreRefused(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root, other := drawPrivate(t), drawPrivate(t)
		if root.Public() == other.Public() {
			return
		}
		data, key, secret := contactLink(t, root, "true")
		_, _, err := link.OpenLinkData(data, key, secret)
		require.NoError(t, err)

		foreign, foreignKey, foreignSecret := contactLink(t, other, "false")
		for what, mixed := range map[string]smp.LinkData{
			"both parts of another link":     foreign,
			"the fixed data of another link": {Fixed: foreign.Fixed, User: data.User},
			"the user data of another link":  {Fixed: data.Fixed, User: foreign.User},
			"random bytes":                   {Fixed: random(t, link.FixedSize), User: random(t, link.UserSize)},
		} {
			_, _, err := link.OpenLinkData(mixed, key, secret)
			require.ErrorIs(t, err, box.ErrOpen, what)
		}

		opened, err := link.OpenFixed(foreign.Fixed, foreignSecret)
		require.NoError(t, err)
		again, err := link.SealFixed(opened, secret, rand.Reader)
		require.NoError(t, err)
		_, _, err = link.OpenLinkData(smp.LinkData{Fixed: again, User: contactUserData(t, other, secret, "false")}, key, secret)
		require.ErrorIs(t, err, link.ErrHash, "other fixed data under the secret of the link")
		require.NotEqual(t, key, foreignKey)
		_, _, err = link.OpenLinkData(smp.LinkData{Fixed: data.Fixed, User: contactUserData(t, other, secret, "false")}, key, secret)
		require.ErrorIs(t, err, link.ErrUserSignature, "other user data under the secret of the link")
	})
}

func random(t require.TestingT, n int) []byte {
	b := make([]byte, n)
	_, err := rand.Read(b)
	require.NoError(t, err)
	return b
}

// User data of an earlier time are as good as those of now: nothing in them tells when they
// were made.
func TestEarlierUserDataStillOpen(t *testing.T) {
	t.Parallel()
	root, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	data, key, secret := contactLink(t, root, "now")
	earlier := contactUserData(t, root, secret, "before")
	_, user, err := link.OpenLinkData(smp.LinkData{Fixed: data.Fixed, User: earlier}, key, secret)
	require.NoError(t, err)
	assert.Equal(t, "before", string(user.Data))
}

// Each encryption takes a nonce of its own, also of the same data.
func TestPropertyEachEncryptionOfLinkDataHasItsNonce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root := drawPrivate(t)
		data, _, secret := contactLink(t, root, "data")
		seen := map[string]bool{}
		for _, sealed := range [][]byte{
			data.Fixed, data.User,
			contactUserData(t, root, secret, "data"), contactUserData(t, root, secret, "later data"),
		} {
			n := string(sealed[:box.NonceSize])
			require.False(t, seen[n], "the nonce %x twice", n)
			seen[n] = true
		}
	})
}

// An owner is read although its string has bytes after the signature, and the long form of
// the application's data whatever their length.
func TestFormsOfUserDataThatAreOnlyRead(t *testing.T) {
	t.Parallel()
	root, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	key, err := keys.Generate(keys.Ed25519, rand.Reader)
	require.NoError(t, err)
	owner, err := link.AuthorizeOwner([]byte("id"), key.Public(), root)
	require.NoError(t, err)
	b, err := link.Encode(owner)
	require.NoError(t, err)
	longer := append(bytes.Clone(b), "more"...)
	longer[0] += byte(len("more"))
	got, err := link.Decode(longer, link.ReadOwner)
	require.NoError(t, err)
	assert.Equal(t, owner, got)

	for _, size := range []int{0, 1, 254, 255, 300} {
		content := bytes.Repeat([]byte{7}, size)
		written, err := link.Encode(link.UserData{Mode: link.Invitation, AgentVersions: wire.Versions(2, 7), Data: content})
		require.NoError(t, err)
		start := written[:1+2+2]
		w := wire.NewWriter(bytes.Clone(start))
		w.Byte(0xff)
		w.Large(content)
		long, err := w.Bytes()
		require.NoError(t, err)
		assert.Equal(t, size > 254, bytes.Equal(long, written), "%d bytes: which form is written", size)
		got, err := link.Decode(long, link.ReadUserData)
		require.NoError(t, err)
		assert.Equal(t, content, got.Data)
	}
}
