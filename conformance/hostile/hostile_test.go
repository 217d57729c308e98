package hostile

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	// pace takes the place of DefaultPace where deadlines are short.
	pace = 20 * time.Millisecond
	// slack is for the scheduler of a busy machine.
	slack = 20 * time.Second
	// memory is what a client may need, whatever the relay sends, in bytes.
	memory = 300 << 20
)

// program is the smpcheck command, built by TestMain.
var program string

func TestMain(m *testing.M) { os.Exit(testMain(m)) }

func testMain(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hostile")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "smpcheck.exe")
	if out, err := exec.Command("go", "build", "-o", program, "smpcheck/cmd/smpcheck").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build smpcheck: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// listen starts an endpoint until the end of the test.
func listen(t *testing.T, b Behaviour, pace time.Duration) *Endpoint {
	t.Helper()
	e, err := Listen(b, pace)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	return e
}

func TestBehavioursAreNamedOnceAndDescribed(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, b := range All() {
		assert.Regexp(t, `^[a-z0-9]+(-[a-z0-9]+)*$`, b.Name)
		assert.False(t, seen[b.Name], b.Name)
		assert.NotEmpty(t, b.About, b.Name)
		seen[b.Name] = true
	}
	assert.Greater(t, len(seen), 50)
}

// forEach runs a test for every behaviour that is wanted, in parallel, and checks
// afterwards that no goroutine is left and how much memory was needed. It must not
// be called from a parallel test.
func forEach(t *testing.T, wanted func(Behaviour) bool, test func(*testing.T, *Endpoint)) {
	t.Helper()
	before := runtime.NumGoroutine()
	peak := watchHeap()
	t.Run("each", func(t *testing.T) {
		for _, b := range All() {
			if !wanted(b) {
				continue
			}
			t.Run(b.Name, func(t *testing.T) {
				t.Parallel()
				e, err := Listen(b, pace)
				require.NoError(t, err)
				defer func() { assert.NoError(t, e.Close()) }()
				test(t, e)
			})
		}
	})
	assert.Less(t, peak(), uint64(memory), "bytes of heap")
	if after := settle(before); after > before {
		stacks := make([]byte, 1<<20)
		t.Errorf("%d goroutines, %d before:\n%s", after, before, stacks[:runtime.Stack(stacks, true)])
	}
}

// settle waits until there are at most n goroutines, and returns how many there are.
func settle(n int) int {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	for end := time.Now().Add(slack); runtime.NumGoroutine() > n && time.Now().Before(end); {
		<-ticker.C
	}
	return runtime.NumGoroutine()
}

// watchHeap measures the heap of this process until the returned function is called,
// which gives the largest size.
func watchHeap() (stop func() uint64) {
	end := make(chan struct{})
	var peak uint64
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
		for {
			metrics.Read(sample)
			peak = max(peak, sample[0].Value.Uint64())
			select {
			case <-ticker.C:
			case <-end:
				return
			}
		}
	})
	return func() uint64 {
		close(end)
		group.Wait()
		return peak
	}
}

// oneLine checks that a program said what it ended with in one line.
func oneLine(t *testing.T, text string) {
	t.Helper()
	assert.True(t, strings.HasPrefix(text, "smpcheck: "), text)
	assert.Equal(t, 1, strings.Count(text, "\n"), text)
	assert.Less(t, len(text), 1000)
}
