package vectors_test

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
)

// counts has the least number of tests in each file: a file that is cut short by a
// mistake in the generator has a header that agrees with it.
var counts = map[string]int{
	"agent": 139, "blocks": 44, "commands": 563, "handshake": 72, "links": 222, "message_layers": 71,
	"misc": 208, "ratchet": 16, "ratchet_recorded": 60, "responses": 248, "test_uris": 26,
	"transmissions": 308, "ts_crosschecked": 73, "x3dh": 21,
}

var blockCounts = map[string]int{
	"contact-link-v18": 59, "duplex-v18-pq": 122, "duplex-v6-nopq": 52, "duplex-v7": 132,
	"proxy-v18": 82, "raw-v18": 100, "raw-v9": 74, "three-v18": 112,
}

func TestFilesAreComplete(t *testing.T) {
	t.Parallel()
	require.Len(t, vectors.OfficialNames(), len(counts))
	for _, name := range vectors.OfficialNames() {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		require.Equal(t, name, f.Kind)
		require.GreaterOrEqual(t, f.Count, counts[name], name)

		ids, used, n := map[string]bool{}, map[string]bool{}, 0
		for g, test := range f.All() {
			require.False(t, ids[test.ID], "%s: id %q twice", name, test.ID)
			group, _, _ := strings.Cut(test.ID, "/")
			require.Equal(t, g.Name, group, "%s: %q is in another group", name, test.ID)
			for _, flag := range test.Flags {
				require.Contains(t, f.Flags, flag, "%s: %q has a flag that is not explained", name, test.ID)
				used[flag] = true
			}
			ids[test.ID] = true
			n++
		}
		require.Equal(t, f.Count, n, name)
		require.Len(t, used, len(f.Flags), "%s: a flag is on no test", name)
		for _, g := range f.Groups {
			require.NotEmpty(t, g.Tests, "%s: group %s", name, g.Name)
			found, ok := f.Group(g.Name)
			require.True(t, ok)
			require.Equal(t, g.Name, found.Name, "%s: group name twice", name)
		}
	}
}

func TestRecordingsAreComplete(t *testing.T) {
	t.Parallel()
	require.Len(t, vectors.RecordingNames(), len(blockCounts))
	for _, name := range vectors.RecordingNames() {
		r, err := vectors.LoadRecording(name)
		require.NoError(t, err)
		require.Equal(t, name, r.Name)
		require.Len(t, r.Blocks, blockCounts[name], name)
		require.Len(t, r.Blocks, r.Count.Blocks, name)
		require.Len(t, r.Connections, r.Count.Connections, name)
		next := map[string]int{}
		for i, b := range r.Blocks {
			require.Equal(t, i, b.Number, name)
			_, ok := r.Connection(b.Connection)
			require.True(t, ok, "%s: block %d is on connection %q", name, i, b.Connection)
			sender := b.Connection + " " + b.Sender
			require.Equal(t, next[sender], b.Index, "%s: block %d of %s", name, i, sender)
			next[sender]++
			require.Equal(t, wantSHA256(b), b.RawSHA256.String(), "%s: block %d", name, i)
		}
	}
}

// wantSHA256 is the digest of what was sent, computed where the recording alone
// is enough for it.
func wantSHA256(b vectors.Block) string {
	raw := b.Raw
	switch {
	case raw != nil:
	case b.Encrypted:
		return b.RawSHA256.String()
	default:
		raw = append([]byte{byte(len(b.Content) >> 8), byte(len(b.Content))}, b.Content...)
		raw = append(raw, strings.Repeat("#", 16384-len(raw))...)
	}
	return fmt.Sprintf("%x", sha256.Sum256(raw))
}

// Text of some length that consists of hexadecimal digits, not all of them
// decimal, is bytes, so it has to be in the form that Hex takes.
func TestHexadecimalTextDecodes(t *testing.T) {
	t.Parallel()
	digits := regexp.MustCompile(`^[0-9a-fA-F]{12,}$`)
	decimal := regexp.MustCompile(`^[0-9]+$`)
	for _, name := range vectors.OfficialNames() {
		f, err := vectors.Load(name)
		require.NoError(t, err)
		found := 0
		for _, test := range f.All() {
			for _, v := range []vectors.Value{test.Inputs, test.Output} {
				var decoded any
				require.NoError(t, v.Decode(&decoded))
				for _, text := range texts(decoded) {
					if !digits.MatchString(text) || decimal.MatchString(text) {
						continue
					}
					var h vectors.Hex
					require.NoError(t, h.UnmarshalText([]byte(text)), "%s: %q: %.40s…", name, test.ID, text)
					require.Equal(t, text, h.String())
					found++
				}
			}
		}
		if name != "test_uris" { // which is all text
			require.Positive(t, found, name)
		}
	}
}

// texts lists all texts within a decoded JSON value.
func texts(v any) []string {
	var list []string
	switch v := v.(type) {
	case string:
		list = append(list, v)
	case []any:
		for _, e := range v {
			list = append(list, texts(e)...)
		}
	case map[string]any:
		for _, e := range v {
			list = append(list, texts(e)...)
		}
	}
	return list
}

func TestUnknownNames(t *testing.T) {
	t.Parallel()
	_, err := vectors.Load("nothing")
	require.ErrorIs(t, err, vectors.ErrNotFound)
	require.ErrorContains(t, err, "commands")
	_, err = vectors.LoadRecording("commands")
	require.ErrorIs(t, err, vectors.ErrNotFound)
	_, err = vectors.Load("../official/commands")
	require.ErrorIs(t, err, vectors.ErrNotFound)
}

func TestNamesAreSorted(t *testing.T) {
	t.Parallel()
	require.True(t, slices.IsSorted(vectors.Names()))
	require.True(t, slices.IsSorted(vectors.RecordingNames()))
}
