package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// made is a directory with an identity.
func made(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "relay")
	_, err := identity(dir, 3)
	require.NoError(t, err)
	return dir
}

// content is what is in a directory.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	all := map[string]string{}
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		require.NoError(t, err)
		all[f.Name()] = string(b)
	}
	return all
}

func TestIdentityErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		spoil func(t *testing.T, dir string) error
		text  string
	}{
		"key is missing":   {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, keyFile)) }, "only one of"},
		"chain is missing": {func(_ *testing.T, dir string) error { return os.Remove(filepath.Join(dir, chainFile)) }, "only one of"},
		"key is cut":       {func(_ *testing.T, dir string) error { return os.Truncate(filepath.Join(dir, keyFile), 20) }, "private key"},
		"key is empty":     {func(_ *testing.T, dir string) error { return os.Truncate(filepath.Join(dir, keyFile), 0) }, "private key"},
		"chain is empty":   {func(_ *testing.T, dir string) error { return os.Truncate(filepath.Join(dir, chainFile), 0) }, "certificate"},
		"chain is garbage": {func(_ *testing.T, dir string) error {
			return os.WriteFile(filepath.Join(dir, chainFile), []byte("garbage"), 0o600)
		}, "certificate"},
		"key of another leaf": {func(t *testing.T, dir string) error {
			other, err := os.ReadFile(filepath.Join(made(t), keyFile))
			require.NoError(t, err)
			return os.WriteFile(filepath.Join(dir, keyFile), other, 0o600)
		}, "leaf"},
		"CA of another chain": {func(t *testing.T, dir string) error {
			own, err := os.ReadFile(filepath.Join(dir, chainFile))
			require.NoError(t, err)
			other, err := os.ReadFile(filepath.Join(made(t), chainFile))
			require.NoError(t, err)
			end := []byte("-----END CERTIFICATE-----\n")
			i, j := bytes.Index(own, end)+len(end), bytes.Index(other, end)+len(end)
			return os.WriteFile(filepath.Join(dir, chainFile), append(own[:i:i], other[j:]...), 0o600)
		}, "signature"},
		"another length": {func(_ *testing.T, _ string) error { return nil }, "has 3 certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := made(t)
			require.NoError(t, test.spoil(t, dir))
			before := content(t, dir)
			_, err := identity(dir, 4)
			require.ErrorIs(t, err, errIdentity)
			require.ErrorContains(t, err, test.text)
			require.Equal(t, before, content(t, dir), "something was overwritten")
		})
	}
}

func TestIdentityPermissions(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // file modes say nothing there
	}
	dir := made(t)
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o666} {
		require.NoError(t, os.Chmod(filepath.Join(dir, keyFile), mode))
		_, err := identity(dir, 0)
		require.ErrorIs(t, err, errIdentity)
		require.ErrorContains(t, err, "chmod 600")
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, keyFile), 0o400))
	_, err := identity(dir, 0)
	require.NoError(t, err)
	require.NoError(t, os.Chmod(dir, 0o750))
	_, err = identity(dir, 0)
	require.ErrorContains(t, err, "chmod 700")

	fresh := t.TempDir()
	require.NoError(t, os.Chmod(fresh, 0o755))
	_, err = identity(fresh, 0)
	require.ErrorIs(t, err, errIdentity)
	require.Empty(t, content(t, fresh))
}

func TestIdentityNeedsItsParent(t *testing.T) {
	t.Parallel()
	_, err := identity(filepath.Join(t.TempDir(), "missing", "relay"), 0)
	require.ErrorIs(t, err, os.ErrNotExist)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = identity(file, 0)
	require.Error(t, err)
}
