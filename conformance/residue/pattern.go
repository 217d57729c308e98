package residue

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
)

// MinPattern is the length in bytes of the shortest pattern: shorter ones occur by chance.
const MinPattern = 16

// Pattern is what is looked for.
type Pattern struct {
	// Name says what it is, such as "the body of a message".
	Name string
	// Bytes are random ones, at least MinPattern.
	Bytes []byte
}

// Finding is a place at which a pattern stands.
type Finding struct {
	// Pattern is the name of the pattern, with its encoding if it has one.
	Pattern string
	// Place is a file or a mapping of memory.
	Place string
}

// String names both.
func (f Finding) String() string { return f.Pattern + " in " + f.Place }

// Describe lists findings, the first few of many.
func Describe(findings []Finding) string {
	const shown = 6
	var parts []string
	for _, f := range findings[:min(shown, len(findings))] {
		parts = append(parts, f.String())
	}
	if more := len(findings) - shown; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

// Encoded returns the patterns and their forms as text: hexadecimal, and base64 in both
// alphabets wherever in a longer text it begins.
func Encoded(patterns []Pattern) []Pattern {
	all := append([]Pattern{}, patterns...)
	for _, p := range patterns {
		text := hex.EncodeToString(p.Bytes)
		all = append(all,
			Pattern{p.Name + " (hexadecimal)", []byte(text)},
			Pattern{p.Name + " (hexadecimal)", []byte(strings.ToUpper(text))})
		for offset := range 3 {
			whole := p.Bytes[offset : offset+(len(p.Bytes)-offset)/3*3]
			for _, alphabet := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
				all = append(all, Pattern{p.Name + " (base64)", []byte(alphabet.EncodeToString(whole))})
			}
		}
	}
	return all
}

// pieceSize is how much is read and searched at a time.
const pieceSize = 1 << 20

// searcher finds patterns in pieces of something, also where they stand in two of them.
type searcher struct {
	patterns []Pattern
	longest  int
	findings []Finding
	seen     map[Finding]bool
}

func newSearcher(patterns []Pattern) *searcher {
	s := &searcher{patterns: patterns, seen: make(map[Finding]bool)}
	for _, p := range patterns {
		s.longest = max(s.longest, len(p.Bytes))
	}
	return s
}

// search looks into the size bytes from start on that read gives, piece by piece, and
// leaves out pieces that cannot be read.
func (s *searcher) search(place string, start, size int64, read func(b []byte, at int64) (int, error)) {
	buffer := make([]byte, min(pieceSize, size))
	for done := int64(0); done < size; {
		n, err := read(buffer[:min(pieceSize, size-done)], start+done)
		s.look(place, buffer[:n])
		if errors.Is(err, io.EOF) {
			return
		}
		step := int64(pieceSize)
		if err == nil {
			step -= int64(s.longest - 1) // so that nothing between two pieces is missed
		}
		done += step
	}
}

func (s *searcher) look(place string, text []byte) {
	for _, p := range s.patterns {
		f := Finding{p.Name, place}
		if !s.seen[f] && bytes.Contains(text, p.Bytes) {
			s.seen[f] = true
			s.findings = append(s.findings, f)
		}
	}
}
