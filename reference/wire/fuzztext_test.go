package wire_test

import (
	"math/big"
	"strings"
	"testing"

	"smpcheck/fuzz/bound"
	"smpcheck/fuzz/seed"
	"smpcheck/reference/wire"
)

// FuzzParseHost: what is a host has one form, which is the same host, and none of the
// characters that separate the parts of an address.
func FuzzParseHost(f *testing.F) {
	for _, text := range seed.Spread(seed.Texts("misc", "server_address", "test_uris", "ts_crosschecked")) {
		f.Add(text)
	}
	for _, text := range []string{"[::1]", "::ffff:1.2.3.4", "1.2.3.4444", "256.1.1.1", "a.onion", ".onion", "fe80::1%eth0", "[::"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var h wire.Host
		var err error
		bound.Check(t, len(text), func() { h, err = wire.ParseHost(text) })
		taken, rest, takeErr := wire.TakeHost(text)
		if (err == nil) != (takeErr == nil && rest == "") || err == nil && taken != h || !strings.HasSuffix(text, rest) {
			t.Fatalf("%q: host %v, %v; taken %v, %q, %v", text, h, err, taken, rest, takeErr)
		}
		if takeErr == nil {
			h = taken
		} else {
			return
		}
		again, err := wire.ParseHost(h.String())
		if err != nil || again != h || h.Kind() < wire.IPv4 || h.Kind() > wire.Domain {
			t.Fatalf("%q became %q, then %q, %v", text, h, again, err)
		}
		if h.Kind() != wire.IPv6 && strings.ContainsAny(h.String(), ":#,;/ \n\r\t[]") {
			t.Fatalf("host %q", h)
		}
	})
}

// FuzzParseVersions: what is a range of versions has one text, which is the same range. The
// numbers are those of math/big modulo 65536.
func FuzzParseVersions(f *testing.F) {
	for _, text := range []string{"6-20", "6", "006-65556", "", "-", "20-6", "6-", "65535", "99999999999999999999999", "+6", "6-7-8"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 5000 {
			return // math/big takes long
		}
		var v wire.VersionRange
		var err error
		bound.Check(t, len(text), func() { v, err = wire.ParseVersions(text) })
		low, high, ranged := strings.Cut(text, "-")
		if !ranged {
			high = low
		}
		least, okLeast := word16(low)
		most, okMost := word16(high)
		if want := okLeast && okMost && least <= most; want != (err == nil) {
			t.Fatalf("%q: %v, %v", text, v, err)
		}
		if err != nil {
			if v != (wire.VersionRange{}) {
				t.Fatalf("%v and %v", v, err)
			}
			return
		}
		again, err := wire.ParseVersions(v.String())
		if v != wire.Versions(least, most) || err != nil || again != v {
			t.Fatalf("%q became %v, then %v, %v", text, v, again, err)
		}
	})
}

// word16 is the value of digits modulo 65536.
func word16(digits string) (uint16, bool) {
	if strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok {
		return 0, false
	}
	return uint16(n.Mod(n, big.NewInt(1<<16)).Uint64()), true
}

// FuzzVersionRanges: two ranges have in common what both hold.
func FuzzVersionRanges(f *testing.F) {
	f.Add(uint16(6), uint16(20), uint16(7), uint16(18), uint16(9))
	f.Add(uint16(6), uint16(7), uint16(8), uint16(9), uint16(7))
	f.Fuzz(func(t *testing.T, a, b, c, d, v uint16) {
		x, y := wire.Versions(min(a, b), max(a, b)), wire.Versions(min(c, d), max(c, d))
		common, ok := x.Common(y)
		if want := x.Contains(v) && y.Contains(v); want != (ok && common.Contains(v)) {
			t.Fatalf("%v and %v have %v in common, %t; %d", x, y, common, ok, v)
		}
		if other, same := y.Common(x); other != common || same != ok {
			t.Fatalf("%v and %v: %v or %v", x, y, common, other)
		}
	})
}
