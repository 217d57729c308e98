package differ

import (
	"encoding/binary"
	"math/rand/v2"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// author makes programs.
type author interface {
	// generate makes one, change another one of one or two.
	generate(r *rand.Rand) program.Program
	change(r *rand.Rand, p, other program.Program) program.Program
}

// writer makes programs that are changed at the levels alone; none are all.
type writer struct{ levels []program.Level }

func newAuthor(levels []program.Level) author { return writer{levels} }

func (w writer) generate(r *rand.Rand) program.Program { return program.Generate(r, w.levels) }

func (w writer) change(r *rand.Rand, p, other program.Program) program.Program {
	return program.Change(r, p, other, w.levels)
}

// freshShare: one program of so many is made anew, though there are some to change.
const freshShare = 4

// seedShift makes seeds of runs fit the numbers of JSON, which have 53 bits.
const seedShift = 64 - 53

// chooser says which program is run next. Its choices depend on the seed, the number of the
// program and what the relays have shown before.
type chooser struct {
	author author
	seed   uint64
	// kept are the programs that have shown a new pair of command and answer.
	kept []program.Program
	seen map[sidePair]bool
}

// sidePair is a pair of one of the relays.
type sidePair struct {
	side int
	drive.Pair
}

func newChooser(a author, seed uint64) *chooser {
	return &chooser{author: a, seed: seed, seen: make(map[sidePair]bool)}
}

// next is program n of the run, with the seed of what is random in it.
func (c *chooser) next(n int) (program.Program, uint64) {
	r := c.random(n)
	seed := r.Uint64() >> seedShift
	if len(c.kept) == 0 || r.IntN(freshShare) == 0 {
		return c.author.generate(r), seed
	}
	return c.author.change(r, c.kept[r.IntN(len(c.kept))], c.kept[r.IntN(len(c.kept))]), seed
}

// random is the source of all choices for program n.
func (c *chooser) random(n int) *rand.Rand {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], c.seed)
	binary.LittleEndian.PutUint64(key[8:], uint64(n))
	return rand.New(rand.NewChaCha8(key))
}

// learn keeps a program that has shown something new.
func (c *chooser) learn(p program.Program, views [2]view) {
	isNew := false
	for side, v := range views {
		for _, pair := range v.outcome.Pairs {
			if pair.Ending == lost {
				pair.Answer = "" // what still comes depends on the moment
			}
			key := sidePair{side, pair}
			isNew = isNew || !c.seen[key]
			c.seen[key] = true
		}
	}
	if isNew {
		c.kept = append(c.kept, p)
	}
}
