package main

import (
	"net/netip"
	"slices"
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
	f.StringSliceVar(&o.allow, "proxy-allow", nil, "forward to this `HOST` and the others of --proxy-allow alone: a name, *.NAME for all names below it, an address or a range such as 10.0.0.0/8, which may be private; repeatable")
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
	for name, list := range map[string][]string{"proxy-allow": o.proxy.allow, "proxy-deny": o.proxy.deny} {
		if o.given(name) && len(list) == 0 {
			return usage("--%s is empty", name)
		}
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
		if p, err := netip.ParsePrefix(text); err == nil {
			h.prefixes = append(h.prefixes, p.Masked())
			continue
		}
		if a, err := netip.ParseAddr(text); err == nil && a.Zone() == "" {
			h.prefixes = append(h.prefixes, netip.PrefixFrom(a.Unmap(), a.Unmap().BitLen()))
			continue
		}
		name, below := strings.CutPrefix(text, "*.")
		host, err := wire.ParseHost(name)
		if err != nil || host.Kind() != wire.Domain || strings.Contains(name, "*") {
			return hosts{}, usage("--%s %q, expected a domain name, *.NAME, an IP address or a range of them such as 10.0.0.0/8", flag, text)
		}
		name = canonicalName(name)
		if below {
			name = "." + name
		}
		h.names = append(h.names, name)
	}
	return h, nil
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

func (h hosts) address(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	return slices.ContainsFunc(h.prefixes, func(p netip.Prefix) bool { return p.Contains(a) })
}
