package main

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// proxyOptions are the flags of forwarding.
type proxyOptions struct {
	enabled, private bool
	allow, deny      []string
	connect, command time.Duration
}

func (o *proxyOptions) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&o.enabled, "proxy", true, "forward messages to other relays")
	f.BoolVar(&o.private, "proxy-private", false, "forward to relays on this machine and in private networks too")
	f.StringSliceVar(&o.allow, "proxy-allow", nil, "forward to this `HOST` and the others of --proxy-allow alone: a name, *.NAME for all names below it, or, for hosts that are written as addresses, an address or a range such as 10.0.0.0/8, which may be private; repeatable")
	f.StringSliceVar(&o.deny, "proxy-deny", nil, "do not forward to this `HOST`, in the forms of --proxy-allow; an address or a range also if a name stands for it; repeatable")
	f.DurationVar(&o.connect, "proxy-connect-timeout", relay.DefaultProxyConnectTimeout, "`time` for connecting to another relay")
	f.DurationVar(&o.command, "proxy-command-timeout", relay.DefaultProxyCommandTimeout, "`time` for the answer of another relay")
}

// config is nil if the relay is not to forward.
func (o *proxyOptions) config() (*relay.ProxyConfig, error) {
	allow, err := parseHosts("proxy-allow", o.allow)
	if err != nil {
		return nil, err
	}
	deny, err := parseHosts("proxy-deny", o.deny)
	if err != nil || !o.enabled {
		return nil, err
	}
	return &relay.ProxyConfig{
		AllowHost: func(h wire.Host) bool {
			return h.Kind() != wire.Onion && (len(o.allow) == 0 || allow.host(h)) && !deny.host(h)
		},
		AllowAddress: func(a netip.Addr) bool {
			return (o.private || relay.IsPublic(a) || allow.address(a)) && !deny.address(a)
		},
		ConnectTimeout: o.connect, CommandTimeout: o.command,
	}, nil
}

func (o options) proxyContradiction(versions wire.VersionRange) error {
	if o.proxy.enabled && o.given("proxy") && versions.Max < smp.VersionProxy {
		return usage("--proxy needs version %d, --versions ends with %d", smp.VersionProxy, versions.Max)
	}
	if !o.proxy.enabled {
		return o.needless("--proxy=false", "proxy-private", "proxy-allow", "proxy-deny", "proxy-connect-timeout", "proxy-command-timeout")
	}
	switch {
	case o.given("proxy-allow") && len(o.proxy.allow) == 0:
		return usage("--proxy-allow is empty")
	case o.given("proxy-deny") && len(o.proxy.deny) == 0:
		return usage("--proxy-deny is empty")
	}
	return nil
}

// hosts is a list of hosts.
type hosts struct {
	names    []string // those with a dot in front stand for all names below
	prefixes []netip.Prefix
}

func parseHosts(flag string, list []string) (h hosts, err error) {
	for _, text := range list {
		if p, ok := parseRange(text); ok {
			h.prefixes = append(h.prefixes, p)
		} else if name, ok := parseName(text); ok {
			h.names = append(h.names, name)
		} else {
			return hosts{}, usage("--%s %q, expected a domain name, *.NAME, an IP address or a range of them such as 10.0.0.0/8", flag, text)
		}
	}
	return h, nil
}

// parseRange reads an address or a range. One of IPv4 addresses has to be written as such.
func parseRange(text string) (netip.Prefix, bool) {
	if a, err := netip.ParseAddr(text); err == nil {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), a.Zone() == ""
	}
	p, err := netip.ParsePrefix(text)
	return p.Masked(), err == nil && !p.Addr().Is4In6()
}

// parseName reads a domain name, whose last label is no number, or *. and one.
func parseName(text string) (string, bool) {
	name, below := strings.CutPrefix(text, "*.")
	host, err := wire.ParseHost(name)
	name = canonicalName(name)
	_, noNumber := strconv.ParseUint(name[strings.LastIndex(name, ".")+1:], 10, 64)
	if err != nil || host.Kind() != wire.Domain || strings.Contains(name, "*") || noNumber == nil {
		return "", false
	}
	if below {
		name = "." + name
	}
	return name, true
}

func canonicalName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// host reports whether a host is in the list as it is written.
func (h hosts) host(host wire.Host) bool {
	if a, err := netip.ParseAddr(host.String()); err == nil {
		return h.address(a)
	}
	name := canonicalName(host.String())
	return slices.ContainsFunc(h.names, func(entry string) bool {
		return name == entry || strings.HasPrefix(entry, ".") && strings.HasSuffix(name, entry)
	})
}

// address reports whether an address is in the list, as it is or as what it stands for.
func (h hosts) address(a netip.Addr) bool {
	a = a.WithZone("")
	return slices.ContainsFunc(h.prefixes, func(p netip.Prefix) bool {
		return p.Contains(a) || p.Contains(relay.StandsFor(a))
	})
}
