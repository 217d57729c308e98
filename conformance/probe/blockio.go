package probe

import (
	"errors"
	"fmt"
	"io"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SendContent sends one block with the given content, padded and, from version
// 11, encrypted.
func (c *Conn) SendContent(content []byte) {
	c.record(conformance.Sent, trace.Content, content)
	c.write(c.seal(content))
}

// SendPadded sends one block with the given text in the place of the padded
// content: 16384 bytes, or 16368 if blocks are encrypted.
func (c *Conn) SendPadded(padded []byte) {
	c.record(conformance.Sent, trace.Padded, padded)
	c.write(c.encrypt(padded))
}

// PaddedSize is the size of the padded content of a block, in bytes.
func (c *Conn) PaddedSize() int {
	if c.Encrypted() {
		return transport.BlockSize - box.Overhead
	}
	return transport.BlockSize
}

func (c *Conn) seal(content []byte) []byte {
	padded, err := wire.Pad(nil, content, c.PaddedSize())
	if err != nil {
		c.t.Broken(fmt.Errorf("padding a block: %w", err))
	}
	return c.encrypt(padded)
}

func (c *Conn) encrypt(padded []byte) []byte {
	sealed := padded
	if c.Encrypted() {
		key, nonce, err := c.sending.NextKey()
		if err != nil {
			c.t.Broken(err)
		}
		sealed = box.Seal(nil, padded, &nonce, &key)
	}
	c.tap.sent(padded, sealed)
	return sealed
}

// SendBlock sends bytes as they are inside TLS. That the relay has closed the
// connection shows when an answer is awaited.
func (c *Conn) SendBlock(b []byte) {
	c.stream.Note(fmt.Sprintf("%d bytes are written inside TLS", len(b)))
	c.write(b)
}

func (c *Conn) write(b []byte) {
	c.SetWriteDeadline(c.deadline(answerTime))
	if _, err := c.Write(b); err != nil && c.ended == nil {
		c.stream.Note("writing: " + err.Error())
	}
}

// Offer sends a block with the given content and reports whether the relay took it
// within d (at time scale 1). If not, the connection is of no more use.
func (c *Conn) Offer(content []byte, d time.Duration) bool {
	c.record(conformance.Sent, trace.Content, content)
	c.SetWriteDeadline(c.deadline(d))
	_, err := c.Write(c.seal(content))
	if err != nil {
		c.ended = err
	}
	return err == nil
}

// ReadContent reads one block within d (at time scale 1) and returns its
// content. Its errors are those of the network, or say how the block is
// malformed.
func (c *Conn) ReadContent(d time.Duration) ([]byte, error) {
	return c.readContent(c.deadline(d))
}

func (c *Conn) readContent(end time.Time) ([]byte, error) {
	padded, err := c.readPadded(end)
	if err != nil {
		return nil, err
	}
	content, err := wire.Unpad(padded)
	if err != nil {
		c.record(conformance.Received, trace.Padded, padded)
		return nil, fmt.Errorf("%w: %w", errMalformed, err)
	}
	c.record(conformance.Received, trace.Content, content)
	return content, nil
}

// ReadPadded reads one block within d (at time scale 1) and returns it with its
// padding, decrypted.
func (c *Conn) ReadPadded(d time.Duration) ([]byte, error) {
	padded, err := c.readPadded(c.deadline(d))
	if err == nil {
		c.record(conformance.Received, trace.Padded, padded)
	}
	return padded, err
}

func (c *Conn) readPadded(end time.Time) ([]byte, error) {
	block, err := c.readBlock(end)
	if err != nil {
		return nil, err
	}
	padded, err := c.decrypt(block)
	if err != nil {
		c.stream.Block(conformance.Received, trace.Block{Version: c.version, Form: trace.Raw, Encrypted: true, Bytes: block, Err: err})
	} else {
		c.tap.received(padded, block)
	}
	return padded, err
}

func (c *Conn) decrypt(block []byte) ([]byte, error) {
	if c.receiving == nil {
		return block, nil
	}
	key, nonce, err := c.receiving.NextKey()
	if err != nil {
		return nil, err
	}
	padded, err := box.Open(nil, block, &nonce, &key)
	if err != nil {
		return nil, fmt.Errorf("%w: %w: %w", errMalformed, errEncryption, err)
	}
	return padded, nil
}

// errMalformed is wrapped by the errors about a block that cannot be read.
var errMalformed = errors.New("malformed block")

// errEncryption is wrapped as well by the errors about a block that does not
// decrypt.
var errEncryption = errors.New("block encryption")

// ReadBlock reads the 16384 bytes of one block within d (at time scale 1).
func (c *Conn) ReadBlock(d time.Duration) ([]byte, error) {
	block, err := c.readBlock(c.deadline(d))
	if err == nil {
		c.record(conformance.Received, trace.Raw, block)
	}
	return block, err
}

func (c *Conn) readBlock(end time.Time) ([]byte, error) {
	c.SetReadDeadline(end)
	block := make([]byte, transport.BlockSize)
	n, err := io.ReadFull(c.Conn, block)
	if err == nil {
		return block, nil
	}
	c.recordNoBlock(n, err)
	if n > 0 {
		return nil, fmt.Errorf("%w: %d bytes of %d, then: %w", errMalformed, n, len(block), err)
	}
	return nil, err
}

// Encrypt starts block encryption as the two hellos agreed it: from version 11
// if both sides sent a key.
func (c *Conn) Encrypt(private keys.PrivateKey, hello transport.ClientHello) {
	if c.version < smp.VersionBlockEncryption || c.relayKey.IsZero() || hello.Key.IsZero() {
		return
	}
	secret, err := private.DH(c.relayKey)
	if err != nil {
		c.t.Broken(fmt.Errorf("agreeing block keys: %w", err))
	}
	receiving, sending, err := box.NewChains(secret, c.secure.SessionID)
	if err != nil {
		c.t.Broken(err)
	}
	c.receiving, c.sending = &receiving, &sending
}

// Encrypted reports whether blocks are encrypted inside TLS.
func (c *Conn) Encrypted() bool { return c.sending != nil }
