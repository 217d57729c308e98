package probe

import (
	"bytes"
	"encoding/binary"
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
// one of b, as long as it goes, nil if there is none. A run ends at what is in transmissions
// of every queue: padding, words of the protocol, and the forms of keys.
func SharedRun(a, b [][]byte) []byte {
	first, second := withoutFixed(a), withoutFixed(b)
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

// withoutFixed cuts blocks at all that stands in transmissions of every queue, and leaves it out.
func withoutFixed(blocks [][]byte) (parts [][]byte) {
	for _, b := range blocks {
		start := 0
		for i := 0; i < len(b); {
			n := fixedAt(b[i:])
			if n > 0 {
				parts = append(parts, b[start:i])
				start = i + n
			}
			i += max(n, 1)
		}
		parts = append(parts, b[start:])
	}
	return parts
}

// keyForms are what all keys of an algorithm have before their own bytes, Ed25519 and X25519,
// with the length of the whole: of 16 bytes in common such a form would leave three to chance.
var keyForms = [][]byte{[]byte(",0*0\x05\x06\x03+ep\x03!\x00"), []byte(",0*0\x05\x06\x03+en\x03!\x00")}

// fixedAt is the length of what is fixed at the start of b: padding, which repeats a byte, or
// words of the protocol, of sharedStep bytes at least, or the form of a key; 0 for none.
func fixedAt(b []byte) int {
	if n := lengthOf(b, func(v byte) bool { return v == b[0] }); n >= sharedStep {
		return n
	}
	if n := lengthOf(b, func(v byte) bool { return 'A' <= v && v <= 'Z' || v == '_' || v == ' ' }); n >= sharedStep {
		return n
	}
	for _, form := range keyForms {
		if bytes.HasPrefix(b, form) {
			return len(form)
		}
	}
	return 0
}

// lengthOf is how many bytes at the start of b are of one kind.
func lengthOf(b []byte, kind func(byte) bool) int {
	for i, v := range b {
		if !kind(v) {
			return i
		}
	}
	return len(b)
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
