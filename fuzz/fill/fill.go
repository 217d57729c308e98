// Package fill makes structures of the protocol out of the bytes of a fuzzer: the same
// bytes always give the same value, so that a fuzzer that changes bytes changes values.
//
//	c := fill.Valid(data, version).Command()
//	hello := fill.Value[transport.ClientHello](fill.Valid(data, version, fillHello))
//
// There are two kinds of values. Valid ones are those that the codec encodes at the given
// version and reads back as they were: no part that the version lacks, no nil slice where
// the decoder gives an empty one, texts and keys in their one form. Arbitrary ones may be
// wrong in every field and often are nearly right.
//
// The package knows the types of wire, keys, box and smp. For others the caller hands over
// functions as github.com/google/gofuzz takes them: func(*T, gofuzz.Continue).
package fill

import (
	"reflect"

	"github.com/google/gofuzz"
)

// A Filler fills values. It is not safe for concurrent use, since each value takes the
// bytes after those of the last one.
type Filler struct {
	fuzzer  *fuzz.Fuzzer
	version uint16
	valid   bool
}

// Valid returns a Filler of values that are valid at an SMP version. more are functions for
// further types, or in place of those of this package. When data is used up, what follows
// is pseudo-random and depends on data alone.
func Valid(data []byte, version uint16, more ...any) *Filler {
	f := fuzz.NewFromGoFuzz(data).NumElements(1, 3)
	f.Funcs(validLeaves...).Funcs(validStructures(version)...).Funcs(more...)
	return &Filler{fuzzer: f, version: version, valid: true}
}

// Arbitrary returns a Filler of values whose fields may hold anything; more is as in Valid.
func Arbitrary(data []byte, more ...any) *Filler {
	f := fuzz.NewFromGoFuzz(data).NumElements(0, 4).MaxDepth(24)
	f.Funcs(arbitraryLeaves...).Funcs(more...)
	return &Filler{fuzzer: f}
}

// Fill fills what into points to. Fields that are not exported, and interfaces, need a
// function of their own.
func (f *Filler) Fill(into any) { f.fuzzer.Fuzz(into) }

// Value returns a filled T.
func Value[T any](f *Filler) (v T) {
	f.Fill(&v)
	return v
}

// choose returns an index below n.
func (f *Filler) choose(n int) int {
	return int(Value[uint32](f) % uint32(n))
}

// anyOf returns a filled value of the type of one of the examples.
func anyOf[T any](f *Filler, examples []T) T {
	v := reflect.New(reflect.TypeOf(examples[f.choose(len(examples))]))
	f.Fill(v.Interface())
	return v.Elem().Interface().(T)
}
