package mutants_test

import (
	"bytes"
	"context"
	"encoding/json"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/mutants"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// fits returns nil if the JSON form fits the schema.
func fits(t *testing.T, document []byte) error {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(mutants.Schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	require.NoError(t, c.AddResource("mutants.json", schema))
	compiled, err := c.Compile("mutants.json")
	require.NoError(t, err)
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	require.NoError(t, err)
	return compiled.Validate(parsed)
}

func encode(t *testing.T, report any) []byte {
	t.Helper()
	b, err := json.Marshal(report)
	require.NoError(t, err)
	return b
}

// sample is a report with faults of each verdict that a run to the end has.
func sample(t *testing.T) *mutants.Report {
	t.Helper()
	killed := fault.Fault{ID: "que/no-info", Story: "QUE is answered with OK.", Breaks: []string{queRule}, Cases: []string{queInfo}, Apply: silent}
	survived, broken := killed, killed
	survived.ID, survived.Apply = "que/none", func(*relay.Config) {}
	broken.ID, broken.Apply = "que/no-identity", func(c *relay.Config) { c.Credentials = keys.Credentials{} }
	return run(t, options(), killed, survived, broken)
}

func TestJSONFitsTheSchema(t *testing.T) {
	t.Parallel()
	report := sample(t)
	require.Equal(t, mutants.Summary{Faults: 3, Killed: 1, Survived: 1, Broken: 1, Cases: 1}, report.Summary)
	require.NoError(t, fits(t, encode(t, report)))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, fits(t, encode(t, mutants.Run(ctx, all.Faults(), registry(t), options()))), "interrupted")
}

func TestTheSchemaIsClosed(t *testing.T) {
	t.Parallel()
	report := encode(t, sample(t))
	add := func(m any) { m.(map[string]any)["surplus"] = 1 }
	first := func(m any) any { return m.([]any)[0] }
	for name, change := range map[string]func(map[string]any){
		"report":  func(d map[string]any) { add(d) },
		"summary": func(d map[string]any) { add(d["summary"]) },
		"fault":   func(d map[string]any) { add(first(d["faults"])) },
		"notice":  func(d map[string]any) { add(first(first(d["faults"]).(map[string]any)["cases"])) },
		"missing": func(d map[string]any) { delete(d, "seed") },
		"verdict": func(d map[string]any) { first(d["faults"]).(map[string]any)["verdict"] = "dead" },
		"idle":    func(d map[string]any) { d["idle_cases"] = []any{"SMP-PING-PONG"} },
	} {
		var d map[string]any
		require.NoError(t, json.Unmarshal(report, &d))
		change(d)
		assert.Error(t, fits(t, encode(t, d)), name)
	}
}
