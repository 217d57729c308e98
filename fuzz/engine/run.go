package engine

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"time"

	"smpcheck/conformance/trace"
)

// fuzzer is one run.
type fuzzer struct {
	options  Options
	bench    bench
	chooser  *chooser
	history  history
	watch    watch
	cabinet  *cabinet
	board    *board
	sequence hash.Hash
	// found are the findings in their order, known the same by id. pursued is how often
	// one was looked at.
	found   []*Finding
	known   map[string]*Finding
	pursued map[string]int
	// failures are the programs in a row that did not reach the relay.
	failures int
}

// maxFailures is how many programs in a row may not reach the relay.
const maxFailures = 20

func run(ctx context.Context, o Options) (Report, error) {
	o = o.withDefaults()
	h, err := newHost(ctx, o)
	if err != nil {
		return Report{Seed: o.Seed}, err
	}
	defer h.close()
	if o.Prompt {
		h.prompt.Store(true)
	} else if o.Model {
		defer h.learn(ctx)()
	}
	f, err := newFuzzer(o, h, newAuthor(o.Levels))
	if err != nil {
		return Report{Seed: o.Seed}, err
	}
	return f.run(ctx)
}

// withDefaults fills in what is zero.
func (o Options) withDefaults() Options {
	if o.Scale == 0 {
		o.Scale = 1
	}
	if o.Shards == 0 {
		o.Shard, o.Shards = 1, 1
	}
	return o
}

// newFuzzer makes the folders of a run.
func newFuzzer(o Options, b bench, a author) (*fuzzer, error) {
	folder, err := openCorpus(o.Corpus)
	if err != nil {
		return nil, err
	}
	c, err := openCabinet(o, b.secret())
	if err != nil {
		return nil, err
	}
	return &fuzzer{
		options: o, bench: b, cabinet: c, board: newBoard(o.Status), sequence: sha256.New(),
		chooser: &chooser{author: a, seed: o.Seed, shard: uint64(o.Shard), corpus: newCorpus(), folder: folder},
		known:   make(map[string]*Finding), pursued: make(map[string]int),
	}, nil
}

// run runs programs until something ends the run.
func (f *fuzzer) run(ctx context.Context) (Report, error) {
	stop := f.board.run()
	defer stop()
	for n := 0; !f.over(n); n++ {
		if ctx.Err() != nil {
			return f.report(true), nil
		}
		if err := f.step(ctx, n); err != nil && ctx.Err() == nil {
			return f.report(false), err
		}
	}
	err := f.last(ctx)
	return f.report(ctx.Err() != nil), err
}

// over reports whether the run ends before program n.
func (f *fuzzer) over(n int) bool {
	o := f.options
	return o.MaxPrograms > 0 && n >= o.MaxPrograms ||
		o.MaxFindings > 0 && len(f.found) >= o.MaxFindings ||
		o.Duration > 0 && time.Since(f.board.began) >= o.Duration
}

// step runs program n and deals with what came of it.
func (f *fuzzer) step(ctx context.Context, n int) error {
	in, err := f.chooser.next(n)
	if err != nil {
		return err
	}
	f.note(in)
	t := try(ctx, f.bench, in, false)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	f.history.add(in)
	if err := f.count(n, in, t); err != nil {
		return err
	}
	if t.failed {
		return f.again(ctx)
	}
	f.failures = 0
	return f.judge(ctx, in, t)
}

// judge deals with what a program has shown: it is written, the relay is made right, and
// then a smaller program is looked for.
func (f *fuzzer) judge(ctx context.Context, in input, t trial) error {
	found, s, err := f.enter(in, t)
	if err == nil && t.sick {
		err = f.bench.renew(ctx)
		f.watch.restart()
	}
	if err == nil && found != nil {
		err = f.pursue(ctx, found, s)
		f.watch.restart()
	}
	if err != nil {
		return err
	}
	return f.mind(ctx)
}

// again makes the relay right after a program that did not reach it.
func (f *fuzzer) again(ctx context.Context) error {
	if f.failures++; f.failures > maxFailures {
		return fmt.Errorf("%w: %d programs in a row have not reached it, although ordinary clients do", ErrUnreachable, maxFailures)
	}
	return f.bench.renew(ctx)
}

// last asks once more whether the canary is well, since some programs were not followed by
// a check.
func (f *fuzzer) last(ctx context.Context) error {
	if ctx.Err() != nil || len(f.history) == 0 {
		return nil
	}
	s := f.bench.check(ctx, true)
	if s == nil {
		return nil
	}
	t := trial{seen: []sighting{*s}, sick: true, rec: trace.NewRecorder(trace.Brief, f.bench.secret())}
	return f.judge(ctx, f.history[len(f.history)-1], t)
}

// note enters a program into the hash of the sequence.
func (f *fuzzer) note(in input) {
	b := in.Encode()
	f.sequence.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	f.sequence.Write(b)
	f.sequence.Write(binary.BigEndian.AppendUint64(nil, in.seed))
}

// count counts a program and learns from it.
func (f *fuzzer) count(n int, in input, t trial) error {
	isNew, err := f.chooser.learn(in, t)
	f.board.change(func(s *Status) {
		s.Programs = n + 1
		s.Operations += t.outcome.Ops
		s.Pairs, s.Corpus = len(f.chooser.corpus.seen), len(f.chooser.corpus.programs)
		if isNew {
			s.LastNewPairProg = n + 1
		}
	})
	return err
}

// report is what the run has found until now.
func (f *fuzzer) report(interrupted bool) Report {
	r := Report{
		Status: f.board.current(), Seed: f.options.Seed, Interrupted: interrupted,
		Sequence: hex.EncodeToString(f.sequence.Sum(nil)),
	}
	for _, found := range f.found {
		r.Found = append(r.Found, *found)
	}
	return r
}

// scaled is a duration at the scale of the run.
func (o Options) scaled(d time.Duration) time.Duration { return time.Duration(o.Scale * float64(d)) }
