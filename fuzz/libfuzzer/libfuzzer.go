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
	"sync"
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

var process struct {
	once   sync.Once
	worker *worker
}

// Call gives data to the target of that name: what LLVMFuzzerTestOneInput does. It panics if
// the target fails, which libFuzzer takes as a crash. All calls of a process must be for the
// same target.
func Call(targets []Target, name string, data []byte) {
	process.once.Do(func() {
		target, err := find(targets, name)
		if err != nil {
			panic(err)
		}
		w, err := start(target)
		if err != nil {
			panic(err)
		}
		process.worker = w
	})
	if err := process.worker.call(data); err != nil {
		panic(fmt.Sprintf("%s failed:\n%v", name, err))
	}
}
