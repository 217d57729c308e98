package probe

import (
	"encoding/binary"
	"regexp"
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
// repeated eight times, as it is in padding, and at fixed parts.
func SharedRun(a, b [][]byte) []byte {
	first, second := withoutPadding(withoutFixed(a)), withoutPadding(withoutFixed(b))
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

// fixed are parts that stand in transmissions of every queue: the words of the protocol, and
// what X25519 and Ed25519 keys have before their own bytes, with the length of the whole. Of
// 16 bytes in common they would leave few to chance.
var fixed = regexp.MustCompile(`,0\*0\x05\x06\x03\+e[np]\x03!\x00|[A-Z_ ]{8,}`)

// withoutFixed cuts blocks at fixed parts, and leaves those out.
func withoutFixed(blocks [][]byte) (parts [][]byte) {
	for _, b := range blocks {
		start := 0
		for _, at := range fixed.FindAllIndex(b, -1) {
			parts = append(parts, b[start:at[0]])
			start = at[1]
		}
		parts = append(parts, b[start:])
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
