package plan

import (
	"smpcheck/vectors"
)

func planBlocks(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	return nil, ErrNoPlan
}
