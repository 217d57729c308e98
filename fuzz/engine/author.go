package engine

import (
	"math/rand/v2"

	"smpcheck/fuzz/program"
)

// writer is the author of a run: package program, with some levels of mutations.
type writer struct{ levels []program.Level }

func newAuthor(levels []program.Level) author { return writer{levels} }

func (w writer) generate(r *rand.Rand) program.Program {
	return program.Generate(r, w.levels)
}

func (w writer) change(r *rand.Rand, p, other program.Program) program.Program {
	return program.Change(r, p, other, w.levels)
}
