package sntrup761

// Sizes of encoded polynomials in bytes.
const (
	smallSize   = (p + 3) / 4
	roundedSize = 1007
)

// limit is the bound of the numbers that encode combines to larger ones.
const limit = 1 << 14

// encode appends numbers to dst, each below the one of bounds at its place, in as
// many bytes as the bounds ask for. Two neighbours become one number; its low bytes
// are written as long as its bound is not below 2^14; what remains of the numbers
// is encoded in the same way, until one is left. Bounds are below 2^14.
func encode(dst []byte, numbers, bounds []uint16) []byte {
	if len(numbers) == 1 {
		number := numbers[0]
		for bound := bounds[0]; bound > 1; bound = (bound + 255) / 256 {
			dst = append(dst, byte(number))
			number >>= 8
		}
		return dst
	}
	half := (len(numbers) + 1) / 2
	nextNumbers, nextBounds := make([]uint16, half), make([]uint16, half)
	nextNumbers[half-1], nextBounds[half-1] = numbers[len(numbers)-1], bounds[len(bounds)-1]
	for i := range len(numbers) / 2 {
		bound := uint32(bounds[2*i]) * uint32(bounds[2*i+1])
		number := uint32(numbers[2*i]) + uint32(numbers[2*i+1])*uint32(bounds[2*i])
		for ; bound >= limit; bound = (bound + 255) / 256 {
			dst = append(dst, byte(number))
			number >>= 8
		}
		nextNumbers[i], nextBounds[i] = uint16(number), uint16(bound)
	}
	return encode(dst, nextNumbers, nextBounds)
}

// decode reads what encode wrote with the same bounds. Bytes that encode never
// writes are accepted: each number is reduced below its bound. The length of s has
// to be the one that encode makes.
func decode(s []byte, bounds []uint16) []uint16 {
	numbers := make([]uint16, len(bounds))
	if len(bounds) == 1 {
		number, shift := uint32(0), 0
		for bound := bounds[0]; bound > 1; bound = (bound + 255) / 256 {
			number |= uint32(s[0]) << shift
			s, shift = s[1:], shift+8
		}
		_, number = divide(number, uint32(bounds[0]))
		numbers[0] = uint16(number)
		return numbers
	}
	half := (len(bounds) + 1) / 2
	low, shifts, nextBounds := make([]uint32, half), make([]int, half), make([]uint16, half)
	nextBounds[half-1] = bounds[len(bounds)-1]
	for i := range len(bounds) / 2 {
		bound := uint32(bounds[2*i]) * uint32(bounds[2*i+1])
		for ; bound >= limit; bound = (bound + 255) / 256 {
			low[i] |= uint32(s[0]) << shifts[i]
			s, shifts[i] = s[1:], shifts[i]+8
		}
		nextBounds[i] = uint16(bound)
	}
	next := decode(s, nextBounds)
	numbers[len(numbers)-1] = next[half-1]
	for i := range len(bounds) / 2 {
		number := low[i] + uint32(next[i])<<shifts[i]
		second, first := divide(number, uint32(bounds[2*i]))
		_, second = divide(second, uint32(bounds[2*i+1]))
		numbers[2*i], numbers[2*i+1] = uint16(first), uint16(second)
	}
	return numbers
}

// equalBounds returns the bounds of p numbers that have the same one.
func equalBounds(bound uint16) []uint16 {
	bounds := make([]uint16, p)
	for i := range bounds {
		bounds[i] = bound
	}
	return bounds
}

var (
	polynomialBounds = equalBounds(q)
	roundedBounds    = equalBounds((q + 2) / 3)
)

// encodePolynomial returns the PublicKeySize bytes of f.
func encodePolynomial(f *polynomial) []byte {
	numbers := make([]uint16, p)
	for i, number := range f {
		numbers[i] = uint16(number + (q-1)/2)
	}
	return encode(make([]byte, 0, PublicKeySize), numbers, polynomialBounds)
}

// decodePolynomial reads PublicKeySize bytes.
func decodePolynomial(s []byte) (f polynomial) {
	for i, number := range decode(s, polynomialBounds) {
		f[i] = int16(number) - (q-1)/2
	}
	return f
}

// encodeRounded returns the roundedSize bytes of f, whose coefficients are
// multiples of 3. 10923 is 2^15/3, rounded up.
func encodeRounded(f *polynomial) []byte {
	numbers := make([]uint16, p)
	for i, number := range f {
		numbers[i] = uint16((int32(number) + (q-1)/2) * 10923 >> 15)
	}
	return encode(make([]byte, 0, CiphertextSize), numbers, roundedBounds)
}

// decodeRounded reads roundedSize bytes.
func decodeRounded(s []byte) (f polynomial) {
	for i, number := range decode(s, roundedBounds) {
		f[i] = int16(number)*3 - (q-1)/2
	}
	return f
}

// encodeSmall returns the smallSize bytes of f: two bits for a coefficient, which
// is from -1 to 1.
func encodeSmall(f *small) []byte {
	s := make([]byte, smallSize)
	for i, number := range f {
		s[i/4] |= byte(number+1) << (i % 4 * 2)
	}
	return s
}

// decodeSmall reads smallSize bytes. The six highest bits are not looked at.
func decodeSmall(s []byte) (f small) {
	for i := range f {
		f[i] = int8(s[i/4]>>(i%4*2)&3) - 1
	}
	return f
}
