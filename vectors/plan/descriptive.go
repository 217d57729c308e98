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
	// The highest version of a client matters as far as the relay speaks it, that it is a
	// proxy from version 11, and the absence of ALPN above version 6. A relay chooses the
	// identifiers of services. Of a message that was changed on its way not every byte has
	// a part in the outcome, and what only the other side knows has none.
	"handshake/server max":         {"inputs.alpn_smp1", "inputs.client_is_proxy", "inputs.client_range.1"},
	"handshake/client max":         {"inputs.client_is_proxy"},
	"handshake/proxy client":       {"inputs.client_range.1"},
	"handshake/no ALPN":            {"inputs.client_is_proxy", "inputs.client_range.1", "inputs.server_range.1"},
	"handshake/no client key":      {"inputs.client_is_proxy", "inputs.client_range.1"},
	"handshake/ed448 certificates": {"inputs.client_range.1"},
	"handshake/service":            {"inputs.client_range.1", "inputs.service.presented_in_tls", "inputs.service.role", "output.server_response"},
	"handshake/service v16":        {"output.server_response"},
	"handshake/received": {
		"inputs.alpn_smp1", "inputs.client_is_proxy", "inputs.client_range.0", "inputs.client_range.1",
		"inputs.received", "inputs.server_range.0", "inputs.server_range.1", "inputs.service.role", "inputs.session_id",
	},
	// Without ALPN a relay sends version 6 alone, and no key.
	"client_hello/no-alpn": {"inputs.chain.0", "inputs.leaf_private_der", "inputs.server_private_der", "inputs.server_versions.1"},
	// A proxy limits itself to version 10, whatever it speaks.
	"server_hello/older-relay": {"inputs.client_versions.1"},
}
