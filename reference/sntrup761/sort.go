package sntrup761

import "math/bits"

// sortWords sorts in ascending order. Which elements are compared depends on their
// number alone: this is Batcher's merge exchange (Knuth, The Art of Computer
// Programming, 5.2.2, algorithm M).
func sortWords(words []uint32) {
	n := len(words)
	if n < 2 {
		return
	}
	top := 1 << (bits.Len(uint(n-1)) - 1)
	for size := top; size > 0; size /= 2 {
		offset, distance := 0, size
		for merge := top; ; merge /= 2 {
			for start := offset; start < n-distance; start += 2 * size {
				end := min(start+size, n-distance)
				exchange(words[start:end], words[start+distance:end+distance])
			}
			if merge == size {
				break
			}
			offset, distance = size, merge-size
		}
	}
}

// exchange puts the smaller of each pair of elements into low and the larger into
// high, which have the same length.
func exchange(low, high []uint32) {
	for i, a := range low {
		b := high[i]
		wrong := -uint32((uint64(b) - uint64(a)) >> 63)
		change := wrong & (a ^ b)
		low[i], high[i] = a^change, b^change
	}
}
