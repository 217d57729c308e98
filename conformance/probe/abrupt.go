package probe

import (
	"errors"
	"fmt"
	"net"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
	"smpcheck/reference/transport"
)

// smallWindow is the receive buffer of a client that does not read, in bytes.
const smallWindow = 4096

// Reset ends a TCP connection with a reset.
func Reset(t *conformance.T, raw net.Conn) {
	if tcp, ok := raw.(interface{ SetLinger(seconds int) error }); ok {
		if err := tcp.SetLinger(0); err != nil {
			t.Broken(fmt.Errorf("asking for a reset: %w", err))
		}
	}
	t.Trace().Of(raw).Ended(conformance.Sent, "the runner resets the connection", nil)
	raw.Close()
}

// Reset ends the connection with a TCP reset, without a word of TLS.
func (c *Conn) Reset() {
	c.ended = errors.New("reset by the case")
	Reset(c.t, c.Raw)
}

// Narrow makes the TCP window of the connection small, so that the relay soon
// cannot write when the case does not read.
func (c *Conn) Narrow() {
	if tcp, ok := c.Raw.(interface{ SetReadBuffer(bytes int) error }); ok {
		if err := tcp.SetReadBuffer(smallWindow); err != nil {
			c.t.Broken(fmt.Errorf("making the receive buffer small: %w", err))
		}
	}
}

// ExpectClient is Dial for a rule about just that: it fails the case unless a new
// client is connected and its PING answered. When says in which circumstances.
func ExpectClient(t *conformance.T, when string) *Conn {
	expected := "a new client is served " + when
	c, err := OpenOver(t, TCP(t), TLSConfig(t))
	if err != nil {
		t.Failf(expected, "the TLS handshake fails: %v", err)
	}
	if err := c.ReadHello(); err != nil {
		t.Failf(expected, "the relay's hello cannot be read: %v", err)
	}
	private := c.generate(keys.X25519)
	hello := transport.ClientHello{Version: c.version, KeyHash: t.Server().KeyHash, Key: private.Public()}
	c.SendHello(hello)
	c.Encrypt(private, hello)
	c.ExpectServed()
	return c
}
