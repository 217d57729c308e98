package regression

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/planted"
	"smpcheck/fuzz/program"
	"smpcheck/reference/relay"
	"smpcheck/reference/wire"
)

// faultVariable names the planted fault that this program serves instead of running tests.
const faultVariable = "SMPCHECK_REGRESSION_FAULT"

func TestMain(m *testing.M) {
	if id := os.Getenv(faultVariable); id != "" {
		os.Exit(serve(id))
	}
	os.Exit(m.Run())
}

func serve(id string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f, ok := planted.Lookup(id)
	if !ok {
		f = planted.Fault{ID: id, Apply: func(*relay.Config) {}}
	}
	if err := planted.Serve(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start starts a relay with a planted fault in a process of its own; an unknown one is none.
func start(t *testing.T, fault string) target.Target {
	t.Helper()
	env, err := exec.LookPath("env")
	require.NoError(t, err)
	tgt, err := target.RunGuarded(t.Context(), target.Command{env, faultVariable + "=" + fault, os.Args[0]})
	require.NoError(t, err)
	t.Cleanup(func() { tgt.Close() })
	return tgt
}

// scale is that of all deadlines: the machine may be busy.
const scale = 4

// execute runs the case against a relay and returns the result at the versions.
func execute(t *testing.T, tgt target.Target, c *Case, versions ...uint16) conformance.Result {
	t.Helper()
	r := registry(t)
	made, err := c.Conformance(r.Catalogue())
	require.NoError(t, err)
	require.NoError(t, r.Add(made))
	info, err := probe.Preflight(t.Context(), tgt, scale)
	require.NoError(t, err)
	o := conformance.Execute(t.Context(), r.Cases(), tgt, info, conformance.Options{Versions: versions, TimeoutScale: scale})
	return o.Results[0]
}

// makeCase makes a case that must not show what a program shows.
func makeCase(t *testing.T, b drive.Breach, lines ...string) *Case {
	t.Helper()
	p, err := program.Parse(strings.Join(lines, "\n"))
	require.NoError(t, err)
	f := engine.Finding{
		ID: "0123abcd", Breach: b, Program: p, Versions: wire.Versions(6, 20), TLS: "1.3", Model: true, Quota: planted.Quota, Prompt: true,
	}
	c, err := NewCase{ID: "relay/fuzz/x", Title: "x", Requirements: []string{"SMP-PING-PONG"}}.Make(f, registry(t).Catalogue())
	require.NoError(t, err)
	return c
}

// suspension is what a relay with the fault accepted/unsigned-suspension shows.
var suspension = []string{"NEW c0 q0 arg=1", "OFF c0 q0 signer=nobody"}

// shown is the first breach of a program.
func shown(t *testing.T, tgt target.Target, lines ...string) drive.Breach {
	t.Helper()
	c := makeCase(t, drive.Breach{Kind: drive.Hang, Rule: "none"}, lines...)
	r := execute(t, tgt, c, 20)
	require.Equal(t, conformance.Skip, r.Verdict, "%s %s", r.Expected, r.Detail)
	require.True(t, r.Blocked)
	about, _, _ := strings.Cut(strings.TrimPrefix(r.Detail, "blocked: the relay shows something else, "), ":")
	kind, rule, _ := strings.Cut(about, " ")
	return drive.Breach{Kind: drive.Kind(kind), Rule: rule, Command: "OFF"}
}

func TestACaseFailsWhereTheFindingShows(t *testing.T) {
	t.Parallel()
	wrong := start(t, "accepted/unsigned-suspension")
	breach := shown(t, wrong, suspension...)
	require.Equal(t, drive.Accepted, breach.Kind)
	c := makeCase(t, breach, suspension...)
	r := execute(t, wrong, c, 6, 11, 20)
	require.Equal(t, conformance.Fail, r.Verdict, r.Detail)
	require.Len(t, r.Runs, 3)
	for _, run := range r.Runs {
		require.Equal(t, conformance.Fail, run.Verdict, "version %d", run.Version)
	}
	require.Equal(t, []string{"SMP-PING-PONG"}, r.Violated)
	require.NotNil(t, r.Recording, "the conversation is there to see")

	r = execute(t, start(t, "none"), c, 6, 11, 20)
	require.Equal(t, conformance.Pass, r.Verdict, r.Detail)
}

// Without the model the strict codec is the judge.
func TestACaseOfTheCodecAlone(t *testing.T) {
	t.Parallel()
	lines := []string{"NEW c0 q0 arg=1", "ACK c0 q0 arg=3"}
	c := makeCase(t, drive.Breach{Kind: drive.Protocol, Rule: "none"}, lines...)
	c.Model, c.Quota, c.Prompt = false, 0, false
	wrong := start(t, "answer/extra-byte")
	r := execute(t, wrong, c, 20)
	require.Equal(t, conformance.Skip, r.Verdict, r.Detail)
	require.Contains(t, r.Detail, "the relay shows something else, protocol ")
	rule, _, _ := strings.Cut(strings.TrimPrefix(r.Detail, "blocked: the relay shows something else, protocol "), ":")
	c.Shows.Rule, c.Shows.Command = rule, "ACK"
	require.Equal(t, conformance.Fail, execute(t, wrong, c, 20).Verdict)
	require.Equal(t, conformance.Pass, execute(t, start(t, "none"), c, 20).Verdict)
}

func TestACaseAboutACrash(t *testing.T) {
	t.Parallel()
	lines := []string{"NEW c0 q0 arg=1", "SEND c0 q0"}
	c := makeCase(t, drive.Breach{Kind: engine.Crash, Rule: "process-ended"}, lines...)
	r := execute(t, start(t, "crash/empty-body"), c, 20)
	require.Equal(t, conformance.Fail, r.Verdict, r.Detail)
	require.Contains(t, r.Actual, "index out of range")
	require.Equal(t, conformance.Pass, execute(t, start(t, "none"), c, 20).Verdict)

	// Of a relay that somebody else has started the end of the process is not seen.
	remote := target.At(start(t, "crash/empty-body").Server())
	r = execute(t, remote, c, 20)
	require.Equal(t, conformance.Fail, r.Verdict, r.Detail)
	require.Equal(t, "nobody listens any more", r.Actual)
}

func TestACaseAboutOthersWhoAreDisturbed(t *testing.T) {
	t.Parallel()
	c := makeCase(t, drive.Breach{Kind: engine.Canary, Rule: "canary-late"}, "PING c0 q0 order[0]:half(100,0)")
	r := execute(t, start(t, "none"), c, 20)
	require.Equal(t, conformance.Pass, r.Verdict, r.Detail)
}

// Nothing is judged if the relay is gone.
func TestACaseAgainstNobody(t *testing.T) {
	t.Parallel()
	tgt := start(t, "none")
	remote := target.At(tgt.Server())
	info, err := probe.Preflight(t.Context(), remote, scale)
	require.NoError(t, err)
	require.NoError(t, tgt.Close())
	r := registry(t)
	made, err := makeCase(t, drive.Breach{Kind: drive.Hang, Rule: "x"}, suspension...).Conformance(r.Catalogue())
	require.NoError(t, err)
	require.NoError(t, r.Add(made))
	o := conformance.Execute(t.Context(), r.Cases(), remote, info, conformance.Options{Versions: []uint16{20}})
	require.Equal(t, conformance.Error, o.Results[0].Verdict)
	require.NotEmpty(t, o.Results[0].Detail)
}
