package expect

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/spec"
)

const file = `
# known failures of a relay

relay/new/unauthorised: fail # creates queues for everyone
relay/sub/*:nonstrict
  relay/sub/end : error#breaks
relay/send/size: fail "got \"OK\" # 1" # too large
relay/send/flags: fail"OK"#any
**/quota: fail
`

func TestReadAndExpected(t *testing.T) {
	t.Parallel()
	list, err := Read(strings.NewReader(file))
	require.NoError(t, err)
	require.Len(t, list, 6)
	assert.Equal(t, "creates queues for everyone", list[0].Reason)
	assert.Equal(t, "too large", list[3].Reason)
	assert.Equal(t, 4, list[0].Line)
	for id, want := range map[string]conformance.Known{
		"relay/new/unauthorised": {Verdict: conformance.Fail},
		"relay/sub/end":          {Verdict: conformance.Nonstrict}, // the first that matches
		"relay/send/size":        {Verdict: conformance.Fail, Message: `got "OK" # 1`},
		"relay/send/flags":       {Verdict: conformance.Fail, Message: "OK"},
		"relay/send/quota":       {Verdict: conformance.Fail},
	} {
		v, ok := list.Expected(id)
		assert.True(t, ok, id)
		assert.Equal(t, want, v, id)
	}
	_, ok := list.Expected("relay/new/created")
	assert.False(t, ok)
}

func TestWriteIsReadBack(t *testing.T) {
	t.Parallel()
	list, err := Read(strings.NewReader(file))
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, list.Write(&b))
	again, err := Read(strings.NewReader(b.String()))
	require.NoError(t, err)
	require.Len(t, again, len(list))
	for i := range list {
		list[i].Line, again[i].Line = 0, 0
		assert.Equal(t, list[i], again[i])
	}
	assert.Contains(t, b.String(), "relay/new/unauthorised: fail # creates queues for everyone\nrelay/sub/*: nonstrict\n")
	assert.Contains(t, b.String(), `relay/send/size: fail "got \"OK\" # 1" # too large`)
}

func TestReadNamesEveryBadLine(t *testing.T) {
	t.Parallel()
	_, err := Read(strings.NewReader("a/b/c: fail\nnonsense\n\na/[: fail\na/b: pass\na/b:\n" +
		"a/b: fail \"open\na/b: fail \"\\q\"\na/b: fail often\na/b: fail \"x\" y\na/b: failing\n"))
	for _, want := range []string{
		"line 2", "line 4", "line 5", "line 6", "none of [fail nonstrict error]", "line 7", "no closing quote", "line 8",
		"line 9", `"often" follows the verdict`, "line 10", "line 11",
	} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "line 1:")
}

// registry has two cases of level must.
func registry(t *testing.T) *conformance.Registry {
	t.Helper()
	catalogue, err := spec.LoadFS(fstest.MapFS{"x.yaml": {Data: []byte(
		"[{id: SMP-X-Y, title: t, role: relay, level: must, versions: 6-20, summary: s, source: {document: d, heading: h}}]")}})
	require.NoError(t, err)
	r := conformance.NewRegistry(catalogue)
	for _, id := range []string{"relay/a/one", "relay/a/two"} {
		require.NoError(t, r.Add(conformance.Case{
			ID: id, Title: "t", Role: spec.Relay, Level: spec.Must,
			Requirements: []string{"SMP-X-Y"}, Run: func(*conformance.T) {},
		}))
	}
	return r
}

func TestCheckNamesPatternsThatMatchNothing(t *testing.T) {
	t.Parallel()
	list, err := Read(strings.NewReader("relay/a/one: fail\nrelay/b/*: fail\nrelay/c/*: fail\n"))
	require.NoError(t, err)
	err = list.Check(registry(t))
	assert.ErrorContains(t, err, "relay/b/*")
	assert.ErrorContains(t, err, "line 3: no case matches \"relay/c/*\"")
	assert.NotContains(t, err.Error(), "relay/a")
}

func TestCheckNamesLinesThatHoldForNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"relay/a/one: fail\nrelay/a/*: error\n":                      "",
		"relay/a/*: fail\nrelay/a/one: error\n":                      "line 2: earlier lines, such as line 1,",
		"relay/a/one: fail\nrelay/a/two: fail\n# x\n**: nonstrict\n": "line 4: earlier lines, such as line 1,",
		"relay/a/one: fail \"x\"\nrelay/a/one: fail\n":               "line 2",
	} {
		list, err := Read(strings.NewReader(text))
		require.NoError(t, err)
		err = list.Check(registry(t))
		if want == "" {
			assert.NoError(t, err, text)
			continue
		}
		assert.ErrorContains(t, err, want, text)
	}
}

func TestTheReasonIsOneShortLineOfPrintableText(t *testing.T) {
	t.Parallel()
	outcome := &conformance.Outcome{Results: []conformance.Result{
		{Case: &conformance.Case{ID: "relay/a/one"}, Run: conformance.Run{Verdict: conformance.Fail, Expected: "ERR", Actual: "\x1b[2J" + strings.Repeat("ü", 200)}},
		{Case: &conformance.Case{ID: "relay/a/two"}, Run: conformance.Run{Verdict: conformance.Error, Detail: "the case panicked at secret\ngoroutine"}},
	}}
	list, err := From(outcome, nil, "secret")
	require.NoError(t, err)
	assert.Equal(t, "expected ERR, got ·[2J"+strings.Repeat("ü", 98)+"…", list[0].Reason)
	assert.Equal(t, "the case panicked at PASSWORD", list[1].Reason)
}

func TestFromKeepsWhatDidNotPass(t *testing.T) {
	t.Parallel()
	known, err := Read(strings.NewReader("relay/a/known: nonstrict # a reason\nrelay/a/fixed: fail\n"))
	require.NoError(t, err)
	outcome := &conformance.Outcome{}
	for id, v := range map[string]conformance.Verdict{
		"relay/a/known": conformance.XFail, "relay/a/fixed": conformance.XPass, "relay/a/pass": conformance.Pass,
		"relay/a/skip": conformance.Skip, "relay/a/new": conformance.Fail, "relay/a/broken": conformance.Error,
	} {
		outcome.Results = append(outcome.Results, conformance.Result{
			Case: &conformance.Case{ID: id}, Run: conformance.Run{Verdict: v},
		})
	}
	list, err := From(outcome, known, "")
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, list.Write(&b))
	assert.ElementsMatch(t, []string{
		"relay/a/known: nonstrict # a reason", "relay/a/new: fail", "relay/a/broken: error",
	}, strings.Split(strings.TrimSpace(b.String()), "\n"))
}
