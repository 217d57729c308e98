package mutants

import (
	"context"
	"errors"
	"os"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
)

// errNoProcess: nobody has said how a process is started.
var errNoProcess = errors.New("the fault needs a process of its own, and no command starts one")

// runProcess is run for a relay in a process of its own, with a folder of its own.
func (t *trial) runProcess(ctx context.Context, f *fault.Fault) ([]Notice, error) {
	if t.options.Command == nil {
		return nil, errNoProcess
	}
	dir, err := os.MkdirTemp("", "smpcheck-fault-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	command, err := t.options.Command(f.ID, dir)
	if err != nil {
		return nil, err
	}
	tgt, err := target.Run(ctx, command)
	if err != nil {
		return nil, err
	}
	defer tgt.Close()
	return t.tryCases(ctx, f, tgt, target.Info{Names: t.options.Names, Files: dir})
}
