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
**/quota: fail
`

func TestReadAndExpected(t *testing.T) {
	t.Parallel()
	list, err := Read(strings.NewReader(file))
	require.NoError(t, err)
	require.Len(t, list, 4)
	assert.Equal(t, "creates queues for everyone", list[0].Reason)
	for id, want := range map[string]conformance.Verdict{
		"relay/new/unauthorised": conformance.Fail,
		"relay/sub/end":          conformance.Nonstrict, // the first that matches
		"relay/send/quota":       conformance.Fail,
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
	assert.Equal(t, list, again)
	assert.Contains(t, b.String(), "relay/new/unauthorised: fail # creates queues for everyone\nrelay/sub/*: nonstrict\n")
}

func TestReadNamesEveryBadLine(t *testing.T) {
	t.Parallel()
	_, err := Read(strings.NewReader("a/b/c: fail\nnonsense\n\na/[: fail\na/b: pass\na/b:\n"))
	for _, want := range []string{"line 2", "line 4", "line 5", "line 6", "none of [fail nonstrict error]"} {
		assert.ErrorContains(t, err, want)
	}
	assert.NotContains(t, err.Error(), "line 1")
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
	assert.ErrorContains(t, err, "relay/c/*")
	assert.NotContains(t, err.Error(), "relay/a")
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
	list, err := From(outcome, known)
	require.NoError(t, err)
	var b strings.Builder
	require.NoError(t, list.Write(&b))
	assert.ElementsMatch(t, []string{
		"relay/a/known: nonstrict # a reason", "relay/a/new: fail", "relay/a/broken: error",
	}, strings.Split(strings.TrimSpace(b.String()), "\n"))
}
