package coverage_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/coverage"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/relaycases"
	"smpcheck/reference/relay"
	"smpcheck/spec"
)

func realMatrix(t *testing.T) *coverage.Matrix {
	t.Helper()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(relaycases.All()...))
	pending, err := spec.LoadPending()
	require.NoError(t, err)
	m, err := coverage.New(registry, pending, all.Faults())
	require.NoError(t, err)
	return m
}

func TestTheCatalogueIsCovered(t *testing.T) {
	t.Parallel()
	m := realMatrix(t)
	require.Empty(t, m.Problems[:min(5, len(m.Problems))])
	s := m.Summary
	assert.GreaterOrEqual(t, s.Requirements, 650)
	assert.GreaterOrEqual(t, s.Claims, 40)
	assert.Equal(t, s.Must.All, s.Must.Checked+s.Must.Reason+s.Must.Pending)
}

// What a record names as its test has to be in the source.
func TestEveryNamedTestExists(t *testing.T) {
	t.Parallel()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	known := map[string]map[string]bool{}
	for _, r := range catalogue.Records() {
		for _, check := range r.Checks {
			switch check.Kind() {
			case spec.PropertyCheck, spec.TestCheck, spec.FuzzCheck:
				at := strings.LastIndex(check.Name(), ".")
				folder, name := check.Name()[:at], check.Name()[at+1:]
				if known[folder] == nil {
					known[folder] = testsOf(t, folder)
				}
				assert.True(t, known[folder][name], "%s names %s, which is not in the source", r.ID, check)
			}
		}
	}
}

// testsOf returns the names of the functions in the test files of a package.
func testsOf(t *testing.T, folder string) map[string]bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(folder), "*_test.go"))
	require.NoError(t, err)
	names := map[string]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range file.Decls {
			if f, ok := declaration.(*ast.FuncDecl); ok && f.Recv == nil {
				names[f.Name.Name] = true
			}
		}
	}
	return names
}

// records are a must that a case checks, one with vectors, one with a reason, and one
// with nothing; and an observed rule with nothing.
const records = `
- {id: T-CASE, title: t, role: relay, level: must, versions: 6-20, summary: s, source: {document: d.md, heading: h}}
- {id: T-VECTOR, title: t, role: both, level: must, versions: 6-20, summary: s, source: {document: d.md, heading: h}, checks: ["vector: padding/pad", "fuzz: reference/smp.FuzzX"]}
- {id: T-REASON, title: t, role: relay, level: must, versions: 6-20, summary: s, source: {document: d.md, heading: h}, checks: ["reason: nobody can see it from outside"]}
- {id: T-NOTHING, title: t, role: client, level: must, versions: agent 2-7, summary: s, source: {document: d.md, heading: h}}
- {id: T-OBSERVED, title: t, role: client, level: observed, versions: 6-20, summary: s, notes: n, source: {document: d.md, heading: h}}
`

// breaksCase is a fault that the case of matrix has to notice.
var breaksCase = fault.Fault{ID: "x/wrong", Story: "s", Breaks: []string{"T-CASE"}, Cases: []string{"relay/x/case"}, Apply: func(*relay.Config) {}}

func matrix(t *testing.T, records string, pending ...spec.Pending) *coverage.Matrix {
	t.Helper()
	return matrixWith(t, records, pending, breaksCase)
}

func matrixWith(t *testing.T, records string, pending []spec.Pending, faults ...fault.Fault) *coverage.Matrix {
	t.Helper()
	catalogue, err := spec.LoadFS(fstest.MapFS{"x.yaml": {Data: []byte(records)}})
	require.NoError(t, err)
	registry := conformance.NewRegistry(catalogue)
	require.NoError(t, registry.Add(conformance.Case{
		ID: "relay/x/case", Title: "t", Role: spec.Relay, Level: spec.Must,
		Requirements: []string{"T-CASE"}, Run: func(*conformance.T) {},
	}))
	m, err := coverage.New(registry, pending, faults)
	require.NoError(t, err)
	return m
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	waiting := spec.Pending{WaitsFor: "client case", Why: "later", IDs: []string{"T-NOTHING"}}
	m := matrix(t, records, waiting)
	assert.Empty(t, m.Problems)
	assert.Equal(t, coverage.Count{All: 4, Checked: 2, Reason: 1, Pending: 1}, m.Summary.Must)
	assert.Equal(t, 5, m.Summary.Requirements)
	assert.Equal(t, map[coverage.Column]int{coverage.RelayCase: 1, coverage.Vector: 1, coverage.FuzzTarget: 1}, m.Summary.Columns)
	assert.Equal(t, map[coverage.Column][]string{coverage.RelayCase: {"relay/x/case"}}, m.Rows[0].Checks)
	var text strings.Builder
	require.NoError(t, m.WriteText(&text))
	assert.Contains(t, text.String(), "  V  F   must      both    T-VECTOR\n")
	assert.Contains(t, text.String(), "must         4:    2 checked,   1 with a reason,   1 pending,   0 unchecked\n")
}

func TestProblems(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		records string
		pending []string
		want    string
	}{
		"neither":             {records, nil, "T-NOTHING (must) has no check, gives no reason and is not pending"},
		"pending and checked": {records, []string{"T-NOTHING", "T-VECTOR"}, "T-VECTOR is pending"},
		"pending by a case":   {records, []string{"T-CASE", "T-NOTHING"}, "T-CASE is pending"},
		"pending and reason":  {records, []string{"T-NOTHING", "T-REASON"}, "T-REASON is pending"},
		"no such kind":        {strings.Replace(records, "padding/pad", "poems/pad", 1), []string{"T-NOTHING"}, `"poems/pad", which do not exist`},
		"no such group":       {strings.Replace(records, "padding/pad", "padding/paddle", 1), []string{"T-NOTHING"}, `"padding/paddle", which do not exist`},
	} {
		m := matrix(t, test.records, spec.Pending{WaitsFor: "client case", Why: "later", IDs: test.pending})
		require.Len(t, m.Problems, 1, name)
		assert.Contains(t, m.Problems[0], test.want, name)
	}
}

// A rule of relays needs a case, or a reason why no client can see it, whatever else
// checks it.
func TestProblemsOfRelayRules(t *testing.T) {
	t.Parallel()
	waiting := []spec.Pending{{WaitsFor: "client case", Why: "later", IDs: []string{"T-NOTHING"}}}
	add := func(id, level, checks string) string {
		return records + "- {id: " + id + ", title: t, role: relay, level: " + level + ", versions: 6-20, summary: s, notes: n, source: {document: d.md, heading: h}, checks: [" + checks + "]}\n"
	}
	for name, test := range map[string]struct {
		records, want string
	}{
		"only a vector":   {add("T-SEEN", "must", `"vector: padding/pad"`), "T-SEEN (must) has no relay case and does not say why no client can see it"},
		"hidden":          {add("T-SEEN", "must", `"vector: padding/pad", "hidden: only the operator can see it"`), ""},
		"weaker":          {add("T-SEEN", "observed", `"vector: padding/pad"`), ""},
		"hidden and seen": {strings.Replace(records, "{id: T-CASE,", `{id: T-CASE, checks: ["hidden: only the operator can see it"],`, 1), "T-CASE says that no client can see it, but the case relay/x/case does"},
		"hidden alone":    {add("T-SEEN", "must", `"hidden: only the operator can see it"`), "T-SEEN (must) has no check"},
	} {
		m := matrixWith(t, test.records, waiting, breaksCase)
		if test.want == "" {
			assert.Empty(t, m.Problems, name)
			continue
		}
		require.Len(t, m.Problems, 1, name)
		assert.Contains(t, m.Problems[0], test.want, name)
	}
}

func TestProblemsOfFaults(t *testing.T) {
	t.Parallel()
	waiting := []spec.Pending{{WaitsFor: "client case", Why: "later", IDs: []string{"T-NOTHING"}}}
	other := breaksCase
	other.ID = "x/other"
	for want, change := range map[string]func(*fault.Fault){
		"no case relay/x/none": func(f *fault.Fault) { f.Cases = []string{"relay/x/case", "relay/x/none"} },
		"no requirement T-NO":  func(f *fault.Fault) { f.Breaks = []string{"T-CASE", "T-NO"} },
		"the id is used twice": func(f *fault.Fault) { f.ID = breaksCase.ID },
	} {
		f := other
		change(&f)
		m := matrixWith(t, records, waiting, breaksCase, f)
		require.NotEmpty(t, m.Problems, want)
		assert.Contains(t, m.Problems[0], want)
	}
	m := matrixWith(t, records, waiting)
	require.Equal(t, []string{"the case relay/x/case has no fault that it must notice"}, m.Problems)
	m = matrixWith(t, records, waiting, breaksCase, other)
	require.Empty(t, m.Problems)
	require.Equal(t, []string{"x/wrong", "x/other"}, m.Rows[0].Faults)
	require.Equal(t, []string{}, m.Rows[1].Faults)
}

func TestTypicalFaultsComeFromTheVectors(t *testing.T) {
	t.Parallel()
	faults, err := coverage.Faults(&spec.Record{Checks: []spec.Check{"vector: padding/pad", "reason: none"}})
	require.NoError(t, err)
	assert.Contains(t, faults, "Fewer than 2 bytes: there is no length in front.")
	faults, err = coverage.Faults(&spec.Record{Checks: []spec.Check{"vector: padding/pad/0-in-16"}})
	require.NoError(t, err)
	assert.Equal(t, []string{}, faults)
}
