package planted

import (
	"context"
	"io"
	"net"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// insideTLS replaces what the blocks of a connection, those of the hellos too, are read
// from and written to.
func insideTLS(wrap func(*transport.Secure) net.Conn) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
			secure, err := transport.ServerTLS(ctx, raw, config)
			if err != nil {
				return nil, err
			}
			return transport.ServerHandshake(ctx, wrap(secure), secure.Binding(), config)
		}
	})
}

// hellos has change see the content of the client's hello, and uses what it returns in its
// place.
func hellos(change func(content []byte) []byte) func(*relay.Config) {
	return insideTLS(func(s *transport.Secure) net.Conn { return &greeting{Secure: s, change: change} })
}

// greeting is a connection inside TLS whose first block is changed.
type greeting struct {
	*transport.Secure
	change func(content []byte) []byte
	met    bool
	block  []byte // what is left of the first block
}

// Read reads the first block as it was changed, and then everything else.
func (g *greeting) Read(b []byte) (int, error) {
	if !g.met {
		if err := g.meet(); err != nil {
			return 0, err
		}
	}
	if len(g.block) == 0 {
		return g.Secure.Read(b)
	}
	n := copy(b, g.block)
	g.block = g.block[n:]
	return n, nil
}

func (g *greeting) meet() error {
	g.block = make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(g.Secure, g.block); err != nil {
		g.block = nil
		return err
	}
	g.met = true
	content, err := wire.Unpad(g.block)
	if err != nil {
		return nil // the handshake finds out
	}
	if changed, err := wire.Pad(nil, g.change(content), transport.BlockSize); err == nil {
		g.block = changed
	}
	return nil
}

// blockwise is a connection inside TLS that knows how much of a block has arrived.
type blockwise struct {
	*transport.Secure
	at int
	// arrived is called after each Read with the number of bytes of the block that is
	// arriving, 0 between two blocks, and with what Read returned.
	arrived func(at int, err error)
}

// Read reads and counts.
func (c *blockwise) Read(b []byte) (int, error) {
	n, err := c.Secure.Read(b)
	c.at = (c.at + n) % transport.BlockSize
	c.arrived(c.at, err)
	return n, err
}
