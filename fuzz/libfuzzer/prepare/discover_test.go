package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const root = "../../.."

// What is searched for in the plain text of the tree is what is found through Go's own view
// of it: no target is left out by a build constraint, a name or a form.
func TestEveryTargetOfTheTreeIsFound(t *testing.T) {
	t.Parallel()
	packages, err := discover([]string{root + "/..."})
	require.NoError(t, err)
	var found []string
	names := map[string]bool{}
	for _, p := range packages {
		for _, function := range p.functions() {
			found = append(found, p.Dir+" "+function)
			name := p.name() + "_" + function
			require.False(t, names[name], "%s is there twice", name)
			names[name] = true
			require.Regexp(t, `^[a-zA-Z0-9_-]+$`, name, "what ClusterFuzz allows")
		}
	}
	require.ElementsMatch(t, grep(t), found)
}

// grep returns "FOLDER FUNCTION" of each fuzz target in the tree.
func grep(t *testing.T) []string {
	top, err := filepath.Abs(root)
	require.NoError(t, err)
	pattern := regexp.MustCompile(`(?m)^func (Fuzz\w*)\(`)
	var found []string
	err = filepath.WalkDir(top, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (entry.Name() == "testdata" || entry.Name() == ".git"):
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		source, err := os.ReadFile(path)
		for _, match := range pattern.FindAllSubmatch(source, -1) {
			found = append(found, filepath.Dir(path)+" "+string(match[1]))
		}
		return err
	})
	require.NoError(t, err)
	require.NotEmpty(t, found)
	return found
}

func TestAPackageIsNamedByItsPath(t *testing.T) {
	t.Parallel()
	for path, name := range map[string]string{
		"smpcheck/reference/agent/message": "reference_agent_message",
		"smpcheck/vectors/v2-check.x":      "vectors_v2_check_x",
		"smpcheck":                         "",
	} {
		p := pkg{ImportPath: path}
		p.Module.Path = "smpcheck"
		require.Equal(t, name, p.name())
	}
}

func TestPackagesThatCannotBeFound(t *testing.T) {
	t.Parallel()
	_, err := discover([]string{"./no/such/package"})
	require.ErrorContains(t, err, "go list")
}
