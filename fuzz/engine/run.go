package engine

import (
	"context"
	"errors"

	"smpcheck/fuzz/drive"
)

var errUnbuilt = errors.New("the engine is not built yet")

func run(context.Context, Options) (Report, error) { return Report{}, errUnbuilt }

func replay(context.Context, Options, Finding, int) (int, drive.Breach, error) {
	return 0, drive.Breach{}, errUnbuilt
}

func loadFinding(string) (Finding, error) { return Finding{}, errUnbuilt }
