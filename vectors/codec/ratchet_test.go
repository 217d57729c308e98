package codec_test

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// The first counter block that the vectors give is the one of GCM: the ciphertext is what
// AES in counter mode makes of the padded content from the next counter on.
func TestCounterBlockLeadsToTheCiphertext(t *testing.T) {
	t.Parallel()
	for kind, names := range map[string]struct{ key, body string }{
		"ratchet_message": {"message_key", "body"},
		"ratchet_header":  {"header_key", "header_body"},
	} {
		f, err := vectors.Load(kind)
		require.NoError(t, err)
		for _, test := range f.All() {
			if test.Invalid() {
				continue
			}
			var in, on map[string]json.RawMessage
			require.NoError(t, json.Unmarshal(test.Inputs, &in))
			require.NoError(t, json.Unmarshal(test.Intermediate, &on))
			value := func(text json.RawMessage) (b vectors.Hex) {
				require.NoError(t, json.Unmarshal(text, &b), test.ID)
				return b
			}
			block, err := aes.NewCipher(value(in[names.key]))
			require.NoError(t, err, test.ID)
			counter := value(on["counter_block"])
			binary.BigEndian.PutUint32(counter[12:], binary.BigEndian.Uint32(counter[12:])+1)
			padded := value(on["padded"])
			cipher.NewCTR(block, counter).XORKeyStream(padded, padded)
			require.Equal(t, value(on[names.body]), padded, test.ID)
		}
	}
}

// A request that cannot be what it says is told apart from what the ratchet refuses.
func TestRatchetRequestsAreChecked(t *testing.T) {
	t.Parallel()
	f, err := vectors.Load("conversation")
	require.NoError(t, err)
	test := f.Groups[0].Tests[0]
	for name, change := range map[string]func(fields, step map[string]any){
		"a side that is nobody":              func(_, step map[string]any) { step["who"] = "server" },
		"a thing that nobody does":           func(_, step map[string]any) { step["do"] = "sing" },
		"a field of another step":            func(_, step map[string]any) { step["count"] = 1 },
		"a message that was not made":        func(_, step map[string]any) { step["do"], step["message_of"] = "decrypt", 0 },
		"a message from the future":          func(_, step map[string]any) { step["do"], step["message_of"] = "decrypt", 100 },
		"the KEM at version 2":               func(fields, _ map[string]any) { fields["joining_pq"] = true },
		"a ratchet step without keys for it": func(fields, _ map[string]any) { withoutKeys(fields) },
	} {
		var inputs map[string]any
		require.NoError(t, json.Unmarshal(test.Inputs, &inputs))
		step := inputs["steps"].([]any)[0].(map[string]any)
		if name == "a message that was not made" || name == "a message from the future" {
			step["content"], step["padded_length"], step["supported"] = "", 0, 0
		}
		change(inputs, step)
		raw := map[string]json.RawMessage{}
		for field, value := range inputs {
			raw[field], err = json.Marshal(value)
			require.NoError(t, err)
		}
		_, err := codec.New().Do(context.Background(), "ratchet_conversation", raw)
		var refusal *check.Refusal
		require.ErrorAs(t, err, &refusal, name)
		require.Equal(t, check.BadRequest, refusal.Class, name)
	}
}

func withoutKeys(fields map[string]any) {
	for _, step := range fields["steps"].([]any) {
		step.(map[string]any)["new_keys"] = nil
	}
}
