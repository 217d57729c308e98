// Package libfuzzer runs native fuzz targets, func(*testing.F), under libFuzzer, as
// ClusterFuzz and OSS-Fuzz do, and carries their inputs from one form to the other: seeds
// given with F.Add or kept in testdata/fuzz become a seed corpus, what libFuzzer finds
// becomes a file for testdata/fuzz.
//
// Targets need no change and no other testing package: theirs is the real one, so that they
// may use helpers, sub-tests, cleanups and assertions as other tests do. That works through
// testing.MainStart, which the generated main of a test uses too and which changes from
// release to release of Go.
//
// This package is of no use by itself. The command in prepare writes the programs that use
// it; .clusterfuzzlite/build.sh builds them.
package libfuzzer

import (
	"fmt"
	"testing"
)

// A Target is a native fuzz target, named as its function is.
type Target struct {
	Name string
	Fuzz func(*testing.F)
}

// find returns the target of that name.
func find(targets []Target, name string) (Target, error) {
	for _, t := range targets {
		if t.Name == name {
			return t, nil
		}
	}
	return Target{}, fmt.Errorf("no fuzz target is named %q", name)
}

// process is the target that this process runs.
var process struct {
	name   string
	worker *worker
}

// Start makes the target of that name ready: what LLVMFuzzerInitialize does, once in a process.
// It panics if the target cannot be run.
func Start(targets []Target, name string) {
	target, err := find(targets, name)
	if err != nil {
		panic(err)
	}
	w, err := start(target)
	if err != nil {
		panic(err)
	}
	process.name, process.worker = name, w
}

// Call gives data to the target: what LLVMFuzzerTestOneInput does. It panics if the target
// fails, which libFuzzer takes as a crash.
func Call(data []byte) {
	if err := process.worker.call(data); err != nil {
		panic(fmt.Sprintf("%s failed:\n%v", process.name, err))
	}
}
