package engine

import (
	"math/rand/v2"
	"slices"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// corpus holds the programs that showed something new, and how often each pair was seen.
// What is chosen depends on the outcomes that it was told alone, in their order.
type corpus struct {
	programs []kept
	seen     map[drive.Pair]int
	known    map[string]bool // names of all programs
}

// kept is a program with the pairs that it showed.
type kept struct {
	program.Program
	pairs []drive.Pair
}

func newCorpus() *corpus {
	return &corpus{seen: make(map[drive.Pair]int), known: make(map[string]bool)}
}

// learn counts the pairs of an outcome and keeps the program if one of them is new, which
// it reports.
func (c *corpus) learn(p program.Program, pairs []drive.Pair) bool {
	isNew := false
	pairs = certain(pairs)
	for _, pair := range pairs {
		c.seen[pair]++
		isNew = isNew || c.seen[pair] == 1
	}
	name := nameOf(p)
	if !isNew || c.known[name] {
		return false
	}
	c.known[name] = true
	c.programs = append(c.programs, kept{p, pairs})
	return true
}

// certain are pairs without what depends on the moment: on a connection whose bytes mean
// nothing any more, answers to what was sent before may still come, or not.
func certain(pairs []drive.Pair) []drive.Pair {
	list := slices.Clone(pairs)
	for i := range list {
		if list[i].Ending == "lost" {
			list[i].Answer = ""
		}
	}
	return list
}

// candidates is how many programs are compared when one is picked.
const candidates = 4

// pick returns, of a few programs, the one with the rarest pair; ok is false if there is no
// program at all.
func (c *corpus) pick(r *rand.Rand) (p program.Program, ok bool) {
	if len(c.programs) == 0 {
		return program.Program{}, false
	}
	best, rarest := 0, 0
	for i := range candidates {
		at := r.IntN(len(c.programs))
		if n := c.rarity(c.programs[at]); i == 0 || n < rarest {
			best, rarest = at, n
		}
	}
	return c.programs[best].Program, true
}

// rarity is how often the rarest pair of a program was seen.
func (c *corpus) rarity(k kept) int {
	rarest := c.seen[k.pairs[0]]
	for _, pair := range k.pairs[1:] {
		rarest = min(rarest, c.seen[pair])
	}
	return rarest
}
