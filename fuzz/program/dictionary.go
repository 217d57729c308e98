package program

import (
	"encoding/binary"
	"math"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Dictionary returns words that mean something to a relay: tags, the starts of keys,
// numbers at the edge of what fits, the words of errors, letters of modes, lengths that
// the protocol knows. The words must not be changed.
func Dictionary() [][]byte { return dictionary }

var dictionary = makeDictionary()

func makeDictionary() [][]byte {
	var words [][]byte
	add := func(texts ...string) {
		for _, t := range texts {
			words = append(words, []byte(t))
		}
	}
	for k := PING; k < Kinds; k++ {
		add(k.String() + " ")
	}
	add("IDS ", "MSG ", "OK", "END", "DELD", "PONG", "ERR ", "SOK ", "SOKS ", "ALLS", "LNK ", "NID ", "NMSG ", "PKEY ",
		"PRES ", "RRES ", "INFO ", "RNAME ", "ENDS ", "PINGX", "ping", "NEW", " ")
	for alg := keys.X25519; alg <= keys.Ed448; alg++ {
		spki := zeroKey(alg).SPKI()
		words = append(words, append([]byte{byte(len(spki))}, spki[:keyPrefix]...), spki)
	}
	for _, n := range []uint16{0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xfffe, 0xffff, 6, 20, 21} {
		words = append(words, binary.BigEndian.AppendUint16(nil, n))
	}
	for _, n := range []int64{0, -1, math.MaxInt64, math.MinInt64, math.MaxInt32} {
		words = append(words, binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	add("BLOCK", "SESSION", "CMD SYNTAX", "AUTH", "QUOTA", "NO_MSG", "LARGE_MSG", "INTERNAL", "DUPLICATE_")
	add("0", "1", "T", "F", "S", "C", "M", "A", "T ", "F ", "N", "P", "#", "QUOTA ")
	return append(words, lengthWords()...)
}

// lengthWords are lengths of the protocol as words of two bytes and as bytes.
func lengthWords() (words [][]byte) {
	for _, n := range []int{smp.BlockSize, smp.PlainContent, smp.EncryptedContent, smp.MaxRcvBody, smp.MaxMessageLength(8),
		smp.MaxMessageLength(11), smp.PaddedRcvMessage, smp.PaddedForwarded} {
		for _, near := range []int{n - 1, n, n + 1} {
			words = append(words, []byte{byte(near >> 8), byte(near)})
		}
	}
	for _, n := range []byte{16, 24, 32, 44, 64, 69, 80, 114} {
		words = append(words, []byte{n - 1}, []byte{n}, []byte{n + 1})
	}
	return words
}

func zeroKey(alg keys.Algorithm) keys.PublicKey {
	k, err := keys.NewPublic(alg, make([]byte, alg.PublicSize()))
	if err != nil {
		panic("a key of zeros: " + err.Error()) // it has the right size
	}
	return k
}
