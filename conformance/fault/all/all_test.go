package all_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/relaycases"
	"smpcheck/spec"
)

func registry(t *testing.T) *conformance.Registry {
	catalogue, err := spec.Load()
	require.NoError(t, err)
	r := conformance.NewRegistry(catalogue)
	require.NoError(t, r.Add(relaycases.All()...))
	return r
}

func TestFaultsAgreeWithTheCases(t *testing.T) {
	t.Parallel()
	require.NoError(t, fault.Check(all.Faults(), registry(t)))
}

func TestCheckNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := all.Faults()[0]
	wrong := func(change func(*fault.Fault)) []fault.Fault {
		f := good
		change(&f)
		return []fault.Fault{f}
	}
	for name, faults := range map[string][]fault.Fault{
		"used twice":                   {good, good},
		"not topic/mistake":            wrong(func(f *fault.Fault) { f.ID = "Send" }),
		"are missing":                  wrong(func(f *fault.Fault) { f.Story = "" }),
		"no requirement SMP-NONE":      wrong(func(f *fault.Fault) { f.Breaks = append([]string{"SMP-NONE"}, f.Breaks...) }),
		"no case relay/none/none":      wrong(func(f *fault.Fault) { f.Cases = []string{"relay/none/none"} }),
		"tests none of":                wrong(func(f *fault.Fault) { f.Cases = []string{"relay/ping/pong"} }),
		"runs at none of its versions": wrong(func(f *fault.Fault) { f.Versions.Min, f.Versions.Max = 30, 40 }),
	} {
		require.ErrorContains(t, fault.Check(faults, registry(t)), name)
	}
}

// The example in docs/faults.md is one of the tree.
func TestTheExampleOfTheGuide(t *testing.T) {
	t.Parallel()
	guide, err := os.ReadFile("../../../docs/faults.md")
	require.NoError(t, err)
	blocks := strings.Split(string(guide), "```go\n")[1:]
	require.Len(t, blocks, 2)
	for i, file := range []string{"../authorization/authorization.go", "../verify.go"} {
		source, err := os.ReadFile(file)
		require.NoError(t, err)
		code, _, _ := strings.Cut(blocks[i], "```")
		for line := range strings.Lines(code) {
			require.Contains(t, string(source), strings.TrimSpace(line))
		}
	}
}
