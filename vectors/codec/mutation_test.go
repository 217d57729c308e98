package codec_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
	"smpcheck/vectors/plan"
)

// mutationSeed decides which bytes of which vectors are changed.
const mutationSeed = 20261122

// mutationsPerFile is the number of changes that are tried in each file of vectors.
const mutationsPerFile = 40

// Whoever copies a vector wrongly has to notice: a change of any byte of a valid vector
// makes its check fail.
func TestAnyChangedByteOfAVectorIsNoticed(t *testing.T) {
	t.Parallel()
	everyFile(t, func(t *testing.T, random *rand.Rand, f *vectors.File, at place) {
		mutated, where := mutate(t, random, nil, at.test)
		require.False(t, passes(t, f, at.group, mutated), "%s %q passes although %s (seed %d)", f.Kind, at.test.ID, where, mutationSeed)
	})
}

// The same without the checksum: a codec that does not agree with the changed byte is
// told so. Only texts for people and values that the protocol does not use at the
// versions of a test may change.
func TestTheCodecNoticesAChangedByte(t *testing.T) {
	t.Parallel()
	everyFile(t, func(t *testing.T, random *rand.Rand, f *vectors.File, at place) {
		idle := append(plan.Descriptive(f.Kind, at.group.Name), plan.Unused(f.Kind, at.test)...)
		mutated, where := mutate(t, random, idle, at.test)
		if where == "" {
			return // all that the test has are texts for people, or values of no bytes
		}
		var err error
		mutated.Checksum, err = mutated.Sum()
		require.NoError(t, err)
		require.False(t, passes(t, f, at.group, mutated), "%s %q passes although %s (seed %d)", f.Kind, at.test.ID, where, mutationSeed)
	})
}

// everyFile calls a function with valid tests of every file, which pass as they are.
func everyFile(t *testing.T, try func(*testing.T, *rand.Rand, *vectors.File, place)) {
	t.Helper()
	for _, name := range vectors.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, err := vectors.Load(name)
			require.NoError(t, err)
			var valid []place
			for g, test := range f.All() {
				if !test.Invalid() {
					valid = append(valid, place{g, test})
				}
			}
			random := rand.New(rand.NewPCG(mutationSeed, uint64(len(name))))
			right := map[string]bool{}
			for range mutationsPerFile {
				at := valid[random.IntN(len(valid))]
				if !right[at.test.ID] {
					require.True(t, passes(t, f, at.group, *at.test), "%s %q fails as it is", name, at.test.ID)
					right[at.test.ID] = true
				}
				try(t, random, f, at)
			}
		})
	}
}

type place struct {
	group *vectors.Group
	test  *vectors.Test
}

// passes reports whether the reference codec is content with a test.
func passes(t *testing.T, f *vectors.File, g *vectors.Group, test vectors.Test) bool {
	t.Helper()
	group := *g
	group.Tests = []vectors.Test{test}
	file := *f
	file.Groups = []vectors.Group{group}
	report, err := check.Run(context.Background(), "the reference codec", codec.New(), []*vectors.File{&file}, check.Options{Strict: true})
	return err == nil && report.OK()
}

// notValues are the fields of a test that hold no values.
var notValues = []string{"id", "what", "result", "error", "flags", "operation", "checksum"}

// leaf is a value within a test, with the function that changes it.
type leaf struct {
	path   string
	value  any
	change func(any)
}

// mutate returns the test with one byte of one value changed, and says which.
func mutate(t *testing.T, random *rand.Rand, idle []string, test *vectors.Test) (vectors.Test, string) {
	t.Helper()
	text, err := json.Marshal(test)
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree map[string]any
	require.NoError(t, d.Decode(&tree))
	var leaves []leaf
	for key, value := range tree {
		if !slices.Contains(notValues, key) {
			leaves = append(leaves, collect(key, value, func(v any) { tree[key] = v })...)
		}
	}
	leaves = slices.DeleteFunc(leaves, func(l leaf) bool {
		return l.value == nil || l.value == "" || slices.ContainsFunc(idle, func(path string) bool {
			return l.path == path || strings.HasPrefix(l.path, path+".")
		})
	})
	if len(leaves) == 0 {
		return *test, ""
	}
	slices.SortFunc(leaves, func(a, b leaf) int { return strings.Compare(a.path, b.path) })
	chosen := leaves[random.IntN(len(leaves))]
	changed := spoil(random, chosen.value)
	chosen.change(changed)
	text, err = json.Marshal(tree)
	require.NoError(t, err)
	var mutated vectors.Test
	require.NoError(t, json.Unmarshal(text, &mutated))
	return mutated, fmt.Sprintf("%s was changed from %.100v to %.100v", chosen.path, chosen.value, changed)
}

// collect lists the leaves of a JSON value.
func collect(path string, value any, change func(any)) []leaf {
	var leaves []leaf
	switch v := value.(type) {
	case map[string]any:
		for key, inner := range v {
			leaves = append(leaves, collect(path+"."+key, inner, func(changed any) { v[key] = changed })...)
		}
	case []any:
		for i, inner := range v {
			leaves = append(leaves, collect(path+"."+strconv.Itoa(i), inner, func(changed any) { v[i] = changed })...)
		}
	default:
		leaves = append(leaves, leaf{path, value, change})
	}
	return leaves
}

// spoil changes one digit, letter or bit of a value.
func spoil(random *rand.Rand, value any) any {
	switch v := value.(type) {
	case bool:
		return !v
	case json.Number:
		n, err := strconv.ParseInt(string(v), 10, 64)
		if err != nil {
			return json.Number("0")
		}
		return json.Number(strconv.FormatInt(n^1, 10))
	case string:
		letters := []byte(v)
		i := random.IntN(len(letters))
		letters[i] = otherLetter(letters[i])
		return string(letters)
	}
	return value
}

// otherLetter returns another character that may stand in the same place.
func otherLetter(c byte) byte {
	switch {
	case c >= '0' && c <= '8', c >= 'a' && c <= 'e', c >= 'g' && c <= 'y', c >= 'A' && c <= 'Y':
		return c + 1
	case c == '9', c == 'f', c == 'z', c == 'Z':
		return c - 1
	}
	return 'x'
}
