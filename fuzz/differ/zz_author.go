package differ

import (
	"math/rand/v2"

	"smpcheck/fuzz/program"
)

type stubAuthor struct{}

func newAuthor([]program.Level) author { return stubAuthor{} }

func (stubAuthor) generate(r *rand.Rand) program.Program {
	p := program.Program{}
	for range 4 + r.IntN(16) {
		op := program.Op{Kind: program.Kind(r.IntN(int(program.Kinds))), Conn: byte(r.IntN(3)), Queue: byte(r.IntN(2)), Arg: uint16(r.IntN(8))}
		if r.IntN(8) == 0 {
			op.Entity = program.Entity(r.IntN(int(program.Entities)))
		}
		if r.IntN(8) == 0 {
			op.Signer = program.Signer(r.IntN(int(program.Signers)))
		}
		if r.IntN(8) == 0 {
			op.Mutations = []program.Mutation{{Level: program.Level(r.IntN(int(program.Levels))), Action: program.Action(r.IntN(int(program.Actions))), Field: byte(r.IntN(8)), Position: uint16(r.IntN(200)), Value: uint16(r.IntN(600))}}
		}
		if r.IntN(3) == 0 {
			op.Kind = program.NEW
		}
		p.Ops = append(p.Ops, op)
	}
	return p
}

func (s stubAuthor) change(r *rand.Rand, p, _ program.Program) program.Program {
	q := program.Program{Ops: append([]program.Op{}, p.Ops...)}
	q.Ops[r.IntN(len(q.Ops))] = s.generate(r).Ops[0]
	return q
}
