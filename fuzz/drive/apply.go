package drive

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"

	"smpcheck/fuzz/program"
)

// Limits of what mutations insert, remove, repeat and append, in bytes.
const (
	maxInserted = 512
	maxExtended = 1024
)

// marked is bytes with marks at those that differ between runs of a program; dice is nil
// if nobody asks.
type marked struct {
	b    []byte
	dice []bool
}

// apply makes a mutation at any level but Order. It never changes the bytes that it was
// given, and what it writes in place of others is never what was there: a random byte that
// happens to have the value already would make a difference between two runs.
func (m marked) apply(x program.Mutation, random *rand.Rand) marked {
	out := marked{slices.Clone(m.b), slices.Clone(m.dice)}
	at, n := 0, len(m.b)
	if n > 0 {
		at = int(x.Position) % n
	}
	some := func(limit int) int { return max(1, int(x.Value)%limit) }
	switch x.Action {
	case program.Insert:
		return out.splice(at, at, fill(random, some(maxInserted)), nil)
	case program.Extend:
		return out.splice(n, n, fill(random, some(maxExtended)), nil)
	case program.Remove:
		return out.splice(at, min(n, at+some(maxInserted)), nil, nil)
	case program.Truncate:
		return out.splice(at, n, nil, nil)
	case program.Empty:
		return out.splice(0, n, nil, nil)
	case program.Repeat:
		end := min(n, at+some(maxInserted))
		return out.splice(end, end, m.b[at:end], m.diceOf(at, end))
	}
	if n > 0 {
		overwrite(out.b[at:], x)
	}
	return out
}

func (m marked) diceOf(start, end int) []bool {
	if m.dice == nil {
		return nil
	}
	return m.dice[start:end]
}

// splice puts bytes in the place of those from start to end.
func (m marked) splice(start, end int, b []byte, dice []bool) marked {
	out := marked{b: slices.Replace(m.b, start, end, b...)}
	if m.dice != nil {
		if dice == nil {
			dice = make([]bool, len(b))
		}
		out.dice = slices.Replace(m.dice, start, end, dice...)
	}
	return out
}

// overwrite changes the first bytes of b, which has one at least.
func overwrite(b []byte, x program.Mutation) {
	var word []byte
	switch x.Action {
	case program.Flip:
		b[0] ^= 1 << (x.Value % 8)
		return
	case program.Set:
		word = []byte{byte(x.Value)}
	case program.Word:
		words := program.Dictionary()
		word = words[int(x.Value)%len(words)]
	default:
		word = boundary(b, x.Value)
	}
	if before := string(b[:min(len(b), len(word))]); copy(b, word) > 0 && string(b[:len(before)]) == before {
		b[0] ^= 0xff
	}
}

// boundaries are what Boundary writes, as 64 bits of which as many are taken as fit; then
// come one more and one less.
var boundaries = []uint64{0, 1, 0x7f, 0x80, 0xff}

// boundary is the word that Boundary writes over b.
func boundary(b []byte, value uint16) []byte {
	width := 1
	switch {
	case value&0x200 != 0:
		width = 4
	case value&0x100 != 0:
		width = 2
	}
	width = min(width, len(b))
	var now uint64
	for _, c := range b[:width] {
		now = now<<8 | uint64(c)
	}
	i := int(value&0xff) % (len(boundaries) + 2)
	switch {
	case i == len(boundaries):
		now++
	case i > len(boundaries):
		now--
	case i < 2 || width == 1:
		now = boundaries[i]
	case boundaries[i] == 0x7f:
		now = 1<<(8*width-1) - 1
	case boundaries[i] == 0x80:
		now = 1 << (8*width - 1)
	default:
		now = 1<<(8*width) - 1
	}
	var out [8]byte
	binary.BigEndian.PutUint64(out[:], now)
	return out[8-width:]
}
