package regression

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseInput(t *testing.T) {
	t.Parallel()
	values, err := ParseInput([]byte("go test fuzz v1\n[]byte(\"a\\x00\\xff\")\nstring(\"é\")\nuint16(20)\nint(-3)\nbool(true)\nbyte('\\xff')\nbyte('a')\nrune('é')\n"))
	require.NoError(t, err)
	require.Equal(t, []any{[]byte("a\x00\xff"), "é", uint64(20), int64(-3), true, uint64(255), uint64('a'), int64('é')}, values)

	// Whatever is no file of a corpus is one value.
	values, err = ParseInput([]byte{0, 1, 2})
	require.NoError(t, err)
	require.Equal(t, []any{[]byte{0, 1, 2}}, values)
}

func TestParseInputRefuses(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ line, want string }{
		"no values":      {"", "no values"},
		"no conversion":  {"7", "not of the form TYPE(VALUE)"},
		"no expression":  {"uint16(", "not of the form TYPE(VALUE)"},
		"two arguments":  {"uint16(1, 2)", "not of the form TYPE(VALUE)"},
		"float":          {"float64(1.5)", `of the type "float64"`},
		"array":          {"[2]byte(\"ab\")", `of the type ""`},
		"other slice":    {"[]rune(\"ab\")", `of the type ""`},
		"number as text": {"string(7)", `"7" is no string`},
		"text as number": {"uint16(\"x\")", "is no uint16"},
		"computed":       {"int(1+1)", `"" is no int`},
		"no boolean":     {"bool(maybe)", `"maybe" is no bool`},
	} {
		_, err := ParseInput([]byte("go test fuzz v1\n" + test.line + "\n"))
		require.ErrorContains(t, err, test.want, name)
	}
}
