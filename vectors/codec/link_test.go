package codec_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// Fields that no operation on links has a meaning for are the fault of whoever asks.
func TestRequestsThatAreNoLinks(t *testing.T) {
	t.Parallel()
	const (
		relay = `"key_hash":"00","port":"5223"`
		key   = `"302a300506032b656e032100b42b7549ae44b258615e34de5f4f5f58462088b8e8f4412239fb135fe8de4c31"`
		queue = relay + `,"sender_id":"00","dh_key":` + key + `,"client_versions":[1,4]`
		full  = `"agent_versions":[2,7],"queues":[],"e2e":null,"client_data":null`
	)
	for name, request := range map[string][2]string{
		"no hosts":                     {"format_queue_uri", `{` + queue + `,"hosts":[],"queue_mode":null}`},
		"port in letters":              {"encode_short_link", `{"key_hash":"00","port":"a","hosts":["a.example"],"type":"a","link_id":null,"link_key":"00"}`},
		"queue of unknown mode":        {"encode_queue_uri", `{` + queue + `,"hosts":["a.example"],"queue_mode":"X"}`},
		"link of unknown mode":         {"encode_connection_link", `{"mode":"group",` + full + `}`},
		"unknown type":                 {"encode_short_link", `{` + relay + `,"hosts":["a.example"],"type":"x","link_id":null,"link_key":"00"}`},
		"invitation without link id":   {"encode_short_link", `{` + relay + `,"hosts":["a.example"],"type":"i","link_id":null,"link_key":"00"}`},
		"contact with link id":         {"encode_short_link", `{` + relay + `,"hosts":["a.example"],"type":"a","link_id":"00","link_key":"00"}`},
		"link data of an unknown mode": {"resolve_link_data", `{"mode":"","link_key":"","sealed_fixed_data":"","sealed_user_data":""}`},
		"a field too many":             {"parse_link", `{"text":"","more":""}`},
	} {
		var inputs map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(request[1]), &inputs), name)
		_, err := codec.New().Do(context.Background(), request[0], inputs)
		var refusal *check.Refusal
		require.ErrorAs(t, err, &refusal, name)
		assert.Equal(t, check.BadRequest, refusal.Class, "%s: %s", name, refusal.Detail)
	}
}
