//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// object is a mapping of a YAML file.
type object = map[string]any

// at returns what is at a path in a mapping; it fails if there is nothing.
func at(t *testing.T, o object, path ...string) any {
	t.Helper()
	var v any = o
	for _, key := range path {
		require.IsType(t, object{}, v, "before %s of %v", key, path)
		require.Contains(t, v, key, "in %v", path)
		v = v.(object)[key]
	}
	return v
}

// parse reads a file of the tree that has one YAML document, refusing a key that is there twice.
func parse(t *testing.T, path string) object {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	var parsed object
	require.NoError(t, yaml.Unmarshal(text, &parsed), path)
	return parsed
}

func TestWorkflowsThatFuzz(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../.github/workflows/*.yml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		workflow := parse(t, file)
		assert.Equal(t, object{"contents": "read"}, workflow["permissions"], "%s: a job asks for more", file)
		jobs := at(t, workflow, "jobs").(object)
		for name, j := range jobs {
			job, where := j.(object), file+" "+name
			assert.Contains(t, job, "timeout-minutes", where)
			if needs, ok := job["needs"].(string); ok {
				assert.Contains(t, jobs, needs, where)
			}
			if permissions, ok := job["permissions"].(object); ok {
				assert.Equal(t, object{"actions": "read", "contents": "read"}, permissions, where)
			}
			for _, s := range at(t, job, "steps").([]any) {
				step := s.(object)
				if text, ok := step["run"]; ok {
					assert.NotContains(t, text, "${{", "%s: values come through the environment", where)
					checkShell(t, text.(string))
					continue
				}
				assert.Regexp(t, `^(actions/[a-z/-]+@v\d+|google/clusterfuzzlite/actions/[a-z_]+@[0-9a-f]{40})$`, step["uses"], where)
				if with, ok := step["with"].(object); ok && strings.Contains(step["uses"].(string), "clusterfuzzlite") {
					assert.Equal(t, "go", with["language"], where)
				}
			}
		}
	}
}

func TestProjectOfClusterFuzzLite(t *testing.T) {
	t.Parallel()
	project := parse(t, "../../.clusterfuzzlite/project.yaml")
	assert.Equal(t, "go", project["language"])
	dockerfile, err := os.ReadFile("../../.clusterfuzzlite/Dockerfile")
	require.NoError(t, err)
	for _, line := range strings.Split(string(dockerfile), "\n") {
		if source, isCopy := strings.CutPrefix(line, "COPY "); isCopy {
			_, err := os.Stat(filepath.Join("../..", strings.Fields(source)[0]))
			assert.NoError(t, err, line)
		}
	}
}

const manifests = "../../ci/kubernetes"

func TestManifestsFitTogether(t *testing.T) {
	t.Parallel()
	kustomization := parse(t, filepath.Join(manifests, "kustomization.yaml"))
	named := map[string]object{} // by kind and name
	for _, file := range kustomization["resources"].([]any) {
		manifest := parse(t, filepath.Join(manifests, file.(string)))
		name := fmt.Sprint(at(t, manifest, "kind"), " ", at(t, manifest, "metadata", "name"))
		require.NotContains(t, named, name)
		named[name] = manifest
	}
	files, err := filepath.Glob(filepath.Join(manifests, "*.yaml"))
	require.NoError(t, err)
	require.Len(t, files, len(named)+1, "each is in kustomization.yaml")
	scripts := kustomization["configMapGenerator"].([]any)[0].(object)
	named["ConfigMap "+scripts["name"].(string)] = scripts

	job := named["Job fuzz"]
	shards := at(t, named["ConfigMap settings"], "data", "SHARDS")
	assert.Equal(t, "Indexed", at(t, job, "spec", "completionMode"))
	assert.Equal(t, shards, fmt.Sprint(at(t, job, "spec", "completions")), "an index is a shard")

	for _, template := range []any{
		at(t, job, "spec", "template"), at(t, named["CronJob prune"], "spec", "jobTemplate", "spec", "template"),
	} {
		checkPod(t, named, scripts["files"].([]any), at(t, template.(object), "spec").(object))
	}
}

// checkPod fails unless what a pod of one container uses is there.
func checkPod(t *testing.T, named map[string]object, scripts []any, pod object) {
	t.Helper()
	assert.Equal(t, false, pod["automountServiceAccountToken"])
	assert.Equal(t, true, at(t, pod, "securityContext", "runAsNonRoot"))
	volumes := map[string]bool{}
	for _, v := range pod["volumes"].([]any) {
		volume := v.(object)
		volumes[volume["name"].(string)] = true
		if _, ok := volume["persistentVolumeClaim"]; ok {
			assert.Contains(t, named, fmt.Sprint("PersistentVolumeClaim ", at(t, volume, "persistentVolumeClaim", "claimName")))
		}
		if _, ok := volume["configMap"]; ok {
			assert.Contains(t, named, fmt.Sprint("ConfigMap ", at(t, volume, "configMap", "name")))
		}
	}
	require.Len(t, pod["containers"], 1)
	container := pod["containers"].([]any)[0].(object)
	assert.Equal(t, true, at(t, container, "securityContext", "readOnlyRootFilesystem"))
	for _, mount := range container["volumeMounts"].([]any) {
		assert.Contains(t, volumes, mount.(object)["name"])
	}
	for _, from := range container["envFrom"].([]any) {
		assert.Contains(t, named, fmt.Sprint("ConfigMap ", at(t, from.(object), "configMapRef", "name")))
	}
	script := filepath.Base(container["command"].([]any)[1].(string))
	assert.Contains(t, scripts, script)
	assert.FileExists(t, filepath.Join(manifests, script))
}

// runScript runs a script of the manifests with variables, and programs in a folder.
func runScript(t *testing.T, env []string, programs, name string, args ...string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join(manifests, name))
	require.NoError(t, err)
	cmd := exec.Command("sh", append([]string{path}, args...)...)
	cmd.Env = append(append(os.Environ(), "PATH="+programs+":"+os.Getenv("PATH")), env...)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}

func TestAPodRunsItsShard(t *testing.T) {
	t.Parallel()
	programs := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(programs, "smpcheck"), []byte("#!/bin/sh\nprintf '<%s>' \"$@\"\n"), 0o755))
	run := func(index, name string) string {
		return runScript(t, []string{
			"RUN=" + name, "RELAY=smprelay --listen 127.0.0.1:0", "DURATION=1h", "SHARDS=16", "JOB_COMPLETION_INDEX=" + index,
		}, programs, "fuzz.sh", "/shared")
	}
	out := run("0", "a run")
	assert.Contains(t, out, "<--exec><smprelay --listen 127.0.0.1:0><--duration><1h><--seed><")
	assert.Contains(t, out, "<--shard><1/16><--corpus></shared/corpus><--findings></shared/findings>")
	assert.Contains(t, out, "smpcheck 'fuzz' 'relay'", "the command is shown")
	assert.Equal(t, strings.ReplaceAll(out, "1/16", "16/16"), run("15", "a run"), "shards of a run have one seed")
	assert.NotEqual(t, out, run("0", "another"), "runs have seeds of their own")
}

func TestPruningKeepsTheSmallest(t *testing.T) {
	t.Parallel()
	for most, want := range map[string][]string{
		"4": {".begun", "large", "medium", "small", "tiny"},
		"2": {".begun", "small", "tiny"},
		"0": {".begun"},
	} {
		corpus := t.TempDir()
		for name, size := range map[string]int{"tiny": 1, "small": 20, "medium": 300, "large": 4000, ".begun": 9999} {
			require.NoError(t, os.WriteFile(filepath.Join(corpus, name), make([]byte, size), 0o600))
		}
		runScript(t, []string{"MAX_FILES=" + most}, corpus, "prune.sh", corpus)
		entries, err := os.ReadDir(corpus)
		require.NoError(t, err)
		var left []string
		for _, entry := range entries {
			left = append(left, entry.Name())
		}
		assert.Equal(t, want, left, most)
	}
}

func TestPruningRemovesWhatWasBegunLongAgo(t *testing.T) {
	t.Parallel()
	corpus := t.TempDir()
	old := filepath.Join(corpus, ".begun")
	require.NoError(t, os.WriteFile(old, nil, 0o600))
	then := time.Now().Add(-72 * time.Hour)
	require.NoError(t, os.Chtimes(old, then, then))
	runScript(t, []string{"MAX_FILES=1"}, corpus, "prune.sh", corpus)
	assert.NoFileExists(t, old)
}
