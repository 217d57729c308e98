package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	fuzzerCommand = regexp.MustCompile(`(?:smpcheck|set --) (fuzz relay|fuzz diff|replay|promote)\b(.*)`)
	flagName      = regexp.MustCompile(`(?:^|[\s` + "`" + `])--([a-z][a-z-]*)`)
)

// flagsOf returns the flags in a text.
func flagsOf(text string) []string {
	var names []string
	for _, match := range flagName.FindAllStringSubmatch(text, -1) {
		names = append(names, match[1])
	}
	return names
}

// Workflows, manifests and their guide use flags that the fuzzer has.
func TestFlagsOfTheFuzzerInPipelinesExist(t *testing.T) {
	t.Parallel()
	const guide = "../../docs/fuzzing-at-scale.md"
	files, err := filepath.Glob("../../.github/workflows/fuzz-*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	used := map[string]int{}
	for _, file := range append(files, "../../ci/kubernetes/fuzz.sh", guide) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		text := strings.ReplaceAll(string(content), "\\\n", " ")
		for _, line := range fuzzerCommand.FindAllStringSubmatch(text, -1) {
			used[line[1]]++
			help := smpcheck(t, suite{}, append(strings.Fields(line[1]), "--help")...)
			require.Zero(t, help.code, help.stderr)
			for _, flag := range flagsOf(line[2]) {
				if flag != "listen" { // of the relay that --exec starts
					assert.Contains(t, flagsOf(help.stdout), flag, "%s: %s", file, line[0])
				}
			}
		}
		if file != guide {
			continue
		}
		table := regexp.MustCompile(`(?m)^\| (.*?) \|`).FindAllStringSubmatch(text[strings.Index(text, "## A relay from many machines"):], -1)
		help := smpcheck(t, suite{}, "fuzz", "relay", "--help")
		for _, row := range table {
			assert.Subset(t, flagsOf(help.stdout), flagsOf(row[1]), "%s: %s", file, row[1])
		}
	}
	for _, command := range []string{"fuzz relay", "fuzz diff", "replay", "promote"} {
		assert.NotZero(t, used[command], "%s is found in the files", command)
	}
}
