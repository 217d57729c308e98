package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/regression"
)

// promotedCase makes a folder with a case of fakeFinding and returns its file.
func promotedCase(t *testing.T, id string) string {
	t.Helper()
	registry, err := fakeSuite().registry()
	require.NoError(t, err)
	c, err := regression.NewCase{ID: id}.Make(fakeFinding, registry.Catalogue())
	require.NoError(t, err)
	name, err := regression.AddCase(filepath.Join(t.TempDir(), "cases"), c, registry)
	require.NoError(t, err)
	return name
}

func TestReplayCounts(t *testing.T) {
	t.Parallel()
	file := promotedCase(t, "relay/fuzz/lost")
	var o engine.Options
	var replayed engine.Finding
	s := fakeSuite()
	s.replay = func(_ context.Context, options engine.Options, f engine.Finding, times int) (int, drive.Breach, error) {
		o, replayed = options, f
		if times == 1 {
			return 0, drive.Breach{}, nil
		}
		return times - 1, drive.Breach{Kind: f.Kind, Rule: f.Rule, Expected: "x", Actual: "y\x07"}, nil
	}
	r := smpcheck(t, s, "replay", file, fakeAddress, "--times", "3", "--timeout-scale", "2")
	assert.Equal(t, exitViolated, r.code)
	assert.Equal(t, "smpcheck: the finding shows in 2 of 3 runs\n", r.stderr)
	assert.Equal(t, "relay/fuzz/lost  violation message-lost, SEND\nshown     2 of 3\nexpected  x\nactual    y\\x07\n", r.stdout)
	assert.Equal(t, fakeAddress, o.Server.String())
	assert.Equal(t, 2.0, o.Scale)
	assert.Equal(t, fakeFinding.Program, replayed.Program)
	assert.Equal(t, fakeFinding.Versions, replayed.Versions)
	assert.Equal(t, fakeFinding.Requirement, replayed.Requirement)

	r = smpcheck(t, s, "replay", file, "--times", "1", "--json")
	require.Zero(t, r.code, r.stderr)
	var d replayDocument
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Equal(t, replayDocument{
		ID: "relay/fuzz/lost", Kind: "violation", Rule: "message-lost", Requirement: "SMP-PING-PONG", Command: "SEND",
		Times: 1,
	}, d)
	assert.Len(t, o.Command, 2, "the reference relay")
}

// A relay that shows something else in the place of the finding is not right either.
func TestReplayThatShowsSomethingElse(t *testing.T) {
	t.Parallel()
	file := promotedCase(t, "relay/fuzz/lost")
	s := fakeSuite()
	s.replay = func(context.Context, engine.Options, engine.Finding, int) (int, drive.Breach, error) {
		return 0, drive.Breach{Kind: engine.Crash, Rule: "process-ended", Expected: "x", Actual: "y"}, nil
	}
	r := smpcheck(t, s, "replay", file)
	assert.Equal(t, exitViolated, r.code)
	assert.Equal(t, "smpcheck: the finding does not show, but another: crash process-ended\n", r.stderr)
	assert.Equal(t, "relay/fuzz/lost  violation message-lost, SEND\nshown     0 of 10\ninstead   crash process-ended\nexpected  x\nactual    y\n", r.stdout)
}

func TestReplayThatCannotEnd(t *testing.T) {
	t.Parallel()
	file := promotedCase(t, "relay/fuzz/lost")
	ctx, cancel := context.WithCancel(t.Context())
	s := fakeSuite()
	s.replay = func(context.Context, engine.Options, engine.Finding, int) (int, drive.Breach, error) {
		return 1, drive.Breach{}, errors.New("no relay")
	}
	r := smpcheckContext(ctx, s, "replay", file)
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stderr, "the reference relay: no relay")
	cancel()
	r = smpcheckContext(ctx, s, "replay", file)
	assert.Equal(t, exitBroken, r.code)
	assert.Contains(t, r.stderr, "interrupted")
}

func TestReplayCalledWrongly(t *testing.T) {
	t.Parallel()
	broken := filepath.Join(t.TempDir(), "case.json")
	require.NoError(t, os.WriteFile(broken, []byte(`{"format": "smpcheck-case-1", "id": "x"}`), 0o644))
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no file":           {nil, "expected a file and at most one address"},
		"two addresses":     {[]string{"x", fakeAddress, fakeAddress}, "3 arguments"},
		"no such file":      {[]string{"/no/such/file"}, "/no/such/file: "},
		"malformed case":    {[]string{broken}, `does not begin with relay/`},
		"no times":          {[]string{"x", "--times", "0"}, "--times 0, expected 1 to 10000"},
		"bad scale":         {[]string{"x", "--timeout-scale", "0"}, "--timeout-scale 0"},
		"malformed address": {[]string{"x", "relay.example"}, "smp://FINGERPRINT@HOST"},
		"address and exec":  {[]string{"x", fakeAddress, "--exec", "x"}, "expected one"},
	} {
		r := smpcheck(t, fakeSuite(), append([]string{"replay"}, test.args...)...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Equal(t, 1, lines(r.stderr), name)
		assert.Empty(t, r.stdout, name)
	}
}
