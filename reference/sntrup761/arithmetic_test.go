package sntrup761

import (
	"bytes"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The tests of this file compare the arithmetic with plain computations that are
// not constant-time.

func TestDivide(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2))
	for m := uint32(1); m < limit; m++ {
		numbers := []uint32{0, 1, m - 1, m, m + 1, math.MaxUint32, math.MaxUint32 - 1,
			math.MaxUint32 / m * m, math.MaxUint32/m*m - 1, 1 << 31, random.Uint32(), random.Uint32() >> 16}
		for _, x := range numbers {
			quotient, remainder := divide(x, m)
			if quotient != x/m || remainder != x%m {
				t.Fatalf("%d by %d: got %d and %d", x, m, quotient, remainder)
			}
		}
	}
}

func TestFreeze(t *testing.T) {
	t.Parallel()
	for x := -math.MaxInt16; x <= math.MaxInt16; x++ {
		got := int(freeze3(int16(x)))
		if got < -1 || got > 1 || (x-got)%3 != 0 {
			t.Fatalf("%d modulo 3: %d", x, got)
		}
	}
	check := func(x int32) {
		got := int32(freezeQ(x))
		if got < -(q-1)/2 || got > (q-1)/2 || (x-got)%q != 0 {
			t.Fatalf("%d modulo q: %d", x, got)
		}
	}
	// All values up to twice a product of two coefficients, then the two ends.
	const product = (q - 1) / 2 * ((q - 1) / 2)
	for x := int32(-2 * product); x <= 2*product; x++ {
		check(x)
	}
	for x := int32(1<<27 - 3*q); x < 1<<27; x++ {
		check(x)
		check(-x)
	}
}

func TestNonZero(t *testing.T) {
	t.Parallel()
	require.Zero(t, nonZero(0))
	for _, x := range []int32{1, -1, 2, w, -w, math.MaxInt32, math.MinInt32} {
		require.EqualValues(t, -1, nonZero(x), "%d", x)
	}
}

func TestSortWords(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	check := func(words []uint32) {
		want := slices.Sorted(slices.Values(words))
		sortWords(words)
		if !slices.Equal(want, words) {
			t.Fatalf("%d words are not sorted", len(words))
		}
	}
	for n := range 800 {
		words, bits := make([]uint32, n), make([]uint32, n)
		for i := range words {
			words[i] = random.Uint32()
			bits[i] = random.Uint32() & 1 * math.MaxUint32
		}
		check(words)
		check(bits)
		slices.Reverse(words)
		check(words)
	}
	// A network that sorts all sequences of 0 and 1 sorts everything.
	for n := range 12 {
		for pattern := range 1 << n {
			words := make([]uint32, n)
			for i := range words {
				words[i] = uint32(pattern >> i & 1)
			}
			check(words)
		}
	}
}

// slowMultiply multiplies modulo x^p - x - 1, coefficients modulo m.
func slowMultiply(f, g []int, m int) []int {
	long := make([]int, 2*p)
	for i, a := range f {
		for j, b := range g {
			long[i+j] += a * b
		}
	}
	for i := 2*p - 1; i >= p; i-- {
		long[i-p] += long[i]
		long[i-p+1] += long[i]
	}
	for i := range p {
		long[i] = ((long[i]+m/2)%m+m)%m - m/2
	}
	return long[:p]
}

func toInts[T int8 | int16](f []T) []int {
	ints := make([]int, len(f))
	for i, number := range f {
		ints[i] = int(number)
	}
	return ints
}

// drawPolynomials draws a polynomial modulo q and two small ones, whose
// coefficients are at most highest.
func drawPolynomials(rt *rapid.T, highest int) (f polynomial, g, h small) {
	random := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 0))
	bound := rapid.SampledFrom([]int{1, 2, (q - 1) / 2}).Draw(rt, "bound")
	for i := range p {
		f[i] = int16(random.IntN(2*bound+1) - bound)
		g[i] = int8(random.IntN(highest+2) - 1)
		h[i] = int8(random.IntN(highest+2) - 1)
	}
	return f, g, h
}

func TestPropertyMultiply(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f, g, h := drawPolynomials(rt, 2)
		product := multiply(&f, &g)
		require.Equal(rt, slowMultiply(toInts(f[:]), toInts(g[:]), q), toInts(product[:]))
		ternary := multiplyTernary(&g, &h)
		require.Equal(rt, slowMultiply(toInts(g[:]), toInts(h[:]), 3), toInts(ternary[:]))
	})
}

// TestMultiplyLargest: the sums of products are the largest that can come up.
func TestMultiplyLargest(t *testing.T) {
	t.Parallel()
	for _, sign := range []int16{1, -1} {
		var f polynomial
		var g small
		for i := range p {
			f[i], g[i] = sign*(q-1)/2, 2
		}
		product := multiply(&f, &g)
		require.Equal(t, slowMultiply(toInts(f[:]), toInts(g[:]), q), toInts(product[:]))
	}
}

func one() []int {
	ints := make([]int, p)
	ints[0] = 1
	return ints
}

func TestPropertyInvert(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		_, g, h := drawPolynomials(rt, 1)
		if inverse, ok := invertTernary(&g); ok {
			require.Equal(rt, one(), slowMultiply(toInts(g[:]), toInts(inverse[:]), 3))
		} else {
			rt.Fatalf("a random polynomial has no inverse, which happens once in 10^9")
		}
		third := invertThird(&h)
		triple := toInts(h[:])
		for i := range triple {
			triple[i] *= 3
		}
		require.Equal(rt, one(), slowMultiply(triple, toInts(third[:]), q))
	})
}

// TestInvertTernaryFails: 0 has no inverse, nor has a multiple of a factor of
// x^p - x - 1 modulo 3. The smallest factor has degree 19.
func TestInvertTernaryFails(t *testing.T) {
	t.Parallel()
	var zero small
	_, ok := invertTernary(&zero)
	require.False(t, ok)

	var multiple small
	copy(multiple[:], factor(t, 19))
	_, ok = invertTernary(&multiple)
	require.False(t, ok)
	var shift small
	shift[123], shift[5] = 1, -1
	multiple = multiplyTernary(&multiple, &shift)
	_, ok = invertTernary(&multiple)
	require.False(t, ok)
}

// factor returns the greatest common divisor of x^p - x - 1 and x^(3^degree) - x
// modulo 3: the product of the factors whose degree divides the given one.
func factor(t *testing.T, degree int) []int8 {
	t.Helper()
	var power small
	power[1] = 1
	for range degree {
		square := multiplyTernary(&power, &power)
		power = multiplyTernary(&power, &square)
	}
	power[1] = freeze3(int16(power[1]) - 1)
	a := make([]int8, p+1)
	a[0], a[1], a[p] = -1, -1, 1
	b := trim(power[:])
	for len(b) > 0 {
		for len(a) >= len(b) {
			quotient := a[len(a)-1] * b[len(b)-1]
			for i := range b {
				place := &a[len(a)-len(b)+i]
				*place = freeze3(int16(*place - quotient*b[i]))
			}
			a = trim(a)
		}
		a, b = b, a
	}
	require.Len(t, a, degree+1)
	return a
}

func trim(f []int8) []int8 {
	for len(f) > 0 && f[len(f)-1] == 0 {
		f = f[:len(f)-1]
	}
	return f
}

func TestInvertNumber(t *testing.T) {
	t.Parallel()
	require.EqualValues(t, 1, freezeQ(3*third))
	require.Zero(t, invertNumber(0))
	for a := int32(1); a <= (q-1)/2; a++ {
		require.EqualValues(t, 1, freezeQ(a*int32(invertNumber(int16(a)))), "%d", a)
		require.EqualValues(t, 1, freezeQ(-a*int32(invertNumber(int16(-a)))), "%d", -a)
	}
}

// TestPropertyEncode: what is encoded is decoded, in the published sizes, and rounding goes
// to the nearest multiple of 3.
func TestPropertyEncode(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		f, g, _ := drawPolynomials(rt, 1)
		s := encodePolynomial(&f)
		require.Len(rt, s, PublicKeySize)
		require.Equal(rt, f, decodePolynomial(s))
		rounded := f
		rounded.round()
		for i, number := range rounded {
			require.Zero(rt, number%3)
			require.LessOrEqual(rt, max(number-f[i], f[i]-number), int16(1))
		}
		s = encodeRounded(&rounded)
		require.Len(rt, s, roundedSize)
		require.Equal(rt, rounded, decodeRounded(s))
		s = encodeSmall(&g)
		require.Len(rt, s, smallSize)
		require.Equal(rt, g, decodeSmall(s))
	})
}

// TestDecodeAnything: bytes that encoding never makes are decoded to numbers in
// range.
func TestDecodeAnything(t *testing.T) {
	t.Parallel()
	random := rand.NewChaCha8([32]byte{1})
	for range 50 {
		s := make([]byte, PublicKeySize)
		_, err := random.Read(s)
		require.NoError(t, err)
		check := func(s []byte) {
			for _, number := range decodePolynomial(s) {
				require.LessOrEqual(t, max(number, -number), int16((q-1)/2))
			}
			for _, number := range decodeRounded(s[:roundedSize]) {
				require.LessOrEqual(t, max(number, -number), int16((q-1)/2))
				require.Zero(t, number%3)
			}
		}
		check(s)
		check(bytes.Repeat([]byte{0xff}, PublicKeySize))
	}
	require.EqualValues(t, 2, decodeSmall(bytes.Repeat([]byte{0xff}, smallSize))[0])
}

// TestShortWeight: a short polynomial has w coefficients that are not 0.
func TestShortWeight(t *testing.T) {
	t.Parallel()
	for seed := range byte(20) {
		f, err := randomShort(rand.NewChaCha8([32]byte{seed}))
		require.NoError(t, err)
		weight := 0
		for _, number := range f {
			require.LessOrEqual(t, max(number, -number), int8(1))
			weight += int(number & 1)
		}
		require.Equal(t, w, weight)
	}
}
