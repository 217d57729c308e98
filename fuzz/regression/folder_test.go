package regression

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
	"smpcheck/spec"
)

// finding is one that becomes a case.
var finding = engine.Finding{
	ID: "0123abcd",
	Breach: drive.Breach{
		Kind: drive.Violation, Rule: "message-lost", Requirement: "SMP-SEND-UNSECURED", Command: "SEND",
		Expected: "the message", Actual: "nothing",
	},
	Program: program.Program{Ops: []program.Op{
		{Kind: program.NEW, Arg: 1},
		{Kind: program.SEND, Arg: 3, Mutations: []program.Mutation{{Level: program.Field, Action: program.Flip, Position: 7}}},
	}},
	Seed: 1<<53 - 1, Versions: wire.Versions(6, 20), TLS: "1.3", Model: true, Quota: 9, Prompt: true,
}

func registry(t *testing.T) *conformance.Registry {
	t.Helper()
	catalogue, err := spec.Load()
	require.NoError(t, err)
	return conformance.NewRegistry(catalogue)
}

// fill makes a folder with two cases and two vectors.
func fill(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "deep", "er")
	for _, id := range []string{"relay/fuzz/one", "relay/fuzz/two"} {
		r := registry(t)
		c, err := NewCase{ID: id, Title: "Title of " + id}.Make(finding, r.Catalogue())
		require.NoError(t, err)
		name, err := AddCase(dir, c, r)
		require.NoError(t, err)
		require.Equal(t, filepath.Join(dir, FileName(id)), name)
	}
	for _, id := range []string{"regression/decode_block/one", "regression/decode_block/two"} {
		_, err := AddVector(dir, makeVector(t, id, content("")))
		require.NoError(t, err)
	}
	return dir
}

func TestFoldersAreReadAsTheyWereWritten(t *testing.T) {
	t.Parallel()
	dir := fill(t)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "README.md"), []byte("no case"), 0o644))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "x.json"), 0o755))
	f, err := Load(dir)
	require.NoError(t, err)
	require.Len(t, f.Cases(), 2)
	c := f.Cases()[0]
	require.Equal(t, "relay/fuzz/one", c.ID)
	require.Equal(t, finding.Program, c.Program.Program)
	require.Equal(t, finding.Seed, c.Seed)
	require.Equal(t, [2]uint16{6, 20}, c.Versions)
	again := c.Replayed()
	require.Equal(t, finding.Breach, again.Breach)
	require.Equal(t, finding.Versions, again.Versions)
	require.Equal(t, []any{finding.Model, finding.Quota, finding.Prompt}, []any{again.Model, again.Quota, again.Prompt})
	require.Equal(t, 2, f.Vectors().Count)
	require.Len(t, f.Vectors().Groups, 1)
	require.Len(t, f.Vectors().Groups[0].Tests, 2)

	r := registry(t)
	require.NoError(t, f.Register(r))
	made, ok := r.Lookup("relay/fuzz/two")
	require.True(t, ok)
	require.Equal(t, spec.Must, made.Level)
	require.Equal(t, "Title of relay/fuzz/two", made.Title)
	require.ErrorContains(t, f.Register(r), "relay.fuzz.one.json: case \"relay/fuzz/one\": the id is used twice")
}

func TestFilesFitTheSchemas(t *testing.T) {
	t.Parallel()
	dir := fill(t)
	for name, schema := range map[string][]byte{"relay.fuzz.one.json": CaseSchema, "regression.decode_block.one.json": VectorSchema} {
		compiled := compile(t, schema)
		text, err := os.ReadFile(filepath.Join(dir, name))
		require.NoError(t, err)
		document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		require.NoError(t, err)
		require.NoError(t, compiled.Validate(document), name)
		object := document.(map[string]any)
		object["more"] = true
		require.Error(t, compiled.Validate(object), "the schema is closed")
		delete(object, "more")
		delete(object, "format")
		require.Error(t, compiled.Validate(object), "all fields have to be there")
	}
}

func compile(t *testing.T, schema []byte) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(schema))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", document))
	compiled, err := c.Compile("schema.json")
	require.NoError(t, err)
	return compiled
}

func TestFoldersThatCannotBeRead(t *testing.T) {
	t.Parallel()
	_, err := Load(filepath.Join(t.TempDir(), "none"))
	require.ErrorContains(t, err, "read the folder of cases")
	_, err = Load(t.TempDir())
	require.ErrorContains(t, err, "no case and no vector is in")

	file := filepath.Join(fill(t), "relay.fuzz.one.json")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for name, test := range map[string]struct {
		file   string
		change func(map[string]any)
		want   string
	}{
		"other name":     {"relay.fuzz.1.json", nil, "its id is relay/fuzz/one, so its name has to be relay.fuzz.one.json"},
		"format":         {"", func(c map[string]any) { c["format"] = "smpcheck-case-2" }, `the format is "smpcheck-case-2"`},
		"unknown field":  {"", func(c map[string]any) { c["more"] = 1 }, `unknown field "more"`},
		"empty program":  {"", func(c map[string]any) { c["program"] = []string{} }, "the program is empty"},
		"kind":           {"", func(c map[string]any) { c["shows"].(map[string]any)["kind"] = "memory" }, `a case cannot show a finding of the kind "memory"`},
		"no program":     {"", func(c map[string]any) { c["program"] = []string{"SUND c0 q0"} }, "malformed text of a program: line 1"},
		"no rule":        {"", func(c map[string]any) { c["shows"].(map[string]any)["rule"] = "" }, "does not say which rule"},
		"versions":       {"", func(c map[string]any) { c["versions"] = []int{9, 8} }, "the versions are [9 8]"},
		"no versions":    {"", func(c map[string]any) { delete(c, "versions") }, "the versions are [0 0]"},
		"quota":          {"", func(c map[string]any) { c["quota"] = -1 }, "the quota is -1"},
		"role":           {"", func(c map[string]any) { c["id"] = "client/fuzz/one" }, `does not begin with relay/`},
		"one value only": {"", nil, "found more after it"},
	} {
		var document map[string]any
		require.NoError(t, json.Unmarshal(text, &document))
		if test.change != nil {
			test.change(document)
		}
		changed, err := json.Marshal(document)
		require.NoError(t, err)
		if name == "one value only" {
			changed = append(changed, "{}"...)
		}
		dir := t.TempDir()
		if test.file == "" {
			test.file = "relay.fuzz.one.json"
		}
		require.NoError(t, os.WriteFile(filepath.Join(dir, test.file), changed, 0o644))
		_, err = Load(dir)
		require.ErrorContains(t, err, test.want, name)
		require.ErrorContains(t, err, test.file+": ", name)
	}
}

func TestLargeFilesAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), bytes.Repeat([]byte(" "), maxFile+1), 0o644))
	_, err := Load(dir)
	require.ErrorContains(t, err, "the file has more than 4194304 bytes")
}

func TestCasesNeedRulesOfRelays(t *testing.T) {
	t.Parallel()
	catalogue := registry(t).Catalogue()
	make := func(f engine.Finding, rules ...string) error {
		_, err := NewCase{ID: "relay/fuzz/x", Requirements: rules}.Make(f, catalogue)
		return err
	}
	unnamed := finding
	unnamed.Requirement = ""
	require.ErrorContains(t, make(unnamed), "the finding 0123abcd names no requirement; expected --requirement")
	require.NoError(t, make(unnamed, "SMP-PING-PONG"))
	require.ErrorContains(t, make(finding, "SMP-NOTHING"), `no requirement has the id "SMP-NOTHING"`)
	require.ErrorContains(t, make(finding, "SMP-SEND-LARGE-V6", "SMP-SEND-LARGE-V11"), "SMP-SEND-LARGE-V11 is a rule of the versions 11-20")

	c, err := NewCase{ID: "relay/fuzz/x", Requirements: []string{"SMP-SEND-LARGE-V11"}}.Make(finding, catalogue)
	require.NoError(t, err)
	require.Equal(t, [2]uint16{11, 20}, c.Versions)
	c.Requirements = []string{"SMP-CLIENT-CORRELATION-MATCH"}
	_, err = c.Conformance(catalogue)
	require.ErrorContains(t, err, "binds a client, expected a rule of relays")
}
