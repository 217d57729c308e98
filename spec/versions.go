package spec

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Protocol is the version number that a range counts. Its zero value is SMP.
type Protocol string

// The protocols that have a version number of their own.
const (
	SMP       Protocol = ""       // the relay protocol, versions 6 to 20
	SMPClient Protocol = "client" // the envelope of a queue, agreed by two clients, versions 1 to 4
	Agent     Protocol = "agent"  // duplex connections, versions 2 to 7
	E2E       Protocol = "e2e"    // the double ratchet, versions 2 and 3
)

var protocols = []Protocol{SMPClient, Agent, E2E}

// Versions is an inclusive range of the versions of a protocol. Its text is "9" or
// "6-20" for SMP, and has the name of the protocol in front for others: "agent 2-7".
type Versions struct {
	Protocol Protocol
	Min, Max uint16
}

// ParseVersions reads "9", "6-20" or "agent 2-7". The numbers are decimal and positive,
// and the second is not below the first.
func ParseVersions(s string) (Versions, error) {
	protocol, numbers, named := strings.Cut(s, " ")
	if !named {
		protocol, numbers = string(SMP), s
	} else if !slices.Contains(protocols, Protocol(protocol)) {
		return Versions{}, fmt.Errorf("%q names none of the protocols client, agent, e2e", s)
	}
	low, high, ranged := strings.Cut(numbers, "-")
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
	return Versions{Protocol: Protocol(protocol), Min: lowest, Max: highest}, nil
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
	text := strconv.Itoa(int(v.Min))
	if v.Min != v.Max {
		text += "-" + strconv.Itoa(int(v.Max))
	}
	if v.Protocol != SMP {
		text = string(v.Protocol) + " " + text
	}
	return text
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
