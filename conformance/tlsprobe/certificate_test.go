package tlsprobe

import (
	"bytes"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

// VerifyCertificate agrees with openssl on who signed what, for each kind of key
// and each way to sign with it.
func TestVerifyCertificate(t *testing.T) {
	t.Parallel()
	pss := []string{"-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"}
	for name, test := range map[string]struct {
		kind  string
		extra []string
	}{
		"Ed25519":              {kind: "Ed25519"},
		"Ed448":                {kind: "Ed448"},
		"P-256 SHA-256":        {kind: "P-256"},
		"P-256 SHA-512":        {kind: "P-256", extra: []string{"-sha512"}},
		"P-384 SHA-384":        {kind: "P-384", extra: []string{"-sha384"}},
		"RSA SHA-256":          {kind: "RSA"},
		"RSA SHA-384":          {kind: "RSA", extra: []string{"-sha384"}},
		"RSA SHA-512":          {kind: "RSA", extra: []string{"-sha512"}},
		"RSA-PSS SHA-256":      {kind: "RSA", extra: append([]string{"-sha256"}, pss...)},
		"RSA-PSS SHA-512":      {kind: "RSA", extra: append([]string{"-sha512"}, pss...)},
		"RSA-PSS salt of 20":   {kind: "RSA", extra: []string{"-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"}},
		"RSA-PSS longest salt": {kind: "RSA", extra: []string{"-sha256", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:32"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := newChain(t, test.kind, test.extra...)
			leaf, root := readDER(t, files.leaf), readDER(t, files.root)
			require.NoError(t, VerifyCertificate(leaf, root))
			require.NoError(t, VerifyCertificate(root, root))
			require.ErrorIs(t, VerifyCertificate(leaf, leaf), ErrBadSignature)
			for _, position := range []int{len(leaf) - 1, len(leaf) / 2} {
				changed := bytes.Clone(leaf)
				changed[position] ^= 1
				require.Error(t, VerifyCertificate(changed, root))
			}
		})
	}
}

// A key of another kind, and certificates that cannot be read, are not mistaken
// for wrong signatures.
func TestVerifyCertificateMisfits(t *testing.T) {
	t.Parallel()
	chains := map[string][2][]byte{}
	for _, kind := range []string{"Ed25519", "Ed448", "P-256", "RSA"} {
		files := newChain(t, kind)
		chains[kind] = [2][]byte{readDER(t, files.leaf), readDER(t, files.root)}
	}
	requireMisfit := func(err error) {
		t.Helper()
		require.True(t, as[*CertificateError]()(err), "%v", err)
		require.False(t, errors.Is(err, ErrBadSignature))
	}
	for kind, ours := range chains {
		for other, theirs := range chains {
			if kind != other {
				requireMisfit(VerifyCertificate(ours[0], theirs[1]))
			}
		}
	}
	leaf, root := chains["Ed448"][0], chains["Ed448"][1]
	requireMisfit(VerifyCertificate(nil, root))
	requireMisfit(VerifyCertificate(leaf, []byte("no certificate")))
	requireMisfit(VerifyCertificate(append(bytes.Clone(leaf), 0), root))
	for cut := range leaf {
		requireMisfit(VerifyCertificate(leaf[:cut], root))
	}
	// The object identifier of the key (its last occurrence) becomes an unknown one.
	unknown := bytes.Clone(root)
	unknown[bytes.LastIndex(unknown[:len(unknown)-128], []byte{0x2b, 0x65, 0x71})+2] = 0x7f
	requireMisfit(VerifyCertificate(leaf, unknown))
}
