package trace

import (
	"fmt"

	"smpcheck/reference/keys"
)

// Stream records the events of one connection.
type Stream struct {
	r      *Recorder
	number int
}

// TLS records a TLS handshake that is done, and what was agreed.
func (s *Stream) TLS(summary string, fields ...Field) {
	s.r.add(entry{connection: s.number, direction: Note, kind: KindTLS, text: summary, fields: fields})
}

// TLSFailed records a TLS handshake that failed: Received if the relay ended it, and Note
// if the runner did.
func (s *Stream) TLSFailed(direction Direction, summary string, err error) {
	s.r.add(entry{connection: s.number, direction: direction, kind: KindTLS, text: summary, err: err.Error()})
}

// Greeted says that the runner, as the relay, has done the handshakes on the connection:
// with its session key and that of the peer's hello, zero for none.
func (s *Stream) Greeted(version uint16, private keys.PrivateKey, peer keys.PublicKey) {
	s.r.Know(private)
	s.r.mu.Lock()
	c := &s.r.connections[s.number-1]
	c.greeted, c.private, c.peer = true, private, peer
	s.r.mu.Unlock()
	s.r.add(entry{
		connection: s.number, direction: Note, kind: KindHandshake, text: fmt.Sprintf("TLS and the hellos of SMP %d", version),
		block: Block{Version: version},
	})
}

// Block records a block.
func (s *Stream) Block(direction Direction, b Block) {
	s.r.add(entry{connection: s.number, direction: direction, kind: KindBlock, block: b})
}

// Ended records an end of the connection: Received if the relay ended it, Sent if the
// runner did. The error may be nil.
func (s *Stream) Ended(direction Direction, summary string, err error) {
	e := entry{connection: s.number, direction: direction, kind: KindTCP, text: summary}
	if err != nil {
		e.err = err.Error()
	}
	s.r.add(e)
}

// Note records a remark.
func (s *Stream) Note(text string) {
	s.r.add(entry{connection: s.number, direction: Note, kind: KindNote, text: text})
}
