package sntrup761

// divide returns the quotient and remainder of x by m in a time that does not
// depend on x; processors divide faster when numbers are small. It needs
// 0 < m < 16384. The estimate by the reciprocal is made twice, after which the
// remainder is at most m.
func divide(x, m uint32) (quotient, remainder uint32) {
	reciprocal := uint64(1<<31) / uint64(m)
	for range 2 {
		part := uint32(uint64(x) * reciprocal >> 31)
		quotient += part
		x -= part * m
	}
	x -= m
	quotient++
	tooFar := -(x >> 31)
	return quotient + tooFar, x + tooFar&m
}

// Reciprocals for freezeQ and freeze3: the nearest integers to 2^40/q and 2^16/3.
const (
	reciprocalQ = (1<<40 + q/2) / q
	reciprocal3 = 1 << 16 / 3
)

// freezeQ returns the number from -(q-1)/2 to (q-1)/2 that is x modulo q. It needs
// |x| < 2^27: there the error of the reciprocal is too small to round to a wrong
// multiple of the odd q.
func freezeQ(x int32) int16 {
	multiple := (int64(x)*reciprocalQ + 1<<39) >> 40
	return int16(x - q*int32(multiple))
}

// freeze3 returns the number from -1 to 1 that is x modulo 3. It needs
// |x| < 2^15.
func freeze3(x int16) int8 {
	multiple := (int32(x)*reciprocal3 + 1<<15) >> 16
	return int8(int32(x) - 3*multiple)
}

// nonZero returns all ones when x is not 0, and 0 when it is.
func nonZero(x int32) int32 { return (x | -x) >> 31 }
