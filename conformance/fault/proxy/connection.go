package proxy

import (
	"context"
	"io"
	"net"

	"smpcheck/conformance/fault"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// connection is how a proxy connects to a destination; what is nil is done as it should
// be.
type connection struct {
	config func(*transport.ClientConfig)
	// secure changes what the handshake of SMP runs over.
	secure func(*transport.Secure, *transport.ClientConfig) (net.Conn, transport.Binding, error)
}

// apply makes the relay connect to its destinations so.
func (n connection) apply(c *relay.Config) {
	connects(func(ctx context.Context, _ *relay.Relay, address string, keyHash []byte, _ connect) (*client.Client, error) {
		return n.dial(ctx, address, keyHash)
	})(c)
}

func (n connection) dial(ctx context.Context, address string, keyHash []byte) (*client.Client, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	config := transport.ClientConfig{KeyHash: keyHash, Versions: fault.Since(smp.VersionProxy), Proxy: true}
	if n.config != nil {
		n.config(&config)
	}
	secure, err := transport.ClientTLS(ctx, raw, config)
	if err != nil {
		return nil, err
	}
	var below net.Conn = secure
	binding := secure.Binding()
	if n.secure != nil {
		if below, binding, err = n.secure(secure, &config); err != nil {
			_ = secure.Abort() // the connection is of no use
			return nil, err
		}
	}
	conn, err := transport.ClientHandshake(ctx, below, binding, config)
	if err != nil {
		return nil, err
	}
	return client.New(conn, client.Config{})
}

// blockConn changes the contents of blocks on their way, where these are not encrypted
// inside TLS. What is nil changes nothing.
type blockConn struct {
	*transport.Secure
	in, out func(content []byte) []byte
	unread  []byte
}

// Read reads from the next block, which is read as a whole.
func (c *blockConn) Read(p []byte) (int, error) {
	if len(c.unread) == 0 {
		block := make([]byte, transport.BlockSize)
		if _, err := io.ReadFull(c.Secure, block); err != nil {
			return 0, err
		}
		c.unread = passed(block, c.in)
	}
	n := copy(p, c.unread)
	c.unread = c.unread[n:]
	return n, nil
}

// Write writes whole blocks.
func (c *blockConn) Write(p []byte) (int, error) {
	for i := 0; i+transport.BlockSize <= len(p); i += transport.BlockSize {
		if _, err := c.Secure.Write(passed(p[i:i+transport.BlockSize], c.out)); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// passed is a block after a change of its content; one without content stays as it is.
func passed(block []byte, change func([]byte) []byte) []byte {
	content, err := wire.Unpad(block)
	if err != nil || change == nil {
		return block
	}
	padded, err := wire.Pad(nil, change(content), transport.BlockSize)
	if err != nil {
		return block
	}
	return padded
}
