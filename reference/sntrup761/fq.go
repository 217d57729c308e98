package sntrup761

// The parameter set.
const (
	p = 761  // coefficients of a polynomial
	q = 4591 // modulus of public keys
	w = 286  // coefficients of a short polynomial that are not 0
)

// small is a polynomial with small coefficients: -1, 0 or 1, or 2 where it was
// read from a secret key that GenerateKey never makes.
type small [p]int8

// polynomial is a polynomial modulo q, its coefficients from -(q-1)/2 to (q-1)/2.
type polynomial [p]int16

// multiply returns f times g modulo q and x^p - x - 1.
//
// Two coefficients of f, one from each half, lie in one integer, 32 bits apart.
// No sum of products needs more than 24 bits.
func multiply(f *polynomial, g *small) (product polynomial) {
	const half = (p + 1) / 2
	var pairs [half]int64
	for i := range pairs {
		pairs[i] = int64(f[i])
	}
	for i := half; i < p; i++ {
		pairs[i-half] += int64(f[i]) << 32
	}
	var sums [half + p - 1]int64
	for i, number := range g {
		factor := int64(number)
		row := (*[half]int64)(sums[i:])
		for j, pair := range pairs {
			row[j] += pair * factor
		}
	}
	var long [2 * p]int32
	for i, sum := range sums {
		low := int32(sum)
		long[i] += low
		long[i+half] += int32((sum - int64(low)) >> 32)
	}
	for i := p; i < len(long)-1; i++ {
		long[i-p] += long[i]
		long[i-p+1] += long[i]
	}
	for i := range product {
		product[i] = freezeQ(long[i])
	}
	return product
}

// third is 1/3 modulo q.
const third = -1530

// invertThird returns 1/(3a) modulo q and x^p - x - 1. Every polynomial but 0 has
// an inverse there, the polynomial being irreducible.
//
// The steps are those of invertTernary. Before step n all coefficients of v and r
// behind index n are still 0, and no coefficient of f and g behind 2p-1-n can reach
// index 0 any more; both are left out.
func invertThird(a *small) (inverse polynomial) {
	var f, g, v, r [p + 1]int16
	f[0], f[p-1], f[p] = 1, -1, -1
	for i, number := range a {
		g[p-1-i] = int16(number)
	}
	r[0] = third
	delta := int32(1)
	for n := range 2*p - 1 {
		f0, g0 := int32(f[0]), int32(g[0])
		swap := nonZero(g0) & (-delta >> 31)
		delta ^= swap & (delta ^ -delta)
		delta++
		// Exchanging f with g and v with r changes but the sign of what
		// follows.
		f0, g0 = f0^swap-swap, g0^swap-swap
		fg := min(p+1, 2*p-n)
		stepDown(f[:fg], g[:fg], f0, g0, int16(swap))
		vr := min(p+1, n+2)
		stepUp(v[:vr], r[:vr], f0, g0, int16(swap))
	}
	scale := int32(invertNumber(f[0]))
	for i := range inverse {
		inverse[i] = freezeQ(scale * int32(v[p-1-i]))
	}
	return inverse
}

// stepDown replaces g by (f0 g - g0 f)/x, and f by g where the mask swap is all
// ones.
func stepDown(f, g []int16, f0, g0 int32, swap int16) {
	f[0] ^= swap & (f[0] ^ g[0])
	last := len(g) - 1
	for i := range last {
		a, b := f[i+1], g[i+1]
		f[i+1] = a ^ swap&(a^b)
		g[i] = freezeQ(f0*int32(b) - g0*int32(a))
	}
	g[last] = 0
}

// stepUp multiplies v by x, then replaces r by f0 r - g0 v, and v by r where the
// mask swap is all ones.
func stepUp(v, r []int16, f0, g0 int32, swap int16) {
	r = r[:len(v)]
	var a int16
	for i, next := range v {
		b := r[i]
		v[i] = a ^ swap&(a^b)
		r[i] = freezeQ(f0*int32(b) - g0*int32(a))
		a = next
	}
}

// invertNumber returns 1/a modulo q as a^(q-2), and 0 for 0.
func invertNumber(a int16) int16 {
	power, square := int32(1), int32(a)
	for exponent := q - 2; exponent > 0; exponent >>= 1 {
		if exponent&1 == 1 {
			power = int32(freezeQ(power * square))
		}
		square = int32(freezeQ(square * square))
	}
	return int16(power)
}

// round changes each coefficient to the nearest multiple of 3.
func (f *polynomial) round() {
	for i, number := range f {
		f[i] = number - int16(freeze3(number))
	}
}
