package engine

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"smpcheck/conformance/residue"
)

// processTree is a process with its descendants, as they were when they were last looked
// for.
type processTree struct {
	root int
	pids []int
}

// look looks for descendants.
func (t *processTree) look() {
	if pids, err := residue.Tree(t.root); err == nil {
		t.pids = pids
	}
}

// memory adds up what the processes use; ok is false if the first of them has ended.
func (t *processTree) memory() (m memory, ok bool) {
	for _, pid := range t.pids {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		if err != nil {
			continue
		}
		ok = ok || pid == t.root
		m.resident += field(status, "VmRSS:")
		m.private += field(status, "RssAnon:") + field(status, "RssShmem:") + field(status, "VmSwap:")
	}
	return m, ok
}

// field reads a number of kilobytes from /proc/PID/status; 0 if it is not there, as that
// of a process that has ended.
func field(status []byte, name string) int64 {
	_, rest, found := bytes.Cut(status, []byte("\n"+name))
	fields := bytes.Fields(rest[:max(0, min(len(rest), 64))])
	if !found || len(fields) == 0 {
		return 0
	}
	kilobytes, err := strconv.ParseInt(string(fields[0]), 10, 64)
	if err != nil {
		return 0
	}
	return kilobytes << 10
}
