package vectors_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

func TestHex(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		json string
		want vectors.Hex
	}{
		{`null`, nil},
		{`""`, vectors.Hex{}},
		{`"00ff"`, vectors.Hex{0, 255}},
	} {
		var got vectors.Hex
		require.NoError(t, json.Unmarshal([]byte(c.json), &got), c.json)
		require.Equal(t, c.want, got, c.json)
	}
	for _, bad := range []string{`"0"`, `"0F"`, `"xx"`, `7`} {
		var got vectors.Hex
		require.Error(t, json.Unmarshal([]byte(bad), &got), bad)
	}
	text, err := json.Marshal(vectors.Hex{0xab})
	require.NoError(t, err)
	require.Equal(t, `"ab"`, string(text))
}

func TestValueDecodesAllOrNothing(t *testing.T) {
	t.Parallel()
	v := vectors.Value(`{"a":1,"b":2}`)
	var both struct{ A, B int }
	require.NoError(t, v.Decode(&both))
	var one struct{ A int }
	require.ErrorContains(t, v.Decode(&one), `"b"`)
	require.Error(t, vectors.Value(`1 2`).Decode(new(int)))
	require.Error(t, vectors.Value(nil).Decode(new(int)))

	require.True(t, vectors.Value("null").IsNull())
	require.True(t, vectors.Value(nil).IsNull())
	require.False(t, v.IsNull())
	text, err := json.Marshal(struct{ V, None vectors.Value }{V: v})
	require.NoError(t, err)
	require.JSONEq(t, `{"V":{"a":1,"b":2},"None":null}`, string(text))
}
