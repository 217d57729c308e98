package program

// mutation makes a mutation at a level for an operation. Half of them are where a relay
// decides how to read on: lengths, counts, options, the starts of keys.
func (g *generator) mutation(level Level, op Op) Mutation {
	m := Mutation{Level: level, Action: Action(g.IntN(int(actionsAt(level)))), Field: byte(g.IntN(12)), Value: g.value()}
	switch level {
	case Order:
		m.Position = uint16(g.IntN(16384))
		m.Value %= 50
	case Record:
		m.Position = g.near(16406, 0, 1, 3, 4, 5)
	case Hello:
		m.Position = g.near(82, 0, 1, 2, 3, 35, 36, 44, 48, 80, 81)
	case Block, Content:
		// The length of the content, the count, the length of the first transmission and
		// what it begins with.
		m.Position = g.near(400, 0, 1, 2, 3, 4, 5)
	case Transmission:
		m.Position = g.near(260, 0, 1, 65, 66, 67, 90, 91, 92, 115, 116, 117, 120, 121)
	case Field:
		m.Field, m.Position = g.field(op.Kind), g.near(48, 0, 1, 2)
	case Cipher:
		m.Field, m.Position = byte(g.IntN(2)), g.near(16242, 0, 1, 2, 3, 4, 5)
	}
	if (level == Hello || level == Transmission || level == Field) && m.Action.resizes() && g.chance(2) {
		m.Field |= Fit
		if level == Field && g.chance(2) { // of all fields alike
			m.Field = Fit | byte(g.IntN(len(Fields(20, Example(op.Kind, 20)))))
		}
	}
	return m
}

// near is one of the places more often than any other below n.
func (g *generator) near(n int, places ...uint16) uint16 {
	if g.chance(2) {
		return oneOf(g, places...)
	}
	return uint16(g.IntN(n))
}

// value is one that bounds something more often than any other.
func (g *generator) value() uint16 {
	switch g.IntN(3) {
	case 0:
		return uint16(g.IntN(16))
	case 1:
		return uint16(g.IntN(7)) | oneOf[uint16](g, 0, 0x100, 0x200)
	}
	return uint16(g.Uint32())
}

// field is the index of a field of a command: of one that shapes the others more often
// than of any other.
func (g *generator) field(kind Kind) byte {
	parts := Fields(20, Example(kind, 20))
	var shapes []byte
	for i, p := range parts {
		if p.Role.Shapes() {
			shapes = append(shapes, byte(i))
		}
	}
	if g.chance(3) {
		return byte(g.IntN(len(parts)))
	}
	return oneOf(g, shapes...)
}

// resizes reports whether an action changes how many bytes there are.
func (a Action) resizes() bool {
	switch a {
	case Insert, Extend, Remove, Truncate, Empty, Repeat:
		return true
	}
	return false
}
