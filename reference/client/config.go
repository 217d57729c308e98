package client

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Defaults of Config.
const (
	DefaultCommandTimeout = 30 * time.Second
	DefaultWriteTimeout   = 30 * time.Second
	DefaultKeepAlive      = time.Minute
	DefaultMissedPings    = 3
	DefaultEventBuffer    = 1024
)

// NoKeepAlive as Config.KeepAlive sends no PING. A relay that falls silent is
// then noticed by the deadlines of commands only.
const NoKeepAlive time.Duration = -1

// ErrConfig: a field of Config cannot be used; the text says which.
var ErrConfig = errors.New("client configuration")

// Config says which relay a client talks to, and how. Dial needs Address and
// KeyHash, New needs nothing; a zero field has the default that its comment
// names.
type Config struct {
	// Address is host:port. Used by Dial only, as are all fields up to
	// HandshakeTimeout.
	Address string
	// KeyHash is the fingerprint of the relay's identity certificate, 32 bytes,
	// from its smp:// address.
	KeyHash []byte
	// Versions of SMP that are offered; default 6 to 20.
	Versions wire.VersionRange
	// TLS12 also accepts TLS 1.2, which the official relay speaks too.
	TLS12 bool
	// PlainBlocks sends no session key, so that blocks are not encrypted inside
	// TLS at any version.
	PlainBlocks bool
	// Service are the credentials of a client service; nil for none.
	Service *transport.ServiceCredentials
	// HandshakeTimeout limits connecting with both handshakes; default that of
	// package transport.
	HandshakeTimeout time.Duration

	// Password that the relay asks for in NEW; nil for none.
	Password smp.Password
	// Rand is the source of correlation ids and keys; default crypto/rand.
	Rand io.Reader

	// CommandTimeout is how long a command waits for its answer if its context
	// has no deadline.
	CommandTimeout time.Duration
	// WriteTimeout ends a connection to a relay that does not take what is
	// written.
	WriteTimeout time.Duration
	// KeepAlive is how long nothing may arrive before a PING is sent, and how
	// long its answer may take; NoKeepAlive for never.
	KeepAlive time.Duration
	// MissedPings is how many PING in a row may stay without an answer, and
	// without anything else arriving, before the connection ends with
	// ErrKeepAlive.
	MissedPings int
	// EventBuffer is how many events may wait in the channel of Client.Events;
	// see there. Each takes at most the 16384 bytes of a block.
	EventBuffer int
}

// withDefaults returns c with its zero fields set, or ErrConfig.
func (c Config) withDefaults() (Config, error) {
	for _, f := range []struct {
		name    string
		field   *time.Duration
		initial time.Duration
	}{
		{"command timeout", &c.CommandTimeout, DefaultCommandTimeout},
		{"write timeout", &c.WriteTimeout, DefaultWriteTimeout},
		{"keep-alive", &c.KeepAlive, DefaultKeepAlive},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < 0 && (f.field != &c.KeepAlive || *f.field != NoKeepAlive) {
			return c, fmt.Errorf("%w: %s of %v, expected a positive duration", ErrConfig, f.name, *f.field)
		}
	}
	for _, f := range []struct {
		name    string
		field   *int
		initial int
	}{
		{"missed pings", &c.MissedPings, DefaultMissedPings},
		{"event buffer", &c.EventBuffer, DefaultEventBuffer},
	} {
		if *f.field == 0 {
			*f.field = f.initial
		}
		if *f.field < 0 {
			return c, fmt.Errorf("%w: %s of %d, expected a positive number", ErrConfig, f.name, *f.field)
		}
	}
	c.Rand = keys.Shared(c.Rand)
	return c, nil
}

// transport is the part of c that concerns the handshakes.
func (c Config) transport() transport.ClientConfig {
	t := transport.ClientConfig{
		KeyHash:  c.KeyHash,
		Versions: c.Versions,
		NoKey:    c.PlainBlocks,
		Service:  c.Service,
		Timeout:  c.HandshakeTimeout,
		Rand:     c.Rand,
	}
	if c.TLS12 {
		t.MinTLS = tls.VersionTLS12
	}
	return t
}
