package planted_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/planted"
	"smpcheck/reference/link"
)

// patience is how long a test waits for something that has to happen.
const patience = time.Minute

// faultVariable names the fault that this program serves instead of running tests.
const faultVariable = "SMPCHECK_PLANTED_FAULT"

// noFault is the right relay.
var noFault = planted.Fault{ID: "none"}

func TestMain(m *testing.M) {
	if id := os.Getenv(faultVariable); id != "" {
		os.Exit(serve(id))
	}
	os.Exit(m.Run())
}

func serve(id string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // which ends with the test
		stop()
	}()
	f, ok := planted.Lookup(id)
	if !ok {
		f = noFault
	}
	if err := planted.Serve(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// process is a scratch relay in a process of its own.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	server link.Server
	stderr *output
	exited chan struct{}
}

// start runs a relay with the fault until the end of the test.
func start(t *testing.T, id string) *process {
	t.Helper()
	program, err := os.Executable()
	require.NoError(t, err)
	p := &process{t: t, cmd: exec.Command(program), stderr: &output{}, exited: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), faultVariable+"="+id)
	p.cmd.Stderr = p.stderr
	_, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := p.cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	go func() {
		_ = p.cmd.Wait() // how a process ends is seen from what it wrote
		close(p.exited)
	}()
	t.Cleanup(p.stop)
	require.NoError(t, err, "%s", p.stderr)
	p.server, err = link.ParseServer(strings.TrimSpace(line))
	require.NoError(t, err)
	return p
}

// stop ends the process. It must have met no data race.
func (p *process) stop() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
	require.NotContains(p.t, p.stderr.String(), "DATA RACE")
}

// ended waits for the end of the process.
func (p *process) ended() bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(patience):
		return false
	}
}

// output is what a process writes.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(b)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
