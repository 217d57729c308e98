package seed

import (
	"fmt"
	"math/bits"
	"regexp"
	"strings"

	"smpcheck/reference/smp"
)

// distinct returns the items without those that look like an earlier one.
func distinct(items []Item) []Item {
	seen := map[string]bool{}
	var kept []Item
	for _, i := range items {
		s := fmt.Sprint(i.Version, " ", shape(i.Kind, i.Version, i.Data))
		if !seen[s] {
			seen[s] = true
			kept = append(kept, i)
		}
	}
	return kept
}

// words are what commands, responses and errors begin with.
var words = regexp.MustCompile(`^[A-Z_ ]*`)

// shape is what an item looks like: its words, the lengths of its parts, roughly, and for
// a block the shapes of its first transmissions.
func shape(kind Kind, version uint16, data []byte) string {
	const most = 3
	switch kind {
	case CommandBlock, ResponseBlock:
		content, err := smp.DecodeBlock(data)
		if err != nil {
			break
		}
		shapes := []string{magnitude(len(content))}
		for _, b := range content[:min(most, len(content))] {
			shapes = append(shapes, shape(Transmission, version, b))
		}
		return strings.Join(shapes, ", ")
	case Transmission:
		t, err := smp.DecodeTransmission(version, data)
		if err != nil {
			break
		}
		return fmt.Sprint(len(t.Authorization), t.ServiceSignature != nil, len(t.CorrelationID), len(t.EntityID), " ", shape(Command, version, t.Command))
	case Command, Response:
		return string(words.Find(data)) + magnitude(len(data))
	}
	return magnitude(len(data))
}

// magnitude is the number of bits of a number.
func magnitude(n int) string { return fmt.Sprint(bits.Len(uint(n))) }
