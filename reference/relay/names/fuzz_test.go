package names_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/relay/names"
	"smpcheck/reference/smp"
)

// FuzzParse: a file of names is refused with a reason, or is a JSON object whose keys are the
// names that it knows, in lower case, each with a record that fits RNAME.
func FuzzParse(f *testing.F) {
	record := marshal(f, recordOf("alice.simplex"))
	for _, content := range []string{
		"{}", "null", "{", `{"alice.simplex":` + record + "}", `{"Alice.simplex":` + record + `,"b.c":` + record + "} ",
		`{"a.b":` + record + `,"A.B":` + record + "}", `{"a.b":` + strings.Repeat("[", 500) + "}", `{"\u0061.b":` + record + "}",
	} {
		f.Add([]byte(content))
	}
	for _, i := range seed.Of(seed.Response) {
		if record, ok := bytes.CutPrefix(i.Data, []byte("RNAME ")); ok {
			f.Add([]byte(`{"a.b": ` + string(record) + "}"))
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var file *names.File
		var err error
		bound.Check(t, len(content), func() { file, err = names.Parse(content) })
		if err != nil {
			require.ErrorIs(t, err, names.ErrFile)
			require.Nil(t, file)
			return
		}
		var keys map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(content, &keys))
		require.Equal(t, len(keys), file.Len())
		for key := range keys {
			name := strings.ToLower(key)
			record, err := file.Resolve(t.Context(), name)
			require.NoError(t, err)
			b, err := smp.EncodeResponse(smp.MaxVersion, smp.RNAME{Record: record})
			require.NoError(t, err)
			again, err := smp.DecodeResponse(smp.MaxVersion, b)
			require.NoError(t, err)
			require.Equal(t, smp.RNAME{Record: record}, again)
		}
	})
}
