//go:build unix

package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestKilledWhileJoining kills a process that uses an invitation at a random point.
// Either the contact is there and the connection is completed by the next process,
// or nothing is there and the invitation can be used again.
func TestKilledWhileJoining(t *testing.T) {
	rounds := 12
	if testing.Short() {
		rounds = 5
	}
	random := rand.New(rand.NewPCG(seedOfTest(t), 1))
	dir := build(t)
	host := &side{profile: filepath.Join(dir, "alice"), program: filepath.Join(dir, "smpclient")}
	guest := &side{profile: filepath.Join(dir, "bob"), program: host.program}
	host.ok(t, "init", "--server", startRelayProcess(t, filepath.Join(dir, "smprelay")))
	guest.ok(t, "init", "--server", startRelayProcess(t, filepath.Join(dir, "smprelay")))
	listening := startClientProcess(t, host.program, "--profile", host.profile, "listen")
	go func() {
		for range listening.lines {
			continue // somebody has to read
		}
	}()
	repeated := 0
	for i := range rounds {
		name := fmt.Sprintf("contact %d", i)
		invitation := strings.TrimSpace(host.ok(t, "invite", "--no-wait", name))
		joining := exec.Command(guest.program, "--profile", guest.profile, "join", "--name", name, invitation)
		require.NoError(t, joining.Start())
		point := time.Duration(random.IntN(60_000)) * time.Microsecond
		kill := time.AfterFunc(point, func() { _ = joining.Process.Kill() })
		_ = joining.Wait() // it was killed, or has ended before
		kill.Stop()

		guest.ok(t, "listen", "--timeout", "300ms")
		if !strings.Contains(guest.ok(t, "contacts"), name) {
			repeated++
			guest.ok(t, "join", "--name", name, invitation)
		}
		for deadline := time.Now().Add(patienceOfTests); !guest.connected(t, name); {
			require.True(t, time.Now().Before(deadline), "%s is not connected", name)
			guest.ok(t, "listen", "--timeout", "300ms")
		}
		guest.ok(t, "send", "--receipt", name, "hello")
	}
	require.Len(t, strings.Split(strings.TrimSpace(guest.ok(t, "contacts")), "\n"), rounds)
	t.Logf("%d of %d invitations were used again", repeated, rounds)
	listening.interrupt(t)
}

// connected reports whether a contact is connected by now.
func (s *side) connected(t *testing.T, name string) bool {
	t.Helper()
	for line := range strings.Lines(s.ok(t, "contacts")) {
		if strings.Contains(line, name) {
			return strings.Contains(line, "connected")
		}
	}
	return false
}
