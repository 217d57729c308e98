package network

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// Defaults of Config.
const (
	DefaultCommandTimeout   = 30 * time.Second
	DefaultHandshakeTimeout = 20 * time.Second
	DefaultKeepAlive        = time.Minute
	DefaultIdleTimeout      = 5 * time.Minute
	DefaultEventBuffer      = 64
)

// DefaultBackoff is used for the zero fields of Config.Backoff.
var DefaultBackoff = Backoff{First: time.Second, Max: 2 * time.Minute, Factor: 2}

// ErrConfig: a field of Config cannot be used; the text says which.
var ErrConfig = errors.New("network configuration")

// Config says how a Network behaves. The zero value can be used; a zero field
// has the default that its comment names.
type Config struct {
	// Passwords returns the password of a relay for creating queues and for
	// forwarding, empty for none. It must be safe for concurrent use. Without it
	// the password is that of the link.Server that a method is called with, or
	// of the entry in Proxies. Passwords are asked for command by command, so
	// that a connection may have been made without.
	Passwords func(link.Server) string
	// Proxies are relays that forward senders' commands (Send, SecureBySender,
	// SecureLink, GetLink), so that the destination does not learn who sends.
	// One that is not the destination itself is chosen at random for each
	// destination and kept while it works. With none, or with the destination
	// alone, senders' commands go directly.
	Proxies []link.Server
	// ProxyFallback lets a sender's command go directly to a destination that
	// does not support forwarding, or if no proxy can be used. Without it such a
	// command fails.
	ProxyFallback bool

	// Versions of SMP that are offered; default 6 to 20.
	Versions wire.VersionRange
	// TLS12 also accepts TLS 1.2, which the official relay speaks too.
	TLS12 bool
	// CommandTimeout is how long a command waits for its answer if its context
	// has no deadline; default DefaultCommandTimeout.
	CommandTimeout time.Duration
	// HandshakeTimeout limits connecting to one host of a relay, with both
	// handshakes; default DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// KeepAlive is how long nothing may arrive before the relay is asked for a
	// sign of life, client.NoKeepAlive for never; default DefaultKeepAlive.
	KeepAlive time.Duration
	// IdleTimeout is how long a relay stays connected without watched queues and
	// commands; default DefaultIdleTimeout.
	IdleTimeout time.Duration
	// Backoff is how long to wait between attempts to connect; zero fields are
	// those of DefaultBackoff.
	Backoff Backoff
	// EventBuffer is the buffer of the channel of Network.Events; default
	// DefaultEventBuffer. More events than this may wait, see there.
	EventBuffer int

	// Rand is the source of keys, correlation ids, jitter and the choice of
	// proxies; default crypto/rand.
	Rand io.Reader
	// Logger gets connections made and lost, without ids, keys and commands;
	// default: none.
	Logger *slog.Logger
}

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c Config) withDefaults() (Config, error) {
	durations := []struct {
		name    string
		field   *time.Duration
		initial time.Duration
	}{
		{"command timeout", &c.CommandTimeout, DefaultCommandTimeout},
		{"handshake timeout", &c.HandshakeTimeout, DefaultHandshakeTimeout},
		{"keep-alive", &c.KeepAlive, DefaultKeepAlive},
		{"idle timeout", &c.IdleTimeout, DefaultIdleTimeout},
		{"first pause", &c.Backoff.First, DefaultBackoff.First},
		{"longest pause", &c.Backoff.Max, max(DefaultBackoff.Max, c.Backoff.First)},
	}
	for _, d := range durations {
		if *d.field == 0 {
			*d.field = d.initial
		}
		if *d.field < 0 && (d.field != &c.KeepAlive || *d.field != client.NoKeepAlive) {
			return c, fmt.Errorf("%w: %s of %v, expected a positive duration", ErrConfig, d.name, *d.field)
		}
	}
	if c.Backoff.Factor == 0 {
		c.Backoff.Factor = DefaultBackoff.Factor
	}
	if !(c.Backoff.Factor >= 1) {
		return c, fmt.Errorf("%w: backoff factor %v, expected at least 1", ErrConfig, c.Backoff.Factor)
	}
	if c.EventBuffer == 0 {
		c.EventBuffer = DefaultEventBuffer
	}
	if c.EventBuffer < 0 {
		return c, fmt.Errorf("%w: event buffer of %d, expected a positive number", ErrConfig, c.EventBuffer)
	}
	for _, proxy := range c.Proxies {
		if err := checkServer(proxy); err != nil {
			return c, fmt.Errorf("%w: proxy: %w", ErrConfig, err)
		}
	}
	c.Rand = keys.Shared(c.Rand)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	return c, nil
}
