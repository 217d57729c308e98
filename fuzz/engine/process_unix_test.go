//go:build unix

package engine

import "syscall"

func kill(pid int) error { return syscall.Kill(pid, syscall.SIGKILL) }
