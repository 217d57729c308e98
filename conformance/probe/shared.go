package probe

import (
	"bytes"
	"encoding/binary"

	"smpcheck/reference/keys"
)

const (
	// sharedRun is how many bytes in a row two connections have in common only if one
	// value is on both.
	sharedRun = 16
	// sharedValues is how many different bytes such a run has at least: fixed parts of
	// transmissions have fewer, random bytes practically never.
	sharedValues = 8
	// sharedStep is how far apart the places are at which one side is looked up in the
	// other: every run of sharedRun bytes holds one of them whole.
	sharedStep = 8
)

// place is where something stands: the number of the part and of the byte.
type place struct{ part, at int }

// SharedRun returns a run of 16 bytes or more that stands in one of the blocks a and in
// one of b, as long as it goes, nil if there is none. A run ends where one byte is
// repeated eight times, as it is in padding, and where the fixed part of a public key stands.
func SharedRun(a, b [][]byte) []byte {
	first, second := withoutPadding(withoutKeyForms(a)), withoutPadding(withoutKeyForms(b))
	places := make(map[uint64][]place)
	for i, part := range first {
		for at := 0; at+sharedStep <= len(part); at += sharedStep {
			key := binary.BigEndian.Uint64(part[at:])
			places[key] = append(places[key], place{i, at})
		}
	}
	for _, part := range second {
		for at := 0; at+sharedStep <= len(part); at++ {
			for _, p := range places[binary.BigEndian.Uint64(part[at:])] {
				if run := extended(first[p.part], part, p.at, at); len(run) >= sharedRun && values(run) >= sharedValues {
					return run
				}
			}
		}
	}
	return nil
}

// keyForms are what all keys of an algorithm have before their own bytes, with the length of
// the whole: of 16 bytes in common such a form would leave three to chance.
var keyForms = [][]byte{keyForm(keys.Ed25519), keyForm(keys.X25519)}

func keyForm(a keys.Algorithm) []byte {
	const size = 32
	k, err := keys.NewPublic(a, make([]byte, size))
	if err != nil {
		panic(err) // a key of that size
	}
	whole := k.SPKI()
	return append([]byte{byte(len(whole))}, whole[:len(whole)-size]...)
}

// withoutKeyForms cuts blocks at the fixed parts of public keys, and leaves those out.
func withoutKeyForms(blocks [][]byte) [][]byte {
	parts := blocks
	for _, form := range keyForms {
		var cut [][]byte
		for _, b := range parts {
			cut = append(cut, bytes.Split(b, form)...)
		}
		parts = cut
	}
	return parts
}

// withoutPadding cuts blocks at all runs of sharedStep equal bytes or more, and leaves
// those out.
func withoutPadding(blocks [][]byte) (parts [][]byte) {
	for _, b := range blocks {
		start := 0
		for i := 0; i < len(b); {
			end := i + 1
			for end < len(b) && b[end] == b[i] {
				end++
			}
			if end-i >= sharedStep {
				parts = append(parts, b[start:i])
				start = end
			}
			i = end
		}
		parts = append(parts, b[start:])
	}
	return parts
}

// extended returns the whole run around a[i] and b[j], which are equal.
func extended(a, b []byte, i, j int) []byte {
	end, other := i, j
	for end < len(a) && other < len(b) && a[end] == b[other] {
		end, other = end+1, other+1
	}
	for i > 0 && j > 0 && a[i-1] == b[j-1] {
		i, j = i-1, j-1
	}
	return a[i:end]
}

// values counts the different bytes in b.
func values(b []byte) int {
	var seen [256]bool
	count := 0
	for _, v := range b {
		if !seen[v] {
			seen[v] = true
			count++
		}
	}
	return count
}
