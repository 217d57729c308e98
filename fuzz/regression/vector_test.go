package regression

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// content is the inputs of decode_block.
func content(hex string) map[string]json.RawMessage {
	return map[string]json.RawMessage{"content": json.RawMessage(`"` + hex + `"`)}
}

func makeVector(t *testing.T, id string, inputs map[string]json.RawMessage) *vectors.File {
	t.Helper()
	f, err := NewVector{ID: id, What: "what is wrong", Inputs: inputs}.Make(t.Context(), codec.New())
	require.NoError(t, err)
	return f
}

func TestVectorsFreezeTheAnswerOfTheCodec(t *testing.T) {
	t.Parallel()
	refused := makeVector(t, "regression/decode_block/no-count", content(""))
	test := refused.Groups[0].Tests[0]
	require.True(t, test.Invalid())
	require.Equal(t, "decode_block", test.Operation)
	require.NotEmpty(t, test.Error)
	accepted := makeVector(t, "regression/decode_block/one", content("01000161"))
	require.JSONEq(t, `{"transmissions": ["61"]}`, string(accepted.Groups[0].Tests[0].Output))

	report, err := check.Run(t.Context(), "reference", codec.New(), []*vectors.File{refused, accepted}, check.Options{Strict: true})
	require.NoError(t, err)
	require.Equal(t, 2, report.Summary.Pass)
}

// A vector can also say what the codec still gets wrong.
func TestVectorsOfWhatHasToBeRefused(t *testing.T) {
	t.Parallel()
	f, err := NewVector{ID: "regression/decode_block/one", What: "w", Inputs: content("01000161"), Refuse: "Trailing"}.Make(t.Context(), panicking{})
	require.NoError(t, err)
	report, err := check.Run(t.Context(), "reference", codec.New(), []*vectors.File{f}, check.Options{})
	require.NoError(t, err)
	require.Equal(t, 1, report.Summary.Fail)
}

// panicking is a codec that still has what the fuzzer has found.
type panicking struct{}

func (panicking) Do(context.Context, string, map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	panic("index out of range")
}

func TestVectorsThatCannotBeMade(t *testing.T) {
	t.Parallel()
	make := func(change func(*NewVector)) error {
		n := NewVector{ID: "regression/decode_block/x", What: "w", Inputs: content("")}
		change(&n)
		_, err := n.Make(t.Context(), codec.New())
		return err
	}
	require.NoError(t, make(func(*NewVector) {}))
	require.ErrorContains(t, make(func(n *NewVector) { n.ID = "relay/fuzz/x" }), "is not regression/OPERATION/name")
	require.ErrorContains(t, make(func(n *NewVector) { n.ID = "regression/decode_block/X" }), "is not regression/OPERATION/name")
	require.ErrorContains(t, make(func(n *NewVector) { n.What = " " }), "no title")
	require.ErrorContains(t, make(func(n *NewVector) { n.ID = "regression/decode_blocks/x" }), "not supported")
	require.ErrorContains(t, make(func(n *NewVector) { n.Inputs = content("xy") }), "not those of decode_block")
	require.ErrorContains(t, make(func(n *NewVector) { n.Refuse = "Wrong" }), `no class of errors is called "Wrong"`)

	_, err := NewVector{ID: "regression/decode_block/x", What: "w", Inputs: content("")}.Make(t.Context(), panicking{})
	require.ErrorContains(t, err, "the codec panics")
	require.ErrorContains(t, err, "vector_test.go:")
}

func TestVectorFilesThatContradictThemselves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*vectors.File, *vectors.Test)
		want   string
	}{
		"kind":         {func(f *vectors.File, _ *vectors.Test) { f.Kind = "padding" }, `expected "regression"`},
		"source":       {func(f *vectors.File, _ *vectors.Test) { f.Source.Repository = "x" }, "expected smpcheck"},
		"count":        {func(f *vectors.File, _ *vectors.Test) { f.Count = 2 }, "another number of vectors than one"},
		"id":           {func(_ *vectors.File, v *vectors.Test) { v.ID = "x" }, "is not OPERATION/name"},
		"other id":     {func(_ *vectors.File, v *vectors.Test) { v.ID = "decode_command/x" }, "do not name the same operation"},
		"operation":    {func(_ *vectors.File, v *vectors.Test) { v.Operation = "decode_command" }, "do not name the same operation"},
		"result":       {func(_ *vectors.File, v *vectors.Test) { v.Result = "maybe" }, `the result is "maybe"`},
		"no class":     {func(_ *vectors.File, v *vectors.Test) { v.Error = "" }, "have the class of the error"},
		"flag":         {func(_ *vectors.File, v *vectors.Test) { v.Flags = []string{"Other"} }, `"Other" is not explained`},
		"changed":      {func(_ *vectors.File, v *vectors.Test) { v.Inputs = vectors.Value(`{"content": "00"}`) }, "the vector was changed"},
		"input in all": {func(_ *vectors.File, v *vectors.Test) { v.Inputs = vectors.Value(`{"x": "00"}`); v.Checksum = sum(v) }, "input content is missing"},
	} {
		f := makeVector(t, "regression/decode_block/x", content(""))
		test.change(f, &f.Groups[0].Tests[0])
		require.ErrorContains(t, checkVector(f), test.want, name)
	}
}

func sum(t *vectors.Test) string {
	text, err := t.Sum()
	if err != nil {
		return err.Error()
	}
	return text
}
