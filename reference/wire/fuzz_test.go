package wire_test

import (
	"bytes"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/fill"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/wire"
)

// field is one primitive of the encodings: read takes it and returns what writes it again.
type field func(r *wire.Reader) func(w *wire.Writer)

// fields are all of them, as the bytes of a program name them.
var fields = []field{
	func(r *wire.Reader) func(*wire.Writer) { v := r.Byte(); return func(w *wire.Writer) { w.Byte(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Uint16(); return func(w *wire.Writer) { w.Uint16(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Uint32(); return func(w *wire.Writer) { w.Uint32(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Int64(); return func(w *wire.Writer) { w.Int64(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Bool(); return func(w *wire.Writer) { w.Bool(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Short(); return func(w *wire.Writer) { w.Short(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Large(); return func(w *wire.Writer) { w.Large(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Range(); return func(w *wire.Writer) { w.Range(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Take(5); return func(w *wire.Writer) { w.Raw(v) } },
	func(r *wire.Reader) func(*wire.Writer) { v := r.Rest(); return func(w *wire.Writer) { w.Raw(v) } },
	readLiteral, readOption, readList,
}

func readLiteral(r *wire.Reader) func(*wire.Writer) {
	there := r.Literal("TAG ")
	return func(w *wire.Writer) {
		if there {
			w.String("TAG ")
		}
	}
}

func readOption(r *wire.Reader) func(*wire.Writer) {
	there := r.Maybe()
	var v []byte
	if there {
		v = r.Short()
	}
	return func(w *wire.Writer) {
		w.Maybe(there)
		if there {
			w.Short(v)
		}
	}
}

func readList(r *wire.Reader) func(*wire.Writer) {
	list := make([][]byte, 0, r.Byte())
	for len(list) < cap(list) && r.Err() == nil {
		list = append(list, r.Short())
	}
	return func(w *wire.Writer) {
		w.Count(len(list))
		for _, v := range list {
			w.Short(v)
		}
	}
}

// FuzzReader reads any fields from any bytes. What was read without an error is written as
// the same bytes; after an error nothing is read any more, and the error stays.
func FuzzReader(f *testing.F) {
	programs := [][]byte{{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, {5, 5, 5, 9}, {7, 5, 12, 6}, {0, 6, 9}, {0, 1, 5, 5, 5, 9}}
	for i, data := range seed.Spread(seed.Hex("encoding", "smp_transmission", "version_negotiation")) {
		f.Add(programs[i%len(programs)], data)
	}
	for i, block := range seed.Spread(seed.Blocks()) {
		f.Add(programs[i%len(programs)], block.Data)
	}
	f.Fuzz(func(t *testing.T, program, data []byte) {
		if len(program) > 1000 {
			return
		}
		bound.Check(t, len(data)+len(program)*255, func() { readProgram(t, program, data) }) // each list may say 255
	})
}

func readProgram(t *testing.T, program, data []byte) {
	r, w := wire.NewReader(data), wire.NewWriter(nil)
	for _, op := range program {
		before := r.Len()
		write := fields[int(op)%len(fields)](r)
		if r.Err() != nil {
			break
		}
		write(w)
		written, err := w.Bytes()
		if read := len(data) - r.Len(); err != nil || !bytes.Equal(written, data[:read]) {
			t.Fatalf("field %d: %x became %x, %v", op, data[len(data)-before:read], written, err)
		}
	}
	if first := r.Err(); first != nil {
		left := r.Len()
		if r.Int64() != 0 || r.Take(0) != nil || r.Rest() != nil || r.Maybe() || r.Literal("") || r.Err() != first || r.Len() != left {
			t.Fatalf("reading went on after %v", first)
		}
		return
	}
	left := r.Len()
	if err := r.Close(); (err != nil) != (left > 0) {
		t.Fatalf("%d bytes are left, the error is %v", left, err)
	}
}

// FuzzWriter writes any values of any fields: what is written is read as it was, and what
// cannot be written has an error that stays.
func FuzzWriter(f *testing.F) {
	for _, i := range seed.Spread(seed.Of(seed.Notification)) {
		f.Add(i.Data) // any bytes
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		values := fill.Arbitrary(data)
		short, large := fill.Value[[]byte](values), fill.Value[[]byte](values)
		versions, n := fill.Value[wire.VersionRange](values), fill.Value[int64](values)
		w := wire.NewWriter([]byte("before"))
		w.Int64(n)
		w.Short(short)
		w.Large(large)
		w.Range(versions)
		w.Count(int(uint16(n)) % 300)
		b, err := w.Bytes()
		fits := len(short) <= 255 && len(large) <= 65535 && int(uint16(n))%300 <= 255 && versions.Min <= versions.Max
		if (err == nil) != fits {
			t.Fatalf("%d and %d bytes, %v, gave %v", len(short), len(large), versions, err)
		}
		if err != nil {
			size := w.Len()
			w.String("more")
			if _, again := w.Bytes(); again != err || w.Len() != size {
				t.Fatalf("writing went on after %v", err)
			}
			return
		}
		r := wire.NewReader(b)
		if !r.Literal("before") || r.Int64() != n || !bytes.Equal(r.Short(), short) || !bytes.Equal(r.Large(), large) {
			t.Fatalf("%x is not what was written: %v", b, r.Err())
		}
		if got := r.Range(); got != versions || int(r.Byte()) != int(uint16(n))%300 || r.Close() != nil {
			t.Fatalf("%v became %v, %v", versions, got, r.Err())
		}
	})
}
