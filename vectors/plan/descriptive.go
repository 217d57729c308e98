package plan

import "slices"

// Descriptive returns the paths of fields in a group of an official file that tell
// something about a test and are neither given to a codec nor compared: texts for
// people, and names of values that are not in the files; or texts of which a parser
// ignores a part. A path has the name of the test's part in front and dots between
// names: "inputs.group".
func Descriptive(kind, group string) []string {
	return slices.Concat(descriptive[kind], descriptive[kind+"/"+group])
}

// descriptive has the paths by kind, and by kind and group.
var descriptive = map[string][]string{
	"commands":                  {"inputs.group"},
	"responses":                 {"inputs.group"},
	"links/parse":               {"inputs.uri"},
	"links/queue_uri":           {"inputs.agent_versions.0", "inputs.agent_versions.1", "inputs.scheme"},
	"links/short":               {"inputs.presets.1"}, // a relay that the link does not have
	"test_uris":                 {"inputs.uri"},
	"ts_crosschecked/fullstack": {"inputs.in.ratchet_session"},
	// Blocks and transmissions that do not depend on the session: what is not encrypted,
	// and what a version does not send. A signature does not cover the correlation id that
	// is given apart. Of a block that is refused, or of which one part is, not every byte
	// has a part in the answer.
	"blocks/decode":          {"inputs.dh_secret", "inputs.session_id"},
	"transmissions/unsigned": {"inputs.session_id"},
	"transmissions/response": {"inputs.session_id"},
	"transmissions/signed":   {"inputs.correlation_id"},
	"transmissions/decode":   {"inputs.session_id", "inputs.content"},
}
