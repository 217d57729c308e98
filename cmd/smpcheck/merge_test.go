package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
)

// reportOf runs a command that writes a JSON report, and returns both.
func reportOf(t *testing.T, s suite, file string, args ...string) (result, *report.Document) {
	t.Helper()
	r := smpcheck(t, s, append(args, "--report", "json="+file)...)
	text, err := os.ReadFile(file)
	require.NoError(t, err, r.stderr)
	var d report.Document
	require.NoError(t, json.Unmarshal(text, &d), r.stderr)
	return r, &d
}

// verdictsOf are the cases of a report with their verdicts.
func verdictsOf(d *report.Document) []string {
	var all []string
	for _, c := range d.Cases {
		all = append(all, fmt.Sprintf("%s %s %s %s", c.ID, c.Verdict, c.Expected, c.Actual))
	}
	return all
}

// The shards of a run, merged, are that run: same cases, same verdicts, same exit code.
func TestMergedShardsEndAsOneRun(t *testing.T) {
	t.Parallel()
	for name, args := range map[string][]string{
		"everything":        {},
		"good":              {"--run", "relay/good/*"},
		"skipped":           {"--run", "relay/good/*,relay/bad/skip"},
		"skip is a failure": {"--run", "relay/good/*,relay/bad/skip", "--fail-on-skip"},
		"broken":            {"--run", "relay/good/*,relay/bad/broken"},
		"blocked":           {"--run", "relay/good/*,relay/bad/blocked"},
		"nothing passes":    {"--run", "relay/bad/skip,relay/bad/odd"},
		"profile":           {"--profile", "full", "--skip", "relay/bad/traced,relay/bad/fail"},
	} {
		for count := 1; count <= 4; count++ {
			t.Run(fmt.Sprintf("%s/%d", name, count), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				args := append([]string{"relay", fakeAddress, "--seed", "7"}, args...)
				one, want := reportOf(t, fakeSuite(), filepath.Join(dir, "one.json"), args...)
				merge := []string{"merge"}
				for i := 1; i <= min(count, len(want.Cases)); i++ {
					file := filepath.Join(dir, fmt.Sprintf("%d.json", i))
					reportOf(t, fakeSuite(), file, append(args, "--shard", fmt.Sprintf("%d/%d", i, count))...)
					merge = append([]string{merge[0], file}, merge[1:]...)
				}
				all, got := reportOf(t, fakeSuite(), filepath.Join(dir, "all.json"), merge...)
				assert.Equal(t, one.code, all.code)
				assert.Equal(t, one.stderr, all.stderr)
				assert.Equal(t, verdictsOf(want), verdictsOf(got))
				assert.Equal(t, want.Summary, got.Summary)
			})
		}
	}
}

func TestMergeWritesEveryFormat(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	reportOf(t, fakeSuite(), at("1.json"), "relay", fakeAddress, "--shard", "1/2")
	reportOf(t, fakeSuite(), at("2.json"), "relay", fakeAddress, "--shard", "2/2")
	args := []string{"merge", at("1.json"), at("2.json")}
	for _, format := range report.Formats() {
		args = append(args, "--report", string(format)+"="+at("all."+string(format)))
	}
	r := smpcheck(t, fakeSuite(), args...)
	assert.Equal(t, 1, r.code, r.stderr)
	assert.Contains(t, r.stdout, "8 cases: 2 fail, 1 error,")
	for _, format := range report.Formats() {
		text, err := os.ReadFile(at("all." + string(format)))
		require.NoError(t, err)
		assert.Contains(t, string(text), "relay/good/two", format)
	}
}

func TestMergeRefusesFilesWithOneLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		return file
	}
	reportOf(t, fakeSuite(), filepath.Join(dir, "1.json"), "relay", fakeAddress, "--shard", "1/2")
	first := filepath.Join(dir, "1.json")
	for name, test := range map[string]struct {
		args []string
		code int
		err  string
	}{
		"no file":      {nil, 2, "no file; merge takes the JSON reports"},
		"missing file": {[]string{filepath.Join(dir, "none.json")}, 2, "none.json: no such file"},
		"missing":      {[]string{first}, 2, "shards are missing: 2/2"},
		"twice":        {[]string{first, first}, 2, "are both shard 1/2"},
		"empty":        {[]string{first, write("empty.json", "")}, 3, "empty.json: the file is empty"},
		"no JSON":      {[]string{first, write("text.json", "smpcheck")}, 2, "text.json: it is no JSON"},
		"other JSON":   {[]string{first, write("other.json", "{}")}, 2, "other.json: it is no JSON report of this smpcheck"},
		"report":       {[]string{first, "--report", "pdf=x"}, 2, `report format "pdf" is none of`},
		"folder":       {[]string{dir}, 2, "is a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, fakeSuite(), append([]string{"merge"}, test.args...)...)
			assert.Equal(t, test.code, r.code, r.stderr)
			assert.Contains(t, r.stderr, test.err)
			assert.Equal(t, 1, lines(r.stderr), r.stderr)
			assert.Empty(t, r.stdout)
		})
	}
}

func TestAWholeReportIsWrittenInOtherFormats(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "one.json")
	_, want := reportOf(t, fakeSuite(), file, "relay", fakeAddress, "--run", "relay/good/*")
	r := smpcheck(t, fakeSuite(), "merge", file)
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Contains(t, r.stdout, "2 cases: 2 pass")
	assert.Equal(t, 2, want.Summary[conformance.Pass])
}
