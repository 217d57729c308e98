package drive

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/spec"
)

// Generated programs, whatever they do, show nothing wrong of the reference relay, and
// leave no queue behind.
func TestGeneratedProgramsAgainstTheReferenceRelay(t *testing.T) {
	t.Parallel()
	cfg, endpoint := startRelay(t, nil)
	programs := uint64(400)
	if testing.Short() {
		programs = 60
	}
	for seed := range programs {
		cfg.Seed = seed
		p := generated(1000 + seed)
		out, err := Run(t.Context(), cfg, p)
		require.NoError(t, err)
		assert.Empty(t, out.Breaches, "seed %d\n%s", seed, p)
		assert.NotEmpty(t, out.Pairs, "seed %d\n%s", seed, p)
		assert.Positive(t, out.Ops)
	}
	assert.Less(t, endpoint.Stats().Queues, int(programs)/5, "the queues of all programs but a few are deleted")
}

func TestQueuesAreDeleted(t *testing.T) {
	t.Parallel()
	cfg, endpoint := startRelay(t, nil)
	for _, text := range []string{
		"NEW c0 q0 often", "NEW c0 q0 hold often\nNEW c1 q1 arg=16\nClose c1 q0",
		"NEW c0 q0 arg=3\nConnect c0 q0 arg=14\nStall c0 q0", "NEW c0 q0\nSUB c0 q0 block[0]:truncate(100,0)",
	} {
		out := runs(t, cfg, text)
		assert.Empty(t, out.Breaches)
		assert.Zero(t, endpoint.Stats().Queues, text)
		assert.NotContains(t, out.answersTo("DEL"), "OK", "it is no part of the program")
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	ops := 0
	cfg.Pace = func(ctx context.Context) error {
		if ops++; ops == 3 {
			cancel()
		}
		return nil
	}
	out, err := Run(ctx, cfg, program.Program{Ops: []program.Op{{Kind: program.PING, Flags: program.Often}}})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 2, out.Ops)
	assert.Empty(t, out.Breaches)

	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer silent.Close()
	cfg.Server.Port, cfg.Scale = portOf(silent.Addr()), 100
	ctx, cancel = context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = Run(ctx, cfg, generated(1))
	assert.ErrorIs(t, err, context.DeadlineExceeded)
}

func portOf(addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return ""
	}
	return port
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	cfg, endpoint := startRelay(t, nil)
	endpoint.Close()
	out, err := Run(t.Context(), cfg, generated(1))
	assert.ErrorContains(t, err, "refused")
	assert.Empty(t, out.Breaches)
}

func TestAnotherRelayIsNotFuzzed(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	cfg.Server.KeyHash = make([]byte, len(keys.Fingerprint{}))
	out, err := Run(t.Context(), cfg, generated(1))
	assert.ErrorContains(t, err, "another identity")
	assert.Empty(t, out.Breaches)
}

// Every requirement that a breach can name is in the catalogue.
func TestRequirementsExist(t *testing.T) {
	t.Parallel()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	files, err := filepath.Glob("*.go")
	require.NoError(t, err)
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, id := range regexp.MustCompile(`"SMP-[A-Z0-9-]+"`).FindAllString(string(text), -1) {
			found++
			_, known := catalogue.Lookup(strings.Trim(id, `"`))
			assert.True(t, known, "%s in %s", id, file)
		}
	}
	assert.Greater(t, found, 20)
}

func TestTheConversationIsRecorded(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, func(c relay.Config) relay.Config { c.Password = []byte("very-secret"); return c })
	cfg.Recorder = trace.NewRecorder(trace.Full, "very-secret")
	runs(t, cfg, "NEW c0 q0 arg=3\nSEND c1 q0 arg=20\nACK c0 q0 field[3]:flip(0,0)\n")
	var text strings.Builder
	require.NoError(t, cfg.Recorder.Finish().Decode(trace.RawExtent).Text(&text, trace.Header{}))
	for _, want := range []string{"operation 1: SEND c1 q0 arg=20", "NEW, Ed25519", "MSG", "changed in ACK: field:ack.messageId:flip", "client hello"} {
		assert.Contains(t, text.String(), want)
	}
	assert.NotContains(t, text.String(), "very-secret")
}

// What is stalled is read again after the next Settle, and nothing is lost meanwhile.
func TestStall(t *testing.T) {
	t.Parallel()
	cfg, _ := startRelay(t, nil)
	w := &watch{}
	cfg.Judge = w
	out := runs(t, cfg, `
		NEW c0 q0 arg=3
		Stall c0 q0
		SEND c1 q0 arg=15000
		ACK c0 q0
		Settle c1 q0
		SEND c1 q0 arg=15000
		ACK c0 q0
		ACK c0 q0
	`)
	assert.Empty(t, out.Breaches)
	assert.Contains(t, out.answersTo("ACK"), "varies")
	messages := 0
	for _, r := range w.received {
		if r.Message != nil {
			messages++
		}
	}
	assert.GreaterOrEqual(t, messages, 2)
}
