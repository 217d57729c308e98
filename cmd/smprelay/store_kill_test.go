//go:build unix

package main

import (
	"bufio"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

var killSeed = flag.Uint64("kill.seed", 0, "seed of the test that kills relays (default: a new one)")

// TestKilledAtAnyPoint kills relays with a store while connections change queues,
// and starts them again: every change that was answered is there, one that was not
// is there wholly or not at all, and nothing else is.
func TestKilledAtAnyPoint(t *testing.T) {
	t.Parallel()
	seed := *killSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("-kill.seed=%d", seed)
	const rounds, workers = 5, 4
	random := rand.New(rand.NewPCG(seed, 0))
	folder := t.TempDir()
	all := make([]*worker, workers)
	for i := range all {
		all[i] = &worker{t: t, random: rand.New(rand.NewPCG(seed, uint64(1+i)))}
	}
	all[0].service = newServiceWorker(t)
	for range rounds {
		r := startProcess(t, folder)
		checkAll(t, r, all)
		answered := &countdown{left: int64(1 + random.IntN(400)), reached: make(chan struct{})}
		var working sync.WaitGroup
		for _, w := range all {
			c := r.dial(t, w.service.credentials())
			working.Go(func() { w.work(c, answered) })
		}
		<-answered.reached
		r.kill(t)
		working.Wait()
	}
	r := startProcess(t, folder)
	checkAll(t, r, all)
	r.kill(t)
}

// checkAll compares all queues of a relay that was started with what the workers
// know.
func checkAll(t *testing.T, r *process, all []*worker) {
	t.Helper()
	c := r.dial(t, nil)
	alive, lost := 0, 0
	for _, w := range all {
		alive += w.check(c)
		lost += w.lost
		if w.service != nil {
			w.service.check(w, r.dial(t, w.service.credentials()))
		}
	}
	require.GreaterOrEqual(t, r.queues, alive)
	require.LessOrEqual(t, r.queues, alive+lost, "queues that nobody made, or that were deleted")
	require.NoError(t, c.Close())
}

// countdown tells when a number of things have happened.
type countdown struct {
	left    int64
	reached chan struct{}
}

func (c *countdown) add() {
	if atomic.AddInt64(&c.left, -1) == 0 {
		close(c.reached)
	}
}

// process is the program in a process of its own.
type process struct {
	cmd     *exec.Cmd
	address string
	keyHash keys.Fingerprint
	queues  int // that it found in its file
}

var queuesLogged = regexp.MustCompile(`msg="queues are kept.*" queues=(\d+)`)

// startProcess starts a relay that has its identity and its file in the folder.
func startProcess(t *testing.T, folder string) *process {
	t.Helper()
	cmd := exec.Command(os.Args[0], "--listen", "127.0.0.1:0", "--dir", filepath.Join(folder, "identity"), "--store", filepath.Join(folder, "queues.db"))
	cmd.Env = append(os.Environ(), asProgram+"=1")
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	p := &process{cmd: cmd}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	log := bufio.NewScanner(stderr)
	for text := ""; p.queues == 0 && !queuesLogged.MatchString(text); {
		require.True(t, log.Scan(), "the relay ended: %s", text)
		text = log.Text()
		if found := queuesLogged.FindStringSubmatch(text); found != nil {
			p.queues, err = strconv.Atoi(found[1])
			require.NoError(t, err)
		}
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	parts := addressForm.FindStringSubmatch(line[:len(line)-1])
	require.NotNil(t, parts, "%q", line)
	p.keyHash, err = keys.ParseFingerprint(parts[1])
	require.NoError(t, err)
	p.address = parts[2]
	return p
}

// kill ends the process as a crash does.
func (p *process) kill(t *testing.T) {
	t.Helper()
	require.NoError(t, p.cmd.Process.Kill())
	require.Error(t, p.cmd.Wait(), "the relay ended by itself")
}

// dial connects as a service, or as an ordinary client without credentials.
func (p *process) dial(t *testing.T, service *transport.ServiceCredentials) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Config{
		Address: p.address, KeyHash: p.keyHash[:], Service: service, HandshakeTimeout: patience, CommandTimeout: time.Minute,
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = c.Close() })
	return c
}
