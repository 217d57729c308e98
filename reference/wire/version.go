package wire

import (
	"errors"
	"fmt"
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

// Range appends a version range: minimum and maximum as word16. A minimum above the maximum
// is ErrRange.
func (w *Writer) Range(v VersionRange) {
	if v.Min > v.Max {
		w.Fail(fmt.Errorf("%w: %d-%d", ErrRange, v.Min, v.Max))
	}
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

// ParseVersions reads the text of a version range: "6-20", or "6" for one version. A
// minimum above the maximum is ErrRange. As in the official implementation a number above
// 65535 is taken modulo 65536, and zeros may stand in front.
func ParseVersions(text string) (VersionRange, error) {
	low, high, ranged := strings.Cut(text, "-")
	if !ranged {
		high = low
	}
	lowest, lowOK := ParseWord16(low)
	highest, highOK := ParseWord16(high)
	if !lowOK || !highOK {
		return VersionRange{}, fmt.Errorf("%w: %q", ErrVersionText, text)
	}
	if lowest > highest {
		return VersionRange{}, fmt.Errorf("%w: %d-%d", ErrRange, lowest, highest)
	}
	return Versions(lowest, highest), nil
}

// ParseWord16 returns the value of a decimal number of any length modulo 65536; false if
// text is empty or has other characters than digits.
func ParseWord16(text string) (uint16, bool) {
	digits, rest := span(text, isDigit)
	if digits == "" || rest != "" {
		return 0, false
	}
	var n uint16
	for i := range len(digits) {
		n = n*10 + uint16(digits[i]-'0')
	}
	return n, true
}
