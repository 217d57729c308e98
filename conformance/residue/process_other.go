//go:build !linux

package residue

import (
	"context"
	"errors"
	"runtime"
)

var errSystem = errors.New("memory and open files can be read on Linux only, this is " + runtime.GOOS)

// Readable says why memory and open files of a process cannot be read.
func Readable(int) error { return errSystem }

// Tree is an error: the processes are not known.
func Tree(int) ([]int, error) { return nil, errSystem }

// Memory is an error: no memory can be read.
func Memory(context.Context, []int, []Pattern, int64) ([]Finding, error) { return nil, errSystem }

// OpenFiles is an error: what is open is not known.
func OpenFiles(context.Context, []int, []Pattern, int64) ([]Finding, error) { return nil, errSystem }
