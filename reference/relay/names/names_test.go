package names_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"smpcheck/reference/relay"
	"smpcheck/reference/relay/names"
	"smpcheck/reference/smp"
)

var (
	_ relay.Resolver = (*names.File)(nil)
	_ relay.Resolver = (*names.HTTP)(nil)
)

var account = "0x" + strings.Repeat("0a", 20)

func recordOf(name string) smp.NameRecord {
	eth := "0xabc"
	return smp.NameRecord{
		Name: name, Website: "https://a/?b=<c>&d", SimplexContact: []string{"simplex:/a#x"}, SimplexChannel: []string{},
		ETH: &eth, Owner: account, Resolver: account,
	}
}

// marshal is a record as a resolver or a file has it.
func marshal(t require.TestingT, value any) string {
	b, err := json.Marshal(value)
	require.NoError(t, err)
	return string(b)
}

func TestFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "names.json")
	content := marshal(t, map[string]smp.NameRecord{"Alice.simplex": recordOf("alice.simplex"), "b.b.test": recordOf("other")})
	require.NoError(t, os.WriteFile(path, []byte(content+"\n"), 0o644))
	f, err := names.LoadFile(path)
	require.NoError(t, err)
	require.Equal(t, 2, f.Len())
	for name, want := range map[string]string{"alice.simplex": "alice.simplex", "b.b.test": "other"} {
		record, err := f.Resolve(t.Context(), name)
		require.NoError(t, err)
		require.Equal(t, recordOf(want), record)
	}
	_, err = f.Resolve(t.Context(), "b.test")
	require.ErrorIs(t, err, smp.ErrNameNotFound)
	_, err = names.LoadFile(path + ".missing")
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorIs(t, err, names.ErrFile)
}

func TestMalformedFiles(t *testing.T) {
	t.Parallel()
	record := marshal(t, recordOf("alice.simplex"))
	for content, reason := range map[string]string{
		"":                                    "expected a JSON object",
		"[]":                                  "expected a JSON object",
		"null":                                "expected a JSON object",
		`{"alice.simplex": ` + record:         "does not end",
		`{"alice.simplex": ` + record + `}}`:  "something follows",
		`{"alice.simplex": ` + record + `} {`: "something follows",
		`{"alice": ` + record + `}`:           "entry 1",
		`{"alice.simplex": {}}`:               "entry 1: name record",
		`{"alice.simplex": null}`:             "entry 1: name record",
		`{"alice.simplex": ` + record + `, "bob.simplex": 1}`:                "entry 2",
		`{"alice.simplex": ` + record + `, "ALICE.simplex": ` + record + `}`: "twice",
		`{"alice.simplex" ` + record + `}`:                                   "entry 1",
		strings.Repeat(" ", names.MaxFileSize+1):                             "more than",
	} {
		_, err := names.Parse([]byte(content))
		require.ErrorIs(t, err, names.ErrFile, "%.80s", content)
		require.ErrorContains(t, err, reason)
	}
	f, err := names.Parse([]byte("{}"))
	require.NoError(t, err)
	require.Zero(t, f.Len())
}

// Whatever names stand in a file are found, and no others.
func TestPropertyFileKnowsItsNames(t *testing.T) {
	t.Parallel()
	name := rapid.StringMatching(`[a-z0-9]{1,4}(-[a-z0-9]{1,3})?(\.[a-z]{1,3}){1,2}`)
	rapid.Check(t, func(t *rapid.T) {
		known := rapid.MapOf(name, rapid.Just(recordOf("x"))).Draw(t, "known")
		f, err := names.Parse([]byte(marshal(t, known)))
		require.NoError(t, err)
		asked := append(rapid.SliceOf(name).Draw(t, "asked"), "a.a")
		for n := range known {
			asked = append(asked, n)
		}
		for _, n := range asked {
			_, err := f.Resolve(t.Context(), n)
			if _, ok := known[n]; ok {
				require.NoError(t, err)
			} else {
				require.ErrorIs(t, err, smp.ErrNameNotFound)
			}
		}
	})
}
