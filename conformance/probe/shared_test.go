package probe_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

func TestSharedRun(t *testing.T) {
	t.Parallel()
	value := slices.Concat(randomIDs(1)...)
	padding := bytes.Repeat([]byte{'#'}, 500)
	block := func(parts ...[]byte) [][]byte { return [][]byte{slices.Concat(parts...)} }
	for at := range 20 { // wherever it stands
		a := block(bytes.Repeat([]byte("ab"), at), value, padding)
		b := block(bytes.Repeat([]byte("xyz"), 2*at), value, []byte("end"), padding)
		require.Equal(t, value, probe.SharedRun(a, b), at)
		require.Equal(t, value[:16], probe.SharedRun(a, block(value[:16])), at)
		require.Nil(t, probe.SharedRun(a, block(value[:15])), at)
	}
	require.Nil(t, probe.SharedRun(block(padding, value[:10]), block(padding, value[:10])), "padding and too little")
	require.Nil(t, probe.SharedRun(block([]byte("0101010101010101010101")), block([]byte("0101010101010101010101"))), "few values")
	require.Nil(t, probe.SharedRun(block(randomIDs(1)[0]), block(value)))
	require.Nil(t, probe.SharedRun(nil, block(value)))
	halves := [][]byte{value[:12], value[12:]}
	require.Nil(t, probe.SharedRun(halves, block(value)), "a run ends with its block")
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.X25519} {
		key := func(own []byte) []byte {
			k, err := keys.NewPublic(alg, append(bytes.Clone(own), make([]byte, 32-len(own))...))
			require.NoError(t, err)
			return append([]byte{byte(len(k.SPKI()))}, k.SPKI()...)
		}
		require.Nil(t, probe.SharedRun(block([]byte("S"), key([]byte("12a"))), block([]byte("S"), key([]byte("12b")))), "the form of keys")
		require.Equal(t, value, probe.SharedRun(block(key(value)), block(key(value))), "a key")
	}
	for _, e := range []*smp.Error{smp.ErrCmdUnknown, smp.ErrCmdProhibited} {
		answer, err := smp.EncodeResponse(7, smp.ERR{Err: e})
		require.NoError(t, err)
		require.Nil(t, probe.SharedRun(block([]byte("12a"), answer, padding), block([]byte("12a"), answer, padding)), "the same refusal")
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	stream := []byte{23, 3, 3, 0, 3, 1, 2, 3, 22, 3, 3, 0, 0}
	records, err := probe.Records(stream)
	require.NoError(t, err)
	require.Equal(t, []probe.Record{{Type: tlsprobe.ContentApplicationData, Size: 3}, {Type: tlsprobe.ContentHandshake}}, records)
	for _, cut := range []int{1, 4, 7, 12} {
		_, err := probe.Records(stream[:cut])
		require.Error(t, err, cut)
	}
}
