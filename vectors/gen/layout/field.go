package layout

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// shortOf encodes a string with a length of one byte.
func shortOf(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// Short is a string with a length of one byte.
func Short(name string, b []byte) Field {
	return Field{Name: name, Value: shortOf(b), Cut: "Truncated", prefix: 1}
}

// Large is a string with a length of 16 bits.
func Large(name string, b []byte) Field {
	return Field{Name: name, Value: append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...), Cut: "Truncated", prefix: 2}
}

// Tail is all that remains.
func Tail(name string, b []byte) Field { return Field{Name: name, Value: b} }

// Fixed has a length that all know.
func Fixed(name string, b []byte) Field { return Field{Name: name, Value: b, Cut: "Truncated"} }

// Int64 is a number of 64 bits with a sign.
func Int64(name string, n int64) Field {
	return Fixed(name, binary.BigEndian.AppendUint64(nil, uint64(n)))
}

// Word16 is a number of 16 bits.
func Word16(name string, n uint16) Field {
	return Fixed(name, binary.BigEndian.AppendUint16(nil, n))
}

// Byte is one byte of which the faults are refused with a class.
func Byte(name string, value byte, class, flag string, faults ...byte) Field {
	f := Fixed(name, []byte{value})
	for _, wrong := range faults {
		f.Faults = append(f.Faults, Fault{fmt.Sprintf("%02x", wrong), fmt.Sprintf("byte %02x", wrong), []byte{wrong}, class, flag})
	}
	return f
}

// Boolean is 'T' or 'F'.
func Boolean(name string, value bool) Field {
	b := map[bool]byte{true: 'T', false: 'F'}[value]
	return Byte(name, b, "BadBoolean", "NotBoolean", b|0x20, '1', 0)
}

// Option introduces an optional part.
func Option(name string, present bool) Field {
	b := map[bool]byte{true: '1', false: '0'}[present]
	return Byte(name, b, "BadOption", "NotOption", b&1, 'T', '2')
}

// Mode is a byte that is a capital letter.
func Mode(name string, value byte) Field {
	return Byte(name, value, "UnknownMode", "NotMode", value|0x20, 'X')
}

// Count is the number of elements of a list; beyond says whether a larger number
// leads beyond the end.
func Count(name string, n int, beyond bool) Field {
	f := Byte(name, byte(n), "EmptyList", "NoElements", 0)
	if beyond {
		f.Faults = append(f.Faults, Fault{"more", "one element more than there is", []byte{byte(n + 1)}, "Truncated", "MissingElements"})
	}
	return f
}

// Word is a word of an error.
func Word(name, text string) Field {
	return Field{Name: name, Value: []byte(text), Cut: "UnknownCode", Faults: []Fault{
		{"lower-case", "in lower-case letters", []byte(strings.ToLower(text)), "UnknownCode", "UnknownWord"},
		{"longer", "with a letter more", []byte(text + "X"), "UnknownCode", "UnknownWord"},
	}}
}

// Space stands between two words. A second one is refused with a class.
func Space(name, doubled string) Field {
	return Field{Name: name, Value: []byte(" "), Cut: "MissingParameters", Faults: []Fault{
		{"doubled", "two spaces", []byte("  "), doubled, "TwoSpaces"},
		{"missing", "no space", nil, "UnknownCode", "UnknownWord"},
	}}
}
