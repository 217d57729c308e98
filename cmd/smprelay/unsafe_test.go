package main

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Configurations that are not safe, and flags that do not go together, are refused
// with a sentence.
func TestUnsafeConfigurations(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing", "relay")
	file := written(t, "secret", 0o600)
	for reason, args := range map[string][]string{
		"the folder above is missing": {"--dir", missing},
		"is no directory":             {"--dir", file},
		"no such file":                {"--password-file", file + ".missing"},
		"--password is empty":         {"--password", ""},
		"--password-file is empty":    {"--password-file", ""},
		"--dir is empty":              {"--dir", ""},
		"--host is empty":             {"--host", ""},
		"--host \"a b\"":              {"--host", "a b"},
		"--host \"\"":                 {"--host", "relay.example,"},
		"--control is empty":          {"--control", ""},
		"there is no directory":       {"--control", filepath.Join(missing, "socket")},
		"--proxy-private has no":      {"--proxy=false", "--proxy-private"},
		"--proxy-connect-timeout has": {"--proxy=false", "--proxy-connect-timeout", "1s"},
		"--proxy-command-timeout has": {"--proxy-command-timeout", "1s", "--proxy=false"},
		"--proxy needs version 8":     {"--proxy", "--versions", "6-7"},
		"unknown flag: --store-file":  {"--store-file", "x"},
		"unknown shorthand":           {"-x"},
		"unexpected argument":         {"queues"},
	} {
		code, message := failure(t, args...)
		require.Equal(t, exitUsage, code, message)
		require.Contains(t, message, reason)
		code, message = failure(t, append([]string{"serve"}, args...)...)
		require.Equal(t, exitUsage, code, message)
		require.Contains(t, message, reason)
	}
}

func TestFilesThatOthersCanUse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		return // file modes say nothing there
	}
	dir := made(t)
	check := func(args ...string) {
		t.Helper()
		code, message := failure(t, args...)
		require.Equal(t, exitUsage, code, message)
		require.Contains(t, message, "others can use")
	}
	require.NoError(t, os.Chmod(filepath.Join(dir, keyFile), 0o640))
	check("--dir", dir)
	require.NoError(t, os.Chmod(filepath.Join(dir, keyFile), 0o600))
	require.NoError(t, os.Chmod(dir, 0o770))
	check("--dir", dir)
	check("--control", filepath.Join(dir, "socket"))
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602, 0o644} {
		check("--password-file", written(t, "secret", mode))
	}
}

// A chain of another length than the one asked for is a contradiction.
func TestChainOfAnotherLength(t *testing.T) {
	t.Parallel()
	code, message := failure(t, "--dir", made(t), "--chain", "4")
	require.Equal(t, exitUsage, code)
	require.Contains(t, message, "has 3 certificates")
}
