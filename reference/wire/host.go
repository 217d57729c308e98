package wire

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// HostKind tells the forms of a host apart.
type HostKind uint8

// The kinds of hosts.
const (
	IPv4 HostKind = iota + 1
	IPv6
	Onion
	Domain
)

// String returns "ipv4", "ipv6", "onion" or "domain".
func (k HostKind) String() string {
	switch k {
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	case Onion:
		return "onion"
	case Domain:
		return "domain"
	}
	return "unknown"
}

// ErrHost is in the chain of every error about the text of a host.
var ErrHost = errors.New("malformed host")

// Host is one host of a relay: an IP address, an onion address or a domain name. It is
// comparable.
type Host struct {
	kind HostKind
	text string
}

// ParseHost reads the whole of s as a host. An IPv6 address may stand in brackets, and
// its text form has none. What is none of the other kinds is a domain name if it has
// none of the characters that separate the parts of an address. As in the official
// implementation, the last number of an IPv4 address is taken modulo 256.
func ParseHost(s string) (Host, error) {
	h, rest, err := TakeHost(s)
	if err != nil {
		return Host{}, err
	}
	if rest != "" {
		return Host{}, fmt.Errorf("%w: %q after host %q", ErrHost, rest, h)
	}
	return h, nil
}

// Kind returns the form of the host.
func (h Host) Kind() HostKind { return h.kind }

// String returns the text of the host as it stands in an address.
func (h Host) String() string { return h.text }

// hostForms are tried in this order; the first that fits the start of the text wins.
var hostForms = []func(string) (Host, string, bool){takeIPv4, takeIPv6, takeOnion, takeDomain}

// TakeHost reads a host from the start of s and returns what follows it.
func TakeHost(s string) (Host, string, error) {
	for _, form := range hostForms {
		if h, rest, ok := form(s); ok {
			return h, rest, nil
		}
	}
	return Host{}, s, fmt.Errorf("%w: %q starts with no host", ErrHost, s)
}

func takeIPv4(s string) (Host, string, bool) {
	rest := s
	var parts [4]byte
	for i := range parts {
		var digits string
		digits, rest = span(rest, isDigit)
		if digits == "" {
			return Host{}, s, false
		}
		if i == 3 {
			parts[i] = modulo256(digits)
			break
		}
		n, err := strconv.ParseUint(digits, 10, 8)
		if err != nil || !strings.HasPrefix(rest, ".") {
			return Host{}, s, false
		}
		parts[i] = byte(n)
		rest = rest[1:]
	}
	return Host{IPv4, netip.AddrFrom4(parts).String()}, rest, true
}

// modulo256 is the value of a decimal number of any length, modulo 256.
func modulo256(digits string) byte {
	var n byte
	for _, d := range []byte(digits) {
		n = n*10 + (d - '0')
	}
	return n
}

func takeIPv6(s string) (Host, string, bool) {
	var text, rest string
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		var closed bool
		if text, rest, closed = strings.Cut(inner, "]"); !closed {
			return Host{}, s, false
		}
	} else {
		text, rest = span(s, func(c byte) bool { return isHex(c) || c == ':' })
	}
	address, err := netip.ParseAddr(text)
	if err != nil || !address.Is6() || address.Is4In6() || address.Zone() != "" {
		return Host{}, s, false
	}
	return Host{IPv6, address.String()}, rest, true
}

func takeOnion(s string) (Host, string, bool) {
	name, rest := span(s, func(c byte) bool { return 'a' <= c && c <= 'z' || isDigit(c) })
	rest, ok := strings.CutPrefix(rest, ".onion")
	if !ok {
		return Host{}, s, false
	}
	return Host{Onion, name + ".onion"}, rest, true
}

func takeDomain(s string) (Host, string, bool) {
	name, rest := span(s, func(c byte) bool { return !strings.ContainsRune(":#,;/ \n\r\t[]", rune(c)) })
	if name == "" || strings.HasSuffix(name, ".onion") {
		return Host{}, s, false
	}
	return Host{Domain, name}, rest, true
}

// span splits s after its longest start whose bytes all satisfy in.
func span(s string, in func(byte) bool) (string, string) {
	for i := range len(s) {
		if !in(s[i]) {
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isHex(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
