package engine

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/trace"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// fakeRelay is a bench without a relay. What is nil does nothing.
type fakeRelay struct {
	// broken says what is wrong with a program, with what ran since the last renew before
	// it.
	broken func(before []input, in input) []drive.Breach
	// ill says what is wrong besides after a program.
	ill func(before []input, in input) *sighting
	// grow is how much memory an operation takes, and litter how much of it comes back now
	// and then.
	grow, litter func(op program.Op) int64
	// unreachable says that a program does not reach the relay, gone that nothing does.
	unreachable func(n int) bool
	gone        bool

	mu       sync.Mutex
	runs     int
	renewals int
	ran      []input // since the last renew
	illness  *sighting
	kept     int64
	garbage  int64
	cancel   func(n int)
}

var errUnreached = errors.New("no relay")

func (b *fakeRelay) run(ctx context.Context, in input, rec *trace.Recorder) (drive.Outcome, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.runs++
	if b.cancel != nil {
		b.cancel(b.runs)
	}
	if ctx.Err() != nil {
		return drive.Outcome{}, ctx.Err()
	}
	if b.unreachable != nil && b.unreachable(b.runs) {
		return drive.Outcome{}, errUnreached
	}
	rec.Record(trace.Sent, "a program of the password hunter2!", in.Encode())
	out := drive.Outcome{Ops: len(in.Ops)}
	if b.broken != nil {
		out.Breaches = b.broken(b.ran, in)
	}
	if b.ill != nil {
		b.illness = b.ill(b.ran, in)
	}
	b.ran = append(b.ran, in)
	before := "start"
	for _, op := range in.Ops {
		out.Pairs = append(out.Pairs, drive.Pair{Command: op.Kind.String(), How: before, Ending: "open"})
		before = op.Kind.String()
		if b.grow != nil {
			b.kept += b.grow(op)
		}
		if b.litter != nil {
			b.garbage = (b.garbage + b.litter(op)) % (8 << 20)
		}
	}
	slices.SortFunc(out.Pairs, func(x, y drive.Pair) int {
		return slices.Compare([]string{x.Command, x.How}, []string{y.Command, y.How})
	})
	out.Pairs = slices.Compact(out.Pairs)
	return out, nil
}

func (b *fakeRelay) disturbed() bool { return b.illness != nil }

func (b *fakeRelay) check(context.Context, bool) *sighting {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.illness
}

func (b *fakeRelay) renew(context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.gone {
		return ErrUnreachable
	}
	b.renewals++
	b.ran, b.illness, b.kept, b.garbage = nil, nil, 0, 0
	return nil
}

func (b *fakeRelay) memory() (memory, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grow == nil {
		return memory{}, false
	}
	used := 20<<20 + b.kept + b.garbage
	return memory{resident: used, private: used}, true
}

func (b *fakeRelay) keeps(_ context.Context, in input) bool {
	return slices.ContainsFunc(in.Ops, func(op program.Op) bool { return op.Kind == program.RKEY })
}

func (b *fakeRelay) describe(f *Finding) { f.Versions, f.TLS = wire.Versions(6, 20), "1.3" }
func (b *fakeRelay) secret() string      { return "hunter2!" }
func (b *fakeRelay) close()              {}

// fakeAuthor makes programs of a few operations out of all kinds.
type fakeAuthor struct{}

func (fakeAuthor) generate(r *rand.Rand) program.Program {
	p := program.Program{Ops: make([]program.Op, 1+r.IntN(12))}
	for i := range p.Ops {
		p.Ops[i] = program.Op{
			Kind: program.Kind(r.IntN(int(program.Kinds))), Conn: byte(r.IntN(4)), Queue: byte(r.IntN(4)), Arg: uint16(r.IntN(1000)),
		}
	}
	return p
}

func (a fakeAuthor) change(r *rand.Rand, p, other program.Program) program.Program {
	ops := slices.Concat(p.Ops[:r.IntN(len(p.Ops)+1)], a.generate(r).Ops, other.Ops)
	return program.Program{Ops: ops[:min(len(ops), 15)]}
}

// fake makes a run against a relay that is none.
func fake(t *testing.T, b *fakeRelay, o Options) *fuzzer {
	t.Helper()
	f, err := newFuzzer(o.withDefaults(), b, fakeAuthor{})
	require.NoError(t, err)
	return f
}

// runFake runs programs until the options end it.
func runFake(t *testing.T, b *fakeRelay, o Options) Report {
	t.Helper()
	r, err := fake(t, b, o).run(t.Context())
	require.NoError(t, err)
	return r
}

// has returns a relay that breaks a rule when a program has an operation of one kind after
// one of another, with an argument above a bound.
func has(first, second program.Kind, above uint16) *fakeRelay {
	return &fakeRelay{broken: func(_ []input, in input) []drive.Breach {
		for i, op := range in.Ops {
			at := slices.IndexFunc(in.Ops[i+1:], func(o program.Op) bool { return o.Kind == second })
			if op.Kind == first && op.Arg > above && at >= 0 {
				return []drive.Breach{{
					Kind: drive.Violation, Rule: "odd-order", Requirement: "SMP-MSG-ORDER", Op: i + 1 + at,
					Command: second.String(), Expected: "nothing", Actual: "something with hunter2!",
				}}
			}
		}
		return nil
	}}
}
