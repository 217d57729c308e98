package probe

import (
	"bytes"
	"net"

	"smpcheck/reference/transport"
)

// Tap keeps the blocks of a connection, as they are inside TLS and as they are
// without the encryption of blocks, both with their padding.
type Tap struct {
	// SealedSent and SealedReceived are the blocks inside TLS, Sent and Received the
	// same ones decrypted. Where blocks are not encrypted they are equal.
	SealedSent, SealedReceived, Sent, Received [][]byte
}

// Tap keeps the blocks of the connection from here on. It leaves out those before,
// such as the hellos, which hold what belongs to the relay and not to a queue.
func (c *Conn) Tap() *Tap {
	c.tap = new(Tap)
	return c.tap
}

// sent notes a block; a nil Tap notes nothing.
func (t *Tap) sent(padded, sealed []byte) {
	if t != nil {
		t.Sent, t.SealedSent = append(t.Sent, bytes.Clone(padded)), append(t.SealedSent, bytes.Clone(sealed))
	}
}

// received notes a block; a nil Tap notes nothing.
func (t *Tap) received(padded, sealed []byte) {
	if t != nil {
		t.Received, t.SealedReceived = append(t.Received, bytes.Clone(padded)), append(t.SealedReceived, bytes.Clone(sealed))
	}
}

// Tapped keeps in tap what goes over the first connection of a proxy to the destination,
// inside TLS and without the hellos. Proxies do not encrypt blocks.
func Tapped(tap *Tap) DestinationOption { return func(o *destinationOptions) { o.tap = tap } }

// tapped is a connection of blocks, of which the first one in each direction is a hello.
type tapped struct {
	net.Conn
	tap           *Tap
	read, written stream
}

// Read keeps what it reads.
func (c *tapped) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	for _, block := range c.read.blocks(b[:n]) {
		c.tap.received(block, block)
	}
	return n, err
}

// Write keeps what it writes.
func (c *tapped) Write(b []byte) (int, error) {
	for _, block := range c.written.blocks(b) {
		c.tap.sent(block, block)
	}
	return c.Conn.Write(b)
}

// stream makes blocks of what comes in parts.
type stream struct {
	part []byte
	met  bool
}

// blocks returns the blocks that b completes, without the first one of all.
func (s *stream) blocks(b []byte) (whole [][]byte) {
	s.part = append(s.part, b...)
	for len(s.part) >= transport.BlockSize {
		if s.met {
			whole = append(whole, s.part[:transport.BlockSize])
		}
		s.met, s.part = true, s.part[transport.BlockSize:]
	}
	return whole
}
