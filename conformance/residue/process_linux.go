package residue

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Readable returns nil if memory and open files of the process can be read, and otherwise
// the reason.
func Readable(pid int) error {
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		_, err = os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	}
	return err
}

// Tree returns the process and all its descendants. It is empty if the process has ended.
func Tree(pid int) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int)
	exists := false
	for _, e := range entries {
		p, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		exists = exists || p == pid
		if parent, ok := parentOf(p); ok {
			children[parent] = append(children[parent], p)
		}
	}
	if !exists {
		return nil, nil
	}
	tree := []int{pid}
	for i := 0; i < len(tree); i++ {
		tree = append(tree, children[tree[i]]...)
	}
	return tree, nil
}

// parentOf reads the number of the parent, which stands after the name in brackets and the
// state.
func parentOf(pid int) (int, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}

// Memory looks for the patterns in the memory that the processes can write to, and reads
// at most limit bytes. A process that ends meanwhile is no error.
func Memory(ctx context.Context, pids []int, patterns []Pattern, limit int64) ([]Finding, error) {
	s := newSearcher(patterns)
	for _, pid := range pids {
		if err := s.memory(ctx, pid, &limit); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return s.findings, err
		}
	}
	return s.findings, nil
}

func (s *searcher) memory(ctx context.Context, pid int, limit *int64) error {
	mappings, err := mappingsOf(pid)
	if err != nil {
		return err
	}
	f, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return err
	}
	defer f.Close()
	for _, m := range mappings {
		if ctx.Err() != nil || *limit <= 0 {
			return ctx.Err()
		}
		place := fmt.Sprintf("the memory of process %d (%s)", pid, m.name)
		size := min(m.size, *limit)
		s.search(place, m.start, size, f.ReadAt)
		*limit -= size
	}
	return nil
}

// mapping is a part of the memory of a process.
type mapping struct {
	start, size int64
	name        string
}

// mappingsOf returns what a process can read and write, without what the kernel puts there
// and devices.
func mappingsOf(pid int) ([]mapping, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var mappings []mapping
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		const named = 6
		if len(fields) < named-1 || !strings.HasPrefix(fields[1], "rw") {
			continue
		}
		m := mapping{name: "no file"}
		if len(fields) >= named {
			m.name = strings.Join(fields[named-1:], " ")
		}
		if strings.HasPrefix(m.name, "/dev/") || strings.HasPrefix(m.name, "[v") {
			continue
		}
		var end int64
		if _, err := fmt.Sscanf(fields[0], "%x-%x", &m.start, &end); err != nil {
			continue // addresses that are no positive int64 are those of the kernel
		}
		m.size = end - m.start
		mappings = append(mappings, m)
	}
	return mappings, lines.Err()
}

// OpenFiles looks for the patterns in the regular files that the processes have open, also
// in those without a name any more, and reads at most limit bytes.
func OpenFiles(ctx context.Context, pids []int, patterns []Pattern, limit int64) ([]Finding, error) {
	s := newSearcher(patterns)
	var met []string
	for _, pid := range pids {
		dir := fmt.Sprintf("/proc/%d/fd", pid)
		entries, err := os.ReadDir(dir)
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			return s.findings, err
		}
		for _, e := range entries {
			path := filepath.Join(dir, e.Name())
			name, err := os.Readlink(path)
			if err != nil || !strings.HasPrefix(name, "/") || slices.Contains(met, name) {
				continue
			}
			if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() || limit <= 0 {
				continue
			}
			met = append(met, name)
			limit -= s.file(path, name, limit)
			if ctx.Err() != nil {
				return s.findings, ctx.Err()
			}
		}
	}
	return s.findings, nil
}
