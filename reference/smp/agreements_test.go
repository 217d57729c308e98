package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// What was agreed before changes no answer: neither for keys that are remembered nor for
// others, nor when all have been forgotten.
func TestPropertyAgreementsChangeNoAnswer(t *testing.T) {
	session := testKey(t, keys.X25519, 9)
	var pairs []keys.PrivateKey
	for seed := range byte(4) {
		pairs = append(pairs, testKey(t, keys.X25519, seed), testKey(t, keys.Ed25519, seed))
	}
	zero, err := keys.NewPublic(keys.X25519, make([]byte, 32))
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		with := smp.Verifier{SessionID: sessionID, SessionKey: session, Agreed: smp.NewAgreements(rapid.IntRange(-1, 5).Draw(t, "room"))}
		without := smp.Verifier{SessionID: sessionID, SessionKey: session}
		for range rapid.IntRange(1, 10).Draw(t, "commands") {
			signer := rapid.SampledFrom(pairs).Draw(t, "signer")
			tr, err := smp.CommandTransmission(20, sessionID, correlationID, entityID, smp.SUB{})
			require.NoError(t, err)
			a, err := smp.NewAuthorizer(signer, session.Public())
			require.NoError(t, err)
			require.NoError(t, tr.Authorize(sessionID, a))
			if rapid.Bool().Draw(t, "changed") {
				tr.Authorization[rapid.IntRange(0, len(tr.Authorization)-1).Draw(t, "byte")] ^= 1
			}
			key := rapid.SampledFrom(pairs).Draw(t, "queue key").Public()
			if rapid.IntRange(0, 9).Draw(t, "low order") == 0 {
				key = zero
			}
			require.Equal(t, without.Verify(tr, key), with.Verify(tr, key))
		}
	})
}
