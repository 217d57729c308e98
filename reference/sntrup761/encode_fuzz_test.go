package sntrup761

import (
	"bytes"
	"testing"
)

// FuzzEncode: numbers below their bounds come back from their encoding, whose length the
// bounds decide. Any bytes of that length give numbers below the bounds, and these have one
// encoding, of the same length.
func FuzzEncode(f *testing.F) {
	f.Add([]byte{0}, uint16(q), uint16(761))
	f.Add([]byte{0xff}, uint16((q+2)/3), uint16(761))
	f.Add([]byte{0xff, 0, 1}, uint16(1), uint16(3))
	f.Add([]byte{7}, uint16(limit-1), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, bound, count uint16) {
		bounds := make([]uint16, 1+count%p)
		for i := range bounds {
			bounds[i] = 1 + (bound+uint16(i)*(bound>>14))%(limit-1) // mostly one for all
		}
		zeros := encode(nil, make([]uint16, len(bounds)), bounds)
		for len(b) < len(zeros) {
			b = append(append(b, b...), byte(len(b)))
		}
		numbers := decode(b[:len(zeros)], bounds)
		for i, n := range numbers {
			if n >= bounds[i] {
				t.Fatalf("number %d is %d, not below %d", i, n, bounds[i])
			}
		}
		encoded := encode(nil, numbers, bounds)
		if len(encoded) != len(zeros) {
			t.Fatalf("%d bytes, expected %d", len(encoded), len(zeros))
		}
		for i, n := range decode(encoded, bounds) {
			if n != numbers[i] {
				t.Fatalf("number %d became %d", numbers[i], n)
			}
		}
	})
}

// FuzzPolynomials: bytes of the right sizes are polynomials whose coefficients are in range,
// and these come back from their encodings. The encoding of a small one has every bit of what
// it was read from but the six highest.
func FuzzPolynomials(f *testing.F) {
	f.Add([]byte{0})
	f.Add([]byte{0xff})
	f.Add([]byte{0x55, 0xaa, 3})
	f.Fuzz(func(t *testing.T, b []byte) {
		b = bytes.Repeat(append(b, byte(len(b))), PublicKeySize/(len(b)+1)+1)
		whole, rounded, short := decodePolynomial(b[:PublicKeySize]), decodeRounded(b[:roundedSize]), decodeSmall(b[:smallSize])
		for i := range p {
			switch half := int16(q-1) / 2; {
			case whole[i] < -half || whole[i] > half, rounded[i] < -half || rounded[i] > half, rounded[i]%3 != 0:
				t.Fatalf("coefficient %d: %d, rounded %d", i, whole[i], rounded[i])
			}
		}
		if decodePolynomial(encodePolynomial(&whole)) != whole || decodeRounded(encodeRounded(&rounded)) != rounded {
			t.Fatal("a polynomial became another")
		}
		again := encodeSmall(&short)
		again[smallSize-1] |= b[smallSize-1] &^ 3
		if !bytes.Equal(again, b[:smallSize]) {
			t.Fatalf("small polynomial %x became %x", b[:smallSize], again)
		}
	})
}

// FuzzArithmetic: reductions without division are those with it.
func FuzzArithmetic(f *testing.F) {
	f.Add(uint32(0), uint32(1))
	f.Add(^uint32(0), uint32(limit-1))
	f.Add(uint32(1)<<26, uint32(q))
	f.Fuzz(func(t *testing.T, x, m uint32) {
		m = 1 + m%(limit-1)
		if quotient, remainder := divide(x, m); quotient != x/m || remainder != x%m {
			t.Fatalf("%d by %d is %d and %d", x, m, quotient, remainder)
		}
		n := int32(x) >> 5 // within 2^27 of 0
		if r := int32(freezeQ(n)); r < -(q-1)/2 || r > (q-1)/2 || (n-r)%q != 0 {
			t.Fatalf("%d modulo q is %d", n, r)
		}
		s := int16(x)
		if r := int16(freeze3(s)); s != -1<<15 && (r < -1 || r > 1 || (s-r)%3 != 0) {
			t.Fatalf("%d modulo 3 is %d", s, r)
		}
		if all := nonZero(int32(x)); all != 0 && all != -1 || (all == 0) != (x == 0) {
			t.Fatalf("%d is %d", x, all)
		}
	})
}
