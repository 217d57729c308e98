package engine

import (
	"encoding/binary"
	"math/rand/v2"

	"smpcheck/fuzz/program"
)

// author makes programs.
type author interface {
	// generate makes one, change another one of one or two.
	generate(r *rand.Rand) program.Program
	change(r *rand.Rand, p, other program.Program) program.Program
}

// freshShare: one program of so many is made anew, though there are some to change.
const freshShare = 4

// rereadInterval is after how many programs the folder of the corpus is read again.
const rereadInterval = 256

// chooser says which program is run next. Its choices depend on the seed, the shard, the
// number of the program and what the corpus has learned before: not on time.
type chooser struct {
	author      author
	seed, shard uint64
	corpus      *corpus
	folder      *corpusFolder
	// waiting are programs from the folder that were not run yet.
	waiting []program.Program
}

// next is program n of the run.
func (c *chooser) next(n int) (input, error) {
	if n%rereadInterval == 0 {
		read, err := c.folder.read()
		if err != nil {
			return input{}, err
		}
		c.waiting = append(c.waiting, read...)
	}
	r := c.random(n)
	seed := r.Uint64() >> seedShift
	if len(c.waiting) > 0 {
		p := c.waiting[0]
		c.waiting = c.waiting[1:]
		return input{p, seed}, nil
	}
	p, ok := c.corpus.pick(r)
	if !ok || r.IntN(freshShare) == 0 {
		return input{c.author.generate(r), seed}, nil
	}
	other, _ := c.corpus.pick(r)
	return input{c.author.change(r, p, other), seed}, nil
}

// seedShift makes seeds of runs fit the numbers of JSON, which have 53 bits.
const seedShift = 64 - 53

// random is the source of all choices for program n.
func (c *chooser) random(n int) *rand.Rand {
	var key [32]byte
	for i, word := range []uint64{c.seed, c.shard, uint64(n)} {
		binary.LittleEndian.PutUint64(key[8*i:], word)
	}
	return rand.New(rand.NewChaCha8(key))
}

// learn tells what came of a program: whether it showed something new.
func (c *chooser) learn(in input, t trial) (isNew bool, err error) {
	if !t.tells() || !c.corpus.learn(in.Program, t.outcome.Pairs) {
		return false, nil
	}
	return true, c.folder.save(in.Program)
}
