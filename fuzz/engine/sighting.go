package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"smpcheck/fuzz/drive"
)

// sighting is something wrong that was seen.
type sighting struct {
	drive.Breach
	// place is where in its code a relay has crashed, empty for what is no crash.
	place string
	// detail is the stack trace or the curve of memory, output the last that the relay
	// has written; empty where there is none.
	detail, output string
}

// idSize is how many digits an id has.
const idSize = 16

// id tells findings apart: by kind, rule, command and the place of a crash.
func (s sighting) id() string {
	hash := sha256.Sum256([]byte(strings.Join([]string{string(s.Kind), s.Rule, s.Command, s.place}, "\x00")))
	return hex.EncodeToString(hash[:])[:idSize]
}

// sightings are breaches without more.
func sightings(breaches []drive.Breach) []sighting {
	seen := make([]sighting, len(breaches))
	for i, b := range breaches {
		seen[i].Breach = b
	}
	return seen
}

// same reports whether another sighting is of the same fault. A canary can be damaged in
// several ways by one.
func (s sighting) same(o sighting) bool {
	return s.id() == o.id() || s.Kind == Canary && o.Kind == Canary
}
