package plan_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// find returns a test of an official file.
func find(t *testing.T, kind, id string) (*vectors.File, *vectors.Group, vectors.Test) {
	t.Helper()
	f, err := vectors.Load(kind)
	require.NoError(t, err)
	for g, test := range f.All() {
		if test.ID == id {
			return f, g, *test
		}
	}
	require.FailNow(t, "no such test", "%s %q", kind, id)
	return nil, nil, vectors.Test{}
}

func TestCommandsAndResponsesArePlanned(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"commands", "responses"} {
		f, err := vectors.Load(kind)
		require.NoError(t, err)
		for g, test := range f.All() {
			calls, err := plan.Calls(f, g, test)
			require.NoError(t, err, test.ID)
			decoded := 0
			for _, call := range calls {
				if strings.HasPrefix(call.Operation.Name, "decode_") || strings.HasPrefix(call.Operation.Name, "recode_") {
					decoded++
				}
			}
			if test.DecodeAtVersion != nil {
				require.GreaterOrEqual(t, decoded, 13, "%s: each version from 6 to 18 is decoded", test.ID)
			}
		}
	}
}

// What an official test says twice has to agree.
func TestContradictionsInOfficialTests(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ kind, id, old, changed string }{
		{"commands", "mutated/SEND/append 00/v6", `"version":6`, `"version":7`},
		{"commands", "mutated/SEND/append 00/v6", "53454e44204620626f6479\"", "53454e44204620626f6478\""},
		{"commands", "credentials/SEND/noauth/entity", `"has_authorization":false`, `"has_authorization":true`},
		{"responses", "entity/IDS/noentity", `"has_entity_id":false`, `"has_entity_id":true`},
		{"responses", "ERR/STORE text/v6-18", "STORE text", "STORE texts"},
		{"responses", "PKEY/v6-18", `"cert_chain_key":"02`, `"cert_chain_key":"03`},
	} {
		f, g, test := find(t, c.kind, c.id)
		compact := strings.NewReplacer("\n", "", `": `, `":`).Replace(string(test.Inputs))
		require.Contains(t, compact, c.old, c.id)
		test.Inputs = vectors.Value(strings.Replace(compact, c.old, c.changed, 1))
		_, err := plan.Calls(f, g, &test)
		require.Error(t, err, c.id)
	}
}

func TestDecodedErrorsAreRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"AUTH", "ERR (AUTH", "ERR (STORE {storeErr = some})", "ERR (BLOCKED {blockInfo = BlockingInfo {reason = BROther, notice = Nothing}})",
		"ERR (BLOCKED {blockInfo = BlockingInfo {reason = BRSpam, notice = Some}})",
		"ERR (PROXY {proxyErr = BROKER {brokerErr = TRANSPORT {transportErr = TEOther}}})",
		"ERR (PROXY {proxyErr = BROKER {brokerErr = NETWORK {networkError = NEOther}}})"} {
		f, g, test := find(t, "responses", "ERR/BLOCK/v6-18")
		decode := *test.Decode
		decode.Decoded = text
		test.Decode = &decode
		_, err := plan.Calls(f, g, &test)
		require.Error(t, err, text)
	}
}

func TestUnusedParts(t *testing.T) {
	t.Parallel()
	for id, want := range map[string][]string{
		"NEW/x25519/noauth/S/none/ntf/v6-8":            {"inputs.ntf_creds"},
		"NEW/x25519/noauth/S/none/nontf/v6-8":          nil,
		"NEW/x25519/noauth/C/contact-link/ntf/v15-16":  {"inputs.ntf_creds"},
		"NEW/x25519/noauth/S/contact-link/nontf/v9-14": {"inputs.queue_req_data.link_id", "inputs.queue_req_data.sender_id", "inputs.queue_req_data.link_data"},
		"parse/SEND extended flags/v6":                 {"inputs.command_bytes"},
		"SUB/v6-18":                                    nil,
	} {
		f, err := vectors.Load("commands")
		require.NoError(t, err)
		for _, test := range f.All() {
			if test.ID == id {
				require.Equal(t, want, plan.Unused("commands", test), id)
			}
		}
	}
	_, _, test := find(t, "responses", "SOK/service/v6-15")
	require.Equal(t, []string{"inputs.service_id"}, plan.Unused("responses", &test))
}
