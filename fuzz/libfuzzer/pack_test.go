package libfuzzer

import (
	"math"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// value is one argument of a fuzz target, of any type that it may have.
var value = rapid.OneOf(
	rapid.SliceOf(rapid.Byte()).AsAny(), rapid.String().AsAny(), rapid.Bool().AsAny(),
	rapid.Int().AsAny(), rapid.Int8().AsAny(), rapid.Int16().AsAny(), rapid.Int32().AsAny(), rapid.Int64().AsAny(),
	rapid.Uint().AsAny(), rapid.Uint8().AsAny(), rapid.Uint16().AsAny(), rapid.Uint32().AsAny(), rapid.Uint64().AsAny(),
	rapid.Float32().AsAny(), rapid.Float64().AsAny(),
)

func typesOf(values []any) []reflect.Type {
	types := make([]reflect.Type, len(values))
	for i, v := range values {
		types[i] = reflect.TypeOf(v)
	}
	return types
}

func TestWhatIsPackedUnpacks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(value, 1, 6).Draw(t, "values")
		packed, err := Pack(values)
		require.NoError(t, err)
		got, err := Unpack(packed, typesOf(values))
		require.NoError(t, err)
		require.Equal(t, values, got)
	})
}

// Any bytes are arguments of the right types, and packing those loses nothing of them.
func TestAllBytesUnpack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		types := typesOf(rapid.SliceOfN(value, 1, 6).Draw(t, "values"))
		data := rapid.SliceOfN(rapid.Byte(), 0, 100).Draw(t, "data")
		values, err := Unpack(data, types)
		require.NoError(t, err)
		require.Equal(t, types, typesOf(values))
		packed, err := Pack(values)
		require.NoError(t, err)
		again, err := Unpack(packed, types)
		require.NoError(t, err)
		require.Equal(t, bits(values), bits(again))
	})
}

// bits has floats as their bits, as some are not equal to themselves.
func bits(values []any) []any {
	out := make([]any, len(values))
	for i, v := range values {
		switch v := v.(type) {
		case float32:
			out[i] = math.Float32bits(v)
		case float64:
			out[i] = math.Float64bits(v)
		default:
			out[i] = v
		}
	}
	return out
}

// Corpora are kept for years: their form does not change.
func TestFormOfPackedArguments(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		packed string
		values []any
	}{
		{"abc", []any{[]byte("abc")}},
		{"abc", []any{"abc"}},
		{"", []any{[]byte{}}},
		{"\x00\x14abc", []any{[]byte("abc"), uint16(20)}},
		{"\x01\xff\xff\xff\xff\xff\xff\xff\xfe\x00\x00\x00\x02abcd", []any{"ab", true, -2, []byte("cd")}},
		{"\xff\x3f\x80\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", []any{"", int8(-1), float32(1), rune(1), ""}},
	} {
		packed, err := Pack(test.values)
		require.NoError(t, err)
		require.Equal(t, test.packed, string(packed), "%v", test.values)
	}
}

// Bytes of a mutated input: too few, too many, a length beyond the end.
func TestBytesThatNobodyPacked(t *testing.T) {
	t.Parallel()
	unpack := func(data string, like ...any) []any {
		values, err := Unpack([]byte(data), typesOf(like))
		require.NoError(t, err)
		return values
	}
	require.Equal(t, []any{uint32(0x01020000), ""}, unpack("\x01\x02", uint32(0), ""))
	require.Equal(t, []any{uint8(1)}, unpack("\x01\x02", uint8(0)))
	require.Equal(t, []any{"", ""}, unpack("\x00\x00", "", ""))
	require.Equal(t, []any{"", "abc"}, unpack("\x00\x00\x00\x04abc", "", ""), "4 is 0 modulo 3+1")
	require.Equal(t, []any{"a", "bc"}, unpack("\x00\x00\x00\x05abc", "", ""))
	require.Equal(t, []any{true, false}, unpack("\xff\xfe", true, true))
}

func TestUnpackedBytesAreTheTargetsOwn(t *testing.T) {
	t.Parallel()
	data := []byte("abc")
	values, err := Unpack(data, typesOf([]any{[]byte{}}))
	require.NoError(t, err)
	values[0].([]byte)[0] = 'x'
	require.Equal(t, "abc", string(data))
}

func TestOtherTypesAreRefused(t *testing.T) {
	t.Parallel()
	_, err := Pack([]any{struct{}{}})
	require.ErrorContains(t, err, "struct {} is no type of an argument")
	_, err = Unpack(nil, []reflect.Type{reflect.TypeFor[complex128]()})
	require.ErrorContains(t, err, "complex128 is no type of an argument")
	_, err = formatFile([]any{uintptr(1)})
	require.ErrorContains(t, err, "uintptr is no type of an argument")
}
