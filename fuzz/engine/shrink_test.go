package engine

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/program"
)

// noise is a program of n operations that mean nothing.
func noise(n int) []program.Op {
	r := rand.New(rand.NewPCG(1, 2))
	ops := make([]program.Op, n)
	for i := range ops {
		ops[i] = program.Op{
			Kind: program.Kind(r.IntN(int(program.DEL))), Conn: byte(r.IntN(4)), Queue: byte(r.IntN(4)),
			Entity: program.Entity(r.IntN(int(program.Entities))), Signer: program.Signer(r.IntN(int(program.Signers))),
			Flags: program.Flags(r.IntN(4)), Arg: uint16(r.Uint32()),
			Mutations: []program.Mutation{{Level: program.Block, Position: uint16(r.Uint32()), Value: uint16(r.Uint32())}},
		}
	}
	return ops
}

func TestShrinkKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	ops := noise(40)
	ops[11] = program.Op{Kind: program.NKEY, Conn: 3, Queue: 2, Arg: 700, Flags: program.Ahead}
	ops[30] = program.Op{Kind: program.LSET, Conn: 1, Queue: 2, Signer: program.Stranger, Mutations: []program.Mutation{
		{Level: program.Field, Action: program.Flip, Position: 9}, {Level: program.Block, Position: 800, Value: 77},
	}}
	tries := 0
	// An NKEY with an argument of at least 513 before an LSET for the same queue, whose
	// block is changed.
	shows := func(p program.Program) bool {
		tries++
		set := slices.IndexFunc(p.Ops, func(op program.Op) bool {
			return op.Kind == program.LSET && slices.ContainsFunc(op.Mutations, func(m program.Mutation) bool {
				return m.Level == program.Block && m.Value > 2
			})
		})
		return set >= 0 && slices.ContainsFunc(p.Ops[:set], func(op program.Op) bool {
			return op.Kind == program.NKEY && op.Arg >= 513 && op.Queue == p.Ops[set].Queue
		})
	}
	require.True(t, shows(program.Program{Ops: ops}))
	small := shrink(program.Program{Ops: ops}, shows)
	assert.Equal(t, []program.Op{
		{Kind: program.NKEY, Arg: 513},
		{Kind: program.LSET, Mutations: []program.Mutation{{Level: program.Block, Value: 3}}},
	}, small.Ops)
	assert.Less(t, tries, 400)
	assert.Len(t, ops, 40)
	assert.Equal(t, uint16(700), ops[11].Arg, "what was shrunk is as it was")
}

func TestShrinkStopsWhenNothingShows(t *testing.T) {
	t.Parallel()
	p := program.Program{Ops: noise(20)}
	assert.Equal(t, p, shrink(p, func(program.Program) bool { return false }))
}

func TestShrinkToNothing(t *testing.T) {
	t.Parallel()
	assert.Empty(t, shrink(program.Program{Ops: noise(20)}, func(program.Program) bool { return true }).Ops)
}
