package ratchet_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/ratchet"
)

// rich is a state in which every field is used.
func rich(t require.TestingT) ratchet.State {
	x, y := pqAgreed.pair(t, pooledSource(1))
	for range 2 {
		var last []byte
		for range 3 {
			message, next, err := x.Encrypt(nil, length, ratchet.Options{})
			require.NoError(t, err)
			x, last = next, message
		}
		_, next, err := y.Decrypt(pooledSource(2), last)
		require.NoError(t, err)
		x, y = next, x
	}
	return x
}

// A stored state that lacks something or contradicts itself is refused. Each
// case changes one field.
func TestStateRefused(t *testing.T) {
	t.Parallel()
	good := encoded(t, rich(t))
	for name, change := range map[string]func(m map[string]any){
		"unknown field":    func(m map[string]any) { m["more"] = 1 },
		"short AD":         func(m map[string]any) { m["ad"] = "00" },
		"AD no hex":        func(m map[string]any) { m["ad"] = "zz" },
		"version 1":        func(m map[string]any) { m["current_version"] = 1 },
		"version 4":        func(m map[string]any) { m["current_version"], m["max_version"] = 4, 4 },
		"highest lower":    func(m map[string]any) { m["max_version"] = 2 },
		"version negative": func(m map[string]any) { m["current_version"] = -1 },
		"no own key":       func(m map[string]any) { delete(m, "dh_self_private") },
		"short root key":   func(m map[string]any) { m["root_key"] = "00" },
		"root key no hex":  func(m map[string]any) { m["root_key"] = strings.Repeat("x", 64) },
		"short remote key": func(m map[string]any) { m["snd"].(map[string]any)["dh_remote_public"] = "00" },
		"short KEM key":    func(m map[string]any) { m["kem"].(map[string]any)["self"].(map[string]any)["public"] = "00" },
		"short KEM secret": func(m map[string]any) { m["kem"].(map[string]any)["self"].(map[string]any)["secret"] = "00" },
		"no ciphertext":    func(m map[string]any) { m["kem"].(map[string]any)["accepted"].(map[string]any)["ciphertext"] = "" },
		"short received": func(m map[string]any) {
			m["kem"].(map[string]any)["accepted"].(map[string]any)["received_public"] = "00"
		},
		"no sending chain": func(m map[string]any) { m["snd"] = nil },
		"number no chain":  func(m map[string]any) { m["rcv"] = nil },
		"number too large": func(m map[string]any) { m["ns"] = 1 << 32 },
		"empty skipped":    func(m map[string]any) { skipped(m)["keys"] = []any{} },
		"skipped twice":    func(m map[string]any) { m["skipped"] = append(m["skipped"].([]any), skipped(m)) },
		"skipped disorder": func(m map[string]any) {
			k := skipped(m)["keys"].([]any)
			skipped(m)["keys"] = []any{k[1], k[0]}
		},
	} {
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(good), &m))
		change(m)
		text, err := json.Marshal(m)
		require.NoError(t, err)
		var s ratchet.State
		err = json.Unmarshal(text, &s)
		require.ErrorIs(t, err, ratchet.ErrState, name)
		require.Equal(t, ratchet.State{}, s, name)
		require.Less(t, len(err.Error()), 150, "%s: nothing of the state is in the text", name)
	}
	var s ratchet.State
	require.ErrorIs(t, s.UnmarshalJSON([]byte(good+"1")), ratchet.ErrState)
	require.ErrorIs(t, s.UnmarshalJSON(nil), ratchet.ErrState)
}

func skipped(m map[string]any) map[string]any { return m["skipped"].([]any)[0].(map[string]any) }
