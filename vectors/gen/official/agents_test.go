package main

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

// recordedClients are the databases of a client with a connection and an address, and the
// events of its ratchet.
func recordedClients(t *testing.T) object {
	t.Helper()
	state := storedRatchet(t)
	return object{
		"client_state_after": object{"a": object{
			"connections": []any{
				object{"conn_id": "02", "conn_mode": "INV", "pq_support": 1, "smp_agent_version": 7, "last_snd_msg_hash": "0a", "more": "secret"},
				object{"conn_id": "01", "conn_mode": "CON", "pq_support": 0},
			},
			"rcv_queues": []any{
				object{"conn_id": "01", "rcv_id": "11", "link_key": "13"},
				object{"conn_id": "02", "rcv_id": "21", "e2e_dh_secret": "22"},
			},
			"snd_queues": []any{object{"conn_id": "02", "snd_id": "23", "snd_private_key": "24"}},
			"ratchets":   []any{object{"conn_id": "02", "ratchet_state": hex.EncodeToString([]byte(line(state)))}},
		}},
		"ratchet_events": []any{
			object{"op": "header", "who": "a", "state": state, "pq": true, "enc_header": "00"},
			object{"op": "encrypt", "who": "a", "enc_header": "00", "padded_len": 9, "plaintext": "03", "ciphertext_sha256": "04"},
			object{"op": "decrypt", "who": "a", "state": state, "new_state": state, "plaintext": "05"},
		},
	}
}

func TestAgentsOf(t *testing.T) {
	t.Parallel()
	ends, err := agentsOf(recordedClients(t))
	require.NoError(t, err)
	state, err := stateOf(storedRatchet(t))
	require.NoError(t, err)
	require.Len(t, ends, 2)

	address := ends[0]
	require.Equal(t, "01", address["id"])
	require.Equal(t, false, address["pq_support"])
	require.Equal(t, "13", address["receive_queue"].(object)["link_key"])
	require.Nil(t, address["send_queue"])
	require.Nil(t, address["ratchet"])

	connection := ends[1]
	require.Equal(t, "0a", connection["sent_hash"])
	require.Equal(t, true, connection["pq_support"])
	require.NotContains(t, connection, "more")
	require.Equal(t, "22", connection["receive_queue"].(object)["e2e_secret"])
	require.Equal(t, "24", connection["send_queue"].(object)["auth_private_der"])
	require.Equal(t, object{
		"initial": state, "final": state,
		"steps": []any{
			object{"op": "encrypt", "plaintext": "03", "pq": true, "padded_len": 9, "message_sha256": "04"},
			object{"op": "decrypt", "plaintext": "05", "state_after": state},
		},
	}, connection["ratchet"])
}

func TestAgentsOfRefuses(t *testing.T) {
	t.Parallel()
	table := func(in object, name string) []any {
		return in["client_state_after"].(object)["a"].(object)[name].([]any)
	}
	event := func(in object, i int) object { return in["ratchet_events"].([]any)[i].(object) }
	for want, spoil := range map[string]func(object){
		"expected a header":    func(in object) { event(in, 1)["enc_header"] = "01" },
		"has this ratchet":     func(in object) { event(in, 2)["who"] = "b" },
		"event 2: ratchet":     func(in object) { event(in, 2)["new_state"] = "x" },
		"stored ratchet":       func(in object) { table(in, "ratchets")[0].(object)["ratchet_state"] = "7b" },
		"one row of rcv_queue": func(in object) { table(in, "rcv_queues")[0].(object)["conn_id"] = "02" },
	} {
		in := recordedClients(t)
		spoil(in)
		_, err := agentsOf(in)
		require.ErrorContains(t, err, want)
	}
}
