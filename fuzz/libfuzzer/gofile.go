package libfuzzer

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// header is the first line of a file in testdata/fuzz. One line for each argument follows,
// such as uint16(3) or []byte("a\x00").
const header = "go test fuzz v1"

// formatFile returns the file of testdata/fuzz that has values.
func formatFile(values []any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(header + "\n")
	for _, v := range values {
		switch v := v.(type) {
		case []byte:
			fmt.Fprintf(&b, "[]byte(%q)\n", v)
		case string:
			fmt.Fprintf(&b, "string(%q)\n", v)
		case float32:
			fmt.Fprintf(&b, "math.Float32frombits(%#x)\n", math.Float32bits(v))
		case float64:
			fmt.Fprintf(&b, "math.Float64frombits(%#x)\n", math.Float64bits(v))
		case byte:
			fmt.Fprintf(&b, "byte(%q)\n", v)
		case bool, int, int8, int16, int32, int64, uint, uint16, uint32, uint64:
			fmt.Fprintf(&b, "%T(%v)\n", v, v)
		default:
			return nil, fmt.Errorf("%T is no type of an argument of a fuzz target", v)
		}
	}
	return b.Bytes(), nil
}

// parseFile returns the values of a file of testdata/fuzz.
func parseFile(file []byte) ([]any, error) {
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	if strings.TrimSpace(lines[0]) != header {
		return nil, fmt.Errorf("the first line is not %q", header)
	}
	var values []any
	for i, line := range lines[1:] {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		v, err := parseValue(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", i+2, err)
		}
		values = append(values, v)
	}
	return values, nil
}

func parseValue(line string) (any, error) {
	name, argument, found := strings.Cut(line, "(")
	argument, closed := strings.CutSuffix(argument, ")")
	if !found || !closed {
		return nil, fmt.Errorf("%q is not TYPE(VALUE)", line)
	}
	switch name {
	case "[]byte":
		s, err := strconv.Unquote(argument)
		return []byte(s), err
	case "string":
		return strconv.Unquote(argument)
	case "bool":
		return strconv.ParseBool(argument)
	case "float32":
		f, err := strconv.ParseFloat(argument, 32)
		return float32(f), err
	case "float64":
		return strconv.ParseFloat(argument, 64)
	case "math.Float32frombits":
		bits, err := strconv.ParseUint(argument, 0, 32)
		return math.Float32frombits(uint32(bits)), err
	case "math.Float64frombits":
		bits, err := strconv.ParseUint(argument, 0, 64)
		return math.Float64frombits(bits), err
	}
	return parseInteger(name, argument)
}

// integers are the types whose values are written as numbers, or, of a byte or rune, also as
// characters.
var integers = map[string]reflect.Type{
	"byte": reflect.TypeFor[byte](), "rune": reflect.TypeFor[rune](),
	"int": reflect.TypeFor[int](), "int8": reflect.TypeFor[int8](), "int16": reflect.TypeFor[int16](),
	"int32": reflect.TypeFor[int32](), "int64": reflect.TypeFor[int64](),
	"uint": reflect.TypeFor[uint](), "uint8": reflect.TypeFor[uint8](), "uint16": reflect.TypeFor[uint16](),
	"uint32": reflect.TypeFor[uint32](), "uint64": reflect.TypeFor[uint64](),
}

func parseInteger(name, argument string) (any, error) {
	t, known := integers[name]
	if !known {
		return nil, fmt.Errorf("%q is no type of an argument of a fuzz target", name)
	}
	if quoted, isCharacter := strings.CutPrefix(argument, "'"); isCharacter {
		r, _, rest, err := strconv.UnquoteChar(quoted, '\'')
		if err != nil || rest != "'" {
			return nil, fmt.Errorf("%s is no character", argument)
		}
		argument = strconv.Itoa(int(r))
	}
	v := reflect.New(t).Elem()
	if v.CanInt() {
		n, err := strconv.ParseInt(argument, 0, t.Bits())
		v.SetInt(n)
		return v.Interface(), err
	}
	n, err := strconv.ParseUint(argument, 0, t.Bits())
	v.SetUint(n)
	return v.Interface(), err
}
