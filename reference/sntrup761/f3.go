package sntrup761

// ternaryWords is the number of words that hold p+1 bits.
const ternaryWords = (p + 1 + 63) / 64

// ternary is a polynomial with up to p+1 coefficients modulo 3, one bit in each of
// two planes: which coefficients are 1, and which are -1. Never both.
type ternary struct {
	plus, minus [ternaryWords]uint64
}

// set makes the coefficient at index i, which has to be 0, the given number modulo
// 3. The number is from -1 to 2.
func (t *ternary) set(i int, number int8) {
	n := uint64(number + 1)
	t.plus[i/64] |= (n >> 1 &^ n & 1) << (i % 64)
	t.minus[i/64] |= (^(n ^ n>>1) & 1) << (i % 64)
}

// at returns the coefficient at index i.
func (t *ternary) at(i int) int8 {
	return int8(t.plus[i/64]>>(i%64)&1) - int8(t.minus[i/64]>>(i%64)&1)
}

// sign returns masks of all ones: plus when the coefficient at index i is 1, minus
// when it is -1.
func (t *ternary) sign(i int) (plus, minus uint64) {
	return -(t.plus[i/64] >> (i % 64) & 1), -(t.minus[i/64] >> (i % 64) & 1)
}

// addScaled adds other times the number that is given by its masks.
func (t *ternary) addScaled(other *ternary, plus, minus uint64) {
	for i := range t.plus {
		t.plus[i], t.minus[i] = addTernary(t.plus[i], t.minus[i],
			other.plus[i]&plus|other.minus[i]&minus,
			other.minus[i]&plus|other.plus[i]&minus)
	}
}

// addTernary adds 64 pairs of coefficients.
func addTernary(aPlus, aMinus, bPlus, bMinus uint64) (plus, minus uint64) {
	aZero, bZero := ^(aPlus | aMinus), ^(bPlus | bMinus)
	return aPlus&bZero | aZero&bPlus | aMinus&bMinus,
		aMinus&bZero | aZero&bMinus | aPlus&bPlus
}

// swap exchanges two polynomials where the mask is all ones, and leaves them where
// it is 0.
func (t *ternary) swap(other *ternary, mask uint64) {
	for i := range t.plus {
		change := mask & (t.plus[i] ^ other.plus[i])
		t.plus[i] ^= change
		other.plus[i] ^= change
		change = mask & (t.minus[i] ^ other.minus[i])
		t.minus[i] ^= change
		other.minus[i] ^= change
	}
}

// shiftUp multiplies by x. What leaves the words at the top is lost.
func (t *ternary) shiftUp() {
	for i := ternaryWords - 1; i > 0; i-- {
		t.plus[i] = t.plus[i]<<1 | t.plus[i-1]>>63
		t.minus[i] = t.minus[i]<<1 | t.minus[i-1]>>63
	}
	t.plus[0] <<= 1
	t.minus[0] <<= 1
}

// shiftDown divides by x. The coefficient at index 0 is lost.
func (t *ternary) shiftDown() {
	for i := range ternaryWords - 1 {
		t.plus[i] = t.plus[i]>>1 | t.plus[i+1]<<63
		t.minus[i] = t.minus[i]>>1 | t.minus[i+1]<<63
	}
	t.plus[ternaryWords-1] >>= 1
	t.minus[ternaryWords-1] >>= 1
}

// shiftModulo multiplies by x modulo x^p - x - 1: the coefficient that would stand
// at x^p is added at 1 and x.
func (t *ternary) shiftModulo() {
	plus, minus := t.sign(p - 1)
	t.shiftUp()
	t.plus[p/64] &^= 1 << (p % 64)
	t.minus[p/64] &^= 1 << (p % 64)
	t.plus[0], t.minus[0] = addTernary(t.plus[0], t.minus[0], plus&3, minus&3)
}

// multiplyTernary returns a times b modulo 3 and x^p - x - 1, with coefficients
// from -1 to 1.
func multiplyTernary(a, b *small) (product small) {
	var factor, sum ternary
	for i, number := range a {
		factor.set(i, number)
	}
	var scale ternary
	for i, number := range b {
		scale.set(i, number)
	}
	for i := p - 1; i >= 0; i-- {
		sum.shiftModulo()
		plus, minus := scale.sign(i)
		sum.addScaled(&factor, plus, minus)
	}
	for i := range product {
		product[i] = sum.at(i)
	}
	return product
}

// invertTernary returns the inverse of a modulo 3 and x^p - x - 1, and whether
// there is one. It takes 2p-1 steps of the constant-time Euclidean algorithm on
// the polynomials with their coefficients in reverse order (Bernstein and Yang,
// "Fast constant-time gcd computation and modular inversion").
func invertTernary(a *small) (inverse small, ok bool) {
	var f, g, v, r ternary
	f.set(0, 1)
	f.set(p-1, -1)
	f.set(p, -1)
	for i, number := range a {
		g.set(p-1-i, number)
	}
	r.set(0, 1)
	delta := int32(1)
	for range 2*p - 1 {
		v.shiftUp()
		fPlus, fMinus := f.sign(0)
		gPlus, gMinus := g.sign(0)
		swap := int32(gPlus|gMinus) & (-delta >> 31)
		delta ^= swap & (delta ^ -delta)
		delta++
		mask := uint64(int64(swap))
		f.swap(&g, mask)
		v.swap(&r, mask)
		plus, minus := fPlus&gMinus|fMinus&gPlus, fPlus&gPlus|fMinus&gMinus
		g.addScaled(&f, plus, minus)
		r.addScaled(&v, plus, minus)
		g.shiftDown()
	}
	for i := range inverse {
		inverse[i] = f.at(0) * v.at(p-1-i)
	}
	return inverse, delta == 0
}
