package smp

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"smpcheck/reference/wire"
)

// ErrHost: a host of a server is no IP address, onion name or domain name.
var ErrHost = errors.New("malformed host")

func putHost(w *wire.Writer, host string) {
	h, ok := canonicalHost(host)
	if !ok {
		w.Fail(fmt.Errorf("%w: %d bytes", ErrHost, len(host)))
	}
	w.Short([]byte(h))
}

func readHost(r *wire.Reader) string {
	b := r.Short()
	if r.Err() != nil {
		return ""
	}
	h, ok := canonicalHost(string(b))
	if !ok {
		r.Fail(fmt.Errorf("%w: %d bytes", ErrHost, len(b)))
	}
	return h
}

// hostForms are the forms of hosts in the order in which the official
// implementation tries them. Each returns the canonical form of the start of
// s and what follows it; the first that fits decides.
var hostForms = []func(s string) (host, rest string, ok bool){ipv4Host, ipv6Host, onionHost, domainHost}

// canonicalHost checks a host and returns it as the official implementation
// writes it.
func canonicalHost(s string) (string, bool) {
	for _, form := range hostForms {
		if host, rest, ok := form(s); ok {
			return host, rest == ""
		}
	}
	return "", false
}

// ipv4Host takes the last number modulo 256, as the official implementation.
func ipv4Host(s string) (string, string, bool) {
	var a [4]byte
	for i := range a {
		end := spanEnd(s, func(c byte) bool { return '0' <= c && c <= '9' })
		digits := s[:end]
		s = s[end:]
		switch {
		case digits == "":
			return "", "", false
		case i == 3:
			for _, d := range []byte(digits) {
				a[i] = 10*a[i] + d - '0'
			}
			return netip.AddrFrom4(a).String(), s, true
		}
		n, err := strconv.ParseUint(digits, 10, 8)
		if err != nil || !strings.HasPrefix(s, ".") {
			return "", "", false
		}
		a[i], s = byte(n), s[1:]
	}
	return "", "", false
}

func ipv6Host(s string) (string, string, bool) {
	text, rest := "", ""
	if inner, bracketed := strings.CutPrefix(s, "["); bracketed {
		text, rest, bracketed = strings.Cut(inner, "]")
		if !bracketed {
			return "", "", false
		}
	} else {
		end := spanEnd(s, func(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF:", c) >= 0 })
		text, rest = s[:end], s[end:]
	}
	a, err := netip.ParseAddr(text)
	if err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return "", "", false
	}
	return a.String(), rest, true
}

func onionHost(s string) (string, string, bool) {
	end := spanEnd(s, func(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' })
	rest, ok := strings.CutPrefix(s[end:], ".onion")
	return s[:len(s)-len(rest)], rest, ok
}

func domainHost(s string) (string, string, bool) {
	end := spanEnd(s, func(c byte) bool { return strings.IndexByte(":#,;/ \n\r\t[]", c) < 0 })
	return s[:end], s[end:], end > 0 && !strings.HasSuffix(s[:end], ".onion")
}

// spanEnd is the length of the longest start of s whose bytes are all in.
func spanEnd(s string, in func(byte) bool) int {
	for i := range len(s) {
		if !in(s[i]) {
			return i
		}
	}
	return len(s)
}
