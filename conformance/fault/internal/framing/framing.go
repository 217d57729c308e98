// Package framing replaces parts of how a relay makes blocks of contents and back: padding,
// encryption, reading and writing.
package framing

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Steps makes blocks of contents and back. A nil function is what is right.
type Steps struct {
	// Read fills the block with what comes.
	Read func(conn net.Conn, block []byte) error
	// Agree returns the chains that what is sent and received is encrypted with, nil
	// for plain blocks. Each is of use to one goroutine.
	Agree func(*transport.Conn) (sending, receiving *box.Chain, err error)
	// Step returns the next key and nonce of a chain.
	Step func(*box.Chain) (box.Key, box.Nonce, error)
	// Open decrypts a block that was received.
	Open func(c *Ciphers, block []byte) ([]byte, error)
	// Pad makes a padded text of the given size of a content.
	Pad func(content []byte, size int) ([]byte, error)
	// Unpad returns the content of a padded text.
	Unpad func(padded []byte) ([]byte, error)
	// Write sends a block with a content.
	Write func(conn net.Conn, block, content []byte) error
}

// Ciphers are the chains of one session.
type Ciphers struct {
	once               sync.Once
	err                error
	sending, Receiving *box.Chain
	// Key and Nonce are for those who set them: the last ones that opened a block.
	Key   box.Key
	Nonce box.Nonce
}

// Apply replaces the stages Read and Write.
func (c Steps) Apply(config *relay.Config) {
	c.complete()
	sessions := new(fault.PerSession[Ciphers])
	of := func(s *relay.Session) (*Ciphers, error) {
		state := sessions.Of(s)
		state.once.Do(func() { state.sending, state.Receiving, state.err = c.Agree(s.Conn()) })
		return state, state.err
	}
	config.Stages.Read = func(s *relay.Session) ([]byte, error) {
		state, err := of(s)
		if err != nil {
			return nil, err
		}
		return c.receive(s.Conn().NetConn(), state)
	}
	config.Stages.Write = func(s *relay.Session, contents [][]byte) error {
		state, err := of(s)
		for i := 0; i < len(contents) && err == nil; i++ {
			err = c.send(s.Conn().NetConn(), state, contents[i])
		}
		return err
	}
}

func (c *Steps) complete() {
	if c.Read == nil {
		c.Read = func(conn net.Conn, block []byte) error { _, err := io.ReadFull(conn, block); return err }
	}
	if c.Agree == nil {
		c.Agree = Agreed
	}
	if c.Step == nil {
		c.Step = (*box.Chain).NextKey
	}
	if c.Open == nil {
		c.Open = c.openNext
	}
	if c.Pad == nil {
		c.Pad = func(content []byte, size int) ([]byte, error) { return wire.Pad(nil, content, size) }
	}
	if c.Unpad == nil {
		c.Unpad = wire.Unpad
	}
	if c.Write == nil {
		c.Write = func(conn net.Conn, block, _ []byte) error { _, err := conn.Write(block); return err }
	}
}

// receive reads one block. One that cannot be taken apart is ErrLargeMessage.
func (c *Steps) receive(conn net.Conn, state *Ciphers) ([]byte, error) {
	block := make([]byte, transport.BlockSize)
	if err := c.Read(conn, block); err != nil {
		return nil, err
	}
	padded := block
	if state.Receiving != nil {
		var err error
		if padded, err = c.Open(state, block); err != nil {
			return nil, transport.ErrLargeMessage
		}
	}
	content, err := c.Unpad(padded)
	if err != nil {
		return nil, transport.ErrLargeMessage
	}
	return content, nil
}

func (c *Steps) openNext(state *Ciphers, block []byte) ([]byte, error) {
	key, nonce, err := c.Step(state.Receiving)
	if err != nil {
		return nil, err
	}
	return box.Open(nil, block, &nonce, &key)
}

func (c *Steps) send(conn net.Conn, state *Ciphers, content []byte) error {
	size := transport.BlockSize
	if state.sending != nil {
		size -= box.Overhead
	}
	block, err := c.Pad(content, size)
	if err != nil {
		return err
	}
	if state.sending != nil {
		key, nonce, err := c.Step(state.sending)
		if err != nil {
			return err
		}
		block = box.Seal(nil, block, &nonce, &key)
	}
	return c.Write(conn, block, content)
}

// Agreed are the right chains, nil for blocks that are not encrypted.
func Agreed(c *transport.Conn) (sending, receiving *box.Chain, err error) {
	if !c.Encrypted() {
		return nil, nil, nil
	}
	return Chains(c)
}

// Chains are the chains of the session keys, whether blocks are to be encrypted or not.
func Chains(c *transport.Conn) (sending, receiving *box.Chain, err error) {
	first, second, err := box.NewChains(c.Secret(), c.SessionID())
	return &first, &second, err
}

// ErrShort says that there is not enough of a block, or for one.
var ErrShort = errors.New("a part of a block")

// IsDelivery reports whether a content delivers a message.
func IsDelivery(content []byte) bool { return bytes.Contains(content, []byte("MSG ")) }
