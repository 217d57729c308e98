package link_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/link"
)

// Whoever has a link can decrypt its data and encrypt others in their place, and still cannot
// change a byte of them, nor add any or leave some out: the hash in the link and the
// signatures refuse it.
func TestPropertyHolderOfALinkCannotChangeItsData(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		root, nonce := drawPrivate(t), drawBytes(t, 24, "nonce")
		fixed := link.FixedData{AgentVersions: drawVersions(t, 2, 9), RootKey: root.Public(), Connection: drawConnection(t)}
		fixed.Connection.Queues = fixed.Connection.Queues[:1]
		if fixed.Connection.Ratchet != nil {
			fixed.Connection.Ratchet.KEM = nil
		}
		user, signers := drawUserData(t, fixed.Connection.Mode, root)
		user.Data = user.Data[:min(len(user.Data), 300)]
		signedFixed, key, err := link.SignFixed(fixed, root)
		require.NoError(t, err)
		signedUser, err := link.SignUser(user, rapid.SampledFrom(signers).Draw(t, "signer"))
		require.NoError(t, err)
		_, secret, err := key.ContactSecret()
		require.NoError(t, err)

		parts := [][]byte{signedFixed, signedUser}
		part := rapid.IntRange(0, 1).Draw(t, "part")
		parts[part] = drawOther(t, parts[part])
		data, err := sealBoth(parts[0], parts[1], secret, nonce)
		if err != nil { // too long
			return
		}
		_, _, err = link.OpenLinkData(data, key, secret)
		require.Error(t, err)
	})
}

// drawOther returns b with a byte changed, or shorter or longer.
func drawOther(t *rapid.T, b []byte) []byte {
	changed, last := bytes.Clone(b), len(b)-1
	switch rapid.SampledFrom([]string{"byte", "byte", "early byte", "cut", "longer"}).Draw(t, "change") {
	case "cut":
		return changed[:rapid.IntRange(0, last).Draw(t, "at")]
	case "longer":
		return append(changed, rapid.Byte().Draw(t, "more"))
	case "early byte": // the signature and the key
		last = min(last, 130)
	}
	changed[rapid.IntRange(0, last).Draw(t, "at")] ^= rapid.ByteRange(1, 255).Draw(t, "xor")
	return changed
}
