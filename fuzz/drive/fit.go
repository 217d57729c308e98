package drive

import (
	"encoding/binary"

	"smpcheck/fuzz/program"
)

// applyIn makes a mutation of bytes that have the given parts: of the part at its position
// if the length before that is to fit, of all of them otherwise.
func (m marked) applyIn(list []program.Part, c change) marked {
	if c.Fits() && len(m.b) > 0 {
		at := int(c.Position) % len(m.b)
		for i, part := range list {
			if part.Start <= at && at < part.End {
				c.Position = uint16(at - part.Start)
				return m.applyTo(list, i, c)
			}
		}
	}
	return m.apply(c.Mutation, c.random)
}

// applyTo makes a mutation of part i, and has the length before it fit if it is to.
func (m marked) applyTo(list []program.Part, i int, c change) marked {
	part := list[i]
	changed := marked{m.b[part.Start:part.End], m.diceOf(part.Start, part.End)}.apply(c.Mutation, c.random)
	out := marked{append([]byte{}, m.b...), m.dice}.splice(part.Start, part.End, changed.b, changed.dice)
	if j, counted := lengthOf(m.b, list, i); counted && c.Fits() {
		length := out.b[list[j].Start:list[j].End]
		n := read(length) + len(changed.b) - (part.End - part.Start)
		if len(length) == 1 {
			length[0] = byte(n)
		} else {
			binary.BigEndian.PutUint16(length, uint16(n))
		}
	}
	return out
}

// lengthOf is the index of the part that counts the bytes of part i, the nearest if there
// are several; false if there is none.
func lengthOf(b []byte, list []program.Part, i int) (int, bool) {
	for j := i - 1; j >= 0; j-- {
		if l := list[j]; l.Role == program.Length && l.End+read(b[l.Start:l.End]) >= list[i].End {
			return j, true
		}
	}
	return 0, false
}

// read reads a length of one byte or two.
func read(b []byte) int {
	if len(b) == 1 {
		return int(b[0])
	}
	return int(binary.BigEndian.Uint16(b))
}
