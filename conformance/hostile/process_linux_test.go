package hostile

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// watchProcess reads the high-water mark of the resident memory of a process until the
// returned function is called, which gives the last one in bytes.
func watchProcess(pid int) (stop func() uint64) {
	end := make(chan struct{})
	var peak uint64
	var group sync.WaitGroup
	group.Go(func() {
		ticker := time.NewTicker(10 * time.Millisecond)
		defer ticker.Stop()
		for {
			peak = max(peak, highWater(pid))
			select {
			case <-ticker.C:
			case <-end:
				return
			}
		}
	})
	return func() uint64 {
		close(end)
		group.Wait()
		return peak
	}
}

// highWater is 0 for a process that has ended.
func highWater(pid int) uint64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseUint(fields[1], 10, 64)
			if err != nil {
				return 0
			}
			return kilobytes << 10
		}
	}
	return 0
}
