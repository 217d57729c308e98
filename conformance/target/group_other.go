//go:build !unix

package target

import "os/exec"

// ownGroup does nothing: the system has no process groups.
func ownGroup(*exec.Cmd) {}

// terminate ends the process; the system has no way to ask it.
func terminate(cmd *exec.Cmd) { kill(cmd) }

// kill ends the process. A process that has ended already is no error.
func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
