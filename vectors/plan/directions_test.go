package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// endToEnd are the official groups about what two clients do with each other: keys, key
// agreement, ratchet, the layer of the queue, agent messages, links and their data. Groups
// that only go one way say why.
var endToEnd = []struct {
	kind, group, oneWay string
}{
	{kind: "x3dh", group: "x3dh"},
	{kind: "x3dh", group: "kdf", oneWay: "key derivation"},
	{kind: "x3dh", group: "header"},
	{kind: "ratchet"},
	{kind: "ratchet_recorded", group: "encrypt", oneWay: "gives a digest; the messages are those of the group decrypt"},
	{kind: "ratchet_recorded", group: "decrypt", oneWay: "what the group encrypt made"},
	{kind: "message_layers", group: "queue_e2e"},
	{kind: "agent", group: "envelope"},
	{kind: "agent", group: "e2e params"},
	{kind: "agent", group: "agent_message"},
	{kind: "agent", group: "a_message"},
	{kind: "agent", group: "queue_info"},
	{kind: "links", group: "queue_uri"},
	{kind: "links", group: "contact"},
	{kind: "links", group: "invitation"},
	{kind: "links", group: "short"},
	{kind: "links", group: "parse"},
	{kind: "links", group: "link_data"},
	{kind: "links", group: "link_kdf", oneWay: "key derivation"},
	{kind: "test_uris", group: "uri"},
	{kind: "ts_crosschecked", group: "fullstack"},
}

// Every valid test of these groups is put to a codec in both directions: what makes the
// bytes or the text, and what takes them apart.
func TestEndToEndGroupsGoBothWays(t *testing.T) {
	t.Parallel()
	for _, scope := range endToEnd {
		f, err := vectors.Load(scope.kind)
		require.NoError(t, err)
		found := 0
		for g, test := range f.All() {
			if scope.group != "" && g.Name != scope.group || test.Invalid() {
				continue
			}
			found++
			calls, err := plan.Calls(f, g, test)
			require.NoError(t, err)
			if scope.oneWay != "" {
				continue
			}
			makes, takes := false, false
			for _, c := range calls {
				m, k := directions(&c)
				makes, takes = makes || m, takes || k
			}
			require.True(t, makes && takes, "%s %q: makes %t, takes apart %t", scope.kind, test.ID, makes, takes)
		}
		require.Positive(t, found, "%s %s", scope.kind, scope.group)
	}
}

// directions tells whether a call makes encoded data and whether it takes such apart. A
// call that answers with the canonical form of what it parsed does both. Keys do not
// count: they are encoded in every test.
func directions(c *plan.Call) (makes, takes bool) {
	name := c.Operation.Name
	if c.Refuse || strings.HasSuffix(name, "_key") {
		return false, false
	}
	starts := func(prefixes ...string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
	_, canonical := c.Output["canonical"]
	makes = starts("encode_", "format_", "seal_", "sign_", "recode_", "shorten_", "ratchet_encrypt", "x3dh_joining", "ratchet_start_joining", "client_handshake")
	takes = starts("decode_", "parse_", "open_", "resolve_", "verify_", "recode_", "shorten_", "ratchet_decrypt", "x3dh_initiating", "ratchet_start_initiating", "server_handshake")
	return makes || canonical && takes, takes
}

// scope is a group of the tests of a kind, which has at least so many valid ones.
type scope struct {
	kind, group string
	least       int
}

// requireBothWays fails unless every valid test is put to what makes the bytes and to what
// takes them apart, but for those whose id begins with one of oneWay.
func requireBothWays(t *testing.T, scopes []scope, oneWay ...string) {
	t.Helper()
	for _, scope := range scopes {
		f, err := vectors.Load(scope.kind)
		require.NoError(t, err)
		found := 0
		for g, test := range f.All() {
			if g.Name != scope.group || test.Invalid() {
				continue
			}
			calls, err := plan.Calls(f, g, test)
			require.NoError(t, err)
			only := slices.ContainsFunc(oneWay, func(prefix string) bool { return strings.HasPrefix(test.ID, prefix) })
			makes, takes := only, only
			for _, c := range calls {
				m, k := directions(&c)
				makes, takes = makes || m, takes || k
			}
			found++
			require.True(t, takes && makes, "%s %q: makes %t, takes apart %t", scope.kind, test.ID, makes, takes)
		}
		require.GreaterOrEqual(t, found, scope.least, "%s %s", scope.kind, scope.group)
	}
}
