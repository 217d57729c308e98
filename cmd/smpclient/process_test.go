//go:build unix

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// startRelayProcess starts a relay and returns its address.
func startRelayProcess(t *testing.T, program string) string {
	t.Helper()
	cmd := exec.Command(program, "--listen", "127.0.0.1:0", "--proxy-private", "--log-level", "error")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(address)
}

// clientProcess is a client that executes commands from its input.
type clientProcess struct {
	cmd    *exec.Cmd
	input  io.Writer
	lines  chan string // of output; closed at its end
	stderr lockedBuffer
}

// lockedBuffer can be read while a process writes to it.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func startClientProcess(t *testing.T, program string, arguments ...string) *clientProcess {
	t.Helper()
	p := &clientProcess{cmd: exec.Command(program, arguments...), lines: make(chan string)}
	p.cmd.Stderr = &p.stderr
	var err error
	p.input, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	go func() {
		reader := bufio.NewReader(stdout)
		for {
			line, err := reader.ReadString('\n')
			if err != nil {
				// Half a line is no line.
				close(p.lines)
				return
			}
			p.lines <- line
		}
	}()
	return p
}

// say gives the process a command. One that was killed does not take it.
func (p *clientProcess) say(format string, arguments ...any) {
	_, _ = fmt.Fprintf(p.input, format+"\n", arguments...)
}

// kill ends the process at once.
func (p *clientProcess) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGKILL))
}

// wait takes what is left of a process that was killed, when its output has ended.
func (p *clientProcess) wait() {
	// The error says that it was killed.
	_ = p.cmd.Wait()
}

// interrupt ends the process as Ctrl-C does, which it has to survive.
func (p *clientProcess) interrupt(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGINT))
	deadline := time.AfterFunc(patienceOfTests, func() { _ = p.cmd.Process.Kill() })
	defer deadline.Stop()
	require.NoError(t, p.cmd.Wait(), p.stderr.String())
}
