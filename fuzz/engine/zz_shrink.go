package engine

import "smpcheck/fuzz/program"

func Shrink(p program.Program, shows func(program.Program) bool) program.Program {
	for again := true; again; {
		again = false
		for i := len(p.Ops) - 1; i >= 0; i-- {
			q := program.Program{Ops: append(append([]program.Op{}, p.Ops[:i]...), p.Ops[i+1:]...)}
			if shows(q) {
				p, again = q, true
			}
		}
	}
	return p
}
