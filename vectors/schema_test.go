package vectors_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/require"
)

// maxFile bounds what a checkout and a reader in another language has to bear.
const maxFile = 2_500_000

func compile(t *testing.T, name string) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile(filepath.Join("schema", name))
	require.NoError(t, err)
	return s
}

// readStored reads a file as it lies on the disk, not through the loader.
func readStored(t *testing.T, name string) any {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	require.LessOrEqual(t, len(data), maxFile, name)
	var r io.Reader = bytes.NewReader(data)
	if strings.HasSuffix(name, ".gz") {
		r, err = gzip.NewReader(r)
		require.NoError(t, err)
	}
	v, err := jsonschema.UnmarshalJSON(r)
	require.NoError(t, err, name)
	return v
}

func stored(t *testing.T, dir string, want int) []string {
	t.Helper()
	var list []string
	for _, pattern := range []string{"*.json", "*.json.gz"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		require.NoError(t, err)
		list = append(list, found...)
	}
	require.Len(t, list, want)
	return list
}

func TestFilesFitTheirSchema(t *testing.T) {
	t.Parallel()
	s := compile(t, "vectors.json")
	for _, name := range stored(t, "official", len(counts)) {
		require.NoError(t, s.Validate(readStored(t, name)), name)
	}
}

func TestRecordingsFitTheirSchema(t *testing.T) {
	t.Parallel()
	s := compile(t, "recording.json")
	for _, name := range stored(t, filepath.Join("official", "recordings"), len(blockCounts)) {
		require.NoError(t, s.Validate(readStored(t, name)), name)
	}
}

// The schema has to refuse what it is there to refuse.
func TestSchemaIsClosed(t *testing.T) {
	t.Parallel()
	s := compile(t, "vectors.json")
	type object = map[string]any
	test := func(file any) object {
		groups := file.(object)["groups"].([]any)
		return groups[0].(object)["tests"].([]any)[0].(object)
	}
	for name, spoil := range map[string]func(file any){
		"unknown header field":  func(f any) { f.(object)["more"] = 1 },
		"unknown test field":    func(f any) { test(f)["more"] = 1 },
		"unknown input":         func(f any) { test(f)["inputs"].(object)["more"] = 1 },
		"missing input":         func(f any) { delete(test(f)["inputs"].(object), "message") },
		"upper-case hex":        func(f any) { test(f)["output"] = "AB" },
		"odd hex":               func(f any) { test(f)["output"] = "abc" },
		"unknown result":        func(f any) { test(f)["result"] = "acceptable" },
		"refused without flags": func(f any) { test(f)["result"] = "invalid" },
		"valid with an error":   func(f any) { test(f)["error"] = "BLOCK" },
		"unknown group":         func(f any) { f.(object)["groups"].([]any)[0].(object)["name"] = "paddle" },
		"unknown kind":          func(f any) { f.(object)["kind"] = "padding" },
	} {
		file := readStored(t, filepath.Join("official", "blocks.json"))
		require.NoError(t, s.Validate(file))
		spoil(file)
		require.Error(t, s.Validate(file), name)
	}
}

// No object within inputs and output takes a field that the schema does not name.
func TestSchemaIsClosedAtEachDepth(t *testing.T) {
	t.Parallel()
	s := compile(t, "vectors.json")
	type object = map[string]any
	for _, name := range stored(t, "official", len(counts)) {
		file := readStored(t, name).(object)
		groups := file["groups"].([]any)
		for _, g := range groups {
			file["groups"] = []any{g}
			tests := g.(object)["tests"].([]any)
			for _, test := range []any{tests[0], tests[len(tests)-1]} {
				g.(object)["tests"] = []any{test}
				test := test.(object)
				values := objects(test["inputs"])
				values = append(values, objects(test["output"])...)
				shorten(values)
				require.NoError(t, s.Validate(file), "%s: %v", name, test["id"])
				seen := map[string]bool{}
				for _, o := range values {
					form := strings.Join(slices.Sorted(maps.Keys(o)), " ")
					if seen[form] {
						continue
					}
					seen[form] = true
					o["more"] = json.Number("1")
					require.Error(t, s.Validate(file), "%s: %v", name, test["id"])
					delete(o, "more")
				}
			}
		}
	}
}

// objects lists all objects within a decoded JSON value.
func objects(v any) []map[string]any {
	var list []map[string]any
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			list = append(list, objects(e)...)
		}
	case map[string]any:
		list = append(list, v)
		for _, e := range v {
			list = append(list, objects(e)...)
		}
	}
	return list
}

// shorten empties long texts in objects, so that validating takes less time.
func shorten(list []map[string]any) {
	for _, o := range list {
		for name, e := range o {
			if text, ok := e.(string); ok && len(text) > 2*sha256.Size {
				o[name] = ""
			}
		}
	}
}
