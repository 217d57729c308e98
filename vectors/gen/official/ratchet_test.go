package main

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
)

func encoded(b []byte) string { return base64.URLEncoding.EncodeToString(b) }

// privateKey and publicKey are the first pair of RFC 7748, section 6.2.
const (
	privateKey = "9a8f4925d1519f5775cf46b04b5800d4ee9ee8bae8bc5565d498c28dd9c9baf574a9419744897391006382a6f127ab1d9ac2d8c0a598726b"
	publicKey  = "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0"
)

func storedRatchet(t *testing.T) object {
	t.Helper()
	private, err := hex.DecodeString(privateKey)
	require.NoError(t, err)
	public, err := hex.DecodeString(publicKey)
	require.NoError(t, err)
	key := encoded([]byte{1})
	return object{
		"rcAD": key, "rcVersion": []any{2, 3}, "rcRK": key, "rcNHKs": key, "rcNHKr": key,
		"rcDHRs":       encoded([]byte(encoded(append(privatePrefix[:len(privatePrefix):len(privatePrefix)], private...)))),
		"rcSupportKEM": true, "rcEnableKEM": true, "rcSndKEM": true, "rcRcvKEM": false, "rcNs": 1, "rcNr": 2, "rcPN": 3,
		"rcSnd": object{"rcDHRr": encoded(append(publicPrefix[:len(publicPrefix):len(publicPrefix)], public...)), "rcCKs": key, "rcHKs": key},
		"rcRcv": object{"rcCKr": key, "rcHKr": key},
		"rcKEM": object{
			"rcPQRs": []any{encoded([]byte{2}), encoded([]byte{3})},
			"rcKEMs": object{"rcPQRr": key, "rcPQRss": key, "rcPQRct": key},
		},
	}
}

func TestStateOf(t *testing.T) {
	t.Parallel()
	got, err := stateOf(storedRatchet(t))
	require.NoError(t, err)
	require.Equal(t, object{
		"ad": "01", "current_version": 2, "max_version": 3, "dh_self_private": privateKey, "dh_self_public": publicKey,
		"support_kem": true, "enable_kem": true, "snd_kem": true, "rcv_kem": false, "root_key": "01",
		"next_header_key_snd": "01", "next_header_key_rcv": "01", "ns": 1, "nr": 2, "pn": 3,
		"snd": object{"dh_remote_public": publicKey, "chain_key": "01", "header_key": "01"},
		"rcv": object{"chain_key": "01", "header_key": "01"},
		"kem": object{
			"self":     object{"public": "02", "secret": "03"},
			"accepted": object{"received_public": "01", "shared": "01", "ciphertext": "01"},
		},
	}, got)
	for name, value := range map[string]any{
		"rcMore": 1, "rcDHRs": encoded([]byte(encoded([]byte{1}))), "rcAD": "!",
		"rcSnd": object{"rcDHRr": encoded([]byte{1}), "rcCKs": "", "rcHKs": ""},
	} {
		bad := storedRatchet(t)
		bad[name] = value
		_, err := stateOf(bad)
		require.Error(t, err, name)
	}
}

func TestRatchetRecords(t *testing.T) {
	t.Parallel()
	state := storedRatchet(t)
	header := object{"op": "header", "who": "a", "state": state, "pq": nil, "enc_header": "00"}
	encrypt := object{
		"op": "encrypt", "who": "a", "enc_header": "00", "mk": "01", "iv": "02", "padded_len": 9, "plaintext": "03",
		"ciphertext_sha256": "04",
	}
	decrypt := object{"op": "decrypt", "who": "b", "state": state, "new_state": state, "plaintext": "03", "ciphertext": "05"}
	records, err := ratchetRecords("r", object{"ratchet_events": []any{header, encrypt, decrypt}})
	require.NoError(t, err)
	require.Len(t, records, 2)
	require.Equal(t, "encrypt/r/0", records[0].(object)["id"])
	require.Equal(t, "decrypt/r/0", records[1].(object)["id"])
	for want, events := range map[string][]any{
		"expected ratchet events": {},
		"header before the body":  {encrypt},
		"body for each header":    {header},
		"unknown operation":       {object{"op": "other"}},
		"ratchet state":           {object{"op": "decrypt", "state": "x"}},
	} {
		_, err := ratchetRecords("r", object{"ratchet_events": events})
		require.ErrorContains(t, err, want)
	}
}
