package codec

import (
	"crypto/aes"
	"encoding/binary"
)

// counterBlock returns the first counter block (J0) of AES-256-GCM for an IV of 16 bytes:
// other than with the usual 12 bytes it is GHASH of the IV, a block of zeros in its first
// half and the length of the IV in bits in its second (NIST SP 800-38D, 7.1).
func counterBlock(key [32]byte, iv [16]byte) ([]byte, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	var h, length [16]byte
	block.Encrypt(h[:], h[:])
	binary.BigEndian.PutUint64(length[8:], 8*uint64(len(iv)))
	subkey, sum := elementOf(h), element{}
	for _, part := range [][16]byte{iv, length} {
		next := elementOf(part)
		sum = element{sum.high ^ next.high, sum.low ^ next.low}.times(subkey)
	}
	j := binary.BigEndian.AppendUint64(nil, sum.high)
	return binary.BigEndian.AppendUint64(j, sum.low), nil
}

// element is an element of the field of GHASH; the first bit of a block is the highest
// of high.
type element struct{ high, low uint64 }

func elementOf(block [16]byte) element {
	return element{binary.BigEndian.Uint64(block[:8]), binary.BigEndian.Uint64(block[8:])}
}

// times multiplies as SP 800-38D, 6.3, does: bit by bit, reduced by the polynomial whose
// bits start with 11100001.
func (x element) times(y element) (product element) {
	bits := [2]uint64{x.high, x.low}
	for i := range 128 {
		bit := bits[i/64] >> (63 - i%64) & 1
		product.high ^= y.high & -bit
		product.low ^= y.low & -bit
		carry := y.low & 1
		y.low = y.low>>1 | y.high<<63
		y.high = y.high>>1 ^ 0xe1<<56&-carry
	}
	return product
}
