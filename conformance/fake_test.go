package conformance

import (
	"context"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// requirement is a record with the id "SMP-TEST-" and the level in capitals.
const requirement = `
- id: SMP-TEST-LEVELNAME
  title: A rule
  role: relay
  level: levelname
  versions: 6-20
  summary: A rule for tests.
  notes: None.
  source: {document: simplex-messaging.md, heading: SMP commands}
`

// testRegistry returns a registry that knows one requirement for each level.
func testRegistry(t testing.TB) *Registry {
	t.Helper()
	var records strings.Builder
	for _, l := range spec.Levels() {
		records.WriteString(strings.NewReplacer("LEVELNAME", strings.ToUpper(string(l)), "levelname", string(l)).Replace(requirement))
	}
	catalogue, err := spec.LoadFS(fstest.MapFS{"test.yaml": {Data: []byte(records.String())}})
	require.NoError(t, err)
	return NewRegistry(catalogue)
}

// testCase returns a case of level must that calls run.
func testCase(id string, run func(*T)) Case {
	return Case{
		ID: id, Title: "A case", Role: spec.Relay, Level: spec.Must,
		Requirements: []string{"SMP-TEST-MUST"}, Run: run,
	}
}

// registered returns the cases of a registry that accepted them.
func registered(t testing.TB, cases ...Case) []*Case {
	t.Helper()
	r := testRegistry(t)
	require.NoError(t, r.Add(cases...))
	return r.Cases()
}

// fakeTarget is a target that does nothing, and ends when end is closed.
type fakeTarget struct{ end chan struct{} }

func (fakeTarget) Kind() target.Kind       { return target.Remote }
func (f fakeTarget) Done() <-chan struct{} { return f.end }
func (fakeTarget) Close() error            { return nil }

func (f fakeTarget) Obituary() string {
	if ended(f) {
		return "exit status 7"
	}
	return ""
}

func (fakeTarget) Server() link.Server {
	s, err := link.ParseServer("smp://" + strings.Repeat("A", 43) + "=@127.0.0.1:1")
	if err != nil {
		panic(err)
	}
	return s
}

// execute runs the cases against a target that speaks versions 6 to 20.
func execute(t testing.TB, o Options, cases ...Case) *Outcome {
	t.Helper()
	return executeContext(t.Context(), t, o, cases...)
}

func executeContext(ctx context.Context, t testing.TB, o Options, cases ...Case) *Outcome {
	t.Helper()
	info := target.Info{Versions: wire.Versions(6, 20)}
	return Execute(ctx, registered(t, cases...), fakeTarget{}, info, o)
}
