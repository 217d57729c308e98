package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestPropertyReaderReadsWhatWriterWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.Byte().Draw(t, "byte")
		u16 := rapid.Uint16().Draw(t, "word16")
		u32 := rapid.Uint32().Draw(t, "word32")
		i64 := rapid.Int64().Draw(t, "int64")
		yes := rapid.Bool().Draw(t, "bool")
		short := rapid.SliceOfN(rapid.Byte(), 0, 255).Draw(t, "short")
		large := rapid.SliceOfN(rapid.Byte(), 0, 1000).Draw(t, "large")
		tail := rapid.SliceOfN(rapid.Byte(), 0, 50).Draw(t, "tail")

		w := NewWriter(nil)
		w.Byte(b)
		w.Uint16(u16)
		w.Uint32(u32)
		w.Int64(i64)
		w.Bool(yes)
		w.Maybe(yes)
		w.Short(short)
		w.Large(large)
		w.String("TAG ")
		w.Raw(tail)
		encoded, err := w.Bytes()
		require.NoError(t, err)

		r := NewReader(encoded)
		require.Equal(t, b, r.Byte())
		require.Equal(t, u16, r.Uint16())
		require.Equal(t, u32, r.Uint32())
		require.Equal(t, i64, r.Int64())
		require.Equal(t, yes, r.Bool())
		require.Equal(t, yes, r.Maybe())
		require.True(t, bytes.Equal(short, r.Short()))
		require.True(t, bytes.Equal(large, r.Large()))
		require.True(t, r.Literal("TAG "))
		require.True(t, bytes.Equal(tail, r.Rest()))
		require.NoError(t, r.Close())
	})
}

func TestReaderErrors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		input string
		read  func(*Reader)
		want  error
	}{
		"byte at the end":           {"", func(r *Reader) { r.Byte() }, ErrTruncated},
		"word16 of one byte":        {"\x01", func(r *Reader) { r.Uint16() }, ErrTruncated},
		"int64 of seven bytes":      {"1234567", func(r *Reader) { r.Int64() }, ErrTruncated},
		"short string cut":          {"\x03ab", func(r *Reader) { r.Short() }, ErrTruncated},
		"large string cut":          {"\x00\x03ab", func(r *Reader) { r.Large() }, ErrTruncated},
		"boolean neither T nor F":   {"t", func(r *Reader) { r.Bool() }, ErrBadBool},
		"option neither 0 nor 1":    {"\x01", func(r *Reader) { r.Maybe() }, ErrBadMaybe},
		"bytes remain":              {"ab", func(r *Reader) { r.Byte() }, ErrTrailing},
		"negative length":           {"ab", func(r *Reader) { r.Take(-1) }, ErrTruncated},
		"range upside down":         {"\x00\x07\x00\x06", func(r *Reader) { r.Range() }, ErrRange},
		"the first error is kept":   {"t", func(r *Reader) { r.Bool(); r.Uint16() }, ErrBadBool},
		"a literal that is not it":  {"ab", func(r *Reader) { r.Literal("ac") }, ErrTrailing},
		"nothing after a recorded":  {"ab", func(r *Reader) { r.Fail(ErrTooLong); r.Rest() }, ErrTooLong},
		"no peek after an error":    {"t", func(r *Reader) { r.Bool(); _, ok := r.Peek(); _ = ok }, ErrBadBool},
		"a range that is truncated": {"\x00\x07\x00", func(r *Reader) { r.Range() }, ErrTruncated},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := NewReader([]byte(c.input))
			c.read(r)
			require.ErrorIs(t, r.Close(), c.want)
		})
	}
}

func TestWriterRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(*Writer){
		"short string of 256 bytes":   func(w *Writer) { w.Short(make([]byte, 256)) },
		"large string of 65536 bytes": func(w *Writer) { w.Large(make([]byte, 65536)) },
		"list of 256 elements":        func(w *Writer) { w.Count(256) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := NewWriter(nil)
			write(w)
			w.Byte(1)
			_, err := w.Bytes()
			require.ErrorIs(t, err, ErrTooLong)
			require.Zero(t, w.Len())
		})
	}
}

// The official implementation once wrapped the length of content above 65535
// bytes, and failed on padded text of 0 or 1 byte (audit of 2022).
func TestPadLimits(t *testing.T) {
	t.Parallel()
	padded, err := Pad(nil, make([]byte, MaxPadded), MaxPadded+2)
	require.NoError(t, err)
	back, err := Unpad(padded)
	require.NoError(t, err)
	require.Len(t, back, MaxPadded)

	for _, tooLong := range []struct{ content, size int }{
		{MaxPadded + 1, MaxPadded + 3}, {65536, 65538}, {70000, 80000}, {9, 10}, {0, 1}, {0, 0}, {0, -5},
	} {
		_, err := Pad(nil, make([]byte, tooLong.content), tooLong.size)
		require.ErrorIs(t, err, ErrPadTooLong, "%+v", tooLong)
	}
	for _, short := range []string{"", "\x00"} {
		_, err := Unpad([]byte(short))
		require.ErrorIs(t, err, ErrPadShort)
	}
	for _, beyond := range []string{"\x00\x01", "\xff\xffabc", "\x00\x04abc"} {
		_, err := Unpad([]byte(beyond))
		require.ErrorIs(t, err, ErrPadLength)
	}
}

func TestPropertyVersionRange(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) VersionRange {
			min := rapid.Uint16Range(0, 40).Draw(t, name)
			return Versions(min, rapid.Uint16Range(min, 41).Draw(t, name))
		}
		a, b := draw("a"), draw("b")
		common, ok := a.Common(b)
		back, ok2 := b.Common(a)
		require.Equal(t, ok, ok2)
		require.Equal(t, common, back)
		for v := uint16(0); v < 42; v++ {
			require.Equal(t, a.Contains(v) && b.Contains(v), ok && common.Contains(v))
		}
	})
	require.Equal(t, "6-20", Versions(6, 20).String())
	require.Equal(t, "6", Versions(6, 6).String())

	w := NewWriter(nil)
	w.Range(Versions(6, 20))
	b, err := w.Bytes()
	require.NoError(t, err)
	r := NewReader(b)
	require.Equal(t, Versions(6, 20), r.Range())
	require.NoError(t, r.Close())
}

func TestTextOfVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]VersionRange{
		"6": Versions(6, 6), "6-20": Versions(6, 20), "06-020": Versions(6, 20), "0-65535": Versions(0, 65535),
		"65536": Versions(0, 0), "65542-65556": Versions(6, 20), // modulo 65536, as the official parser has it
	} {
		got, err := ParseVersions(text)
		require.NoError(t, err, text)
		require.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "-", "6-", "-6", "6-20-21", " 6", "+6", "six", "6–20"} {
		_, err := ParseVersions(text)
		require.ErrorIs(t, err, ErrVersionText, text)
	}
	for _, text := range []string{"20-6", "6-65536"} {
		_, err := ParseVersions(text)
		require.ErrorIs(t, err, ErrRange, text)
	}
}
