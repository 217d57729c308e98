package fault

import (
	"bytes"
	"errors"
	"io"
	"net"
	"sync"

	"smpcheck/reference/box"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// codec makes blocks of contents and back. A nil function is what is right.
type codec struct {
	// read fills the block with what comes.
	read func(conn net.Conn, block []byte) error
	// agree returns the chains that what is sent and received is encrypted with, nil
	// for plain blocks. Each is of use to one goroutine.
	agree func(*transport.Conn) (sending, receiving *box.Chain, err error)
	// step returns the next key and nonce of a chain.
	step func(*box.Chain) (box.Key, box.Nonce, error)
	// open decrypts a block that was received.
	open func(c *ciphers, block []byte) ([]byte, error)
	// pad makes a padded text of the given size of a content.
	pad func(content []byte, size int) ([]byte, error)
	// unpad returns the content of a padded text.
	unpad func(padded []byte) ([]byte, error)
	// write sends a block with a content.
	write func(conn net.Conn, block, content []byte) error
}

// ciphers are the chains of one session.
type ciphers struct {
	once               sync.Once
	err                error
	sending, receiving *box.Chain
	key                box.Key // the last one that opened a block
	nonce              box.Nonce
}

// apply replaces the stages Read and Write by the codec.
func (c codec) apply(config *relay.Config) {
	c.complete()
	sessions := newPerSession[ciphers]()
	of := func(s *relay.Session) (*ciphers, error) {
		state := sessions.of(s)
		state.once.Do(func() { state.sending, state.receiving, state.err = c.agree(s.Conn()) })
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

func (c *codec) complete() {
	if c.read == nil {
		c.read = func(conn net.Conn, block []byte) error { _, err := io.ReadFull(conn, block); return err }
	}
	if c.agree == nil {
		c.agree = agreedChains
	}
	if c.step == nil {
		c.step = (*box.Chain).NextKey
	}
	if c.open == nil {
		c.open = c.openNext
	}
	if c.pad == nil {
		c.pad = func(content []byte, size int) ([]byte, error) { return wire.Pad(nil, content, size) }
	}
	if c.unpad == nil {
		c.unpad = wire.Unpad
	}
	if c.write == nil {
		c.write = func(conn net.Conn, block, _ []byte) error { _, err := conn.Write(block); return err }
	}
}

// receive reads one block. One that cannot be taken apart is ErrLargeMessage.
func (c *codec) receive(conn net.Conn, state *ciphers) ([]byte, error) {
	block := make([]byte, transport.BlockSize)
	if err := c.read(conn, block); err != nil {
		return nil, err
	}
	padded := block
	if state.receiving != nil {
		var err error
		if padded, err = c.open(state, block); err != nil {
			return nil, transport.ErrLargeMessage
		}
	}
	content, err := c.unpad(padded)
	if err != nil {
		return nil, transport.ErrLargeMessage
	}
	return content, nil
}

func (c *codec) openNext(state *ciphers, block []byte) ([]byte, error) {
	key, nonce, err := c.step(state.receiving)
	if err != nil {
		return nil, err
	}
	return box.Open(nil, block, &nonce, &key)
}

func (c *codec) send(conn net.Conn, state *ciphers, content []byte) error {
	size := transport.BlockSize
	if state.sending != nil {
		size -= box.Overhead
	}
	block, err := c.pad(content, size)
	if err != nil {
		return err
	}
	if state.sending != nil {
		key, nonce, err := c.step(state.sending)
		if err != nil {
			return err
		}
		block = box.Seal(nil, block, &nonce, &key)
	}
	return c.write(conn, block, content)
}

// agreedChains are the right chains.
func agreedChains(c *transport.Conn) (sending, receiving *box.Chain, err error) {
	if !c.Encrypted() {
		return nil, nil, nil
	}
	return chainsOf(c)
}

// chainsOf are the chains of the session keys, whether blocks are to be encrypted or not.
func chainsOf(c *transport.Conn) (sending, receiving *box.Chain, err error) {
	first, second, err := box.NewChains(c.Secret(), c.SessionID())
	return &first, &second, err
}

// errShort: not enough has come.
var errShort = errors.New("a part of a block")

// isDelivery reports whether a content delivers a message.
func isDelivery(content []byte) bool { return bytes.Contains(content, []byte("MSG ")) }
