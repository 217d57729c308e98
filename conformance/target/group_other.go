//go:build !unix

package target

import "os/exec"

// group is the process alone: the system has no process groups.
type group struct{ leader *exec.Cmd }

func ownGroup(cmd *exec.Cmd) (group, error) { return group{cmd}, nil }

func guardedGroup(cmd *exec.Cmd) (group, error) { return ownGroup(cmd) }

// terminate ends the process; the system has no way to ask it.
func (g group) terminate() { g.kill() }

// kill ends the process. A process that has not started or has ended is no error.
func (g group) kill() {
	if g.leader.Process != nil {
		_ = g.leader.Process.Kill()
	}
}
