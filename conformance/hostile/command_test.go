package hostile

import (
	"bytes"
	"context"
	"encoding/json"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
)

// outcome is how a run of the program ended.
type outcome struct {
	code           int
	stdout, stderr string
	duration       time.Duration
	// memory is the most that the program used, in bytes; 0 where that is unknown.
	memory uint64
}

// smpcheck runs the program as a user does, for at most the given time.
func smpcheck(t *testing.T, limit time.Duration, args ...string) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	start := time.Now()
	require.NoError(t, cmd.Start())
	peak := watchProcess(cmd.Process.Pid)
	err := cmd.Wait()
	o := outcome{code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(), duration: time.Since(start), memory: peak()}
	require.NoError(t, ctx.Err(), "it ran for %s: %v\n%s", o.duration, err, o.stderr)
	assert.Less(t, o.memory, uint64(memory))
	assert.NotContains(t, o.stderr, "goroutine")
	return o
}

// A relay that a client cannot talk to at all ends the run with exit code 3 and one
// line that says why.
func TestRunEndsAtOnceWithoutAHello(t *testing.T) {
	t.Parallel()
	for _, b := range All() {
		if b.Stage == InSession {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, b, pace)
			r := smpcheck(t, slack, "relay", "--timeout-scale", "0.1", e.Address())
			assert.Equal(t, 3, r.code, r.stderr)
			assert.Empty(t, r.stdout)
			assert.Contains(t, r.stderr, e.Address())
			oneLine(t, r.stderr)
		})
	}
}

// Without a scale the deadline of the preflight is below three seconds, also for
// relays that keep a client busy.
func TestRunEndsWithinThreeSeconds(t *testing.T) {
	t.Parallel()
	for _, b := range All() {
		switch b.Name {
		case "silence", "slow-tls", "slow-hello":
		default:
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, slack, "relay", listen(t, b, DefaultPace).Address())
			assert.Equal(t, 3, r.code, r.stderr)
			assert.Less(t, r.duration, 10*time.Second, "three seconds, and the rest for a busy machine")
		})
	}
}

// A relay with a hello is tested to the end, whatever it does then: each case has a
// verdict, and the run is no success.
func TestRunGivesEachCaseAVerdict(t *testing.T) {
	t.Parallel()
	for _, b := range All() {
		if b.Stage != InSession {
			continue
		}
		t.Run(b.Name, func(t *testing.T) {
			t.Parallel()
			e := listen(t, b, pace)
			r := smpcheck(t, time.Minute, "relay", "--parallel", "48", "--versions", "6,20", "--report", "json=-",
				"--run", "relay/handshake/*", "--run", "relay/ping/*", "--run", "relay/block/*", "--run", "relay/send/*", "--run", "relay/new/*", e.Address())
			assert.Contains(t, []int{1, 3}, r.code, r.stderr)
			oneLine(t, r.stderr)
			var d report.Document
			require.NoError(t, json.Unmarshal([]byte(r.stdout), &d), r.stderr)
			assert.Less(t, len(r.stdout), 8<<20, "bytes of report")
			assert.Greater(t, len(d.Cases), 50)
			for _, c := range d.Cases {
				assert.Contains(t, conformance.Verdicts(), c.Verdict, c.ID)
				assert.NotContains(t, c.Detail, "panic", c.ID)
				assert.Less(t, len(c.Actual)+len(c.Detail), 4096, c.ID)
			}
		})
	}
}
