package relay

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Config says how a relay behaves. A zero field has the default that its
// comment names; Credentials has none.
type Config struct {
	// Credentials are the certificate chain of the relay and the key of its
	// leaf. Required.
	Credentials keys.Credentials
	// Versions of SMP that are offered; default 6 to 20.
	Versions wire.VersionRange
	// TLS12 also accepts TLS 1.2, as the official relay does.
	TLS12 bool
	// Password that NEW has to give; nil lets everybody create queues.
	Password smp.Password

	// Quota is the number of messages that a queue takes; default 128.
	Quota int
	// MessageTTL is how long a message is kept; default 21 days.
	MessageTTL time.Duration
	// SuspendedTTL is how long a suspended queue is kept; default 21 days.
	SuspendedTTL time.Duration
	// QueueTTL is how long a queue is kept after its last authorised command;
	// default: for ever. It begins anew when the relay starts, since the time of
	// that command is never stored.
	QueueTTL time.Duration
	// NotificationTTL is how long a notification is kept for a notifier that
	// does not take it; default 24 hours.
	NotificationTTL time.Duration
	// MaxNotifications is how many notifications of one queue are kept for a
	// notifier that does not take them; of more the oldest go. Default 128.
	MaxNotifications int
	// SweepInterval is how often expired messages and queues are looked for,
	// besides the queues that are in use anyway; default one hour.
	SweepInterval time.Duration

	// HandshakeTimeout ends a connection that has not finished the handshakes
	// of TLS and SMP in time; default 30 seconds.
	HandshakeTimeout time.Duration
	// IdleTimeout ends a connection that sends no block for so long; default
	// 6 hours.
	IdleTimeout time.Duration
	// WriteTimeout ends a connection that does not take one block for so
	// long; default 30 seconds.
	WriteTimeout time.Duration
	// MaxConnections is how many connections are served at a time, those in
	// the handshake included; more are closed at once. Default 10000.
	MaxConnections int
	// MaxHandshakes is how many connections may be in the handshake; more are
	// closed at once. Default 1000.
	MaxHandshakes int
	// MaxQueues is how many queues there may be; then NEW is answered with
	// ERR AUTH, as by a relay that is closed to new queues. Default 1000000.
	MaxQueues int
	// MaxServices is how many client services are known at a time; those that have
	// neither queues nor connections are forgotten for others, in the Store too.
	// When there is none to forget, a new one is refused. Those of the Store are
	// all known, however many. Default 10000.
	MaxServices int
	// Services are client services known from before, whose ids stay the same.
	// With a Store those that it does not have are stored; one that it has is as
	// it is there. No two may have one id then.
	Services []ServiceRecord
	// MaxOutput is how many bytes may wait to be written to one connection.
	// From half of it on the connection's own commands and messages wait; at
	// the limit, which then only END and DELD can reach, it is closed. Default
	// 4 MiB.
	MaxOutput int

	// ReplayMemory is how many forwarded commands are remembered, at least, to
	// refuse one that a proxy sends again; default 1000000, which takes up to 40
	// MB, as far as so many come.
	ReplayMemory int

	// Proxy lets clients forward commands to other relays; nil for no clients,
	// as if each of them had a wrong password.
	Proxy *ProxyConfig
	// Names lets clients look up names; nil for a relay without resolver.
	Names *NamesConfig

	// Store keeps the records of queues and client services, so that a relay with
	// the same Store has them again: of queues ids, keys, modes, links, notifiers,
	// suspension, blocking and the services that they belong to, of services ids,
	// roles and fingerprints, and nothing else. A command that changes one of these
	// is answered when the change is stored, and with ERR INTERNAL if that fails.
	// Nil keeps everything in memory only.
	Store RecordStore

	// Now is the clock of messages and expiry; default time.Now. Deadlines of
	// connections do not use it.
	Now func() time.Time
	// Rand is the source of ids and keys; default crypto/rand.Reader.
	Rand io.Reader
	// Logger gets start, stop, refusals and failures, without ids, keys,
	// addresses and commands; default: none.
	Logger *slog.Logger
	// Stages replaces steps of the pipeline; a nil field is that of
	// DefaultStages.
	Stages Stages
}

// Defaults of Config.
const (
	DefaultQuota            = 128
	DefaultMessageTTL       = 21 * 24 * time.Hour
	DefaultSuspendedTTL     = 21 * 24 * time.Hour
	DefaultNotificationTTL  = 24 * time.Hour
	DefaultMaxNotifications = 128
	DefaultSweepInterval    = time.Hour
	DefaultHandshakeTimeout = 30 * time.Second
	DefaultIdleTimeout      = 6 * time.Hour
	DefaultWriteTimeout     = 30 * time.Second
	DefaultMaxConnections   = 10_000
	DefaultMaxHandshakes    = 1_000
	DefaultMaxQueues        = 1_000_000
	DefaultMaxServices      = 10_000
	DefaultMaxOutput        = 4 << 20
	DefaultReplayMemory     = 1_000_000
)

// MinOutput is the smallest MaxOutput: room for two messages and some answers.
const MinOutput = 64 << 10

// ErrConfig: a field of Config cannot be used; the text says which.
var ErrConfig = errors.New("relay configuration")

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c Config) withDefaults() (Config, error) {
	if n := len(c.Credentials.Chain); n < 2 || n > 4 || c.Credentials.Key.IsZero() {
		return c, fmt.Errorf("%w: %d certificates, expected 2, 3 or 4 and the key of the first", ErrConfig, n)
	}
	if c.Versions == (wire.VersionRange{}) {
		c.Versions = wire.Versions(smp.MinVersion, smp.MaxVersion)
	}
	supported := wire.Versions(smp.MinVersion, smp.MaxVersion)
	if common, ok := supported.Common(c.Versions); !ok || common != c.Versions {
		return c, fmt.Errorf("%w: versions %v, expected a range within %v", ErrConfig, c.Versions, supported)
	}
	for _, f := range []struct {
		name    string
		field   *int
		initial int
		least   int
	}{
		{"quota", &c.Quota, DefaultQuota, 1},
		{"notifications", &c.MaxNotifications, DefaultMaxNotifications, 1},
		{"connections", &c.MaxConnections, DefaultMaxConnections, 1},
		{"handshakes", &c.MaxHandshakes, DefaultMaxHandshakes, 1},
		{"queues", &c.MaxQueues, DefaultMaxQueues, 1},
		{"services", &c.MaxServices, DefaultMaxServices, max(1, len(c.Services))},
		{"forwarded commands to remember", &c.ReplayMemory, DefaultReplayMemory, 1},
		{"output bytes", &c.MaxOutput, DefaultMaxOutput, MinOutput},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < f.least {
			return c, fmt.Errorf("%w: %d %s, expected at least %d", ErrConfig, *f.field, f.name, f.least)
		}
	}
	for _, f := range []struct {
		name    string
		field   *time.Duration
		initial time.Duration
	}{
		{"message TTL", &c.MessageTTL, DefaultMessageTTL},
		{"suspended TTL", &c.SuspendedTTL, DefaultSuspendedTTL},
		{"notification TTL", &c.NotificationTTL, DefaultNotificationTTL},
		{"queue TTL", &c.QueueTTL, 0},
		{"sweep interval", &c.SweepInterval, DefaultSweepInterval},
		{"handshake timeout", &c.HandshakeTimeout, DefaultHandshakeTimeout},
		{"idle timeout", &c.IdleTimeout, DefaultIdleTimeout},
		{"write timeout", &c.WriteTimeout, DefaultWriteTimeout},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < 0 {
			return c, fmt.Errorf("%w: %s of %v, expected a positive duration", ErrConfig, f.name, *f.field)
		}
	}
	if c.Proxy != nil {
		proxy, err := c.Proxy.withDefaults()
		if err != nil {
			return c, err
		}
		c.Proxy = proxy
	}
	if c.Names != nil {
		names, err := c.Names.withDefaults()
		if err != nil {
			return c, err
		}
		c.Names = names
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.Rand = keys.Shared(c.Rand)
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	c.Stages = c.Stages.withDefaults()
	return c, nil
}

// transportConfig is what the stage Handshake gets.
func (r *Relay) transportConfig() transport.ServerConfig {
	c := &r.config
	t := transport.ServerConfig{
		Service: func(ctx context.Context, s transport.Service, chain [][]byte) ([]byte, error) {
			return r.stages.Service(ctx, r, s, chain)
		},
		Credentials: c.Credentials,
		Versions:    c.Versions,
		Timeout:     c.HandshakeTimeout,
		Rand:        c.Rand,
	}
	if c.TLS12 {
		t.MinTLS = tls.VersionTLS12
	}
	return t
}
