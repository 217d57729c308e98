package libfuzzer

import (
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
)

// The arguments of a target lie in the bytes of libFuzzer so:
//
//	arguments of fixed size, in their order, big-endian; int and uint take 8 bytes, bool 1
//	all but the last []byte or string, each behind its length in 4 bytes
//	the last []byte or string: the rest, without a length
//
// A target with one []byte or string thus gets the bytes as they are. All bytes are
// arguments: what is missing is zero, a length is taken modulo what is there, of a bool
// counts the lowest bit, and what is left over is ignored.

// Pack returns the bytes of which Unpack makes values. They must be of types that a fuzz
// target may have.
func Pack(values []any) ([]byte, error) {
	var fixed, variable []byte
	last := lastVariable(len(values), func(i int) reflect.Type { return reflect.TypeOf(values[i]) })
	for i, v := range values {
		var content []byte
		switch v := v.(type) {
		case []byte:
			content = v
		case string:
			content = []byte(v)
		default:
			var err error
			if fixed, err = appendFixed(fixed, v); err != nil {
				return nil, err
			}
			continue
		}
		if i != last {
			if uint64(len(content)) > math.MaxUint32 {
				return nil, fmt.Errorf("argument %d has %d bytes, more than fit", i, len(content))
			}
			variable = binary.BigEndian.AppendUint32(variable, uint32(len(content)))
		}
		variable = append(variable, content...)
	}
	return append(fixed, variable...), nil
}

// Unpack returns values of the types, made of any bytes. They do not share memory with data.
func Unpack(data []byte, types []reflect.Type) ([]any, error) {
	values := make([]any, len(types))
	for i, t := range types {
		if isVariable(t) {
			continue
		}
		size, err := fixedSize(t)
		if err != nil {
			return nil, err
		}
		var b [8]byte
		data = data[copy(b[:size], data):]
		values[i] = fixedValue(t, binary.BigEndian.Uint64(b[:])>>(64-8*size))
	}
	last := lastVariable(len(types), func(i int) reflect.Type { return types[i] })
	for i, t := range types {
		if !isVariable(t) {
			continue
		}
		content := data
		if i != last {
			var b [4]byte
			rest := data[copy(b[:], data):]
			n := uint64(binary.BigEndian.Uint32(b[:])) % (uint64(len(rest)) + 1)
			content, data = rest[:n], rest[n:]
		}
		v := reflect.New(t).Elem()
		if t.Kind() == reflect.String {
			v.SetString(string(content))
		} else {
			v.SetBytes(append([]byte{}, content...))
		}
		values[i] = v.Interface()
	}
	return values, nil
}

func isVariable(t reflect.Type) bool {
	return t.Kind() == reflect.String || t.Kind() == reflect.Slice
}

// lastVariable is the index of the last of n types that is a []byte or string, or -1.
func lastVariable(n int, typeOf func(int) reflect.Type) int {
	for i := n - 1; i >= 0; i-- {
		if isVariable(typeOf(i)) {
			return i
		}
	}
	return -1
}

// fixedSize is how many bytes a value of the type takes.
func fixedSize(t reflect.Type) (int, error) {
	switch k := t.Kind(); {
	case k == reflect.Int || k == reflect.Uint:
		return 8, nil // on every platform
	case k >= reflect.Bool && k <= reflect.Uint64, k == reflect.Float32, k == reflect.Float64:
		return int(t.Size()), nil
	}
	return 0, fmt.Errorf("%v is no type of an argument of a fuzz target", t)
}

// fixedValue is the value of the type with those bits.
func fixedValue(t reflect.Type, bits uint64) any {
	v := reflect.New(t).Elem()
	switch {
	case t.Kind() == reflect.Bool:
		v.SetBool(bits&1 == 1)
	case t.Kind() == reflect.Float32:
		return math.Float32frombits(uint32(bits))
	case t.Kind() == reflect.Float64:
		return math.Float64frombits(bits)
	case v.CanInt():
		unused := 64 - 8*t.Size()
		v.SetInt(int64(bits<<unused) >> unused)
	default:
		v.SetUint(bits)
	}
	return v.Interface()
}

func appendFixed(b []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case int:
		return binary.BigEndian.AppendUint64(b, uint64(v)), nil
	case uint:
		return binary.BigEndian.AppendUint64(b, uint64(v)), nil
	}
	if _, err := fixedSize(reflect.TypeOf(v)); err != nil {
		return nil, err
	}
	return binary.Append(b, binary.BigEndian, v)
}
