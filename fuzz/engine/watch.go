package engine

import (
	"slices"
	"time"
)

// Bounds of the watch over memory while programs run.
const (
	// watchWindow and watchPrograms are the least time and number of programs between two
	// points of the curve.
	watchWindow   = 1500 * time.Millisecond
	watchPrograms = 8
	// watchWarm is how many points are passed over after the start of a process, when it
	// takes what it needs in any case; watchPoints are those that have to rise, of which
	// each may be the least of up to watchScale.
	watchWarm   = 3
	watchPoints = 5
	watchScale  = 4
	// watchGrowth is the least growth that is suspicious, in bytes. A process without
	// faults may grow as much for a while: suspicion only has programs looked at.
	watchGrowth = 3 << 20
	// watchLimit is how much a process may grow before it is started anew.
	watchLimit = 512 << 20
)

// watch follows the memory of a process while programs run. Each point of its curve is the
// least that was used for a while, which garbage that is collected does not raise.
type watch struct {
	base   int64   // the first point after the warm ones
	points []int64 // the last ones
	passed int     // points since the start of the process
	from   time.Time
	least  int64
	count  int
	// patience is until when nothing is suspicious.
	patience time.Time
}

// restart begins again with a new process.
func (w *watch) restart() { *w = watch{patience: w.patience} }

// add takes what the process uses after a program.
func (w *watch) add(now time.Time, used int64) {
	if w.count == 0 {
		w.from, w.least = now, used
	}
	w.least = min(w.least, used)
	w.count++
	if now.Sub(w.from) < watchWindow || w.count < watchPrograms {
		return
	}
	w.count = 0
	if w.passed++; w.passed <= watchWarm {
		w.base = w.least
		return
	}
	if len(w.points) == watchPoints*watchScale {
		w.points = append(w.points[:0], w.points[1:]...)
	}
	w.points = append(w.points, w.least)
}

// suspicious reports whether the process seems to grow without end, fast or slowly.
func (w *watch) suspicious(now time.Time) bool {
	if now.Before(w.patience) {
		return false
	}
	for scale := 1; scale <= watchScale && scale*watchPoints <= len(w.points); scale *= 2 {
		if rises(w.points[len(w.points)-scale*watchPoints:], scale) {
			return true
		}
	}
	return false
}

// rises reports whether the least of each so many points is above that of the points before
// them, all together by what is suspicious.
func rises(points []int64, scale int) bool {
	var least []int64
	for some := range slices.Chunk(points, scale) {
		least = append(least, slices.Min(some))
	}
	for i := 1; i < len(least); i++ {
		if least[i] <= least[i-1] {
			return false
		}
	}
	return least[len(least)-1]-least[0] >= watchGrowth
}

// excessive reports whether the process has grown so much that it should be started anew.
func (w *watch) excessive(used int64) bool { return w.passed > watchWarm && used-w.base > watchLimit }
