package wire_test

import (
	"bytes"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/wire"
)

// FuzzUnpad: the content of padded text lies behind its length, and pads to the same text
// again but for the padding, which is '#' in the one form and not looked at.
func FuzzUnpad(f *testing.F) {
	for _, b := range seed.Spread(seed.Hex("padding", "blocks", "agent_padding")) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var content []byte
		var err error
		bound.Check(t, len(b), func() { content, err = wire.Unpad(b) })
		fits := len(b) >= 2 && int(b[0])<<8+int(b[1]) <= len(b)-2
		if (err == nil) != fits {
			t.Fatalf("%d bytes starting %x: %v", len(b), b[:min(len(b), 2)], err)
		}
		if err != nil || len(content) > wire.MaxPadded {
			return
		}
		padded, err := wire.Pad(nil, content, len(b))
		used := 2 + len(content)
		if err != nil || !bytes.Equal(padded[:used], b[:used]) || !bytes.Equal(padded[used:], bytes.Repeat([]byte{'#'}, len(b)-used)) {
			t.Fatalf("%x became %x, %v", b, padded, err)
		}
	})
}

// FuzzPad: content of any length pads to any length that has room, and is found again.
func FuzzPad(f *testing.F) {
	f.Add([]byte(nil), 2)
	f.Add([]byte("content"), 16384)
	f.Add([]byte("content"), 8)
	f.Add(make([]byte, wire.MaxPadded), 65535)
	f.Add(make([]byte, wire.MaxPadded+1), 65536)
	f.Add([]byte(nil), -1)
	f.Fuzz(func(t *testing.T, content []byte, n int) {
		if n > 1<<17 {
			return // the length is the program's own, never a peer's
		}
		var padded []byte
		var err error
		bound.Check(t, max(n, 0)+len(content), func() { padded, err = wire.Pad([]byte("x"), content, n) })
		if fits := len(content) <= n-2 && len(content) <= wire.MaxPadded; (err == nil) != fits {
			t.Fatalf("%d bytes to %d: %v", len(content), n, err)
		}
		if err != nil {
			return
		}
		if again, err := wire.Unpad(padded[1:]); err != nil || !bytes.Equal(again, content) || len(padded) != 1+n || padded[0] != 'x' {
			t.Fatalf("%x became %x, %v", content, again, err)
		}
	})
}
