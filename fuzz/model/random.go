package model

import (
	"context"
	"math/rand/v2"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
)

// Run is what came of one random program.
type Run struct {
	Program program.Program
	// Seed is that of drive.Config.
	Seed uint64
	drive.Outcome
}

// Random runs count programs, drawn from a seed, each against its own Model, and hands
// each run to seen, which says whether to go on. The error says that the relay could not
// be reached or that ctx has ended.
func Random(ctx context.Context, cfg drive.Config, relay Config, seed uint64, count int, seen func(Run) bool) error {
	for i := range count {
		random := rand.New(rand.NewPCG(seed, uint64(i)))
		run := Run{Program: Draw(random.IntN), Seed: random.Uint64()}
		var err error
		if run.Outcome, err = Judged(ctx, cfg, relay, run.Program, run.Seed); err != nil {
			return err
		}
		if !seen(run) {
			return nil
		}
	}
	return nil
}

// Judged runs a program with a seed and a new Model as the judge.
func Judged(ctx context.Context, cfg drive.Config, relay Config, p program.Program, seed uint64) (drive.Outcome, error) {
	cfg.Judge, cfg.Seed = New(relay), seed
	return drive.Run(ctx, cfg, p)
}
