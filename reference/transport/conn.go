package transport

import (
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Conn is an SMP connection after its handshake. One goroutine may read while
// another writes; concurrent readers, and concurrent writers, take turns.
type Conn struct {
	conn    net.Conn
	binding Binding

	version  uint16
	versions wire.VersionRange
	hello    ServerHello
	proxy    bool
	service  *Service

	sessionKey keys.PrivateKey
	peerKey    keys.PublicKey
	secret     []byte

	reading sync.Mutex
	opener  BlockOpener
	head    [16]byte         // what a read waits with, so that an idle connection holds no block
	block   *[BlockSize]byte // the block that is arriving, nil between blocks
	filled  int              // bytes of block that have arrived

	writing  sync.Mutex
	sealer   BlockSealer
	writeErr error // the first failed Write: the two sides are out of step after it
}

// Service is an accepted client service, as both ends of its connection know it.
type Service struct {
	Role Role
	// ID is the identifier that the relay gave to the service.
	ID []byte
	// Fingerprint is that of the identity certificate of the service.
	Fingerprint keys.Fingerprint
	// Key is the Ed25519 session key of the service.
	Key keys.PublicKey
	// PrivateKey belongs to Key; only the client has it.
	PrivateKey keys.PrivateKey
}

// Version is the agreed SMP version.
func (c *Conn) Version() uint16 { return c.version }

// Versions is what remained possible after the handshake: for a client what it
// and the relay have in common, for a relay from its minimum to the version
// that the client chose.
func (c *Conn) Versions() wire.VersionRange { return c.versions }

// SessionID is the session identifier, which the signed part of transmissions
// begins with.
func (c *Conn) SessionID() []byte { return c.binding.SessionID }

// PeerChain is the certificate chain that the peer showed in TLS, DER, leaf
// first; empty for a client that is no service.
func (c *Conn) PeerChain() [][]byte { return c.binding.PeerChain }

// ALPN is the protocol agreed in TLS, empty if there is none.
func (c *Conn) ALPN() string { return c.binding.ALPN }

// ServerHello is the hello of the relay, with the chain and the signed session
// key that a proxy passes on.
func (c *Conn) ServerHello() ServerHello { return c.hello }

// SessionKey is the own X25519 session key; zero for a client without one. The
// relay combines it with queue keys to verify authenticators.
func (c *Conn) SessionKey() keys.PrivateKey { return c.sessionKey }

// PeerKey is the X25519 session key of the peer; zero if it sent none that
// could be parsed. A client combines the relay's with queue keys to make
// authenticators.
func (c *Conn) PeerKey() keys.PublicKey { return c.peerKey }

// Secret is the raw X25519 secret of the two session keys, 32 bytes, nil unless
// both were exchanged. Proxy and relay make their own layer with it.
func (c *Conn) Secret() []byte { return c.secret }

// Encrypted reports whether blocks are encrypted inside TLS.
func (c *Conn) Encrypted() bool { return c.sealer.chain != nil }

// Proxy reports whether the client is a proxy.
func (c *Conn) Proxy() bool { return c.proxy }

// Service is the accepted client service, nil if the client is none.
func (c *Conn) Service() *Service { return c.service }

// NetConn is the connection below the blocks. What is written to it directly
// reaches the peer as it is.
func (c *Conn) NetConn() net.Conn { return c.conn }

// MaxContent is the length of the longest content that fits a block.
func (c *Conn) MaxContent() int { return c.sealer.MaxContent() }

// SetDeadline limits pending and future reads and writes, as in net.Conn.
func (c *Conn) SetDeadline(t time.Time) error { return c.conn.SetDeadline(t) }

// SetReadDeadline limits pending and future reads. A ReadBlock that timed out
// can be repeated: what has arrived of a block is kept.
func (c *Conn) SetReadDeadline(t time.Time) error { return c.conn.SetReadDeadline(t) }

// SetWriteDeadline limits pending and future writes. After a write that timed
// out nothing more can be written.
func (c *Conn) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }

// Format writes "SMP connection" whatever the verb, so that no log can hold the
// keys of the connection.
func (c *Conn) Format(f fmt.State, _ rune) { io.WriteString(f, "SMP connection") }

// Close closes the connection in the orderly way of the layer below; TLS sends
// its close_notify and waits at most five seconds for a peer that does not read.
func (c *Conn) Close() error { return c.conn.Close() }

// Abort closes the connection below TLS at once, without waiting for anybody.
func (c *Conn) Abort() error { return abort(c.conn) }

// ReadBlock reads one block and returns its content, which is the caller's. It
// returns io.EOF if the connection ends between blocks, io.ErrUnexpectedEOF if
// it ends inside of one, ErrLargeMessage for a block that does not decrypt or
// unpad (the next block can still be read), and the errors of the layer below.
// How long it waits is up to SetReadDeadline.
func (c *Conn) ReadBlock() ([]byte, error) {
	c.reading.Lock()
	defer c.reading.Unlock()
	if err := c.fill(); err != nil {
		return nil, err
	}
	content, err := c.opener.Open(c.block[:])
	clear(c.block[:])
	scratch.Put(c.block)
	c.block, c.filled = nil, 0
	return content, err
}

// fill reads until a whole block has arrived.
func (c *Conn) fill() error {
	for c.filled < BlockSize {
		into := c.head[:]
		if c.block != nil {
			into = c.block[c.filled:]
		}
		n, err := c.conn.Read(into)
		if n > 0 && c.block == nil {
			c.block = scratch.Get().(*[BlockSize]byte)
			copy(c.block[:], c.head[:n])
		}
		c.filled += n
		switch {
		case err == nil || c.filled == BlockSize:
		case errors.Is(err, io.EOF) && c.filled > 0:
			return io.ErrUnexpectedEOF
		default:
			return err
		}
	}
	return nil
}

// WriteBlock writes one block with the given content. A content longer than
// MaxContent is ErrLargeMessage and changes nothing; after another error
// nothing more can be written.
func (c *Conn) WriteBlock(content []byte) error { return c.WriteBlocks(content) }

// WriteBlocks writes one block for each content, in this order and not mixed
// with those of other calls. Over TLS some of them share a write to the network.
// Errors are those of WriteBlock; ErrLargeMessage is returned before anything is
// written.
func (c *Conn) WriteBlocks(contents ...[]byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	for _, content := range contents {
		if err := c.sealer.check(content); err != nil {
			return err
		}
	}
	for some := range slices.Chunk(contents, blocksPerWrite) {
		if c.writeErr == nil {
			c.writeErr = c.writeChunk(some)
		}
	}
	return c.writeErr
}

func (c *Conn) writeChunk(contents [][]byte) error {
	write := func() error {
		block := scratch.Get().(*[BlockSize]byte)
		defer scratch.Put(block)
		for _, content := range contents {
			buf, err := c.sealer.Seal(block[:0], content)
			if err != nil {
				return err
			}
			if _, err := c.conn.Write(buf); err != nil {
				return err
			}
		}
		return nil
	}
	if s, ok := c.conn.(*Secure); ok && len(contents) > 1 {
		return s.network.together(write)
	}
	return write()
}
