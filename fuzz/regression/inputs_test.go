package regression

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBindInputs(t *testing.T) {
	t.Parallel()
	inputs, err := BindInputs("decode_command", []string{"version", "-", "encoded"}, []any{uint64(20), true, []byte{1, 0xff}})
	require.NoError(t, err)
	require.Equal(t, map[string]json.RawMessage{"version": json.RawMessage("20"), "encoded": json.RawMessage(`"01ff"`)}, inputs)

	inputs, err = BindInputs("decode_command", []string{"encoded", "version=9"}, []any{"PING"})
	require.NoError(t, err)
	require.Equal(t, json.RawMessage("9"), inputs["version"])
	require.Equal(t, json.RawMessage(`"50494e47"`), inputs["encoded"])

	// All types that a fuzz input can have, and those that have to be given.
	inputs, err = BindInputs("encode_int64", []string{"value"}, []any{int64(-5)})
	require.NoError(t, err)
	require.Equal(t, json.RawMessage(`"-5"`), inputs["value"])
	inputs, err = BindInputs("check_link", []string{"text"}, []any{[]byte("smp:/é")})
	require.NoError(t, err)
	require.Equal(t, json.RawMessage(`"smp:/é"`), inputs["text"])
	inputs, err = BindInputs("encode_boolean", []string{"value"}, []any{true})
	require.NoError(t, err)
	require.Equal(t, json.RawMessage("true"), inputs["value"])
	inputs, err = BindInputs("common_versions", []string{"range1=[6,20]", "range2=[7,9]"}, nil)
	require.NoError(t, err)
	require.Equal(t, json.RawMessage("[6,20]"), inputs["range1"])
	inputs, err = BindInputs("encode_int64", []string{"value=7"}, nil)
	require.NoError(t, err)
	require.Equal(t, json.RawMessage(`"7"`), inputs["value"])
	inputs, err = BindInputs("encode_optional", []string{"value=null"}, nil)
	require.NoError(t, err)
	require.Equal(t, json.RawMessage("null"), inputs["value"])
}

func TestBindInputsRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		operation string
		names     []string
		values    []any
		want      string
	}{
		"unknown operation": {"decode_comand", nil, nil, `no operation is called "decode_comand"`},
		"unknown input":     {"decode_command", []string{"bytes"}, []any{[]byte{}}, `input "bytes" of decode_command: expected each of encoded, version once`},
		"twice":             {"decode_command", []string{"version=6", "version=7"}, nil, "once"},
		"too few values":    {"decode_command", []string{"encoded", "version"}, []any{[]byte{}}, `no value left for "version"`},
		"too many values":   {"decode_block", []string{"content"}, []any{[]byte{}, true}, "1 values of the fuzz input are left"},
		"nothing to skip":   {"decode_block", []string{"content", "-"}, []any{[]byte{}}, "no value left"},
		"missing input":     {"decode_command", []string{"encoded"}, []any{[]byte{}}, "needs the inputs encoded, version"},
		"other type":        {"decode_command", []string{"encoded", "version"}, []any{[]byte{}, "x"}, `input "version" of decode_command, of the type word16: it cannot be made of a string`},
		"negative":          {"decode_command", []string{"encoded", "version"}, []any{[]byte{}, int64(-1)}, "cannot be made of a int64"},
		"no hexadecimals":   {"decode_block", []string{"content=xy"}, nil, "hexadecimal"},
		"no JSON":           {"common_versions", []string{"range1=6-20"}, nil, "no JSON value"},
		"no integer":        {"encode_int64", []string{"value=many"}, nil, `"many" is no integer`},
		"not UTF-8":         {"check_link", []string{"text"}, []any{[]byte{0xff}}, "not UTF-8"},
	} {
		_, err := BindInputs(test.operation, test.names, test.values)
		require.ErrorContains(t, err, test.want, name)
	}
}
