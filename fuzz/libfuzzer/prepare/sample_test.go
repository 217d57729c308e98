package main

import (
	"archive/zip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/libfuzzer"
)

// A sample is the program around the targets of testdata/sample, built, and their test.
type sample struct {
	folder     string // of the package
	tool, test string
}

func buildSample(t *testing.T) sample {
	t.Helper()
	packages, err := discover([]string{"./testdata/sample"})
	require.NoError(t, err)
	require.Len(t, packages, 1)
	p := packages[0]
	require.Equal(t, []string{"FuzzInner", "FuzzWithoutFunction", "FuzzOuter"}, p.functions())
	folder := t.TempDir()
	require.NoError(t, p.write(folder))
	folder = filepath.Join(folder, p.name())
	s := sample{folder: p.Dir, tool: filepath.Join(folder, "tool.exe"), test: filepath.Join(folder, "test.exe")}
	build := func(args ...string) {
		build := exec.Command("go", args...)
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		output, err := build.CombinedOutput()
		require.NoError(t, err, "%s", output)
	}
	build("build", "-overlay", filepath.Join(folder, "overlay.json"), "-o", s.tool, filepath.Join(folder, "main.go"))
	build("test", "-c", "-o", s.test, "./testdata/sample")
	return s
}

// run runs a program of the sample in a folder.
func (s sample) run(folder, program string, args ...string) (string, error) {
	command := exec.Command(program, args...)
	command.Dir = folder
	output, err := command.CombinedOutput()
	return string(output), err
}

// pack is an input of libFuzzer.
func pack(t *testing.T, values ...any) []byte {
	t.Helper()
	packed, err := libfuzzer.Pack(values)
	require.NoError(t, err)
	return packed
}

func TestTargetsRunAsTheyAre(t *testing.T) {
	t.Parallel()
	s := buildSample(t)

	seeds := map[string][][]byte{
		"FuzzInner": {[]byte("seed"), {}, []byte("kept")},
		"FuzzOuter": {pack(t, "a", true, []byte("bc"), -2, 'ä', 0.5)},
	}
	for function, want := range seeds {
		archive := filepath.Join(t.TempDir(), "seeds.zip")
		output, err := s.run(s.folder, s.tool, function, "seeds", archive)
		require.NoError(t, err, output)
		require.ElementsMatch(t, want, unzip(t, archive), function)
	}

	output, err := s.run(s.folder, s.tool, "FuzzWithoutFunction", "seeds", filepath.Join(t.TempDir(), "seeds.zip"))
	require.Error(t, err)
	require.Contains(t, output, "no seeds today")
	output, err = s.run(s.folder, s.tool, "FuzzNobody", "run", s.folder)
	require.Error(t, err)
	require.Contains(t, output, `no fuzz target is named "FuzzNobody"`)

	for _, test := range []struct {
		function string
		input    []byte
		failure  string // "" for none
	}{
		{"FuzzInner", []byte("good"), ""},
		{"FuzzInner", nil, ""},
		{"FuzzInner", []byte("broken"), "does not hold"},
		{"FuzzInner", []byte("panic"), "as asked"},
		{"FuzzOuter", pack(t, "broken", true, []byte("x"), -2, 'x', 1.5), "does not hold"},
		{"FuzzOuter", pack(t, "broken", true, []byte("x"), -1, 'x', 1.5), ""},
		{"FuzzOuter", nil, ""},
	} {
		s.check(t, test.function, test.input, test.failure)
	}
}

// check gives the input to a target as libFuzzer would, and, converted, as "go test" would.
func (s sample) check(t *testing.T, function string, input []byte, failure string) {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "input")
	require.NoError(t, os.WriteFile(file, input, 0o600))
	good := filepath.Join(folder, "good")
	require.NoError(t, os.WriteFile(good, nil, 0o600))

	same := func(output string, err error) {
		t.Helper()
		if failure == "" {
			require.NoError(t, err, "%s %q: %s", function, input, output)
			return
		}
		require.Error(t, err, "%s %q: %s", function, input, output)
		require.Contains(t, output, failure)
	}
	same(s.run(folder, s.tool, function, "run", good, file, good))

	corpus := filepath.Join(folder, "testdata", "fuzz", function)
	output, err := s.run(folder, s.tool, function, "convert", corpus, file)
	require.NoError(t, err, output)
	files, err := os.ReadDir(corpus)
	require.NoError(t, err)
	require.Len(t, files, 1)
	same(s.run(folder, s.test, "-test.run=^"+function+"$/^"+files[0].Name()+"$", "-test.v"))
}

func unzip(t *testing.T, path string) [][]byte {
	t.Helper()
	archive, err := zip.OpenReader(path)
	require.NoError(t, err)
	t.Cleanup(func() { archive.Close() })
	contents := [][]byte{}
	for _, file := range archive.File {
		opened, err := file.Open()
		require.NoError(t, err)
		content, err := io.ReadAll(opened)
		require.NoError(t, err)
		contents = append(contents, content)
	}
	return contents
}

// What is a file of the tests is one of the package under the same constraints.
func TestNamesKeepTheirSystem(t *testing.T) {
	t.Parallel()
	require.Equal(t, "libfuzzer_pipe_linux_amd64.go", noTest("pipe_linux_amd64_test.go"))
}

func TestNothingIsWrittenInTheTree(t *testing.T) {
	t.Parallel()
	packages, err := discover([]string{"./testdata/sample"})
	require.NoError(t, err)
	list := func() (names []string) {
		entries, err := os.ReadDir(packages[0].Dir)
		require.NoError(t, err)
		for _, entry := range entries {
			names = append(names, entry.Name())
		}
		return names
	}
	before := list()
	require.NoError(t, packages[0].write(t.TempDir()))
	require.True(t, reflect.DeepEqual(before, list()))
}
