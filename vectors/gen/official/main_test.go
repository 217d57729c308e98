package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"-from", ""}, {"-from", "a", "b"}, {"-other"}} {
		var stderr bytes.Buffer
		require.Equal(t, 2, run(args, io.Discard, &stderr), args)
		require.Contains(t, stderr.String(), "-from", args)
	}
	var stderr bytes.Buffer
	require.Equal(t, 1, run([]string{"-from", t.TempDir(), "-to", t.TempDir()}, io.Discard, &stderr))
	require.Contains(t, stderr.String(), "commands.json")
}

// The vector files that are checked in are what this program writes: taking them
// back to the form of the source and converting that again gives the same bytes.
func TestCheckedInFilesAreReproduced(t *testing.T) {
	t.Parallel()
	for _, k := range append(slices.Clone(kinds), recordedRatchet) {
		stored := storedText(t, filepath.Join("..", "..", "official", k.name+".json"))
		var f struct {
			Source object
			Count  json.Number
			Groups []struct{ Tests []any }
		}
		d := json.NewDecoder(bytes.NewReader(stored))
		d.UseNumber()
		require.NoError(t, d.Decode(&f), k.name)
		var records []any
		for _, g := range f.Groups {
			for _, test := range g.Tests {
				records = append(records, recordOf(test.(object)))
			}
		}
		out, err := convert(k, object{"source": f.Source, "count": f.Count, "records": records})
		require.NoError(t, err, k.name)
		require.True(t, bytes.Equal(stored, out.text()), "%s differs: run the program again", k.name)
	}
}

func storedText(t *testing.T, name string) []byte {
	t.Helper()
	if _, err := os.Stat(name); err != nil {
		name += ".gz"
	}
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	r, err := plainReader(name, f)
	require.NoError(t, err)
	text, err := io.ReadAll(r)
	require.NoError(t, err)
	return text
}

func TestConvertRefusesWhatItCannotKeep(t *testing.T) {
	t.Parallel()
	k := kind{name: "test", groups: map[string]string{"a": "group a"},
		flags: []flagRule{{flag: "Bad", err: "BAD", text: "bad"}}}
	good := object{"id": "a/1", "what": "w", "inputs": object{}, "output": "00"}
	bad := object{"id": "a/2", "what": "w", "inputs": object{}, "output": nil, "expected_error": "BAD"}
	file := func(records ...any) object {
		return object{"source": object{}, "count": len(records), "records": records}
	}
	with := func(o object, name string, v any) object {
		c := object{name: v}
		for n, v := range o {
			if n != name {
				c[n] = v
			}
		}
		return c
	}
	_, err := convert(k, file(good, bad))
	require.NoError(t, err)
	for want, in := range map[string]object{
		"is not described": file(with(good, "id", "b/1"), bad),
		"is on no test":    file(good),
		"loses something":  file(with(good, "flags", []any{"X"}), bad),
		"expected 3":       with(file(good, bad), "count", 3),
		"expected a sourc": with(file(good, bad), "source", nil),
	} {
		_, err := convert(k, in)
		require.ErrorContains(t, err, want)
	}
}

// Records that come later are of the same groups, but they may be refused for a
// reason that none was refused for before.
func TestConvertTakesMoreRecords(t *testing.T) {
	t.Parallel()
	k := kind{name: "test", anyGroup: "a conversation", flags: []flagRule{
		{flag: "Late", errPart: "LATE", optional: true, text: "late"},
		{flag: "Late", id: "c/", optional: true, text: "late"},
	}}
	refusal := func(id, err string) object {
		return object{"id": id, "what": "w", "inputs": object{}, "output": nil, "expected_error": err}
	}
	out, err := convert(k, object{"source": object{}, "count": 4, "records": []any{
		refusal("a", "TOO LATE"), refusal("b/1", "OTHER"), refusal("c/1", "LATE"),
		object{"id": "d", "what": "w", "inputs": object{}, "output": object{"error": "thrown"}},
	}})
	require.NoError(t, err)
	want := []string{"Late", "Refused", "Late", "Refused"}
	require.Len(t, out.groups, len(want))
	for i, g := range out.groups {
		require.Equal(t, "a conversation", g.what)
		require.Equal(t, "invalid", g.tests[0]["result"], g.name)
		require.Equal(t, []any{want[i]}, g.tests[0]["flags"], g.name)
	}
	require.Equal(t, object{"Late": "late", "Refused": unexplained.text}, out.flags)
}

func TestRecordingKeepsOnlyWhatOpensMessages(t *testing.T) {
	t.Parallel()
	in := object{
		"name": "n", "what": "w", "client_options": "", "participants": []any{"a"},
		"servers":        []any{object{"name": "s", "store_log": []any{"secret"}}},
		"connections":    []any{object{"id": "c1"}},
		"notes":          []any{},
		"blocks":         []any{object{"n": 0}},
		"ratchet_events": []any{}, "client_state_after": object{}, "tls_key_log": "secret",
	}
	out, err := convertRecording(in, object{})
	require.NoError(t, err)
	require.NotContains(t, string(out), "secret")
	require.True(t, json.Valid(out))
	delete(in, "blocks")
	_, err = convertRecording(in, object{})
	require.ErrorContains(t, err, "list of blocks")
}

func TestStoreIsReproducibleAndLeavesOneForm(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "x.json")
	text := bytes.Repeat([]byte("text "), 100)
	require.NoError(t, store(name, text, 1000, io.Discard))
	require.FileExists(t, name)
	require.NoError(t, store(name, text, 0, io.Discard))
	require.NoFileExists(t, name)
	first, err := os.ReadFile(name + ".gz")
	require.NoError(t, err)
	require.NoError(t, store(name, text, 0, io.Discard))
	second, err := os.ReadFile(name + ".gz")
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.Equal(t, text, storedText(t, name))
}
