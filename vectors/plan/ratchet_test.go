package plan_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// conversation returns a recorded conversation with steps that are refused.
func conversation(t *testing.T) (*vectors.File, vectors.Group, vectors.Test) {
	t.Helper()
	f, err := vectors.Load("ratchet")
	require.NoError(t, err)
	g, ok := f.Group("errors v3 KNone")
	require.True(t, ok)
	return f, *g, g.Tests[0]
}

// Conversations are planned by what is in them: their groups may have any name.
func TestConversationOfAnyName(t *testing.T) {
	t.Parallel()
	f, g, test := conversation(t)
	want, err := plan.Calls(f, &g, &test)
	require.NoError(t, err)
	used := map[string]int{}
	refused := 0
	for _, call := range want {
		used[call.Operation.Name]++
		if call.Refuse {
			require.NotEmpty(t, call.Error)
			refused++
		}
	}
	for _, name := range []string{
		"private_key", "ratchet_start_joining", "ratchet_start_initiating",
		"ratchet_encrypt", "ratchet_decrypt", "ratchet_refusal", "encode_ratchet_message", "decode_ratchet_message",
	} {
		require.Positive(t, used[name], name)
	}
	require.Equal(t, used["ratchet_refusal"], refused)

	g.Name, test.ID = "another conversation", "another conversation/1"
	got, err := plan.Calls(f, &g, &test)
	require.NoError(t, err)
	require.Equal(t, want, got)
}

// A record that contradicts itself has no plan.
func TestConversationThatContradictsItself(t *testing.T) {
	t.Parallel()
	for name, change := range map[string][2]string{
		"an error of no known name":      {`"CERatchetEarlierMessage `, `"CERatchetEarlierMessages `},
		"a side that is nobody":          {`"who": "rcv"`, `"who": "srv"`},
		"an operation that is unknown":   {`"op": "decrypt"`, `"op": "decrypts"`},
		"an outcome that is not told":    {`"state_advanced"`, `"state_unchanged"`},
		"a KEM that has no keys":         {`"KNone"`, `"KAccepted"`},
		"a field that has no place here": {`"who": `, `"whose": `},
	} {
		f, g, test := conversation(t)
		for _, part := range []*vectors.Value{&test.Inputs, &test.Output} {
			*part = bytes.Replace(*part, []byte(change[0]), []byte(change[1]), 1)
			if compact := bytes.ReplaceAll([]byte(change[0]), []byte(`": `), []byte(`":`)); !bytes.Equal(compact, []byte(change[0])) {
				*part = bytes.Replace(*part, compact, bytes.ReplaceAll([]byte(change[1]), []byte(`": `), []byte(`":`)), 1)
			}
		}
		_, err := plan.Calls(f, &g, &test)
		require.Error(t, err, name)
	}
}
