package probe

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net"
	"sync"

	"smpcheck/conformance/tlsprobe"
)

// Wire keeps what goes over a TCP connection, as somebody sees it who observes the
// network.
type Wire struct {
	net.Conn
	mu             sync.Mutex
	sent, received bytes.Buffer
}

// Over has Dial keep what goes over the network in w.
func Over(w *Wire) Option { return func(o *options) { o.wire = w } }

// over returns the connection with the wire around it; a nil Wire keeps nothing.
func (w *Wire) over(raw net.Conn) net.Conn {
	if w == nil {
		return raw
	}
	w.Conn = raw
	return w
}

// Read reads from the connection and keeps what came.
func (w *Wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.received.Write(b[:n])
	return n, err
}

// Write keeps what is sent and writes it to the connection.
func (w *Wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	w.sent.Write(b)
	w.mu.Unlock()
	return w.Conn.Write(b)
}

// Restart forgets what has come and gone until now.
func (w *Wire) Restart() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent.Reset()
	w.received.Reset()
}

// Sent is what the client has sent.
func (w *Wire) Sent() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.sent.Bytes())
}

// Received is what has come from the relay.
func (w *Wire) Received() []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	return bytes.Clone(w.received.Bytes())
}

// Record is the head of a record of TLS, in clear on the wire.
type Record struct {
	Type tlsprobe.ContentType
	// Size is that of the body in bytes, without the 5 bytes of the head.
	Size int
}

// String names type and size.
func (r Record) String() string { return fmt.Sprintf("%s of %d bytes", r.Type, r.Size) }

// Records takes a stream apart that begins with a record of TLS. A record that is cut
// is an error.
func Records(stream []byte) ([]Record, error) {
	const head = 5
	var records []Record
	for len(stream) > 0 {
		if len(stream) < head {
			return records, fmt.Errorf("%d bytes after the last record", len(stream))
		}
		r := Record{Type: tlsprobe.ContentType(stream[0]), Size: int(binary.BigEndian.Uint16(stream[3:]))}
		if len(stream) < head+r.Size {
			return records, fmt.Errorf("a record of %d bytes of which %d came", r.Size, len(stream)-head)
		}
		records, stream = append(records, r), stream[head+r.Size:]
	}
	return records, nil
}
