package relay

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"time"

	"smpcheck/reference/wire"
)

// ProxyConfig lets a relay forward commands of its clients to other relays. A
// zero field has the default that its comment names.
//
// Whoever knows the password of the relay, everybody if there is none, can make
// the relay connect to hosts and ports of his choice. By default these have to be
// hosts of the Internet: onion hosts need another network, and addresses of this
// machine and of private networks are refused.
type ProxyConfig struct {
	// AllowHost reports whether the relay may connect to a host of PRXY: an IP
	// address, a domain name or an onion name. The first one allowed is used.
	AllowHost func(wire.Host) bool
	// AllowPrivate lets the relay connect to addresses that are not IsPublic too.
	// Otherwise they are refused when they are connected to, with PROXY BROKER
	// HOST, so that it does not matter which name stands for them.
	AllowPrivate bool
	// AllowAddress reports whether the relay may connect to an address, in the
	// place of the rule of AllowPrivate.
	AllowAddress func(netip.Addr) bool
	// Dial makes the network connections; default that of a net.Dialer, with the
	// rule for addresses, which another Dial has to enforce by itself. It has to
	// return when its context ends.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// ConnectTimeout limits connecting to a relay with both handshakes; default
	// 20 seconds.
	ConnectTimeout time.Duration
	// CommandTimeout is how long a relay may take to answer a forwarded
	// command; default 15 seconds.
	CommandTimeout time.Duration
	// IdleTimeout ends the connection to a relay that no client has used for so
	// long; default one hour.
	IdleTimeout time.Duration
	// MaxDestinations is how many relays may be connected to, those being
	// connected to included; for more the answer is PROXY BROKER NETWORK.
	// Default 1000.
	MaxDestinations int
	// MaxClientDestinations is how many of them, at a time, one connection may have
	// asked for; for more the answer is PROXY BROKER NETWORK. Default 100.
	MaxClientDestinations int
	// MaxCommands is how many PRXY and PFWD of one connection are served at a
	// time; then the connection waits. Default 32.
	MaxCommands int
}

// Defaults of ProxyConfig. The timeouts are below those after which an official
// client gives up PRXY and PFWD, so that it learns the reason.
const (
	DefaultProxyConnectTimeout   = 20 * time.Second
	DefaultProxyCommandTimeout   = 15 * time.Second
	DefaultProxyIdleTimeout      = time.Hour
	DefaultMaxDestinations       = 1000
	DefaultMaxClientDestinations = 100
	DefaultMaxProxyCommands      = 32
)

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c ProxyConfig) withDefaults() (*ProxyConfig, error) {
	for _, f := range []struct {
		name    string
		field   *time.Duration
		initial time.Duration
	}{
		{"connect timeout", &c.ConnectTimeout, DefaultProxyConnectTimeout},
		{"command timeout", &c.CommandTimeout, DefaultProxyCommandTimeout},
		{"idle timeout", &c.IdleTimeout, DefaultProxyIdleTimeout},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < 0 {
			return nil, fmt.Errorf("%w: proxy %s of %v, expected a positive duration", ErrConfig, f.name, *f.field)
		}
	}
	for _, f := range []struct {
		name    string
		field   *int
		initial int
	}{
		{"destinations", &c.MaxDestinations, DefaultMaxDestinations},
		{"destinations of a client", &c.MaxClientDestinations, DefaultMaxClientDestinations},
		{"commands", &c.MaxCommands, DefaultMaxProxyCommands},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < 0 {
			return nil, fmt.Errorf("%w: %d proxy %s, expected at least 1", ErrConfig, *f.field, f.name)
		}
	}
	if c.AllowHost == nil {
		c.AllowHost = func(h wire.Host) bool { return h.Kind() != wire.Onion }
	}
	if c.AllowAddress == nil {
		c.AllowAddress = func(a netip.Addr) bool { return c.AllowPrivate || IsPublic(a) }
	}
	if c.Dial == nil {
		c.Dial = checkedDialer(c.AllowAddress).DialContext
	}
	return &c, nil
}
