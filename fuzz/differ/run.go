package differ

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"smpcheck/fuzz/engine"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

const (
	// confirmations is how often a difference has to show again before it is shrunk.
	confirmations = 2
	// stableTries is how often it has to show after that.
	stableTries = 10
	// maxDropped is how many differences of one group may not show again until it is given up.
	maxDropped = 10
	// shrinkTries is how many programs are tried to shrink one.
	shrinkTries = 400
	// idSize is how many digits an id has.
	idSize = 16
)

// bench is what programs are tried on.
type bench interface {
	run(ctx context.Context, p program.Program, seed uint64) ([2]view, error)
	close()
}

// differ is a run.
type differ struct {
	options Options
	bench   bench
	chooser *chooser
	began   time.Time
	report  Report
	// done are the groups of which there is a finding.
	done map[string]bool
}

func run(ctx context.Context, o Options) (Report, error) {
	p, err := open(ctx, o)
	if err != nil {
		return Report{Seed: o.Seed}, err
	}
	defer p.close()
	return compareOn(ctx, o, p, p.versions, newAuthor(o.Levels))
}

// compareOn makes programs and tries them until something ends the run.
func compareOn(ctx context.Context, o Options, b bench, versions wire.VersionRange, a author) (Report, error) {
	d := &differ{
		options: o, bench: b, chooser: newChooser(a, o.Seed), began: time.Now(),
		report: Report{Seed: o.Seed, Versions: versions, Chosen: make(map[string]int), Dropped: make(map[string]int)},
		done:   make(map[string]bool),
	}
	var end <-chan time.Time
	if o.Duration > 0 {
		timer := time.NewTimer(o.Duration)
		defer timer.Stop()
		end = timer.C
	}
	for n := 0; !d.enough(end); n++ {
		if err := d.try(ctx, n); err != nil {
			d.report.Interrupted = ctx.Err() != nil
			d.status("")
			if ctx.Err() != nil {
				return d.report, nil
			}
			return d.report, err
		}
	}
	d.status("")
	return d.report, nil
}

// enough reports whether the run is at one of its limits.
func (d *differ) enough(end <-chan time.Time) bool {
	select {
	case <-end:
		return true
	default:
	}
	o := d.options
	return o.MaxPrograms > 0 && d.report.Programs >= o.MaxPrograms ||
		o.MaxFindings > 0 && len(d.report.Found) >= o.MaxFindings
}

// try runs program n and follows up what differs. The error says that a relay cannot be
// reached, or that ctx has ended.
func (d *differ) try(ctx context.Context, n int) error {
	p, seed := d.chooser.next(n)
	views, err := d.bench.run(ctx, p, seed)
	if err != nil {
		return err
	}
	d.report.Programs++
	d.report.Operations += views[0].outcome.Ops
	d.chooser.learn(p, views)
	c := compareViews(views[0], views[1])
	for _, choice := range c.choices {
		d.report.Chosen[choice.reason]++
	}
	d.status("comparing")
	if c.difference == nil {
		return nil
	}
	if group := newFinding(c.difference, views).group(); !d.done[group] && d.report.Dropped[group] < maxDropped {
		return d.follow(ctx, p, seed, group)
	}
	return nil
}

// follow makes a finding of a difference: it is tried again, shrunk, and tried again.
func (d *differ) follow(ctx context.Context, p program.Program, seed uint64, group string) error {
	shows := func(p program.Program) (Finding, bool) { return d.shows(ctx, p, seed, group) }
	for range confirmations {
		if _, again := shows(p); !again {
			return d.drop(ctx, group)
		}
	}
	d.status("shrinking " + group)
	left := shrinkTries
	small := engine.Shrink(p, func(q program.Program) bool {
		if left--; left < 0 || ctx.Err() != nil {
			return false
		}
		_, again := shows(q)
		return again
	})
	f, stable := Finding{}, 0
	for range stableTries {
		if shown, again := shows(small); again {
			f, stable = shown, stable+1
		}
	}
	if stable < stableTries {
		return d.drop(ctx, group)
	}
	f.Program, f.Original, f.Seed, f.Versions = small, p, seed, d.report.Versions
	f.After, f.Programs, f.Stable, f.Tried = time.Since(d.began), d.report.Programs, stable, stableTries
	d.done[group] = true
	d.report.Found = append(d.report.Found, f)
	return save(d.options.Findings, f)
}

// drop notes that a difference did not show again.
func (d *differ) drop(ctx context.Context, group string) error {
	d.report.Dropped[group]++
	return ctx.Err()
}

// shows runs a program and reports whether it shows a difference of the group, and how.
func (d *differ) shows(ctx context.Context, p program.Program, seed uint64, group string) (Finding, bool) {
	views, err := d.bench.run(ctx, p, seed)
	if err != nil {
		return Finding{}, false
	}
	c := compareViews(views[0], views[1])
	if c.difference == nil {
		return Finding{}, false
	}
	f := newFinding(c.difference, views)
	return f, f.group() == group
}

// newFinding is the finding of a difference, without its program.
func newFinding(d *difference, views [2]view) Finding {
	f := Finding{Rule: d.rule(), In: d.in, Command: d.command, Sent: d.sent, Op: d.op, Shown: d.shown}
	for i, v := range views {
		for _, b := range v.outcome.Breaches {
			if b.Op <= d.op {
				f.Blames[i] = fmt.Sprintf("%s: expected %s, got %s", b.Rule, b.Expected, b.Actual)
				f.Requirements[i] = b.Requirement
				break
			}
		}
	}
	hash := sha256.Sum256([]byte(f.group()))
	f.ID = hex.EncodeToString(hash[:])[:idSize]
	return f
}

// group is what findings have in common of which one is enough: if the model objects to
// what one of the relays does there, and to nothing of the other, the command and the rule
// that is broken; otherwise the command and both answers.
func (f Finding) group() string {
	for i, name := range names {
		if (f.In == inAnswer || f.In == inConnection) && f.Blames[i] != "" && f.Blames[1-i] == "" {
			broken, _, _ := strings.Cut(f.Blames[i], ":")
			return fmt.Sprintf("%s: %s by %s", f.Command, broken, name)
		}
	}
	return f.Rule
}

// status tells how far the run is.
func (d *differ) status(doing string) {
	s := &d.report.Status
	s.Elapsed, s.Pairs, s.Findings, s.Doing = time.Since(d.began), len(d.chooser.seen), len(d.report.Found), doing
	if d.options.Status != nil {
		d.options.Status(*s)
	}
}

func replay(ctx context.Context, o Options, f Finding, times int) (shown int, last Finding, err error) {
	o.Versions = f.Versions
	p, err := open(ctx, o)
	if err != nil {
		return 0, Finding{}, err
	}
	defer p.close()
	if p.versions != f.Versions {
		return 0, Finding{}, fmt.Errorf("the difference was found at SMP versions %s, the relays have %s in common", f.Versions, p.versions)
	}
	d := &differ{options: o, bench: p}
	for range times {
		if again, ok := d.shows(ctx, f.Program, f.Seed, f.group()); ok {
			shown, last = shown+1, again
		}
		if ctx.Err() != nil {
			return shown, last, ctx.Err()
		}
	}
	return shown, last, nil
}
