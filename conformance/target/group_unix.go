//go:build unix

package target

import (
	"fmt"
	"io"
	"os/exec"
	"syscall"
)

// group is the process group of a target, which signals to smpcheck do not reach and which
// can be ended as a whole.
type group struct {
	leader *exec.Cmd
	// guard is the pipe whose end makes the leader kill the group; nil if the target leads.
	guard io.Closer
}

// ownGroup makes the command the leader of a process group when it starts.
func ownGroup(cmd *exec.Cmd) (group, error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return group{leader: cmd}, nil
}

// guardScript is what the leader of a guarded group does: it waits for the end of its
// standard input, which comes with that of smpcheck whatever ends it, and kills the group,
// and itself with it. Closing a target sends SIGTERM to the group, which must not end the
// guard before the target.
const guardScript = `trap '' HUP INT QUIT TERM; read _; kill -KILL 0`

// guardedGroup starts a guard as the leader of a process group that the command joins when
// it starts. The guard runs before, so that there is no moment without it.
func guardedGroup(cmd *exec.Cmd) (group, error) {
	leader := exec.Command("sh", "-c", guardScript)
	leader.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	pipe, err := leader.StdinPipe()
	if err != nil {
		return group{}, err
	}
	if err := leader.Start(); err != nil {
		return group{}, fmt.Errorf("it needs a shell: %w", err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: leader.Process.Pid}
	return group{leader, pipe}, nil
}

// terminate asks the group to end. A group that has ended already is no error.
func (g group) terminate() { _ = syscall.Kill(-g.leader.Process.Pid, syscall.SIGTERM) }

// kill ends the group, and its guard. A group that has not begun is no error.
func (g group) kill() {
	if g.leader.Process == nil {
		return
	}
	_ = syscall.Kill(-g.leader.Process.Pid, syscall.SIGKILL)
	if g.guard != nil {
		_ = g.leader.Wait() // it was killed
	}
}
