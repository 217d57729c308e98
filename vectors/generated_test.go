package vectors_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

// generated are the names of the files of our own.
func generated() []string {
	official := vectors.OfficialNames()
	return slices.DeleteFunc(vectors.Names(), func(name string) bool { return slices.Contains(official, name) })
}

func TestGeneratedFilesFitTheirSchema(t *testing.T) {
	t.Parallel()
	require.NotEmpty(t, generated())
	for _, name := range generated() {
		s := compile(t, filepath.Join("generated", name+".json"))
		require.NoError(t, s.Validate(readStored(t, filepath.Join("generated", name+".json"))), name)
	}
}

// The schemas of generated files are made from the dictionary; they have to be closed.
func TestGeneratedSchemasAreClosed(t *testing.T) {
	t.Parallel()
	s := compile(t, filepath.Join("generated", "padding.json"))
	type object = map[string]any
	group := func(file any) object { return file.(object)["groups"].([]any)[0].(object) }
	test := func(file any) object { return group(file)["tests"].([]any)[0].(object) }
	for name, spoil := range map[string]func(file any){
		"header field":         func(f any) { f.(object)["more"] = 1 },
		"group field":          func(f any) { group(f)["more"] = 1 },
		"test field":           func(f any) { test(f)["more"] = 1 },
		"input":                func(f any) { test(f)["inputs"].(object)["more"] = 1 },
		"output":               func(f any) { test(f)["output"].(object)["more"] = 1 },
		"missing input":        func(f any) { delete(test(f)["inputs"].(object), "length") },
		"missing output":       func(f any) { delete(test(f), "output") },
		"upper-case hex":       func(f any) { test(f)["inputs"].(object)["message"] = "AB" },
		"negative length":      func(f any) { test(f)["inputs"].(object)["length"] = -1 },
		"other operations":     func(f any) { group(f)["operations"] = []any{"pad"} },
		"unknown group":        func(f any) { group(f)["name"] = "paddle" },
		"unknown kind":         func(f any) { f.(object)["kind"] = "paddling" },
		"refused without flag": func(f any) { test(f)["result"] = "invalid" },
	} {
		file := readStored(t, filepath.Join("generated", "padding.json"))
		require.NoError(t, s.Validate(file))
		spoil(file)
		require.Error(t, s.Validate(file), name)
	}
}

func TestGeneratedFilesAreComplete(t *testing.T) {
	t.Parallel()
	dictionary, err := vectors.Operations()
	require.NoError(t, err)
	for _, name := range generated() {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		require.Equal(t, name, f.Kind)
		require.True(t, f.Generated(), name)
		ids, used, n := map[string]bool{}, map[string]bool{}, 0
		for g, test := range f.All() {
			require.False(t, ids[test.ID], "%s: id %q twice", name, test.ID)
			require.True(t, strings.HasPrefix(test.ID, g.Name+"/"), "%s: %q is in the group %s", name, test.ID, g.Name)
			if test.Invalid() {
				require.NotEmpty(t, test.Flags, "%s: %q", name, test.ID)
				require.Contains(t, g.Operations, test.Operation, "%s: %q", name, test.ID)
				require.Contains(t, dictionary.Errors, test.Error, "%s: %q", name, test.ID)
			}
			for _, flag := range test.Flags {
				require.Contains(t, f.Flags, flag, "%s: %q", name, test.ID)
				used[flag] = true
			}
			ids[test.ID] = true
			n++
		}
		require.Equal(t, f.Count, n, name)
		require.Len(t, used, len(f.Flags), "%s: a flag is on no test", name)
	}
}

func TestTheDictionaryIsUsed(t *testing.T) {
	t.Parallel()
	dictionary, err := vectors.Operations()
	require.NoError(t, err)
	classes := map[string]bool{"BadRequest": true}
	for _, name := range generated() {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		for _, test := range f.All() {
			classes[test.Error] = true
		}
	}
	for class := range dictionary.Errors {
		require.True(t, classes[class], "no vector expects the error class %s", class)
	}
}
