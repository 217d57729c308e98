//go:build unix

package main

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script runs ci/smpcheck.sh in a folder with a program in place of smpcheck that
// writes its arguments to the file args, one a line, and ends with a code.
func script(t *testing.T, code string, env []string, args ...string) (result, []string) {
	t.Helper()
	dir := t.TempDir()
	program := filepath.Join(dir, "smpcheck")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\nprintf '%s\\n' \"$@\" >args\nexit "+code+"\n"), 0o755))
	path, err := filepath.Abs("../../ci/smpcheck.sh")
	require.NoError(t, err)
	cmd := exec.Command("sh", append([]string{path}, args...)...)
	cmd.Dir, cmd.Env = dir, append(append(os.Environ(), "SMPCHECK="+program), env...)
	var stdout, stderr strings.Builder
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	if exit := (*exec.ExitError)(nil); !errors.As(err, &exit) {
		require.NoError(t, err)
	}
	passed, err := os.ReadFile(filepath.Join(dir, "args"))
	if err != nil {
		return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, nil
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}, strings.Split(strings.TrimSpace(string(passed)), "\n")
}

func TestTheScriptForPipelinesPassesItsArguments(t *testing.T) {
	t.Parallel()
	r, args := script(t, "0", []string{"SMPCHECK_FLAGS=--profile=core\n\n--expect\nknown failures.txt\n", "SMPCHECK_SEED=5"},
		"relay", "--exec", "relay --listen 127.0.0.1:0")
	assert.Equal(t, 0, r.code, r.stderr)
	assert.Equal(t, []string{
		"relay", "--exec", "relay --listen 127.0.0.1:0", "--profile=core", "--expect", "known failures.txt", "--seed", "5",
		"--report", "text=smpcheck-reports/smpcheck.txt", "--report", "json=smpcheck-reports/smpcheck.json",
		"--report", "junit=smpcheck-reports/smpcheck.xml", "--report", "html=smpcheck-reports/smpcheck.html",
	}, args)

	_, args = script(t, "0", []string{"SMPCHECK_SHARD=2/4", "SMPCHECK_REPORTS=a/b", "SMPCHECK_FORMATS=json"}, "relay", "smp://x")
	assert.Equal(t, []string{"relay", "smp://x", "--shard", "2/4", "--report", "json=a/b/smpcheck-2.json"}, args)

	env := []string{"SMPCHECK_SHARD=2/4", "SMPCHECK_FLAGS=--profile=core", "SMPCHECK_SEED=5", "SMPCHECK_FORMATS=junit", "SMPCHECK_NAME=x"}
	_, args = script(t, "0", env, "merge", "1.json", "2.json")
	assert.Equal(t, []string{"merge", "1.json", "2.json", "--report", "junit=smpcheck-reports/x.xml"}, args)
}

func TestTheScriptForPipelinesEndsAsSmpcheckDoes(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"0", "1", "2", "3"} {
		for _, command := range []string{"relay", "merge"} {
			r, _ := script(t, code, nil, command, "x")
			assert.Equal(t, code, string(rune('0'+r.code)))
		}
		r, _ := script(t, code, []string{"SMPCHECK_SHARD=1/2"}, "relay", "x")
		want := map[string]int{"0": 0, "1": 0, "2": 2, "3": 3}[code]
		assert.Equal(t, want, r.code, "a shard that ends with %s", code)
	}
	for _, args := range [][]string{nil, {"audit"}} {
		r, _ := script(t, "0", nil, args...)
		assert.Equal(t, 2, r.code)
		assert.Contains(t, r.stderr, "expected relay or merge")
	}
	r, _ := script(t, "0", []string{"SMPCHECK=", "SMPCHECK_REPOSITORY=/no/such/repository"}, "relay", "x")
	assert.Equal(t, 3, r.code)
	assert.Contains(t, r.stderr, "cannot be built")
}

// template reads a YAML file of ci.
func template(t *testing.T, name string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../ci", name))
	require.NoError(t, err)
	var parsed map[string]any
	require.NoError(t, yaml.Unmarshal(text, &parsed))
	return parsed
}

// checkShell fails unless a POSIX shell can read the text.
func checkShell(t *testing.T, text string) {
	t.Helper()
	cmd := exec.Command("sh", "-n")
	cmd.Stdin = strings.NewReader(text)
	out, err := cmd.CombinedOutput()
	assert.NoError(t, err, "%s in:\n%s", out, text)
}

func TestTheGitHubActionFitsTogether(t *testing.T) {
	t.Parallel()
	action := template(t, "github/action.yml")
	inputs := action["inputs"].(map[string]any)
	for name, input := range inputs {
		assert.NotEmpty(t, input.(map[string]any)["description"], name)
		assert.Contains(t, input, "default", name)
	}
	runs := action["runs"].(map[string]any)
	assert.Equal(t, "composite", runs["using"])
	for _, s := range runs["steps"].([]any) {
		step := s.(map[string]any)
		if text, ok := step["run"]; ok {
			assert.Equal(t, "sh", step["shell"])
			assert.NotContains(t, text, "${{", "values come through the environment")
			checkShell(t, text.(string))
		} else {
			assert.Regexp(t, `^actions/[a-z-]+@v\d+$`, step["uses"])
		}
	}
	text, err := os.ReadFile("../../ci/github/action.yml")
	require.NoError(t, err)
	for _, used := range regexp.MustCompile(`inputs\.([a-z]+)`).FindAllStringSubmatch(string(text), -1) {
		assert.Contains(t, inputs, used[1])
	}
	last := runs["steps"].([]any)[len(runs["steps"].([]any))-1].(map[string]any)
	assert.Equal(t, "always()", last["if"], "reports are kept whatever happened")

	jobs := template(t, "github/workflow.yml")["jobs"].(map[string]any)
	for _, job := range jobs {
		for _, s := range job.(map[string]any)["steps"].([]any) {
			if with, ok := s.(map[string]any)["with"].(map[string]any); ok {
				for name := range with {
					assert.Contains(t, inputs, name)
				}
			}
		}
	}
}

func TestTheGitLabTemplateFitsTogether(t *testing.T) {
	t.Parallel()
	jobs := template(t, "gitlab/smpcheck.yml")
	assert.Len(t, jobs, 4)
	for name := range jobs {
		assert.True(t, strings.HasPrefix(name, "."), "%s is hidden", name)
		job := extended(t, jobs, name)
		assert.NotContains(t, job["variables"], "SMPCHECK_REF", "a variable of a job would hide that of the file")
		for _, part := range []string{"before_script", "script"} {
			lines, _ := job[part].([]any)
			for _, line := range lines {
				checkShell(t, line.(string))
			}
		}
		artifacts := job["artifacts"].(map[string]any)
		assert.Equal(t, "always", artifacts["when"], name)
		assert.Equal(t, []any{"smpcheck-reports/"}, artifacts["paths"], name)
		whole := name == ".smpcheck" || name == ".smpcheck-merge"
		assert.Equal(t, whole, artifacts["reports"] != nil, "%s has the report of the whole run", name)
	}
}

// extended is a job with what it takes from those that it extends, as GitLab merges them:
// maps key by key, and nothing else.
func extended(t *testing.T, jobs map[string]any, name string) map[string]any {
	t.Helper()
	require.Contains(t, jobs, name)
	job := jobs[name].(map[string]any)
	parent, ok := job["extends"].(string)
	if !ok {
		return job
	}
	return merged(extended(t, jobs, parent), job)
}

func merged(base, over map[string]any) map[string]any {
	all := maps.Clone(base)
	for key, value := range over {
		inner, isMap := value.(map[string]any)
		if below, ok := base[key].(map[string]any); ok && isMap {
			value = merged(below, inner)
		}
		all[key] = value
	}
	return all
}
