package engine

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// Bounds of the measurements of growth.
const (
	// growRuns is how often a program, repeated to the length of the longest one, runs
	// between two points of a curve.
	growRuns = 4
	// growSkip points are passed over; growLeast are needed for a verdict, growMost are
	// the most that there are.
	growSkip, growLeast, growMost = 2, 5, 16
	// growIdle is how much an operation may add that is never given back, in bytes: what
	// tables and logs take. growOp is what is a finding, for a program that is shrunk.
	growIdle, growOp = 1 << 10, 4 << 10
	// growTotal is the least growth of all points together, in bytes.
	growTotal = 6 << 20
	// growFull is how much a process may have grown before it is started anew.
	growFull = 256 << 20
)

// grower measures whether a program makes the process grow. What garbage collection does
// is out of the way after some runs: memory then stays the same, or it does not.
type grower struct {
	bench bench
	spend *allowance
	// least is what the process used when it had just begun.
	least int64
	err   error
}

// curve is what the process used after equal numbers of operations.
type curve struct {
	points []int64
	ops    int // between two points
}

// perOp is the growth with each operation over the last n intervals, in bytes.
func (c curve) perOp(n int) float64 {
	last := len(c.points) - 1
	return float64(c.points[last]-c.points[last-n]) / float64(n*max(1, c.ops))
}

// verdict says whether the curve rises steadily. Done is false while more points are needed.
func (c curve) verdict() (grows, done bool) {
	n := len(c.points) - 1
	if n < growLeast {
		return false, false
	}
	if c.perOp(growLeast-1) < growIdle {
		return false, true
	}
	falling := 0
	for i := range n {
		if c.points[i+1] <= c.points[i] {
			falling++
		}
	}
	first, second := c.points[n/2]-c.points[0], c.points[n]-c.points[n/2]
	grows = falling <= n/growLeast && 2*second >= first && first+second >= growTotal
	return grows, grows
}

// String shows the curve.
func (c curve) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "memory of the process in KiB, after %d operations each time:\n", c.ops)
	for _, p := range c.points {
		fmt.Fprintf(&b, "%d\n", p>>10)
	}
	return b.String()
}

// begin starts the process anew and runs programs until it has what it needs.
func (g *grower) begin(ctx context.Context, inputs []input) bool {
	if g.err = g.bench.renew(ctx); g.err != nil {
		return false
	}
	m, ok := g.bench.memory()
	g.least = m.private
	for i := range growSkip * growRuns * growLeast {
		if !ok || !g.run(ctx, amplify(inputs[i%len(inputs)])) {
			return false
		}
	}
	return true
}

// run runs a program once, if there is an allowance, and puts right what it has broken.
func (g *grower) run(ctx context.Context, in input) bool {
	if g.err != nil || ctx.Err() != nil || !g.spend.spend() {
		return false
	}
	t := try(ctx, g.bench, in, false)
	if t.sick && ctx.Err() == nil {
		g.err = g.bench.renew(ctx)
		return false
	}
	return ctx.Err() == nil
}

// measure runs a program until it is clear whether the process grows with it.
func (g *grower) measure(ctx context.Context, in input) (c curve, grows bool) {
	long := amplify(in)
	c.ops = growRuns * len(long.Ops)
	for i := range growSkip + growMost {
		for range growRuns {
			if !g.run(ctx, long) {
				return c, false
			}
		}
		m, ok := g.bench.memory()
		if !ok {
			return c, false
		}
		if i < growSkip {
			continue
		}
		c.points = append(c.points, m.private)
		if grows, done := c.verdict(); done {
			return c, grows
		}
	}
	return c, false
}

// full reports whether the process should be started anew before more is measured.
func (g *grower) full() bool {
	m, ok := g.bench.memory()
	return ok && m.private-g.least > growFull
}

// ranked runs each of the inputs for a moment, and returns them with that first after which
// the process had grown most. What there is no time for comes last.
func (g *grower) ranked(ctx context.Context, inputs []input) []input {
	growth := make([]int64, len(inputs))
	order := make([]int, len(inputs))
	until := time.Now().Add(time.Until(g.spend.until) / 2)
	for i, in := range inputs {
		order[i] = i
		growth[i] = math.MinInt64
		if !time.Now().Before(until) || g.full() {
			continue
		}
		before, _ := g.bench.memory()
		for range growRuns {
			if !g.run(ctx, amplify(in)) {
				break
			}
		}
		after, _ := g.bench.memory()
		growth[i] = after.private - before.private
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(growth[j], growth[i]) })
	sorted := make([]input, len(inputs))
	for place, i := range order {
		sorted[place] = inputs[i]
	}
	return sorted
}

// search returns the first of the inputs with which the process grows although a relay
// without faults keeps nothing after it.
func (g *grower) search(ctx context.Context, inputs []input) (in input, c curve, ok bool) {
	if !g.begin(ctx, inputs) {
		return input{}, curve{}, false
	}
	for _, in := range g.ranked(ctx, inputs) {
		c, grows := g.measure(ctx, in)
		if grows && !g.bench.keeps(ctx, amplify(in)) {
			return in, c, true
		}
		if g.err != nil || g.full() && !g.begin(ctx, inputs) {
			break
		}
	}
	return input{}, curve{}, false
}

// shrink makes a program with which the process grows smaller. An operation that has
// nothing to do with it makes the growth with each operation less, so that it must not fall.
func (g *grower) shrink(ctx context.Context, in input, c curve) input {
	rate := c.perOp(len(c.points) - 1)
	small := shrink(in.Program, func(p program.Program) bool {
		q := input{p, in.seed}
		if len(p.Ops) == 0 || g.full() && !g.begin(ctx, []input{q}) {
			return false
		}
		c, grows := g.measure(ctx, q)
		if !grows || c.perOp(len(c.points)-1) < 0.8*rate || g.bench.keeps(ctx, amplify(q)) {
			return false
		}
		rate = max(rate, c.perOp(len(c.points)-1))
		return true
	})
	return input{small, in.seed}
}

// confirm measures once more, on a new process, whether a program makes it grow so much
// that it is a finding.
func (g *grower) confirm(ctx context.Context, in input) (sighting, bool) {
	if !g.begin(ctx, []input{in}) {
		return sighting{}, false
	}
	c, grows := g.measure(ctx, in)
	if !grows || c.perOp(len(c.points)-1) < growOp {
		return sighting{}, false
	}
	return growth(in.Program, c), true
}

// growth is the sighting of a program with which the process grows.
func growth(p program.Program, c curve) sighting {
	return sighting{
		Breach: drive.Breach{
			Kind: Memory, Rule: "memory-growth", Op: len(p.Ops) - 1, Command: p.Ops[len(p.Ops)-1].Kind.String(),
			Expected: "memory that is given back, or used again",
			Actual:   fmt.Sprintf("about %.0f KiB more with each operation", c.perOp(len(c.points)-1)/1024),
		},
		detail: c.String(),
	}
}

// amplify repeats a program until nothing more fits, so that connections and what begins
// and ends a run matter less.
func amplify(in input) input {
	if len(in.Ops) == 0 {
		return in
	}
	times := program.MaxOps / len(in.Ops)
	return input{program.Program{Ops: slices.Repeat(in.Ops, max(1, times))}, in.seed}
}
