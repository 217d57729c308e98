package spec

import (
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func recordSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

// asJSON returns what a reader of the schema sees in a YAML text.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	require.NoError(t, yaml.Unmarshal(text, &v))
	j, err := json.Marshal(v)
	require.NoError(t, err)
	value, err := jsonschema.UnmarshalJSON(strings.NewReader(string(j)))
	require.NoError(t, err)
	return value
}

func TestEveryTopicFitsTheSchema(t *testing.T) {
	t.Parallel()
	s := recordSchema(t)
	topics := 0
	require.NoError(t, fs.WalkDir(embedded, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == pendingFile {
			return err
		}
		text, err := fs.ReadFile(embedded, name)
		require.NoError(t, err)
		require.NoError(t, s.Validate(asJSON(t, text)), name)
		topics++
		return nil
	}))
	require.Greater(t, topics, 50)
}

// What the loader refuses, a reader with the schema alone has to notice as well.
func TestTheSchemaIsAsStrictAsTheLoader(t *testing.T) {
	t.Parallel()
	s := recordSchema(t)
	require.NoError(t, s.Validate(asJSON(t, []byte(record))))
	for name, text := range map[string]string{
		"unknown field":      record + "  colour: red\n",
		"lower-case id":      strings.ReplaceAll(record, "SMP-NEW-X", "smp-new-x"),
		"unknown level":      strings.ReplaceAll(record, "must", "always"),
		"unknown protocol":   strings.ReplaceAll(record, "6-20", "xftp 1-2"),
		"observed, no notes": strings.ReplaceAll(record, "must", "observed"),
		"nameless check":     record + "  checks: [somewhere]\n",
		"check of no kind":   record + "  checks: [\"poem: of a test\"]\n",
		"no heading":         strings.ReplaceAll(record, "    heading: Create queue command\n", ""),
	} {
		assert.Error(t, s.Validate(asJSON(t, []byte(text))), name)
	}
}

func TestPendingRulesAreListedWell(t *testing.T) {
	t.Parallel()
	_, err := LoadPending()
	require.NoError(t, err)
	catalogue, err := Load()
	require.NoError(t, err)
	for name, test := range map[string]struct{ text, want string }{
		"unknown id":    {"- waits_for: relay case\n  why: later\n  ids: [SMP-NONE]\n", "SMP-NONE is not in the catalogue"},
		"twice":         {"- waits_for: relay case\n  why: later\n  ids: [SMP-PING-MANY, SMP-PING-MANY]\n", "twice"},
		"not sorted":    {"- waits_for: relay case\n  why: later\n  ids: [SMP-PING-PONG, SMP-PING-MANY]\n", "not sorted"},
		"no reason":     {"- waits_for: relay case\n  ids: [SMP-PING-MANY]\n", "empty"},
		"unknown check": {"- waits_for: luck\n  why: later\n  ids: [SMP-PING-MANY]\n", "luck"},
		"unknown field": {"- waits_for: property\n  until: later\n", "until"},
	} {
		_, err := parsePending([]byte(test.text), catalogue)
		assert.ErrorContains(t, err, test.want, name)
	}
}
