package main

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCommandsOfOthers(t *testing.T) {
	t.Parallel()
	alice, bob := pair(t)
	first := alice.launch("listen", "--json")
	first.event("listening")
	info, err := os.Stat(filepath.Join(alice.profile, "control.sock"))
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())

	// What the process answers is what the program does itself.
	for _, arguments := range [][]string{{"contacts"}, {"contacts", "--json"}, {"info", "bob"}, {"config"}} {
		served := alice.ok(arguments...)
		require.NotEmpty(t, served)
	}
	alice.fails(exitUsage, "history", "nobody")
	alice.fails(exitUsage, "send", "bob")
	require.Equal(t, exitOK, alice.callWith("from input\n", "send", "bob", "-").code)
	require.Contains(t, alice.fails(exitFailure, "init", "--server", someServer), "not empty")

	// Both see a message, and it counts as shown once.
	second := alice.launch("chat", "bob")
	third := alice.launch("listen", "--count", "1", "--json")
	second.say("typed")
	second.line("✓ typed")
	bob.ok("send", "alice", "for all")
	first.event("message", "for all")
	second.line("bob: for all")
	third.event("message", "for all")
	require.Equal(t, exitOK, third.wait())
	require.Contains(t, alice.texts("bob"), "in:for all:shown")

	// When the first process ends the second one goes on by itself.
	require.Equal(t, exitOK, first.end())
	bob.ok("send", "alice", "still there?")
	second.line("bob: still there?")
	second.say("yes")
	second.line("✓ yes")
	require.Equal(t, exitOK, second.end())
	_, err = os.Stat(filepath.Join(alice.profile, "control.sock"))
	require.ErrorIs(t, err, os.ErrNotExist)
	require.Equal(t, 3, strings.Count(bob.ok("listen", "--count", "3"), "alice: "))
}

func TestInterruptedCommandOfOther(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", startRelay(t).Address())
	serving := alice.launch("listen", "--json")
	serving.event("listening")
	inviting := alice.launch("invite", "--json", "someone")
	inviting.event("invitation")
	require.Equal(t, exitFailure, inviting.end())
	inviting = alice.launch("invite", "--json", "other")
	inviting.event("invitation")
	require.Equal(t, exitOK, serving.end())
	require.Equal(t, exitFailure, inviting.wait())
	require.Contains(t, inviting.errors.String(), "stays valid")
}

func TestDeadProcess(t *testing.T) {
	t.Parallel()
	alice := newPerson(t, "alice", "--server", someServer)
	// A killed process leaves its socket.
	left, err := net.ListenUnix("unix", &net.UnixAddr{Name: filepath.Join(alice.profile, "control.sock"), Net: "unix"})
	require.NoError(t, err)
	left.SetUnlinkOnClose(false)
	require.NoError(t, left.Close())
	require.Empty(t, alice.ok("contacts"))
	alice.ok("listen", "--timeout", "10ms")
}

func TestLongProfilePath(t *testing.T) {
	t.Parallel()
	alice := person{t, filepath.Join(t.TempDir(), strings.Repeat("d", 120)), "alice"}
	alice.ok("init", "--server", startRelay(t).Address())
	serving := alice.launch("listen", "--json")
	serving.event("listening")
	path, err := os.ReadFile(filepath.Join(alice.profile, "control.path"))
	require.NoError(t, err)
	require.Empty(t, alice.ok("contacts"))
	for path, mode := range map[string]os.FileMode{string(path): 0o600, filepath.Dir(string(path)): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		require.Equal(t, mode, info.Mode().Perm())
	}
	require.Equal(t, exitOK, serving.end())
	for _, gone := range []string{filepath.Dir(string(path)), filepath.Join(alice.profile, "control.path")} {
		_, err := os.Stat(gone)
		require.ErrorIs(t, err, os.ErrNotExist)
	}
}
