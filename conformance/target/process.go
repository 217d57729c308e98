package target

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"sync"
	"time"

	"smpcheck/reference/link"
)

// Bounds of a target process.
const (
	// StartTimeout is how long a process may take to print its address.
	StartTimeout = 30 * time.Second
	// closeTimeout is how long it may take to end when it was asked to.
	closeTimeout = 3 * time.Second
	// drainTimeout is how long its output is read when it has ended but a child of it
	// still holds the pipe.
	drainTimeout = 500 * time.Millisecond
	// tailSize is how many bytes of its standard error are kept.
	tailSize = 4096
	// lineSize is the length of the longest line of standard output that is read.
	lineSize = 4096
)

// process is a target that smpcheck has started.
type process struct {
	server link.Server
	cmd    *exec.Cmd
	group  group
	stderr *tail
	output *Output
	exited chan struct{}
	done   chan struct{}

	mu     sync.Mutex
	closed bool
	status string
}

// Command is the command line that starts a target: the program and its arguments.
type Command []string

// ParseCommand splits a command line into words as a POSIX shell does, without
// expansion.
func ParseCommand(line string) (Command, error) {
	words, err := splitWords(line)
	if err != nil {
		return nil, fmt.Errorf("target command: %w", err)
	}
	return words, nil
}

// Run starts a command in a process group of its own and waits until it prints the
// address of a relay on a line of its standard output. The error holds the end of its
// standard error. Close ends the whole group.
func Run(ctx context.Context, command Command) (Target, error) {
	return run(ctx, command, ownGroup)
}

// RunGuarded is Run, and the whole group ends also if this program is killed and can do
// nothing about it any more. Where there are no process groups it is Run.
func RunGuarded(ctx context.Context, command Command) (Target, error) {
	return run(ctx, command, guardedGroup)
}

func run(ctx context.Context, command Command, grouped func(*exec.Cmd) (group, error)) (Target, error) {
	address := make(chan link.Server, 1)
	p := &process{
		cmd:    exec.Command(command[0], command[1:]...),
		stderr: &tail{},
		output: NewOutput(),
		exited: make(chan struct{}),
		done:   make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = both(&finder{found: address}, p.output), both(p.stderr, p.output)
	p.cmd.WaitDelay = drainTimeout
	var err error
	if p.group, err = grouped(p.cmd); err != nil {
		return nil, fmt.Errorf("start the guard of the target: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		p.group.kill()
		return nil, fmt.Errorf("start the target: %w", err)
	}
	go p.wait()
	if err := p.await(ctx, address); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *process) await(ctx context.Context, address <-chan link.Server) error {
	deadline := time.NewTimer(StartTimeout)
	defer deadline.Stop()
	select {
	case p.server = <-address:
		return nil
	case <-p.exited:
		return fmt.Errorf("the target ended without printing its address: %s", p.Obituary())
	case <-deadline.C:
		return fmt.Errorf("the target printed no smp:// address within %s%s", StartTimeout, p.stderr)
	case <-ctx.Done():
		return fmt.Errorf("start of the target: %w", ctx.Err())
	}
}

// wait takes the exit status of the process, and closes done unless Close ended it.
func (p *process) wait() {
	err := p.cmd.Wait()
	p.mu.Lock()
	p.status = "exit status 0"
	if err != nil {
		p.status = err.Error()
	}
	closed := p.closed
	p.mu.Unlock()
	if !closed {
		close(p.done)
	}
	close(p.exited)
}

func (p *process) Kind() Kind            { return Process }
func (p *process) Server() link.Server   { return p.server }
func (p *process) Done() <-chan struct{} { return p.done }

// Obituary is the exit status and the end of standard error.
func (p *process) Obituary() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.status == "" {
		return ""
	}
	return p.status + p.stderr.String()
}

// Close asks the process to end, and then ends its whole group.
func (p *process) Close() error {
	p.mu.Lock()
	again := p.closed
	p.closed = true
	p.mu.Unlock()
	if again {
		<-p.exited
		return nil
	}
	p.group.terminate()
	patience := time.NewTimer(closeTimeout)
	defer patience.Stop()
	select {
	case <-p.exited:
	case <-patience.C:
	}
	p.group.kill()
	<-p.exited
	return nil
}
