package plan

import "smpcheck/vectors"

// planner turns a test of an official file into calls.
type planner func(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error)

// official has the planner for each kind of official file.
var official = map[string]planner{
	"blocks": planBlocks,
}

// fields are the named values of a call.
type fields = map[string]any
