package ratchet_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/ratchet"
)

// drawParameters makes the parameters of an initiating and a joining side.
func drawParameters(t *rapid.T) (initiating, joining ratchet.PrivateParameters, version uint16) {
	o, keys := setups.Draw(t, "setup"), &kemInTurn{Keys: pooledSource(rapid.Uint64().Draw(t, "seed"))}
	initiating, err := ratchet.Propose(keys, o.version, o.propose)
	require.NoError(t, err)
	joining, err = ratchet.Reply(keys, initiating.Public(o.version), o.accept)
	require.NoError(t, err)
	return initiating, joining, o.version
}

// Both sides of X3DH come to the same keys, and whoever has another private key of one of
// them, of X448 or of the KEM, comes to other keys.
func TestPropertyX3DHAgreement(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		initiating, joining, version := drawParameters(t)
		a, err := ratchet.X3DHSender(joining, initiating.Public(version))
		require.NoError(t, err)
		b, err := ratchet.X3DHReceiver(initiating, joining.Public(version))
		require.NoError(t, err)
		require.True(t, a.RootKey == b.RootKey && a.HeaderKey == b.HeaderKey && a.NextHeaderKey == b.NextHeaderKey)
		require.Equal(t, a.AssociatedData, b.AssociatedData)
		require.False(t, a.RootKey == a.HeaderKey || a.RootKey == a.NextHeaderKey || a.HeaderKey == a.NextHeaderKey)

		stranger := strangeSource(rapid.Uint64().Draw(t, "stranger"))
		otherKey, err := stranger.NewDH()
		require.NoError(t, err)
		others := []ratchet.PrivateParameters{
			{Key1: otherKey, Key2: initiating.Key2, KEM: initiating.KEM}, {Key1: initiating.Key1, Key2: otherKey, KEM: initiating.KEM},
		}
		if joining.KEM != nil && joining.KEM.Accepted != nil {
			others = append(others, ratchet.PrivateParameters{
				Key1: initiating.Key1, Key2: initiating.Key2, KEM: &ratchet.KEM{Self: pool()[len(pool())-1]},
			})
		}
		for _, own := range others {
			other, err := ratchet.X3DHReceiver(own, joining.Public(version))
			require.NoError(t, err)
			require.False(t, other.RootKey == a.RootKey || other.HeaderKey == a.HeaderKey || other.NextHeaderKey == a.NextHeaderKey)
		}
	})
}

// Private parameters that were stored and restored start the same ratchet.
func TestPropertyStoreRestoreParameters(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		initiating, joining, version := drawParameters(t)
		for _, p := range []ratchet.PrivateParameters{initiating, joining} {
			text, err := json.Marshal(p)
			require.NoError(t, err)
			var restored ratchet.PrivateParameters
			require.NoError(t, json.Unmarshal(text, &restored))
			require.Equal(t, p, restored)
			require.Equal(t, p.Public(version), restored.Public(version))
		}
	})
}
