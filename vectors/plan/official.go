package plan

import "smpcheck/vectors"

// planner turns a test of an official file into calls.
type planner func(b builder, g *vectors.Group, t *vectors.Test) ([]Call, error)

// official has the planner for each kind of official file.
var official = map[string]planner{
	"agent":            planAgent,
	"blocks":           planBlocks,
	"commands":         planCommands,
	"responses":        planResponses,
	"handshake":        planHandshake,
	"misc":             planMisc,
	"message_layers":   planLayers,
	"transmissions":    planTransmissions,
	"ts_crosschecked":  planCrosschecked,
	"links":            planLinks,
	"test_uris":        planLinkText,
	"x3dh":             planX3DH,
	"ratchet":          planRatchet,
	"ratchet_recorded": planRatchetRecorded,
}

// fields are the named values of a call.
type fields = map[string]any
