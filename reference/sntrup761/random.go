package sntrup761

import (
	"encoding/binary"
	"fmt"
	"io"
)

// randomWords reads p words of 4 bytes, each with a call of its own.
func randomWords(rand io.Reader) ([]uint32, error) {
	words := make([]uint32, p)
	word := make([]byte, 4)
	for i := range words {
		if _, err := io.ReadFull(rand, word); err != nil {
			return nil, fmt.Errorf("reading random bytes: %w", err)
		}
		words[i] = binary.LittleEndian.Uint32(word)
	}
	return words, nil
}

// randomSmall returns a polynomial with random coefficients from -1 to 1.
func randomSmall(rand io.Reader) (f small, err error) {
	words, err := randomWords(rand)
	for i, word := range words {
		f[i] = int8(word&(1<<30-1)*3>>30) - 1
	}
	return f, err
}

// randomShort returns a random short polynomial: one with w coefficients that are 1
// or -1, and 0 else. The two lowest bits of the random words are made the
// coefficients, and sorting the words gives them a random order.
func randomShort(rand io.Reader) (f small, err error) {
	words, err := randomWords(rand)
	if err != nil {
		return f, err
	}
	for i := range words[:w] {
		words[i] &^= 1
	}
	for i := w; i < p; i++ {
		words[i] = words[i]&^3 | 1
	}
	sortWords(words)
	for i, word := range words {
		f[i] = int8(word&3) - 1
	}
	return f, nil
}
