package smp_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors"
)

// runVectors runs every test of a vector file with the function for its group,
// or with other. It fails if the number of tests that ran is not the number
// that the file says.
func runVectors(t *testing.T, file string, groups map[string]func(*testing.T, *vectors.Test), other func(*testing.T, *vectors.Test)) {
	t.Helper()
	f, err := vectors.Load(file)
	require.NoError(t, err)
	ran := 0
	for g, v := range f.All() {
		run := groups[g.Name]
		if run == nil {
			run = other
		}
		require.NotNilf(t, run, "group %q is not tested", g.Name)
		ran++
		t.Run(v.ID, func(t *testing.T) { run(t, v) })
	}
	require.Equal(t, f.Count, ran, "number of tests in %s", file)
}

func decode(t *testing.T, v vectors.Value, into any) {
	t.Helper()
	require.NoError(t, v.Decode(into))
}

// versions are those that the vectors know.
func versions(yield func(uint16) bool) {
	for v := smp.MinVersion; v <= smp.VersionNotices; v++ {
		if !yield(v) {
			return
		}
	}
}

func public(t *testing.T, der vectors.Hex) keys.PublicKey {
	t.Helper()
	k, err := keys.ParsePublic(der)
	require.NoError(t, err)
	return k
}

func private(t *testing.T, k vectors.Key) keys.PrivateKey {
	t.Helper()
	p, err := keys.ParsePrivate(k.PrivateDER)
	require.NoError(t, err)
	require.Equal(t, []byte(k.PublicDER), p.Public().SPKI())
	return p
}

func boxKey(t *testing.T, secret vectors.Hex) *box.Key {
	t.Helper()
	k, err := box.DeriveKey(secret)
	require.NoError(t, err)
	return &k
}

func nonce(t *testing.T, b vectors.Hex) box.Nonce {
	t.Helper()
	n, err := box.NonceFrom(b)
	require.NoError(t, err)
	return n
}

// answer is the wire name of the protocol error in the chain of err.
func answer(err error) string { return smp.AnswerTo(err).Error() }
