package network

import (
	"crypto/sha256"
	"fmt"
	"net"
	"strconv"
	"strings"
	"unicode"

	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// maxHosts is how many hosts of an address are tried: addresses come from
// strangers, and each host may take the whole time of a handshake.
const maxHosts = 4

// checkServer returns ErrAddress if there is no connecting to the server.
func checkServer(s link.Server) error {
	port, err := strconv.ParseUint(portOf(s), 10, 16)
	switch {
	case s.Scheme != link.SMP:
		return fmt.Errorf("%w: it is not the address of an SMP relay", ErrAddress)
	case len(s.KeyHash) != sha256.Size:
		return fmt.Errorf("%w: its fingerprint does not have 32 bytes", ErrAddress)
	case err != nil || port == 0:
		return fmt.Errorf("%w: its port is not from 1 to 65535", ErrAddress)
	case len(s.Hosts) == 0:
		return fmt.Errorf("%w: it has no host", ErrAddress)
	case len(hostsOf(s)) == 0:
		return fmt.Errorf("%w: its hosts are behind Tor, which is not supported", ErrAddress)
	}
	return nil
}

func portOf(s link.Server) string {
	if s.Port == "" {
		return link.DefaultPort
	}
	return s.Port
}

// hostsOf are the addresses to try, as net.Dial takes them.
func hostsOf(s link.Server) []string {
	var addresses []string
	for _, h := range s.Hosts {
		if h.Kind() != wire.Onion && len(addresses) < maxHosts {
			addresses = append(addresses, net.JoinHostPort(h.String(), portOf(s)))
		}
	}
	return addresses
}

// addressKey is the same for two addresses with the same identity, hosts and
// port.
func addressKey(s link.Server) string {
	names := make([]string, len(s.Hosts))
	for i, h := range s.Hosts {
		names[i] = h.String()
	}
	return string(s.KeyHash) + "@" + strings.Join(names, ",") + ":" + portOf(s)
}

// nameOf is the first host with its port, as a person may see it.
func nameOf(s link.Server) string {
	if len(s.Hosts) == 0 {
		return "without a host"
	}
	name := net.JoinHostPort(s.Hosts[0].String(), portOf(s))
	if strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return strconv.QuoteToASCII(name)
	}
	return name
}
