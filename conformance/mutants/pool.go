package mutants

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/fault"
)

// Many faults show in something that does not come, so that their cases wait for it up to
// 20 s, and need no processor meanwhile.
const (
	// busyTime is how long a fault is taken to need the processor.
	busyTime = 2 * time.Second
	// maxTogether bounds the faults that are tried at once, with those that wait.
	maxTogether = 200
)

// againPatience is how many times more patience there is with a fault that is tried again.
const againPatience = 3

// again tries the faults whose cases could not be judged once more, alone and with more
// patience: so many relays at once may be too much for the machine.
func (t *trial) again(ctx context.Context, faults []fault.Fault, report *Report) {
	var unjudged []int
	for i := range report.Faults {
		if report.Faults[i].unjudged() {
			unjudged = append(unjudged, i)
		}
	}
	t.done -= len(unjudged)
	t.scale *= againPatience
	t.workOff(ctx, faults, unjudged, report, 1, 1)
}

// unjudged reports whether the relay could not be tested, or a case of the fault ended
// without a verdict.
func (f *Result) unjudged() bool {
	return f.Verdict == Broken || f.Verdict == Survived && slices.ContainsFunc(f.Cases, func(n Notice) bool {
		return n.Verdict == conformance.Error
	})
}

// longestFirst brings faults whose cases may wait longer to the front, so that nothing
// waits alone in the end.
func (t *trial) longestFirst(faults []fault.Fault, indexes []int) {
	slices.SortStableFunc(indexes, func(i, j int) int {
		return cmp.Compare(t.patience(&faults[j]), t.patience(&faults[i]))
	})
}

// patience is the longest that a case of the fault may take.
func (t *trial) patience(f *fault.Fault) time.Duration {
	longest := conformance.DefaultTimeout
	for _, id := range f.Cases {
		if c, ok := t.registry.Lookup(id); ok {
			longest = max(longest, c.Timeout)
		}
	}
	return longest
}

// workOff tries the faults with these indexes: at a time at most parallel of them that need
// the processor, and at most together with those that only wait.
func (t *trial) workOff(ctx context.Context, faults []fault.Fault, indexes []int, report *Report, parallel, together int) {
	busy, all := make(chan struct{}, parallel), make(chan struct{}, together)
	var group sync.WaitGroup
	for _, i := range indexes {
		busy <- struct{}{}
		all <- struct{}{}
		group.Go(func() {
			settled := sync.OnceFunc(func() { <-busy })
			waiting := time.AfterFunc(busyTime, settled)
			report.Faults[i] = t.try(ctx, &faults[i])
			waiting.Stop()
			settled()
			<-all
			t.progress()
		})
	}
	group.Wait()
}
