package fault

import (
	"context"
	"crypto/rand"
	"io"
	"net"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// hop is how a proxy makes RFWD and reads RRES; what is nil is done as it should be.
type hop struct {
	nonce  func(*client.Client, smp.ForwardedCommand) box.Nonce
	entity func(context.Context) []byte
	signer keys.PrivateKey
	key    func(*client.Client, box.Key) box.Key
	seal   func(c smp.ForwardedCommand, content []byte, nonce *box.Nonce, key *box.Key) []byte
	open   func(sealed []byte, nonce *box.Nonce, key *box.Key) (body []byte, err error)
}

// apply makes the relay forward by the hop.
func (h hop) apply(c *relay.Config) {
	forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, _ forward) ([]byte, error) {
		return h.forward(ctx, d, c)
	})(c)
}

func (h hop) forward(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
	key, err := box.DeriveKey(d.Conn().Secret())
	if err != nil {
		return nil, err
	}
	if h.key != nil {
		key = h.key(d, key)
	}
	content, err := c.Encode()
	if err != nil {
		return nil, err
	}
	request := client.Request{CorrelationID: randomNonce(), Key: h.signer}
	if h.nonce != nil {
		request.CorrelationID = h.nonce(d, c)
	}
	if h.entity != nil {
		request.EntityID = h.entity(ctx)
	}
	nonce := request.CorrelationID
	sealed := box.Seal(nil, content, &nonce, &key)
	if h.seal != nil {
		sealed = h.seal(c, content, &nonce, &key)
	}
	request.Command = smp.RFWD{Body: sealed}
	result := d.DoAll(ctx, request)[0]
	if result.Err != nil {
		return nil, result.Err
	}
	answer, ok := result.Response.(smp.RRES)
	if !ok {
		return nil, &client.UnexpectedError{Expected: "RRES", Got: result.Response.Tag()}
	}
	nonce = nonce.Reverse()
	if h.open != nil {
		return h.open(answer.Body, &nonce, &key)
	}
	return openedRRES(answer.Body, &nonce, &key)
}

// openedRRES is what PRES has to carry.
func openedRRES(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
	content, err := box.Open(nil, sealed, nonce, key)
	if err != nil {
		return nil, err
	}
	response, err := smp.DecodeForwardedResponse(content)
	return response.Body, err
}

func randomNonce() (n box.Nonce) {
	_, _ = rand.Read(n[:]) // which never fails
	return n
}

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
	config := transport.ClientConfig{KeyHash: keyHash, Versions: wire.Versions(smp.VersionProxy, smp.MaxVersion), Proxy: true}
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
