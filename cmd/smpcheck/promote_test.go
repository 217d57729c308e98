package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/vectors/check"
)

// fuzzInput makes a file of an input that a native fuzz target has found.
func fuzzInput(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "0123abcd")
	require.NoError(t, os.WriteFile(name, []byte(text), 0o644))
	return name
}

func TestPromoteMakesVectors(t *testing.T) {
	t.Parallel()
	input := fuzzInput(t, "go test fuzz v1\n[]byte(\"\\x00\")\n")
	dir := filepath.Join(t.TempDir(), "cases")
	args := []string{"promote", input, "--cases", dir, "--vector", "decode_block", "--inputs", "content"}
	r := smpcheck(t, fakeSuite(), append(args, "--id", "regression/decode_block/no-count", "--title", "a block that counts no transmission")...)
	require.Zero(t, r.code, r.stderr)
	file := filepath.Join(dir, "regression.decode_block.no-count.json")
	assert.Equal(t, file+"\nsmpcheck vectors --cases "+dir+" --run regression/decode_block/no-count\n", r.stdout)

	r = smpcheck(t, fakeSuite(), "vectors", "--cases", dir, "--run", "regression", "--json")
	require.Zero(t, r.code, r.stderr)
	var report check.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.Equal(t, 1, report.Summary.Pass)
	assert.Equal(t, 1, report.Summary.Invalid)

	// Its id is used now, and what is promised for it can be wrong.
	r = smpcheck(t, fakeSuite(), append(args, "--id", "regression/decode_block/no-count")...)
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "an id is for ever")
	r = smpcheck(t, fakeSuite(), append(args, "--id", "regression/decode_block/other", "--refuse", "TooLong")...)
	require.Zero(t, r.code, r.stderr)
	r = smpcheck(t, fakeSuite(), "vectors", "--cases", dir, "--run", "regression")
	assert.Equal(t, exitViolated, r.code)
	assert.Contains(t, r.stdout, "FAIL regression decode_block/other")
	assert.Contains(t, r.stdout, "an input that a fuzzer has found")
}

func TestPromoteCalledWrongly(t *testing.T) {
	t.Parallel()
	input := fuzzInput(t, "go test fuzz v1\n[]byte(\"\\x00\")\n")
	malformed := fuzzInput(t, "go test fuzz v1\nfloat64(1)\n")
	dir := t.TempDir()
	file := promotedCase(t, "relay/fuzz/lost")
	vector := []string{"--vector", "decode_block", "--inputs", "content", "--id", "regression/decode_block/x"}
	with := func(name string, args ...string) []string { return append([]string{name}, args...) }
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"no file":           {[]string{"--id", "relay/fuzz/x"}, "accepts 1 arg"},
		"no id":             {with(file), "--id is missing"},
		"no such file":      {with("/no/such/file", "--id", "relay/fuzz/x"), "/no/such/file"},
		"inputs of a case":  {with(file, "--id", "relay/fuzz/x", "--inputs", "content"), "expected --vector"},
		"malformed id":      {with(file, "--id", "relay/fuzz"), "not role/topic/name"},
		"other role":        {with(file, "--id", "client/fuzz/x"), "does not begin with relay/"},
		"built-in id":       {with(file, "--id", "relay/good/one"), "the id is used twice"},
		"no requirement":    {with(file, "--id", "relay/fuzz/x", "--requirement", "SMP-NOTHING"), `no requirement has the id "SMP-NOTHING"`},
		"other requirement": {with(file, "--id", "relay/fuzz/x", "--requirement", "RATCHET-HEADER-SIZE"), "RATCHET-HEADER-SIZE"},
		"vector, rule":      {with(input, append(vector, "--requirement", "SMP-PING-PONG")...), "--requirement is about cases"},
		"vector, no file":   {with("/no/such/file", vector...), "/no/such/file"},
		"vector, input":     {with(malformed, vector...), `of the type "float64"`},
		"vector, operation": {with(input, "--vector", "decode", "--id", "regression/decode/x"), `no operation is called "decode"`},
		"vector, names":     {with(input, "--vector", "decode_block", "--inputs", "x", "--id", "regression/decode_block/x"), "expected each of content once"},
		"vector, id":        {with(input, "--vector", "decode_block", "--inputs", "content", "--id", "relay/fuzz/x"), "is not regression/OPERATION/name"},
		"vector, class":     {with(input, append(vector, "--refuse", "Wrong")...), `no class of errors is called "Wrong"`},
	} {
		r := smpcheck(t, fakeSuite(), append(append([]string{"promote"}, test.args...), "--cases", dir)...)
		assert.Equal(t, exitUsage, r.code, "%s: %s", name, r.stderr)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Equal(t, 1, lines(r.stderr), name)
		assert.Empty(t, r.stdout, name)
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, entries, "nothing was written")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "x.json"), []byte("{}"), 0o644))
	r := smpcheck(t, fakeSuite(), append([]string{"promote", input, "--cases", dir}, vector...)...)
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, `x.json: the format is "", expected "smpcheck-case-1" or "smpcheck-vectors-1"`)
}

// The folder of promoted cases is known to all commands about cases.
func TestCasesOfAFolderAreKnown(t *testing.T) {
	t.Parallel()
	dir := filepath.Dir(promotedCase(t, "relay/fuzz/lost"))
	r := smpcheck(t, fakeSuite(), "list", "relay/fuzz/*", "--cases", dir)
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "relay/fuzz/lost")
	assert.Contains(t, r.stdout, "SEND, message-lost: expected the message")
	r = smpcheck(t, fakeSuite(), "explain", "relay/fuzz/lost", "--cases", dir)
	require.Zero(t, r.code, r.stderr)
	assert.Contains(t, r.stdout, "SMP-PING-PONG")
	assert.Contains(t, r.stdout, "role relay, level must, versions 6-20")

	for _, command := range [][]string{{"relay"}, {"list"}, {"explain", "relay/good/one"}, {"vectors"}} {
		r = smpcheck(t, fakeSuite(), append(command, "--cases", "/no/such/folder")...)
		assert.Equal(t, exitUsage, r.code, command)
		assert.Contains(t, r.stderr, "--cases: ", command)
		r = smpcheck(t, fakeSuite(), append(command, "--cases", t.TempDir())...)
		assert.Equal(t, exitUsage, r.code, command)
		assert.Contains(t, r.stderr, "no case and no vector", command)
	}
	r = smpcheck(t, fakeSuite(), "vectors", "--cases", dir)
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "no vector is in")
}
