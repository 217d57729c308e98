package relay

import (
	"errors"
	"net"
	"net/netip"
	"syscall"
)

// errForbidden: the address of a destination is one that the relay may not connect
// to.
var errForbidden = errors.New("address that the relay may not connect to")

// checkedDialer connects to allowed addresses only. It looks at the address of each
// attempt, after the name was resolved: a name that stands for another address the
// next time does not help.
func checkedDialer(allowed func(netip.Addr) bool) *net.Dialer {
	return &net.Dialer{Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || !allowed(a.Addr()) {
			return errForbidden
		}
		return nil
	}}
}

// reserved are the ranges inside of the public ones that are not public: those of
// the IANA registries of special-purpose addresses.
var reserved = prefixes(
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
	"192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3",
	"2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
)

// globalUnicast is where the public IPv6 addresses are, translated the prefix of
// those that stand for IPv4 addresses.
var (
	globalUnicast = netip.MustParsePrefix("2000::/3")
	translated    = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(list ...string) []netip.Prefix {
	all := make([]netip.Prefix, len(list))
	for i, p := range list {
		all[i] = netip.MustParsePrefix(p)
	}
	return all
}

// IsPublic reports whether an address is one of the Internet: not of this machine,
// of a local or private network, of a group, or reserved. An IPv6 address that
// stands for an IPv4 address is what that is.
func IsPublic(a netip.Addr) bool {
	a = StandsFor(a)
	if a.Is6() && !globalUnicast.Contains(a) {
		return false
	}
	for _, p := range reserved {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsValid()
}

// StandsFor returns the address that is reached through another one: the IPv4 address
// that an IPv6 address stands for, or else the address itself; without a zone.
func StandsFor(a netip.Addr) netip.Addr {
	a = a.Unmap().WithZone("")
	if translated.Contains(a) {
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	return a
}
