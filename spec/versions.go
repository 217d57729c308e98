package spec

import (
	"fmt"
	"strconv"
	"strings"
)

// Versions is an inclusive range of protocol versions. Its text is "9" or "6-20".
type Versions struct {
	Min, Max uint16
}

// ParseVersions reads "9" or "6-20". The numbers are decimal and positive, and the
// second is not below the first.
func ParseVersions(s string) (Versions, error) {
	low, high, ranged := strings.Cut(s, "-")
	if !ranged {
		high = low
	}
	lowest, err := parseVersion(low)
	if err != nil {
		return Versions{}, err
	}
	highest, err := parseVersion(high)
	if err != nil {
		return Versions{}, err
	}
	if highest < lowest {
		return Versions{}, fmt.Errorf("version range %q ends before it starts", s)
	}
	return Versions{Min: lowest, Max: highest}, nil
}

func parseVersion(s string) (uint16, error) {
	v, err := strconv.ParseUint(s, 10, 16)
	if err != nil || v == 0 {
		return 0, fmt.Errorf("%q is not a version number from 1 to 65535", s)
	}
	return uint16(v), nil
}

// String returns the text of the range.
func (v Versions) String() string {
	if v.Min == v.Max {
		return strconv.Itoa(int(v.Min))
	}
	return fmt.Sprintf("%d-%d", v.Min, v.Max)
}

// MarshalText returns the text of the range.
func (v Versions) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads the text of a range as ParseVersions does.
func (v *Versions) UnmarshalText(text []byte) error {
	parsed, err := ParseVersions(string(text))
	if err != nil {
		return err
	}
	*v = parsed
	return nil
}
