package mutants

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/target"
	"smpcheck/reference/relay"
)

// Launcher starts relays that are wrong on purpose.
type Launcher struct {
	// Start starts a relay with the configuration that change makes of that of the
	// embedded reference relay.
	Start func(ctx context.Context, change func(relay.Config) relay.Config) (address string, stop func(), err error)
	// Command is the command line that starts the relay with the fault of the given id, in a
	// process whose working directory is dir; see fault.Fault.Process.
	Command func(id, dir string) (target.Command, error)
	// Names is what is known about the names of the embedded relay.
	Names target.Names
}

// Launched is a relay with a fault that was started. What it writes can be read; see
// target.Output.
type Launched struct {
	// Target is the relay.
	Target target.Target
	// Names is what is known about its names.
	Names target.Names
	// Files is the folder of a relay in a process of its own, empty for others.
	Files string
}

// Close ends the relay and removes its files.
func (l *Launched) Close() error {
	err := l.Target.Close()
	if l.Files != "" {
		err = errors.Join(err, os.RemoveAll(l.Files))
	}
	return err
}

// Launch starts the relay with the fault: in a process of its own, with a folder of its
// own, if the fault needs that.
func (l Launcher) Launch(ctx context.Context, f *fault.Fault) (*Launched, error) {
	if f.Process {
		return l.process(ctx, f)
	}
	names, output := l.Names, target.NewOutput()
	tgt, err := target.Embed(ctx, func(ctx context.Context) (string, func(), error) {
		return l.Start(ctx, func(c relay.Config) relay.Config {
			c.Logger = slog.New(slog.NewTextHandler(output, nil))
			changed := f.Config(c)
			if changed.Names == nil && c.Names != nil {
				names = target.Names{Off: true}
			}
			return changed
		})
	})
	if err != nil {
		return nil, err
	}
	return &Launched{Target: target.Heard(tgt, output), Names: names}, nil
}

// errNoProcess: nobody has said how a process is started.
var errNoProcess = errors.New("the fault needs a process of its own, and no command starts one")

// process is Launch for a relay in a process of its own.
func (l Launcher) process(ctx context.Context, f *fault.Fault) (*Launched, error) {
	if l.Command == nil {
		return nil, errNoProcess
	}
	dir, err := os.MkdirTemp("", "smpcheck-fault-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the relay: %w", err)
	}
	tgt, err := l.run(ctx, f, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return &Launched{Target: tgt, Names: l.Names, Files: dir}, nil
}

func (l Launcher) run(ctx context.Context, f *fault.Fault, dir string) (target.Target, error) {
	command, err := l.Command(f.ID, dir)
	if err != nil {
		return nil, err
	}
	return target.Run(ctx, command)
}
