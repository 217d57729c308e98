package probe

import (
	"net"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// Option changes how Dial introduces the client.
type Option func(*options)

type options struct {
	version  uint16
	hello    transport.ClientHello
	noKey    bool
	unproven bool
	// encryption says that the case is about block encryption.
	encryption bool
	// wire keeps what goes over the network; nil for none.
	wire *Wire
}

// Unproven dials also at a version at which the relay was seen not to answer
// PING, and a block from the relay that cannot be read then does not block the
// case. It is for the cases about what every connection needs: hellos, blocks,
// transmissions, PING itself. A relay whose hello holds no usable session key
// blocks them where blocks are encrypted.
func Unproven(o *options) { o.unproven = true }

// OnEncryption is Unproven for the cases about block encryption: in all others a
// block from the relay that does not decrypt blocks the case.
func OnEncryption(o *options) { o.unproven, o.encryption = true, true }

// WithoutKey leaves the client's key out of its hello, so that blocks are not
// encrypted inside TLS.
func WithoutKey(o *options) { o.noKey = true }

// AsProxy sets the proxy flag of the hello, from version 14.
func AsProxy(o *options) { o.hello.Proxy = true }

// AtVersion speaks another version than that of the case.
func AtVersion(v uint16) Option { return func(o *options) { o.version = v } }

// Open performs the TLS handshake of an ordinary client, and nothing more.
func Open(t *conformance.T) *Conn { return open(t, TCP(t)) }

// open is Open over raw.
func open(t *conformance.T, raw net.Conn) *Conn {
	var c *Conn
	err := build(t, stepTLS, func() (err error) {
		c, err = OpenOver(t, raw, TLSConfig(t))
		return err
	})
	if err != nil {
		Blocked(t, "the TLS handshake failed: %v", err)
	}
	return c
}

// Dial opens a connection and agrees on the version of the case. It blocks the
// case at a version at which the relay does not even answer PING. A relay whose
// hello holds no usable key is met as the official client meets it: without
// authenticators and without block encryption.
func Dial(t *conformance.T, opts ...Option) *Conn {
	o := options{version: t.Version()}
	for _, set := range opts {
		set(&o)
	}
	if reason, found := t.Info().Unusable[o.version]; found && !o.unproven {
		Blocked(t, "at version %d the relay serves nothing: %s", o.version, reason)
	}
	c := open(t, o.wire.over(TCP(t)))
	c.version, c.relying, c.onEncryption = o.version, !o.unproven, o.encryption
	if err := build(t, stepHello, c.ReadHello); err != nil {
		Blocked(t, "the relay's hello cannot be read: %v", err)
	}
	if c.version < smp.VersionAuthenticators || c.version >= smp.VersionBlockEncryption {
		c.RequireBinding()
	}
	if o.unproven && c.version >= smp.VersionBlockEncryption && !o.noKey && !o.hello.Proxy {
		c.RelayKey()
	}
	private := c.generate(keys.X25519)
	o.hello.Version = c.version
	o.hello.KeyHash = t.Server().KeyHash
	if !o.noKey {
		c.private, o.hello.Key = private, private.Public()
	}
	c.SendHello(o.hello)
	if !o.hello.Proxy {
		c.Encrypt(private, o.hello)
	}
	if reason, found := t.Info().Unusable[o.version]; found && refusesHellos(t, o.version) {
		Blocked(t, "at version %d the relay begins no session: %s", o.version, reason)
	}
	return c
}

// refusesHellos reports whether the relay ends the connection after the hello of
// an ordinary client, before it answers anything.
func refusesHellos(t *conformance.T, version uint16) bool {
	c := Open(t)
	c.version = version
	if c.ReadHello() != nil {
		return true
	}
	h := c.ClientHello()
	if version >= smp.VersionAuthenticators {
		h.Key = c.generate(keys.X25519).Public()
	}
	c.SendHello(h)
	c.Send(c.Transmission(nil, NoKey, smp.PING{}))
	_, err := c.ReadBlock(answerTime)
	return err != nil && !timedOut(err)
}
