package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"

	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// meeting is how a relay meets a client, from TLS to the end of the SMP handshake. Where
// a function is nil it does what the reference does.
type meeting struct {
	// config changes what both handshakes are configured with.
	config func(*transport.ServerConfig)
	// secure does the handshake of TLS.
	secure secure
	// network changes the connection below TLS, stream what is inside of it.
	network, stream func(net.Conn) net.Conn
	// binding changes what the SMP handshake believes of TLS.
	binding func(net.Conn, *transport.Binding)
	// waits has the relay read the client's hello before it sends its own.
	waits bool
	// hello changes the block with the relay's hello: what is sent in its place.
	hello func(block []byte, binding transport.Binding) []byte
	// client changes the block with the client's hello: what is read in its place.
	client func(block []byte) ([]byte, error)
	// answer changes the block that a service gets after its hello.
	answer func(block []byte) []byte
}

type secure = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error)

// errRefused ends a connection that a wrong relay does not want.
var errRefused = errors.New("refused")

// meets replaces the stage Handshake.
func meets(m meeting) func(*relay.Config) {
	return stages(func(st *relay.Stages) { st.Handshake = m.handshake })
}

func (m *meeting) handshake(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
	if m.config != nil {
		m.config(&config)
	}
	if m.network != nil {
		raw = m.network(raw)
	}
	do := m.secure
	if do == nil {
		do = rightTLS
	}
	conn, binding, err := do(ctx, raw, config)
	if err != nil {
		return nil, err
	}
	if m.binding != nil {
		m.binding(conn, &binding)
	}
	if m.stream != nil {
		conn = m.stream(conn)
	}
	return transport.ServerHandshake(ctx, &greeting{Conn: conn, meeting: m, tls: binding}, binding, config)
}

func rightTLS(ctx context.Context, raw net.Conn, config transport.ServerConfig) (net.Conn, transport.Binding, error) {
	s, err := transport.ServerTLS(ctx, raw, config)
	if err != nil {
		return nil, transport.Binding{}, err
	}
	return s, s.Binding(), nil
}

// greeting is a connection on which the first block of each side is changed.
type greeting struct {
	net.Conn
	meeting *meeting
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
	case g.written == 1 && g.meeting.waits:
		if err := g.meet(); err != nil {
			return 0, err
		}
	case g.written == 1 && g.meeting.hello != nil:
		block = g.meeting.hello(bytes.Clone(b), g.tls)
	case g.written == 2 && g.forService && g.meeting.answer != nil:
		block = g.meeting.answer(bytes.Clone(b))
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
	if g.read = block; g.meeting.client != nil {
		g.read, err = g.meeting.client(block)
	}
	return err
}

// padded is the block with a content, which fits.
func padded(content []byte) []byte {
	block, err := wire.Pad(nil, content, transport.BlockSize)
	if err != nil {
		return nil
	}
	return block
}

// clientContent changes the content of the client's hello. A block without content is
// left as it is.
func clientContent(change func(content []byte) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(block []byte) ([]byte, error) {
		content, err := wire.Unpad(block)
		if err != nil {
			return block, nil
		}
		if content, err = change(bytes.Clone(content)); err != nil {
			return nil, err
		}
		return padded(content), nil
	}
}

// clientHello is the hello of a client up to the fields that depend on the version.
type clientHello struct {
	version uint16
	keyHash []byte
	rest    []byte
}

// encode returns the content of the block.
func (h clientHello) encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Uint16(h.version)
	w.Short(h.keyHash)
	content, err := w.Bytes()
	return append(content, h.rest...), err
}

// clientFields changes the fields of the client's hello. One without them is left as it
// is.
func clientFields(change func(*clientHello) error) func([]byte) ([]byte, error) {
	return clientContent(func(content []byte) ([]byte, error) {
		r := wire.NewReader(content)
		h := clientHello{version: r.Uint16(), keyHash: r.Short()}
		if r.Err() != nil {
			return content, nil
		}
		h.rest = r.Rest()
		if err := change(&h); err != nil {
			return nil, err
		}
		return h.encode()
	})
}

// relayHello changes the fields of the relay's hello.
func relayHello(change func(*transport.ServerHello)) func([]byte, transport.Binding) []byte {
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
		return padded(content)
	}
}

// skipping is a stream of blocks without those before the first hello.
type skipping struct {
	net.Conn
	isHello func(block []byte) bool
	rest    []byte
	met     bool
}

// Read reads what follows the blocks that are no hello.
func (s *skipping) Read(b []byte) (int, error) {
	for !s.met {
		s.rest = make([]byte, transport.BlockSize)
		if _, err := io.ReadFull(s.Conn, s.rest); err != nil {
			return 0, err
		}
		s.met = s.isHello(s.rest)
	}
	if len(s.rest) == 0 {
		return s.Conn.Read(b)
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}

// skipsMalformed is a relay that waits for a hello however many other blocks come.
func skipsMalformed(c *relay.Config) {
	own := c.Credentials.Fingerprint()
	meets(meeting{stream: func(conn net.Conn) net.Conn {
		return &skipping{Conn: conn, isHello: func(block []byte) bool { return isHello(block, own[:]) }}
	}})(c)
}
