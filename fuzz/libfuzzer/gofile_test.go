package libfuzzer

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestFilesKeepTheirValues(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 1, 6).Draw(t, "values")
		file, err := formatFile(values)
		require.NoError(t, err)
		got, err := parseFile(file)
		require.NoError(t, err, "%s", file)
		require.Equal(t, bits(values), bits(got), "%s", file)
	})
}

// Lines as Go's fuzzer and people write them.
func TestFilesOfGo(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]any{
		`[]byte("a\x00\xff")`:              []byte("a\x00\xff"),
		"[]byte(`raw`)":                    []byte("raw"),
		`string("(\")")`:                   `(")`,
		`byte('\x00')`:                     byte(0),
		`byte('\u0080')`:                   byte(0x80),
		`byte('\'')`:                       byte('\''),
		`rune('ä')`:                        'ä',
		`int32(-1)`:                        int32(-1),
		`uint16(0xffff)`:                   uint16(0xffff),
		`uint8(7)`:                         uint8(7),
		`bool(true)`:                       true,
		`float64(-1.5e3)`:                  -1500.0,
		`float32(+Inf)`:                    float32(math.Inf(1)),
		`math.Float32frombits(0x3f800000)`: float32(1),
	} {
		got, err := parseFile([]byte(header + "\n" + line + "\r\n\n"))
		require.NoError(t, err, line)
		require.Equal(t, []any{want}, got, line)
	}
	for _, line := range []string{
		"byte", "byte(1", "byte(256)", "byte(-1)", "byte('ab')", "byte('ā')", "string(a)", "[]byte(1)", "bool(2)", "int9(1)", "math.Pi(1)",
	} {
		_, err := parseFile([]byte(header + "\nint(1)\n" + line))
		require.ErrorContains(t, err, "line 3", line)
	}
	_, err := parseFile(nil)
	require.ErrorContains(t, err, "the first line is not")
}
