package keys

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSaveAndLoadCredentials(t *testing.T) {
	t.Parallel()
	for _, alg := range signingAlgorithms {
		c := newCredentials(t, alg, 3)
		dir := t.TempDir()
		chainFile, keyFile := filepath.Join(dir, "server.crt"), filepath.Join(dir, "server.key")
		require.NoError(t, os.WriteFile(keyFile, []byte("old and open to everybody"), 0o644))
		require.NoError(t, SaveCredentials(c, chainFile, keyFile))
		loaded, err := LoadCredentials(chainFile, keyFile)
		require.NoError(t, err)
		require.Equal(t, c, loaded)

		names, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, names, 2, "a temporary file is left")
		if runtime.GOOS != "windows" {
			for file, mode := range map[string]os.FileMode{chainFile: 0o644, keyFile: 0o600} {
				info, err := os.Stat(file)
				require.NoError(t, err)
				require.Equal(t, mode, info.Mode().Perm(), file)
			}
		}
	}
}

func TestLoadCredentialsRefusesOtherFiles(t *testing.T) {
	t.Parallel()
	c, other := newCredentials(t, Ed25519, 2), newCredentials(t, Ed25519, 2)
	for _, test := range []struct {
		name       string
		chain, key []byte
		err        error
	}{
		{"no certificate", nil, c.KeyPEM(), ErrPEM},
		{"key among certificates", append(c.ChainPEM(), c.KeyPEM()...), c.KeyPEM(), ErrPEM},
		{"no key", c.ChainPEM(), nil, ErrPEM},
		{"certificate for a key", c.ChainPEM(), c.ChainPEM(), ErrPEM},
		{"key of another leaf", c.ChainPEM(), other.KeyPEM(), nil},
		{"certificate damaged", bytes.Replace(c.ChainPEM(), []byte("\nMII"), []byte("\nMIJ"), 1), c.KeyPEM(), ErrCertificate},
	} {
		_, err := ParseCredentials(test.chain, test.key)
		require.Error(t, err, test.name)
		if test.err != nil {
			require.ErrorIs(t, err, test.err, test.name)
		}
	}

	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	require.NoError(t, os.WriteFile(large, make([]byte, maxPEMFile+1), 0o600))
	_, err := LoadCredentials(large, large)
	require.ErrorIs(t, err, ErrPEM)
	_, err = LoadCredentials(filepath.Join(dir, "missing"), large)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, SaveCredentials(c, filepath.Join(dir, "no", "crt"), filepath.Join(dir, "no", "key")), os.ErrNotExist)
}
