package link_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

func TestLinkSecretsAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	each(t, "links", "link_kdf", 3, func(t *testing.T, test vectors.Test) {
		var in struct {
			LinkKey vectors.Hex `json:"link_key"`
		}
		var out struct {
			ContactLinkID    vectors.Hex `json:"contact_link_id"`
			ContactSecret    vectors.Hex `json:"contact_secretbox_key"`
			InvitationSecret vectors.Hex `json:"invitation_secretbox_key"`
		}
		require.NoError(t, test.Inputs.Decode(&in))
		require.NoError(t, test.Output.Decode(&out))
		id, contact, err := link.LinkKey(in.LinkKey).ContactSecret()
		require.NoError(t, err)
		invitation, err := link.LinkKey(in.LinkKey).InvitationSecret()
		require.NoError(t, err)
		assert.Equal(t, []byte(out.ContactLinkID), id)
		assert.Equal(t, []byte(out.ContactSecret), contact[:])
		assert.Equal(t, []byte(out.InvitationSecret), invitation[:])
	})
}

// dataInputs are the inputs of tests of link data, of all parts of the group.
type dataInputs struct {
	AgentVersions    [2]uint16   `json:"agent_versions"`
	Connection       string      `json:"connection_request"`
	ConnectionBinary vectors.Hex `json:"connection_request_binary"`
	EntityID         vectors.Hex `json:"link_entity_id"`
	RootKey          vectors.Key `json:"root_key"`
	UserData         vectors.Hex `json:"user_data"`
	Direct           bool
	Owners           []struct{ Encoded, ID, Key, Signature vectors.Hex }
	Relays           []string
	Signer           *vectors.Key
	EncFixedData     vectors.Hex `json:"enc_fixed_data"`
	EncUserData      vectors.Hex `json:"enc_user_data"`
	LinkKey          vectors.Hex `json:"link_key"`
	Secret           vectors.Hex `json:"secretbox_key"`
}

// dataOutput is the output of the same tests.
type dataOutput struct {
	EncFixedData      vectors.Hex `json:"enc_fixed_data"`
	EncUserData       vectors.Hex `json:"enc_user_data"`
	EncUserDataLen    int         `json:"enc_user_data_len"`
	EncUserDataNonce  vectors.Hex `json:"enc_user_data_nonce"`
	EncUserDataSHA256 vectors.Hex `json:"enc_user_data_sha256"`
	LinkID            vectors.Hex `json:"link_id"`
	LinkKey           vectors.Hex `json:"link_key"`
	Secret            vectors.Hex `json:"secretbox_key"`
	SignedFixedData   vectors.Hex `json:"signed_fixed_data"`
	SignedUserData    vectors.Hex `json:"signed_user_data"`
}

func TestLinkDataAgreeWithTheOfficialImplementation(t *testing.T) {
	t.Parallel()
	each(t, "links", "link_data", 22, func(t *testing.T, test vectors.Test) {
		var in dataInputs
		require.NoError(t, test.Inputs.Decode(&in))
		if test.Output.IsNull() {
			data := smp.LinkData{Fixed: in.EncFixedData, User: in.EncUserData}
			_, _, err := link.OpenLinkData(data, link.LinkKey(in.LinkKey), link.Secret(in.Secret))
			requireRefused(t, test, err)
			return
		}
		var out dataOutput
		require.NoError(t, test.Output.Decode(&out))
		checkLinkData(t, test, in, out)
	})
}

// refusals are the errors for the flags of refused tests; changed and cut link data
// fail to decrypt or have another size.
var refusals = map[string][]error{
	"BadOwner":         {link.ErrOwnerUnauthorized},
	"DuplicateOwner":   {link.ErrOwnerTwice},
	"BadUserSignature": {link.ErrUserSignature},
	"DecryptionFails":  {box.ErrOpen, link.ErrDataSize},
	"Syntax":           {link.ErrDataSize},
}

func requireRefused(t *testing.T, test vectors.Test, err error) {
	t.Helper()
	require.True(t, test.Invalid())
	var expected []error
	for _, flag := range test.Flags {
		expected = append(expected, refusals[flag]...)
	}
	if len(expected) == 0 {
		require.Error(t, err)
		return
	}
	requireOneOf(t, err, expected)
}

func (in dataInputs) fixed(t *testing.T) link.FixedData {
	t.Helper()
	c, err := link.Decode(in.ConnectionBinary, link.ReadConnection)
	require.NoError(t, err)
	if in.Connection != "" {
		fromText, err := link.ParseConnection(in.Connection)
		require.NoError(t, err)
		require.Equal(t, in.ConnectionBinary.String(), encode(t, fromText))
	}
	return link.FixedData{
		AgentVersions: versions(in.AgentVersions), RootKey: publicKey(t, in.RootKey.PublicDER),
		Connection: c, EntityID: in.EntityID,
	}
}

func (in dataInputs) user(t *testing.T, mode link.Mode) link.UserData {
	t.Helper()
	d := link.UserData{Mode: mode, AgentVersions: versions(in.AgentVersions), Direct: in.Direct, Data: in.UserData}
	for _, o := range in.Owners {
		owner := link.Owner{ID: o.ID, Key: publicKey(t, o.Key), Signature: o.Signature}
		assert.Equal(t, o.Encoded.String(), encode(t, owner))
		again, err := link.Decode(o.Encoded, link.ReadOwner)
		require.NoError(t, err)
		assert.Equal(t, owner.Key, again.Key)
		d.Owners = append(d.Owners, owner)
	}
	for _, text := range in.Relays {
		l, err := link.ParseShortLink(text)
		require.NoError(t, err)
		d.Relays = append(d.Relays, l)
	}
	return d
}

func privateKey(t *testing.T, k vectors.Key) keys.PrivateKey {
	t.Helper()
	p, err := keys.ParsePrivate(k.PrivateDER)
	require.NoError(t, err)
	return p
}

func checkLinkData(t *testing.T, test vectors.Test, in dataInputs, out dataOutput) {
	t.Helper()
	fixed := in.fixed(t)
	user := in.user(t, fixed.Connection.Mode)
	root := privateKey(t, in.RootKey)
	signer := root
	if in.Signer != nil {
		signer = privateKey(t, *in.Signer)
	}
	signedFixed, key, err := link.SignFixed(fixed, root)
	require.NoError(t, err)
	signedUser, err := link.SignUser(user, signer)
	require.NoError(t, err)
	secret := checkSecrets(t, in, out, fixed.Connection.Mode, key)
	assert.Equal(t, out.SignedUserData.String(), hex.EncodeToString(signedUser))

	// Tests with another signer take the fixed data of the test before them.
	data := smp.LinkData{Fixed: in.EncFixedData, User: out.userData(t, signedUser, secret)}
	if in.EncFixedData == nil {
		assert.Equal(t, out.SignedFixedData.String(), hex.EncodeToString(signedFixed))
		data.Fixed, err = link.SealFixed(signedFixed, secret, bytes.NewReader(out.EncFixedData))
		require.NoError(t, err)
		assert.Equal(t, out.EncFixedData.String(), hex.EncodeToString(data.Fixed))
	}

	gotFixed, gotUser, err := link.OpenLinkData(data, key, secret)
	if test.Invalid() {
		requireRefused(t, test, err)
		return
	}
	require.NoError(t, err)
	assert.True(t, gotFixed.Equal(fixed))
	assert.Equal(t, encode(t, user), encode(t, gotUser))
}

func checkSecrets(t *testing.T, in dataInputs, out dataOutput, mode link.Mode, key link.LinkKey) link.Secret {
	t.Helper()
	if mode == link.Invitation {
		secret, err := key.InvitationSecret()
		require.NoError(t, err)
		assert.Equal(t, []byte(out.LinkKey), []byte(key))
		assert.Equal(t, []byte(out.Secret), secret[:])
		return secret
	}
	id, secret, err := key.ContactSecret()
	require.NoError(t, err)
	if in.LinkKey != nil {
		assert.Equal(t, []byte(in.LinkKey), []byte(key))
		return secret
	}
	assert.Equal(t, []byte(out.LinkKey), []byte(key))
	assert.Equal(t, []byte(out.LinkID), id)
	assert.Equal(t, []byte(out.Secret), secret[:])
	return secret
}

// userData encrypts user data with the nonce of the output, which is given whole or by
// its length and digest.
func (out dataOutput) userData(t *testing.T, signed []byte, secret link.Secret) []byte {
	t.Helper()
	nonce := out.EncUserDataNonce
	if out.EncUserData != nil {
		nonce = out.EncUserData[:box.NonceSize]
	}
	sealed, err := link.SealUser(signed, secret, bytes.NewReader(nonce))
	require.NoError(t, err)
	if out.EncUserData != nil {
		assert.Equal(t, out.EncUserData.String(), hex.EncodeToString(sealed))
		return sealed
	}
	sum := sha256.Sum256(sealed)
	assert.Len(t, sealed, out.EncUserDataLen)
	assert.Equal(t, out.EncUserDataSHA256.String(), hex.EncodeToString(sum[:]))
	return sealed
}

// TestAnyChangedByteOfLinkDataIsRefused takes link data of the official implementation,
// so that it does not depend on what this package makes.
func TestAnyChangedByteOfLinkDataIsRefused(t *testing.T) {
	t.Parallel()
	in, key := officialLinkData(t)
	_, secret, err := key.ContactSecret()
	require.NoError(t, err)
	_, _, err = link.OpenLinkData(in, key, secret)
	require.NoError(t, err)
	for i := 0; i < len(in.Fixed); i += 7 {
		changed := bytes.Clone(in.Fixed)
		changed[i] ^= 1 << (i % 8)
		_, _, err := link.OpenLinkData(smp.LinkData{Fixed: changed, User: in.User}, key, secret)
		require.ErrorIs(t, err, box.ErrOpen, "byte %d of the fixed data", i)
	}
	for i := 0; i < len(in.User); i += 41 {
		changed := bytes.Clone(in.User)
		changed[i] ^= 1 << (i % 8)
		_, _, err := link.OpenLinkData(smp.LinkData{Fixed: in.Fixed, User: changed}, key, secret)
		require.ErrorIs(t, err, box.ErrOpen, "byte %d of the user data", i)
	}
	other := bytes.Clone(key)
	other[0] ^= 1
	_, _, err = link.OpenLinkData(in, other, secret)
	require.ErrorIs(t, err, link.ErrHash)
}

// officialLinkData returns the first link data of a contact address in the vectors.
func officialLinkData(t *testing.T) (smp.LinkData, link.LinkKey) {
	t.Helper()
	f, err := vectors.Load("links")
	require.NoError(t, err)
	g, ok := f.Group("link_data")
	require.True(t, ok)
	for _, test := range g.Tests {
		if strings.HasPrefix(test.ID, "link_data/contact/") && !test.Invalid() {
			var out dataOutput
			require.NoError(t, test.Output.Decode(&out))
			return smp.LinkData{Fixed: out.EncFixedData, User: out.EncUserData}, link.LinkKey(out.LinkKey)
		}
	}
	require.Fail(t, "no link data")
	return smp.LinkData{}, nil
}

func TestBytesAfterLinkDataAreLeftToLaterVersions(t *testing.T) {
	t.Parallel()
	data, key := officialLinkData(t)
	_, secret, err := key.ContactSecret()
	require.NoError(t, err)
	fixed, user, err := link.OpenLinkData(data, key, secret)
	require.NoError(t, err)
	for _, tail := range [][]byte{{2, 1}, {0, 9, 9}, {255, 255}} {
		f, err := link.Encode(fixed)
		require.NoError(t, err)
		gotFixed, err := link.Decode(append(f, tail...), link.ReadFixedData)
		require.NoError(t, err)
		assert.Equal(t, fixed.Connection, gotFixed.Connection)
		u, err := link.Encode(user)
		require.NoError(t, err)
		gotUser, err := link.Decode(append(u, tail...), link.ReadUserData)
		require.NoError(t, err)
		assert.Equal(t, user, gotUser)
	}
	c, err := link.Encode(fixed.Connection)
	require.NoError(t, err)
	_, err = link.Decode(append(c, 0), link.ReadConnection)
	assert.ErrorIs(t, err, wire.ErrTrailing)
}
