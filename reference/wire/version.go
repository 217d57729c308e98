package wire

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// VersionRange is the inclusive range of protocol versions that a party
// offers: two word16 on the wire, "6-20" or "6" as text.
type VersionRange struct{ Min, Max uint16 }

// Versions returns the range from min to max.
func Versions(min, max uint16) VersionRange { return VersionRange{Min: min, Max: max} }

// Contains reports whether v is in the range.
func (r VersionRange) Contains(v uint16) bool { return r.Min <= v && v <= r.Max }

// Common returns the versions that both ranges hold; false if there are none.
// Its maximum is the version that two peers agree on.
func (r VersionRange) Common(o VersionRange) (VersionRange, bool) {
	c := VersionRange{Min: max(r.Min, o.Min), Max: min(r.Max, o.Max)}
	if c.Min > c.Max {
		return VersionRange{}, false
	}
	return c, true
}

// String is "min-max", or one number for a range of one version.
func (r VersionRange) String() string {
	if r.Min == r.Max {
		return fmt.Sprint(r.Min)
	}
	return fmt.Sprintf("%d-%d", r.Min, r.Max)
}

// Range appends a version range: minimum and maximum as word16.
func (w *Writer) Range(v VersionRange) {
	w.Uint16(v.Min)
	w.Uint16(v.Max)
}

// Range reads a version range; a minimum above the maximum is ErrRange.
func (r *Reader) Range() VersionRange {
	v := VersionRange{Min: r.Uint16(), Max: r.Uint16()}
	if r.err == nil && v.Min > v.Max {
		r.err = fmt.Errorf("%w: %d-%d", ErrRange, v.Min, v.Max)
		return VersionRange{}
	}
	return v
}

// ErrVersionText is in the chain of every error about the text of a version range.
var ErrVersionText = errors.New("malformed version range")

// ParseVersions reads the text of a version range: "6-20", or "6" for one version.
// Numbers are decimal and at most 65535; a minimum above the maximum is ErrRange.
func ParseVersions(text string) (VersionRange, error) {
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	lowest, err := strconv.ParseUint(low, 10, 16)
	if err != nil {
		return VersionRange{}, fmt.Errorf("%w: %q is not a number from 0 to 65535", ErrVersionText, low)
	}
	highest, err := strconv.ParseUint(high, 10, 16)
	if err != nil {
		return VersionRange{}, fmt.Errorf("%w: %q is not a number from 0 to 65535", ErrVersionText, high)
	}
	if lowest > highest {
		return VersionRange{}, fmt.Errorf("%w: %d-%d", ErrRange, lowest, highest)
	}
	return Versions(uint16(lowest), uint16(highest)), nil
}
