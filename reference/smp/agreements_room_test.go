package smp

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
)

// Only keys by which an authenticator was valid are remembered, and no more than there
// is room for.
func TestAgreementsRememberValidKeysOnly(t *testing.T) {
	t.Parallel()
	generate := func(seed byte) keys.PrivateKey {
		raw := make([]byte, 32)
		raw[1] = seed // the first byte is clamped
		key, err := keys.NewPrivate(keys.X25519, raw)
		require.NoError(t, err)
		return key
	}
	session := generate(0)
	v := Verifier{SessionKey: session, Agreed: NewAgreements(3)}
	for i := range byte(8) {
		key := generate(i + 1)
		tr := &Transmission{CorrelationID: []byte{i}, EntityID: []byte{1}}
		a, err := NewAuthorizer(key, session.Public())
		require.NoError(t, err)
		require.NoError(t, tr.Authorize(nil, a))
		before := len(v.Agreed.known)
		require.False(t, v.Verify(tr, generate(i+100).Public()))
		require.Len(t, v.Agreed.known, before, "not for a key that did not make it")
		require.True(t, v.Verify(tr, key.Public()))
		require.Contains(t, v.Agreed.known, key.Public())
		require.Len(t, v.Agreed.known, int(i)%3+1)
	}
}
