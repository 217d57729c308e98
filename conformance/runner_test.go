package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/conformance/trace"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

func TestVerdictsFollowTheLevel(t *testing.T) {
	t.Parallel()
	for level, want := range map[spec.Level]Verdict{
		spec.Must: Fail, spec.Claim: Fail, spec.Should: Nonstrict, spec.Observed: Nonstrict, spec.May: Nonstrict,
	} {
		c := testCase("relay/new/a", func(t *T) { t.Failf("OK", "ERR %s", "AUTH") })
		c.Level, c.Requirements = level, []string{"SMP-TEST-" + strings.ToUpper(string(level))}
		r := execute(t, Options{}, c).Results[0]
		assert.Equal(t, want, r.Verdict, level)
		assert.Equal(t, [2]string{"OK", "ERR AUTH"}, [2]string{r.Expected, r.Actual}, level)
	}
}

func TestAViolationIsReportedForTheRulesItIsAbout(t *testing.T) {
	t.Parallel()
	all := []string{"SMP-TEST-MUST", "SMP-TEST-SHOULD"}
	for name, test := range map[string]struct {
		run  func(*T)
		want []string
	}{
		"all":       {func(t *T) { t.Fail("a", "b") }, all},
		"one":       {func(t *T) { t.About("SMP-TEST-MUST"); t.Fail("a", "b") }, all[:1]},
		"nonstrict": {func(t *T) { t.About("SMP-TEST-SHOULD"); t.Nonstrict("a", "b") }, all[1:]},
		"skip":      {func(t *T) { t.About("SMP-TEST-MUST"); t.Skip("a") }, nil},
		"pass":      {func(t *T) { t.About("SMP-TEST-MUST") }, nil},
	} {
		c := testCase("relay/new/a", test.run)
		c.Requirements = all
		assert.Equal(t, test.want, execute(t, Options{}, c).Results[0].Violated, name)
	}
}

func TestBlockedCasesAreTold(t *testing.T) {
	t.Parallel()
	outcome := execute(t, Options{},
		testCase("relay/new/a", func(t *T) { t.Block("no queue") }),
		testCase("relay/new/b", func(t *T) { t.Skip("no password") }),
		testCase("relay/new/c", func(*T) {}))
	var blocked []bool
	for _, r := range outcome.Results {
		blocked = append(blocked, r.Blocked)
	}
	assert.Equal(t, []bool{true, false, false}, blocked)
}

func TestVersionsOfACase(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule  wire.VersionRange
		edges bool
		asked []uint16
		want  []uint16
	}{
		"default":           {wire.Versions(6, 20), false, nil, []uint16{6, 7, 9, 11, 14, 16, 20}},
		"edges of the rule": {wire.Versions(8, 15), false, nil, []uint16{8, 9, 11, 14, 15}},
		"asked for":         {wire.Versions(7, 20), false, []uint16{6, 8, 9, 10, 18}, []uint16{8, 9, 10, 18}},
		"edges":             {wire.Versions(7, 20), true, nil, []uint16{7, 20}},
		"edges, asked for":  {wire.Versions(7, 20), true, []uint16{6, 8, 9, 17, 18}, []uint16{8, 18}},
		"one":               {wire.Versions(12, 12), false, nil, []uint16{12}},
	} {
		c := testCase("relay/new/a", func(*T) {})
		c.Edges, c.Versions = test.edges, test.rule
		var versions []uint16
		for _, run := range execute(t, Options{Versions: test.asked}, c).Results[0].Runs {
			versions = append(versions, run.Version)
		}
		assert.Equal(t, test.want, versions, name)
	}
}

func TestEachVerdictMethodEndsTheCase(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		run    func(*T)
		want   Verdict
		detail string
	}{
		"return":    {func(*T) {}, Pass, ""},
		"fail":      {func(t *T) { t.Fail("a", "b"); t.Skip("never") }, Fail, ""},
		"nonstrict": {func(t *T) { t.Nonstrict("a", "b"); t.Skip("never") }, Nonstrict, ""},
		"skip":      {func(t *T) { t.Skip("no notifier"); t.Fail("", "never") }, Skip, "no notifier"},
		"block":     {func(t *T) { t.Block("no queue"); t.Fail("", "never") }, Skip, "blocked: no queue"},
		"broken":    {func(t *T) { t.Broken(errors.New("reset")); t.Fail("", "never") }, Error, "reset"},
		"panic":     {func(*T) { panic("oops") }, Error, "the case panicked: oops\ngoroutine"},
		"nil panic": {func(*T) { panic(nil) }, Error, "the case panicked"},
		"goexit":    {func(*T) { runtime.Goexit() }, Error, "without a verdict"},
		"first":     {func(t *T) { defer t.Skip("late"); t.Fail("a", "b") }, Fail, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := execute(t, Options{Versions: []uint16{9}}, testCase("relay/new/a", test.run)).Results[0]
			assert.Equal(t, test.want, r.Verdict)
			assert.Contains(t, r.Detail, test.detail)
			assert.Equal(t, uint16(9), r.Version)
		})
	}
}

func TestACaseRunsAtEveryCommonVersionAndKeepsTheWorst(t *testing.T) {
	t.Parallel()
	c := testCase("relay/new/a", func(t *T) {
		switch t.Version() {
		case 9:
			t.Skip("no")
		case 11:
			t.Broken(errors.New("reset"))
		case 12, 15:
			t.Fail("x", "y")
		case 14:
			t.Nonstrict("x", "y")
		}
	})
	c.Versions = wire.Versions(8, 30)
	r := execute(t, Options{Versions: AllVersions}, c).Results[0]
	assert.Equal(t, Fail, r.Verdict)
	assert.Equal(t, uint16(12), r.Version)
	verdicts := make(map[uint16]Verdict)
	var order []uint16
	for _, run := range r.Runs {
		verdicts[run.Version] = run.Verdict
		order = append(order, run.Version)
	}
	assert.True(t, slices.IsSorted(order))
	assert.Equal(t, map[uint16]Verdict{
		8: Pass, 9: Skip, 10: Pass, 11: Error, 12: Fail, 14: Nonstrict, 15: Fail,
		16: Pass, 17: Pass, 18: Pass, 19: Pass, 20: Pass,
	}, verdicts)
}

func TestACaseWithoutACommonVersionIsSkippedWithTheReason(t *testing.T) {
	t.Parallel()
	c := testCase("relay/new/a", func(t *T) { t.Fail("", "it ran") })
	c.Versions = wire.Versions(9, 20)
	old := target.Info{Versions: wire.Versions(6, 7)}
	r := Execute(t.Context(), registered(t, c), fakeTarget{}, old, Options{}).Results[0]
	assert.Equal(t, Skip, r.Verdict)
	assert.Equal(t, "the rule concerns versions 9-20, the target speaks 6-7", r.Detail)
	r = execute(t, Options{Versions: []uint16{6}}, c).Results[0]
	assert.Equal(t, Skip, r.Verdict)
	assert.Contains(t, r.Detail, "asked for")
}

func TestACaseThatOverrunsGetsAVerdictAndIsUnblocked(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]func(*T, <-chan struct{}){
		"heeds its context":   func(t *T, _ <-chan struct{}) { <-t.Context().Done(); t.Fail("", "too late") },
		"heeds nothing":       func(_ *T, stuck <-chan struct{}) { <-stuck },
		"waits for a cleanup": func(t *T, _ <-chan struct{}) { c := make(chan int); t.Cleanup(func() { close(c) }); <-c },
		"cleanup is stuck":    func(t *T, stuck <-chan struct{}) { t.Cleanup(func() { <-stuck }); <-stuck },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			stuck := make(chan struct{})
			t.Cleanup(func() { close(stuck) })
			c := testCase("relay/new/a", func(t *T) { run(t, stuck) })
			c.Timeout = 40 * time.Millisecond
			start := time.Now()
			r := execute(t, Options{Versions: []uint16{6}, TimeoutScale: 0.5}, c).Results[0]
			assert.Equal(t, Error, r.Verdict)
			assert.Equal(t, "the case overran its deadline of 20ms", r.Detail)
			assert.Less(t, time.Since(start), 5*time.Second)
		})
	}
}

func TestCleanupRunsLastFirstAndSurvivesAPanic(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var calls []int
	call := func(n int) func() {
		return func() { mu.Lock(); calls = append(calls, n); mu.Unlock() }
	}
	r := execute(t, Options{Versions: []uint16{6}}, testCase("relay/new/a", func(t *T) {
		t.Cleanup(call(1))
		t.Cleanup(func() { panic("in a cleanup") })
		t.Cleanup(call(2))
		t.Fail("x", "y")
	})).Results[0]
	assert.Equal(t, Fail, r.Verdict)
	assert.Equal(t, []int{2, 1}, calls)
}

func TestResultsDoNotDependOnParallelism(t *testing.T) {
	t.Parallel()
	var cases []Case
	for i := range 40 {
		c := testCase(fmt.Sprintf("relay/topic/n%d", i), func(t *T) {
			switch n := t.Rand().IntN(4); n {
			case 0:
				t.Failf("x", "%x", t.Rand().Bytes(8))
			case 1:
				t.Skip(fmt.Sprint(t.Rand().Uint64()))
			}
		})
		c.Solo = i%5 == 0
		cases = append(cases, c)
	}
	summary := func(o Options) []string {
		var lines []string
		for _, r := range execute(t, o, cases...).Results {
			lines = append(lines, fmt.Sprint(r.Case.ID, r.Version, r.Verdict, r.Actual, r.Detail))
		}
		return lines
	}
	first := summary(Options{Seed: 7, Parallel: 1})
	assert.Equal(t, first, summary(Options{Seed: 7, Parallel: 16}))
	assert.NotEqual(t, first, summary(Options{Seed: 8, Parallel: 16}))
}

func TestRandomDiffersByCaseAndVersion(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, r := range []*Random{newRandom(1, "a", 6), newRandom(2, "a", 6), newRandom(1, "b", 6), newRandom(1, "a", 7)} {
		b := make([]byte, 16)
		n, err := io.ReadFull(r, b)
		require.NoError(t, err)
		require.Equal(t, 16, n)
		seen[string(b)] = true
	}
	assert.Len(t, seen, 4)
	assert.Equal(t, newRandom(1, "a", 6).Bytes(40), newRandom(1, "a", 6).Bytes(40))
}

func TestSoloCasesRunAlone(t *testing.T) {
	t.Parallel()
	var running, most atomic.Int32
	var cases []Case
	for i := range 12 {
		c := testCase(fmt.Sprintf("relay/topic/n%d", i), nil)
		c.Solo = i%3 == 0
		c.Run = func(t *T) {
			n := running.Add(1)
			defer running.Add(-1)
			if t.c.Solo && n != 1 {
				t.Failf("no other case", "%d", n-1)
			}
			for old := most.Load(); n > old && !most.CompareAndSwap(old, n); old = most.Load() {
			}
			runtime.Gosched()
		}
		cases = append(cases, c)
	}
	outcome := execute(t, Options{Parallel: 3}, cases...)
	assert.Equal(t, map[Verdict]int{Pass: 12}, outcome.Count())
	assert.LessOrEqual(t, most.Load(), int32(3))
}

func TestAnInterruptionSkipsWhatIsNotDone(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cases := []Case{
		testCase("relay/a/done", pass),
		testCase("relay/a/cut", func(t *T) { cancel(); <-t.Context().Done(); t.Fail("", "never") }),
		testCase("relay/a/never", pass),
	}
	outcome := executeContext(ctx, t, Options{Parallel: 1, Versions: []uint16{6}}, cases...)
	assert.True(t, outcome.Interrupted)
	var verdicts []Verdict
	for _, r := range outcome.Results {
		verdicts = append(verdicts, r.Verdict)
	}
	assert.Equal(t, []Verdict{Pass, Skip, Skip}, verdicts)
	assert.Equal(t, "interrupted", outcome.Results[2].Detail)
}

func TestAPartlyInterruptedCaseIsNotAPass(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	outcome := executeContext(ctx, t, Options{Parallel: 1}, testCase("relay/a/b", func(t *T) {
		if t.Version() == 7 {
			cancel()
		}
	}))
	assert.Equal(t, Skip, outcome.Results[0].Verdict)
	assert.True(t, outcome.Interrupted)
}

func TestTheEndOfTheTargetIsToldOnce(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	cases := registered(t,
		testCase("relay/a/before", pass),
		testCase("relay/a/during", func(t *T) { close(end); t.Broken(errors.New("reset")) }),
		testCase("relay/a/after", pass))
	info := target.Info{Versions: wire.Versions(6, 6)}
	r := Execute(t.Context(), cases, fakeTarget{end}, info, Options{Parallel: 1}).Results
	assert.Equal(t, Pass, r[0].Verdict)
	assert.Equal(t, "reset\nthe target ended: exit status 7", r[1].Detail)
	assert.Equal(t, Error, r[2].Verdict)
	assert.Equal(t, "the target had ended before: exit status 7", r[2].Detail)
}

func TestDialUsesTheDialerAndClosesAtTheEnd(t *testing.T) {
	t.Parallel()
	client, server := net.Pipe()
	var address string
	dial := func(_ context.Context, network, to string) (net.Conn, error) {
		address = network + " " + to
		return client, nil
	}
	outcome := execute(t, Options{Versions: []uint16{6}, Dial: dial}, testCase("relay/a/b", func(t *T) {
		if _, err := t.Dial(); err != nil {
			t.Broken(err)
		}
	}))
	assert.Equal(t, Pass, outcome.Results[0].Verdict)
	assert.Equal(t, "tcp 127.0.0.1:1", address)
	_, err := server.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF)
}

type expectations map[string]Known

func (e expectations) Expected(id string) (Known, bool) { k, ok := e[id]; return k, ok }

func TestExpectationsChangeTheVerdict(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ actual, expected, want Verdict }{
		{Fail, Fail, XFail}, {Nonstrict, Nonstrict, XFail}, {Error, Error, XFail},
		{Pass, Fail, XPass}, {Pass, Nonstrict, XPass}, {Pass, Error, XPass},
		{Fail, Nonstrict, Fail}, {Fail, Error, Fail}, {Error, Nonstrict, Error},
		{Error, Fail, Error}, {Nonstrict, Fail, XFail}, {Nonstrict, Error, XFail},
		{Skip, Fail, Skip},
	} {
		c := testCase("relay/a/b", func(t *T) {
			switch test.actual {
			case Fail:
				t.Fail("x", "y")
			case Nonstrict:
				t.Nonstrict("x", "y")
			case Error:
				t.Broken(io.EOF)
			case Skip:
				t.Skip("no")
			}
		})
		o := Options{Expect: expectations{"relay/a/b": {Verdict: test.expected}}}
		assert.Equal(t, test.want, execute(t, o, c).Results[0].Verdict, "%s expected %s", test.actual, test.expected)
	}
}

func TestOnResultIsCalledOncePerCase(t *testing.T) {
	t.Parallel()
	var done []int
	o := Options{OnResult: func(n int, _ Result) { done = append(done, n) }}
	late := testCase("relay/a/none", pass)
	late.Versions = wire.Versions(21, 22)
	r := testRegistry(t)
	require.Error(t, r.Add(late))
	execute(t, o, testCase("relay/a/b", pass), testCase("relay/a/c", pass))
	assert.Equal(t, []int{1, 2}, done)
}

func TestTheConversationOfAFailedRunIsKept(t *testing.T) {
	t.Parallel()
	say := func(t *T) { t.Record(Sent, fmt.Sprintf("word at %d", t.Version()), []byte("abc")) }
	results := execute(t, Options{Versions: []uint16{6, 7, 9}},
		testCase("relay/a/b", func(t *T) {
			say(t)
			if t.Version() > 6 {
				t.Fail("x", "y")
			}
		}),
		testCase("relay/a/c", say),
	).Results
	known := execute(t, Options{Versions: []uint16{6}, Expect: expectations{"relay/a/b": {Verdict: Fail}}}, testCase("relay/a/b", func(t *T) {
		say(t)
		t.Fail("x", "y")
	})).Results[0]
	assert.Equal(t, XFail, known.Verdict)
	assert.NotNil(t, known.Recording)
	failed := results[0]
	require.NotNil(t, failed.Recording)
	events := failed.Recording.Decode(trace.RawExtent).Events
	require.Len(t, events, 1)
	assert.Equal(t, "word at 7", events[0].Summary)
	assert.Equal(t, "616263", events[0].Hex)
	for _, run := range failed.Runs {
		assert.Nil(t, run.Recording)
	}
	assert.Nil(t, results[1].Recording)
}

func TestTheUserGetsTheConversationOfEveryRun(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	got := map[string]int{}
	o := Options{Versions: []uint16{6, 9}, Trace: func(c *Case, run Run, conversation *trace.Recording) error {
		mu.Lock()
		defer mu.Unlock()
		got[fmt.Sprint(c.ID, " ", run.Version, " ", run.Verdict)] = len(conversation.Decode(trace.RawExtent).Events)
		return nil
	}}
	execute(t, o, testCase("relay/a/b", func(t *T) {
		for range trace.Brief.First + trace.Brief.Last + 1 {
			t.Record(Note, "event", nil)
		}
	}))
	all := trace.Brief.First + trace.Brief.Last + 1
	assert.Equal(t, map[string]int{"relay/a/b 6 pass": all, "relay/a/b 9 pass": all}, got)
}

func TestATraceFileThatFailsIsAnError(t *testing.T) {
	t.Parallel()
	full := func(*Case, Run, *trace.Recording) error { return errors.New("disk full") }
	r := execute(t, Options{Trace: full}, testCase("relay/a/b", pass)).Results[0]
	assert.Equal(t, Error, r.Verdict)
	assert.Contains(t, r.Detail, "disk full")
}
