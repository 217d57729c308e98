// Package meeting replaces parts of how a relay meets a client: the handshakes of TLS and of
// SMP, step by step.
package meeting

import (
	"bytes"
	"context"
	"io"
	"net"

	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// Steps is how a relay meets a client, from TLS to the end of the SMP handshake. Where
// a function is nil it does what the reference does.
type Steps struct {
	// Config changes what both handshakes are configured with.
	Config func(*transport.ServerConfig)
	// Secure does the handshake of TLS.
	Secure TLS
	// Network changes the connection below TLS, Stream what is inside of it.
	Network, Stream func(net.Conn) net.Conn
	// Binding changes what the SMP handshake believes of TLS.
	Binding func(net.Conn, *transport.Binding)
	// Waits has the relay read the client's hello before it sends its own.
	Waits bool
	// Hello changes the block with the relay's hello: what is sent in its place.
	Hello func(block []byte, binding transport.Binding) []byte
	// Client changes the block with the client's hello: what is read in its place.
	Client func(block []byte) ([]byte, error)
	// Answer changes the block that a service gets after its hello.
	Answer func(block []byte) []byte
}

// Apply replaces the stage Handshake.
func (m Steps) Apply(c *relay.Config) { c.Stages.Handshake = m.handshake }

// On returns the connection on which the handshake of SMP is done so, after that of TLS.
func (m *Steps) On(conn net.Conn, binding transport.Binding) net.Conn {
	return &greeting{Conn: conn, meeting: m, tls: binding}
}

func (m *Steps) handshake(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
	if m.Config != nil {
		m.Config(&config)
	}
	if m.Network != nil {
		raw = m.Network(raw)
	}
	do := m.Secure
	if do == nil {
		do = RightTLS
	}
	conn, binding, err := do(ctx, raw, config)
	if err != nil {
		return nil, err
	}
	if m.Binding != nil {
		m.Binding(conn, &binding)
	}
	if m.Stream != nil {
		conn = m.Stream(conn)
	}
	return transport.ServerHandshake(ctx, m.On(conn, binding), binding, config)
}

// greeting is a connection on which the first block of each side is changed.
type greeting struct {
	net.Conn
	meeting *Steps
	tls     transport.Binding
	written int
	// read is what the client's hello became, as far as nobody has read it.
	read            []byte
	met, forService bool
}

// Write sends b, which is a block as long as the handshake lasts.
func (g *greeting) Write(b []byte) (int, error) {
	g.written++
	block := b
	switch {
	case g.written == 1 && g.meeting.Waits:
		if err := g.meet(); err != nil {
			return 0, err
		}
	case g.written == 1 && g.meeting.Hello != nil:
		block = g.meeting.Hello(bytes.Clone(b), g.tls)
	case g.written == 2 && g.forService && g.meeting.Answer != nil:
		block = g.meeting.Answer(bytes.Clone(b))
	}
	if len(block) == 0 {
		return len(b), nil
	}
	if _, err := g.Conn.Write(block); err != nil {
		return 0, err
	}
	return len(b), nil
}

// Read reads the client's hello as it was changed, and then everything else.
func (g *greeting) Read(b []byte) (int, error) {
	if !g.met {
		if err := g.meet(); err != nil {
			return 0, err
		}
	}
	if len(g.read) == 0 {
		return g.Conn.Read(b)
	}
	n := copy(b, g.read)
	g.read = g.read[n:]
	return n, nil
}

// meet waits for the client's hello.
func (g *greeting) meet() error {
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(g.Conn, block); err != nil {
		return err
	}
	g.met = true
	if content, err := wire.Unpad(block); err == nil {
		hello, err := transport.DecodeClientHello(content)
		g.forService = err == nil && hello.Service != nil
	}
	var err error
	if g.read = block; g.meeting.Client != nil {
		g.read, err = g.meeting.Client(block)
	}
	return err
}

// Block is the block with a content, nil if that does not fit.
func Block(content []byte) []byte {
	block, err := wire.Pad(nil, content, transport.BlockSize)
	if err != nil {
		return nil
	}
	return block
}

// RelayHello changes the fields of the relay's hello.
func RelayHello(change func(*transport.ServerHello)) func([]byte, transport.Binding) []byte {
	return func(block []byte, _ transport.Binding) []byte {
		content, err := wire.Unpad(block)
		if err != nil {
			return block
		}
		hello, err := transport.DecodeServerHello(content)
		if err != nil {
			return block
		}
		change(&hello)
		if content, err = hello.Encode(); err != nil {
			return block
		}
		return Block(content)
	}
}
