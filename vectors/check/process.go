package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"
)

// Bounds of an adapter process.
const (
	// AnswerTimeout is how long an adapter may take for one operation, unless Start is
	// told otherwise.
	AnswerTimeout = 30 * time.Second
	// closeTimeout is how long it may take to end after its input has ended.
	closeTimeout = 3 * time.Second
	// tailSize is how many bytes of its standard error are kept.
	tailSize = 4096
)

// Process is an adapter that runs as a program: it reads requests as JSON lines from its
// standard input and writes one answer for each, in order, to its standard output. What
// it writes to standard error is shown when it breaks.
type Process struct {
	cmd     *exec.Cmd
	timeout time.Duration
	stdin   io.WriteCloser
	answers chan []byte
	readErr error // why answers was closed
	waited  bool  // whether read has waited for the end; settled when answers is closed
	stderr  tail
	next    int
}

// Start starts the program. Each answer may take as long as timeout, or AnswerTimeout if
// that is 0. Close ends the program.
func Start(ctx context.Context, command []string, timeout time.Duration) (*Process, error) {
	if len(command) == 0 {
		return nil, errors.New("start the adapter: expected a command, it is empty")
	}
	if timeout == 0 {
		timeout = AnswerTimeout
	}
	p := &Process{timeout: timeout, answers: make(chan []byte), next: 1}
	p.cmd = exec.CommandContext(ctx, command[0], command[1:]...)
	p.cmd.WaitDelay = closeTimeout
	p.cmd.Stderr = &p.stderr
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	p.stdin = stdin
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the adapter: %w", err)
	}
	go p.read(stdout)
	return p, nil
}

// read passes lines on, and then waits until the program has ended, so that all of its
// standard error is there when the end of its output is reported.
func (p *Process) read(stdout io.Reader) {
	defer close(p.answers)
	lines := newLines(stdout)
	for lines.Scan() {
		p.answers <- append([]byte(nil), lines.Bytes()...)
	}
	p.readErr = lines.Err()
	if p.readErr != nil {
		return // it still writes, and Close ends it
	}
	p.readErr = io.EOF
	p.waited = true
	_ = p.cmd.Wait() // its answers counted, not its exit status
}

// Do sends one request and waits for its answer.
func (p *Process) Do(ctx context.Context, operation string, inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	if inputs == nil {
		inputs = map[string]json.RawMessage{}
	}
	q := request{ID: p.next, Operation: operation, Inputs: inputs}
	p.next++
	line, err := json.Marshal(q)
	if err != nil {
		return nil, err
	}
	written := make(chan error, 1)
	go func() {
		_, err := p.stdin.Write(append(line, '\n'))
		written <- err
	}()
	deadline := time.NewTimer(p.timeout)
	defer deadline.Stop()
	for {
		select {
		case err := <-written:
			if err != nil {
				return nil, p.broken("does not read requests: %w", err)
			}
			written = nil
		case answer, open := <-p.answers:
			if !open {
				return nil, p.broken("ended its output: %w", p.readErr)
			}
			var a response
			if err := strictLine(answer, &a); err != nil {
				return nil, p.broken("answered wrongly: %w", err)
			}
			return a.result(q.ID)
		case <-deadline.C:
			return nil, p.broken("%w", fmt.Errorf("gave no answer within %s", p.timeout))
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (p *Process) broken(format string, err error) error {
	return fmt.Errorf("the adapter "+format+"%s", err, p.stderr.String())
}

// Close ends the input of the program and waits until it has ended; one that does not
// end by itself is killed. How it ends does not matter.
func (p *Process) Close() error {
	closeErr := p.stdin.Close()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for range p.answers { // what it still had to say
		}
		if !p.waited {
			_ = p.cmd.Wait()
		}
	}()
	patience := time.NewTimer(closeTimeout)
	defer patience.Stop()
	select {
	case <-ended:
		return nil
	case <-patience.C:
	}
	err := p.cmd.Process.Kill()
	<-ended
	return errors.Join(closeErr, err)
}

// tail keeps the last bytes that were written to it.
type tail struct {
	mu   sync.Mutex
	kept []byte
}

func (t *tail) Write(b []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, b...)
	if len(t.kept) > tailSize {
		t.kept = append([]byte(nil), t.kept[len(t.kept)-tailSize:]...)
	}
	return len(b), nil
}

// String returns the kept bytes as the end of a message, or nothing.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	text := strings.TrimSpace(string(t.kept))
	if text == "" {
		return ""
	}
	return "; standard error: " + text
}
