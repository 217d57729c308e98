package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/trace"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Conn is one connection to the relay under test, at the version of the case.
// It belongs to the goroutine of the case.
type Conn struct {
	t *conformance.T
	*secure
	// stream records the conversation.
	stream *trace.Stream
	// Hello is what the relay's hello said.
	Hello transport.ServerHello
	// HelloErr says why the relay's hello holds no usable session key.
	HelloErr error
	// version that the connection speaks.
	version uint16
	// relayKey is the relay's session key, zero if the hello has no usable one.
	relayKey keys.PublicKey
	// private is the key of the client's hello, zero if it had none.
	private keys.PrivateKey
	// sending and receiving encrypt blocks from version 11; nil for plain blocks.
	sending, receiving *box.Chain
	inbox              []Received
	// ended says how the connection ended; nil while it is open.
	ended error
	// service signs NEW, SUB and NSUB too; nil for an ordinary client.
	service *smp.ServiceCredentials
	// tap keeps the blocks of the connection; nil for none.
	tap *Tap
	// commands holds the correlation ids of the commands that were encoded.
	commands map[string]bool
	// seen holds the ids of the messages that the case has received.
	seen map[string]bool
	// relying says that the case builds on the form of blocks, onEncryption that it
	// is about their encryption.
	relying, onEncryption bool
}

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

// ReadHello reads the relay's hello. It returns an error if not even version
// range and session identifier can be read; HelloErr says what is wrong with the
// session key.
func (c *Conn) ReadHello() error {
	content, err := c.ReadContent(answerTime)
	if err != nil {
		return err
	}
	c.Hello, c.HelloErr = transport.DecodeServerHello(content)
	if c.HelloErr != nil {
		return c.HelloErr
	}
	c.relayKey, c.HelloErr = SessionKey(c.Hello)
	return nil
}

// SessionKey returns the session key of a hello, or says why the hello holds
// none that a client can use.
func SessionKey(h transport.ServerHello) (keys.PublicKey, error) {
	if len(h.Chain) == 0 {
		return keys.PublicKey{}, errors.New("the hello holds no certificates and signed key that can be parsed")
	}
	signed, err := keys.ParseSignedKey(h.SignedKey)
	if err != nil {
		return keys.PublicKey{}, err
	}
	signer, err := keys.CertificatePublicKey(h.Chain[0])
	if err != nil {
		return keys.PublicKey{}, err
	}
	if err := signed.Verify(signer); err != nil {
		return keys.PublicKey{}, err
	}
	key, err := signed.PublicKey()
	if err == nil && key.Algorithm() != keys.X25519 {
		return keys.PublicKey{}, fmt.Errorf("the session key in the hello is of %v, expected X25519", key.Algorithm())
	}
	return key, err
}

// SendHello sends the client's hello.
func (c *Conn) SendHello(h transport.ClientHello) {
	content, err := h.Encode()
	if err != nil {
		c.t.Broken(fmt.Errorf("encoding the client hello: %w", err))
	}
	c.SendContent(content)
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
	receiving, sending, err := box.NewChains(secret, c.sessionID)
	if err != nil {
		c.t.Broken(err)
	}
	c.receiving, c.sending = &receiving, &sending
}

// Encrypted reports whether blocks are encrypted inside TLS.
func (c *Conn) Encrypted() bool { return c.sending != nil }

// SessionID is the channel binding of the connection as TLS gives it.
func (c *Conn) SessionID() []byte { return c.sessionID }

// Chain is the relay's certificate chain as TLS sent it, leaf first, in DER.
func (c *Conn) Chain() [][]byte { return c.chain }

// ALPN is the protocol name that the relay selected, empty for none.
func (c *Conn) ALPN() string { return c.alpn }

// RelayKey is the relay's session key. A hello without a usable one blocks the
// case.
func (c *Conn) RelayKey() keys.PublicKey {
	if c.relayKey.IsZero() {
		Blocked(c.t, "the relay's hello holds no usable session key: %v", c.HelloErr)
	}
	return c.relayKey
}

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

// deadline is the moment d from now, at the time scale of the run and not after
// the deadline of the case.
func (c *Conn) deadline(d time.Duration) time.Time {
	end := time.Now().Add(c.t.Timeout(d))
	if limit, ok := c.t.Context().Deadline(); ok && limit.Before(end) {
		return limit
	}
	return end
}

// Close ends the connection from the client's side.
func (c *Conn) Close() {
	c.ended = errors.New("closed by the case")
	c.stream.Ended(conformance.Sent, "the runner closes the connection", nil)
	c.secure.Close()
}

// ExpectClosed fails the case unless the relay ends the connection. Answers that
// arrive before that are allowed if they are errors.
func (c *Conn) ExpectClosed(after string) {
	end := c.deadline(answerTime)
	for {
		if err := c.receive(end); err != nil {
			if timedOut(err) {
				c.t.Fail("the relay closes the connection after "+after, "the connection stays open")
			}
			return
		}
		for _, r := range c.takeAll() {
			if !r.isError() {
				c.t.Fail("the relay closes the connection after "+after, r.String())
			}
		}
	}
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}
