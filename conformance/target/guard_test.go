//go:build unix

package target

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func init() {
	processes["stubborn"] = func() {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		fmt.Println(address)
		<-time.After(10 * time.Minute)
	}
}

// awaitEnd waits until a process has ended; one that nobody has waited for counts as ended.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	assert.Eventually(t, func() bool {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			return true
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		_, rest, found := bytes.Cut(stat, []byte(") "))
		return err == nil && found && bytes.HasPrefix(rest, []byte("Z"))
	}, time.Minute, 10*time.Millisecond, "process %d goes on", pid)
}

func TestAGuardedTargetEndsWithAProgramThatIsKilled(t *testing.T) {
	t.Parallel()
	command, err := processCommand("guarding")
	require.NoError(t, err)
	cmd := exec.Command(command[0], command[1:]...)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	require.NoError(t, err)
	require.NoError(t, syscall.Kill(pid, 0), "the target runs")

	require.NoError(t, cmd.Process.Kill())
	assert.Error(t, cmd.Wait())
	awaitEnd(t, pid)
}

func TestAGuardedTargetIsClosedWithItsGuard(t *testing.T) {
	t.Parallel()
	command, err := processCommand("stubborn")
	require.NoError(t, err)
	g, err := RunGuarded(t.Context(), command)
	require.NoError(t, err)
	pid, guard := g.(*process).PID(), g.(*process).group.leader.Process.Pid
	assert.NotEqual(t, pid, guard)
	require.NoError(t, g.Close())
	require.NoError(t, g.Close())
	for _, p := range []int{pid, guard} {
		assert.ErrorIs(t, syscall.Kill(p, 0), syscall.ESRCH)
	}
}

func TestTheEndOfAGuardedTargetIsSeen(t *testing.T) {
	t.Parallel()
	command, err := processCommand("serve")
	require.NoError(t, err)
	g, err := RunGuarded(t.Context(), command)
	require.NoError(t, err)
	guard := g.(*process).group.leader.Process.Pid
	require.NoError(t, syscall.Kill(g.(*process).PID(), syscall.SIGKILL))
	<-g.Done()
	assert.Contains(t, g.Obituary(), "killed")
	require.NoError(t, g.Close())
	assert.ErrorIs(t, syscall.Kill(guard, 0), syscall.ESRCH)
}

func TestAGuardedTargetThatDoesNotStart(t *testing.T) {
	t.Parallel()
	_, err := RunGuarded(t.Context(), Command{"/no/such/program"})
	assert.ErrorContains(t, err, "start the target")
}
