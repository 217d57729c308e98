package engine

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/residue"
)

// patience is how long a process is waited for.
const patience = 2 * time.Minute

// startFuzzer starts a fuzzer of a relay with a fault in a process of its own, and returns it
// when it runs programs, with what it prints from then on, and all processes: itself, the
// guard and the relay.
func startFuzzer(t *testing.T, id, folder string) (*exec.Cmd, *bufio.Reader, []int) {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), fuzzVariable+"="+id+"@"+folder)
	cmd.Stderr = os.Stderr
	pipe, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	out := bufio.NewReader(pipe)
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "running\n", line)
	pids, err := residue.Tree(cmd.Process.Pid)
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(pids), 2)
	return cmd, out, pids
}

// gone waits until processes have ended; one that nobody waits for counts as ended.
func gone(t *testing.T, pids []int) {
	t.Helper()
	for _, pid := range pids {
		assert.Eventually(t, func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			_, state, _ := bytes.Cut(stat, []byte(") "))
			return err != nil || bytes.HasPrefix(state, []byte("Z"))
		}, patience, 5*time.Millisecond, "process %d", pid)
	}
}

func TestAFuzzerThatIsKilledLeavesNoProcessAndLosesNothing(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cmd, _, pids := startFuzzer(t, "crash/unknown-tag", folder)
	var found []string
	require.Eventually(t, func() bool {
		found, _ = filepath.Glob(filepath.Join(folder, "*", findingFile))
		return len(found) > 0
	}, patience, time.Millisecond)
	more, err := residue.Tree(cmd.Process.Pid)
	require.NoError(t, err)
	require.NoError(t, cmd.Process.Kill())
	assert.Error(t, cmd.Wait())
	gone(t, append(pids, more...))
	for _, path := range found {
		f, err := LoadFinding(path)
		require.NoError(t, err)
		assert.NotEmpty(t, f.Program.Ops)
	}
}

func TestAFuzzerThatIsInterruptedEndsWell(t *testing.T) {
	t.Parallel()
	cmd, out, pids := startFuzzer(t, healthy, t.TempDir())
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	line, err := out.ReadString('\n')
	require.NoError(t, err)
	assert.Equal(t, "interrupted: true error: <nil>\n", line)
	require.NoError(t, cmd.Wait())
	gone(t, pids)
}

func TestARelayThatIsKilledIsAFinding(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	cmd, out, pids := startFuzzer(t, healthy, folder)
	for _, pid := range pids[1:] { // the guard, and the relay
		name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err == nil && string(bytes.TrimSpace(name)) != "sh" {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
	}
	var found []string
	require.Eventually(t, func() bool {
		found, _ = filepath.Glob(filepath.Join(folder, "*", findingFile))
		return len(found) > 0
	}, patience, 5*time.Millisecond)
	f, err := LoadFinding(found[0])
	require.NoError(t, err)
	assert.Equal(t, Crash, f.Kind)
	assert.Contains(t, f.Actual, "killed")
	require.NoError(t, cmd.Process.Signal(syscall.SIGINT))
	_, err = io.Copy(io.Discard, out)
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	gone(t, pids)
}
