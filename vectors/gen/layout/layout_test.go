package layout_test

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/vectors/gen/layout"
)

func find(t *testing.T, list []layout.Mutation, id string) layout.Mutation {
	t.Helper()
	for _, m := range list {
		if m.ID == id {
			return m
		}
	}
	require.FailNow(t, "no such mutation", "%q", id)
	return layout.Mutation{}
}

func TestMutationsOfFields(t *testing.T) {
	t.Parallel()
	m := layout.Message{Tag: "TAG", Doubled: "Class", Fields: []layout.Field{
		layout.Short("id", []byte("abc")), layout.Boolean("flag", true), layout.Large("data", []byte("de"))}}
	require.Equal(t, "TAG \x03abcT\x00\x02de", string(m.Encoded()))
	list := m.Mutations()
	for id, want := range map[string]string{
		"tag-lower-case":   "tag \x03abcT\x00\x02de",
		"tag-first-small":  "tAG \x03abcT\x00\x02de",
		"tag-longer":       "TAGX \x03abcT\x00\x02de",
		"no-parameters":    "TAG",
		"no-space":         "TAG\x03abcT\x00\x02de",
		"two-spaces":       "TAG  \x03abcT\x00\x02de",
		"trailing":         "TAG \x03abcT\x00\x02de\x00",
		"ends-before-id":   "TAG ",
		"ends-within-id":   "TAG \x03ab",
		"ends-before-flag": "TAG \x03abc",
		"ends-before-data": "TAG \x03abcT",
		"ends-within-data": "TAG \x03abcT\x00\x02d",
		"id-beyond":        "TAG \xffabcT\x00\x02de",
		"flag-74":          "TAG \x03abct\x00\x02de",
		"data-beyond":      "TAG \x03abcT\xff\xffde",
	} {
		require.Equal(t, want, string(find(t, list, id).Encoded), id)
	}
	for _, mutation := range list {
		require.NotEqual(t, m.Encoded(), mutation.Encoded, mutation.ID)
		require.NotEmpty(t, mutation.Class, mutation.ID)
		require.Contains(t, layout.Flags, mutation.Flag, mutation.ID)
	}
	for _, mutation := range m.Mutations("flag") {
		require.Contains(t, mutation.ID, "flag")
	}
}

// A field that takes what remains has no faults at its end, and a tag without parameters
// none within.
func TestMutationsAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, mutation := range (layout.Message{Tag: "TAG", Fields: []layout.Field{layout.Tail("body", []byte("abc"))}}).Mutations() {
		require.NotContains(t, mutation.ID, "body")
		require.NotEqual(t, "trailing", mutation.ID)
	}
	bare := layout.Message{Tag: "TAG"}.Mutations()
	require.Equal(t, "TAG ", string(find(t, bare, "space").Encoded))
	require.Equal(t, "TAG\x00", string(find(t, bare, "zero").Encoded))
	words := layout.Message{Tag: "ERR", Fields: []layout.Field{layout.Word("word", "CMD"), layout.Space("space", "UnknownCode"), layout.Word("second", "SYNTAX")}}.Mutations()
	require.Equal(t, "ERR CMD  SYNTAX", string(find(t, words, "space-doubled").Encoded))
	require.Equal(t, "ERR CMD SYNTAX ", string(find(t, words, "trailing").Encoded))
}

// No fault of a key is a key that the field allows, and the keys of a file have all faults
// together.
func TestFaultsOfKeys(t *testing.T) {
	t.Parallel()
	var file layout.Keys
	names := map[string]bool{}
	der := layout.PublicKey(keys.X25519, "test")
	require.True(t, bytes.Equal(der, layout.PublicKey(keys.X25519, "test")))
	for range 9 {
		m := layout.Message{Tag: "KEY", Fields: []layout.Field{file.Auth("key", der)}}
		_, err := smp.DecodeCommand(20, m.Encoded())
		require.NoError(t, err)
		for _, mutation := range m.Mutations("key") {
			_, err := smp.DecodeCommand(20, mutation.Encoded)
			require.ErrorIs(t, err, smp.ErrCmdSyntax, mutation.ID)
			names[mutation.ID] = true
		}
	}
	for _, name := range []string{"empty", "raw", "short", "long", "set", "algorithm", "octets", "unused-bits", "private", "X448", "beyond"} {
		require.True(t, names["key-"+name], name)
	}
}
