package probe

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"net"

	"smpcheck/conformance"
	"smpcheck/conformance/channel"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/conformance/trace"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// OpenOver performs the TLS handshake over raw, at the TLS version that the
// relay speaks, and nothing more. At TLS 1.2 only the ALPN of the offer counts.
func OpenOver(t *conformance.T, raw net.Conn, offer *tlsprobe.Config) (*Conn, error) {
	return openAt(t, raw, t.Info().TLS, offer)
}

func openAt(t *conformance.T, raw net.Conn, version string, offer *tlsprobe.Config) (*Conn, error) {
	stream := t.Trace().Of(raw)
	s, err := channel.Establish(t.Context(), raw, version, offer)
	if err != nil {
		recordRefusal(stream, "TLS "+version+" handshake", err)
		return nil, err
	}
	recordTLS(stream, s)
	t.Cleanup(func() { s.Close() })
	return &Conn{t: t, secure: s, stream: stream, version: t.Version()}, nil
}

// OpenOffering is OpenOver on a new TCP connection with the offer of an
// ordinary client, changed by change.
func OpenOffering(t *conformance.T, change func(*tlsprobe.Config)) (*Conn, error) {
	offer := TLSConfig(t)
	change(offer)
	return OpenOver(t, TCP(t), offer)
}

// OpenTLS12 performs a TLS 1.2 handshake with ECDHE-ECDSA-CHACHA20-POLY1305.
func OpenTLS12(t *conformance.T) (*Conn, error) {
	return openAt(t, TCP(t), "1.2", TLSConfig(t))
}

// TLSState is what the TLS 1.3 handshake has shown; false on a connection of
// TLS 1.2.
func (c *Conn) TLSState() (tlsprobe.State, bool) {
	conn, ok := c.secure.Conn.(*tlsprobe.Conn)
	if !ok {
		return tlsprobe.State{}, false
	}
	return conn.State(), true
}

// ExtendedMasterSecret reports whether a TLS 1.2 connection has one: without it
// crypto/tls exports no keys.
func (c *Conn) ExtendedMasterSecret() bool {
	conn, ok := c.secure.Conn.(*tls.Conn)
	if !ok {
		return false
	}
	state := conn.ConnectionState()
	_, err := state.ExportKeyingMaterial("EXPORTER-smpcheck", nil, 1)
	return err == nil
}

// CloseWrite sends the close_notify of TLS and leaves the other direction open.
func (c *Conn) CloseWrite() {
	conn := c.secure.Conn.(interface{ CloseWrite() error }) // crypto/tls and tlsprobe have it
	if err := conn.CloseWrite(); err != nil {
		c.stream.Note("close_notify: " + err.Error())
	}
}

// Meet opens a connection and reads the relay's hello, which has to be readable:
// if not, the case is blocked. The client's hello is up to the case.
func Meet(t *conformance.T) *Conn {
	c := Open(t)
	if err := build(t, stepHello, c.ReadHello); err != nil {
		Blocked(t, "the relay's hello cannot be read: %v", err)
	}
	return c
}

// RequireBinding blocks the case unless the relay's hello has the session
// identifier of the TLS connection: block keys and, at version 6, transmissions
// depend on it.
func (c *Conn) RequireBinding() {
	if !bytes.Equal(c.Hello.SessionID, c.secure.SessionID) {
		Blocked(c.t, "the session identifier of the hello is not that of the TLS connection")
	}
}

// HelloParts are the parts of a relay's hello, taken apart and not judged.
type HelloParts struct {
	Versions  wire.VersionRange
	SessionID []byte
	// AfterID is everything that follows the session identifier.
	AfterID []byte
	// Chain holds the certificates as sent; ChainErr says why they cannot be told
	// apart.
	Chain    [][]byte
	ChainErr error
	// SignedKey is the signed session key as sent; KeyErr says why it has no end.
	SignedKey []byte
	KeyErr    error
	// Rest is what follows: the part that clients ignore.
	Rest []byte
}

// SplitHello takes apart the block with the relay's hello. It returns an error if
// not even version range and session identifier can be told apart.
func SplitHello(block []byte) (HelloParts, error) {
	content, err := wire.Unpad(block)
	if err != nil {
		return HelloParts{}, err
	}
	r := wire.NewReader(content)
	h := HelloParts{
		Versions:  wire.VersionRange{Min: r.Uint16(), Max: r.Uint16()},
		SessionID: r.Short(),
	}
	if err := r.Err(); err != nil {
		return HelloParts{}, err
	}
	h.AfterID = content[len(content)-r.Len():]
	if h.Versions.Max < smp.VersionAuthenticators {
		h.Rest = r.Rest()
		return h, nil
	}
	for range r.Byte() {
		h.Chain = append(h.Chain, r.Large())
	}
	if h.ChainErr = r.Err(); h.ChainErr != nil {
		h.Chain, h.KeyErr = nil, h.ChainErr
		return h, nil
	}
	h.SignedKey, h.KeyErr = r.Large(), r.Err()
	h.Rest = r.Rest()
	return h, nil
}

// RequireHelloParts reads the relay's hello. One that does not come, or that
// SplitHello cannot take apart, blocks the case.
func (c *Conn) RequireHelloParts() HelloParts {
	h, err := SplitHello(c.RequireBlock())
	if err != nil {
		Blocked(c.t, "the relay's hello cannot be read: %v", err)
	}
	return h
}

// ClientHello is the hello of an ordinary client at the version of the
// connection, without a key.
func (c *Conn) ClientHello() transport.ClientHello {
	return transport.ClientHello{Version: c.version, KeyHash: c.t.Server().KeyHash}
}

// HelloContent encodes a hello, for a case to change its bytes.
func (c *Conn) HelloContent(h transport.ClientHello) []byte {
	content, err := h.Encode()
	if err != nil {
		c.t.Broken(fmt.Errorf("encoding the client hello: %w", err))
	}
	return content
}

// Block returns the block with the given content as SendBlock sends it: padded
// and, from version 11, encrypted with the next key of the connection. Blocks
// must be sent in the order in which they were made.
func (c *Conn) Block(content []byte) []byte {
	c.record(conformance.Sent, trace.Content, content)
	return c.seal(content)
}

// ExpectBlock reads the 16384 bytes of a block as they are inside TLS. It fails
// the case if they do not come; expected says what the case waits for.
func (c *Conn) ExpectBlock(expected string) []byte {
	block, err := c.ReadBlock(answerTime)
	if err != nil {
		c.t.Fail(expected, c.explain(answerTime, err))
	}
	return block
}

// RequireBlock is ExpectBlock for a block that the case builds on.
func (c *Conn) RequireBlock() []byte {
	block, err := c.ReadBlock(answerTime)
	if err != nil {
		Blocked(c.t, "a block is missing: %s", c.explain(answerTime, err))
	}
	return block
}

// Answers sends a PING and reports whether a block comes back, whatever it holds.
func (c *Conn) Answers() bool {
	c.Send(c.Transmission(nil, NoKey, smp.PING{}))
	_, err := c.ReadBlock(answerTime)
	return err == nil
}

// ExpectAnswers fails the case unless Answers; expected says what the case waits
// for.
func (c *Conn) ExpectAnswers(expected string) {
	c.Send(c.Transmission(nil, NoKey, smp.PING{}))
	c.ExpectBlock(expected)
}

// OpenBlock returns the content of a block that ExpectBlock has read, decrypted
// with the next key of the relay's direction if blocks are encrypted.
func (c *Conn) OpenBlock(block []byte) ([]byte, error) {
	padded, err := c.decrypt(block)
	if err != nil {
		return nil, err
	}
	return wire.Unpad(padded)
}

// ExpectServed fails the case unless the relay answers a PING. A response that is
// no error and no PONG blocks the case: other cases are about the answer to PING.
func (c *Conn) ExpectServed() {
	a := c.Ask(nil, NoKey, smp.PING{})
	if _, pong := a.Response.(smp.PONG); a.Response != nil && !pong && !a.isError() {
		Blocked(c.t, "PING was answered %s", a)
	}
	a.Expect(smp.PONG{})
}

// RequireServed blocks the case unless the relay serves a client at the version
// of the case that offers nothing special: what the case changes can then be
// blamed on the change.
func RequireServed(t *conformance.T) {
	c := Meet(t)
	c.SendHello(c.ClientHello())
	c.Ping()
}

// ExpectRefused sends a PING and fails the case unless the relay ends the
// connection without a PONG; after says what it has to refuse.
func (c *Conn) ExpectRefused(after string) {
	c.Send(c.Transmission(nil, NoKey, smp.PING{}))
	c.ExpectClosed(after)
}

// ExpectOthersServed fails the case unless the relay serves a new client; after
// says what might have harmed it.
func ExpectOthersServed(t *conformance.T, after string) {
	fail := func(err error) { t.Fail("the relay serves a new client after "+after, err.Error()) }
	raw, err := t.Dial()
	if err != nil {
		fail(err)
	}
	c, err := OpenOver(t, raw, TLSConfig(t))
	if err != nil {
		fail(err)
	}
	if err := c.ReadHello(); err != nil {
		fail(err)
	}
	c.SendHello(c.ClientHello())
	c.ExpectServed()
}

// Trickle is a stream that sends its first Slow bytes one at a time.
type Trickle struct {
	net.Conn
	Slow int
	// First, if set, is called after the first byte, and the others wait for it.
	First func()
}

// Write sends b, byte by byte as long as Slow lasts.
func (s *Trickle) Write(b []byte) (int, error) {
	for i := range b {
		if s.Slow <= 0 {
			n, err := s.Conn.Write(b[i:])
			return i + n, err
		}
		if _, err := s.Conn.Write(b[i : i+1]); err != nil {
			return i, err
		}
		s.Slow--
		if first := s.First; first != nil {
			s.First = nil
			first()
		}
	}
	return len(b), nil
}
