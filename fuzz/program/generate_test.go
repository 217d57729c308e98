package program

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func seeded(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// proper fails the test unless all values of a program are in range.
func proper(t require.TestingT, p Program) {
	require.LessOrEqual(t, len(p.Ops), MaxOps)
	require.NotEmpty(t, p.Ops)
	for _, op := range p.Ops {
		if len(op.Mutations) == 0 {
			op.Mutations = nil
		}
		require.Equal(t, op.proper(), op)
	}
}

func TestProgramsFollowFromTheSeed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		p := Generate(seeded(seed), nil)
		proper(t, p)
		require.Equal(t, p, Generate(seeded(seed), nil))
		other := Generate(seeded(seed+1), nil)

		before, beforeOther := p.Encode(), other.Encode()
		changed := Change(seeded(seed), p, other, nil)
		proper(t, changed)
		require.Equal(t, changed, Change(seeded(seed), p, other, nil))
		require.Equal(t, before, p.Encode(), "Change leaves the program alone")
		require.Equal(t, beforeOther, other.Encode(), "Change leaves the other program alone")
		for range 30 { // a change of a change of …
			changed = Change(seeded(seed), changed, other, nil)
			proper(t, changed)
			seed++
		}
	})
}

func TestEmptyProgramsCanBeChanged(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		proper(t, Change(seeded(seed), Program{}, Program{}, nil))
		proper(t, Change(seeded(seed), Program{Ops: []Op{{}}}, Program{}, nil))
	}
}

// count counts what programs have.
type count struct {
	kinds     map[Kind]int
	levels    map[Level]int
	actions   map[[2]byte]int
	fields    map[Kind]int
	entities  map[Entity]int
	signers   map[Signer]int
	flags     map[Flags]int
	untouched int
}

func counted(programs []Program) count {
	c := count{make(map[Kind]int), make(map[Level]int), make(map[[2]byte]int), make(map[Kind]int), make(map[Entity]int), make(map[Signer]int), make(map[Flags]int), 0}
	for _, p := range programs {
		mutations := 0
		for _, op := range p.Ops {
			c.kinds[op.Kind]++
			c.entities[op.Entity]++
			c.signers[op.Signer]++
			for _, f := range []Flags{Hold, Ahead, Often} {
				if op.Flags&f != 0 {
					c.flags[f]++
				}
			}
			for _, m := range op.Mutations {
				mutations++
				c.levels[m.Level]++
				c.actions[[2]byte{byte(m.Level), byte(m.Action)}]++
				if m.Level == Field {
					c.fields[op.Kind]++
				}
			}
		}
		if mutations == 0 {
			c.untouched++
		}
	}
	return c
}

func TestGenerateLeavesNothingOut(t *testing.T) {
	t.Parallel()
	var programs []Program
	for seed := range uint64(4000) {
		programs = append(programs, Generate(seeded(seed), nil))
	}
	c := counted(programs)
	assert.Len(t, c.kinds, int(Kinds))
	assert.Len(t, c.levels, int(Levels))
	assert.Len(t, c.entities, int(Entities))
	assert.Len(t, c.signers, int(Signers))
	assert.Len(t, c.flags, 3)
	assert.Len(t, c.actions, int(OrderActions)+int(Actions)*(int(Levels)-1))
	assert.Greater(t, c.untouched, len(programs)/10)
	assert.Less(t, c.untouched, len(programs)/2)
	for k := PING; k < Kinds; k++ {
		assert.Greater(t, c.fields[k], len(programs)/200, "fields of %v", k)
	}
	for _, k := range sweptKinds[2:] {
		assert.Greater(t, c.fields[k], len(programs)/20, "fields of %v", k)
	}
}

func TestLevelsAreLimited(t *testing.T) {
	t.Parallel()
	for level := range Levels {
		var programs []Program
		p := Generate(seeded(uint64(level)), []Level{level})
		for seed := range uint64(300) {
			q := Generate(seeded(seed), []Level{level})
			p = Change(seeded(seed), p, q, []Level{level})
			programs = append(programs, p, q)
		}
		c := counted(programs)
		assert.Len(t, c.levels, 1)
		assert.Positive(t, c.levels[level], level.String())
	}
}

// Lengths, options and other bytes that shape a command are mutated more often than those
// that do not.
func TestFieldsThatShapeArePreferred(t *testing.T) {
	t.Parallel()
	shaping, all := 0, 0
	for seed := range uint64(3000) {
		for _, op := range Generate(seeded(seed), []Level{Field}).Ops {
			parts := Fields(20, Example(op.Kind, 20))
			for _, m := range op.Mutations {
				all++
				if parts[m.Index(len(parts))].Role.Shapes() {
					shaping++
				}
			}
		}
	}
	assert.Greater(t, shaping*3, all*2)
}

func TestStoriesBeginWithAQueue(t *testing.T) {
	t.Parallel()
	without := 0
	for seed := range uint64(1000) {
		p := Generate(seeded(seed), nil)
		if !slices.ContainsFunc(p.Ops, func(op Op) bool { return op.Kind == NEW }) {
			without++
		}
	}
	assert.Less(t, without, 200)
}
