package transport

import (
	"net"
	"sync"
)

// blocksPerWrite is how many blocks go into one write to the network.
const blocksPerWrite = 4

// gather is the network connection below TLS. TLS writes each record by itself;
// together makes one write of several.
type gather struct {
	net.Conn

	mu   sync.Mutex
	held *[]byte // what waits to be written; nil if writes go through
}

// gathered holds buffers for blocksPerWrite blocks in records of TLS.
var gathered = sync.Pool{New: func() any {
	b := make([]byte, 0, blocksPerWrite*(recordHeaderSize+maxRecordSize))
	return &b
}}

// Write writes b, or holds it back while together runs: then it cannot fail.
func (g *gather) Write(b []byte) (int, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held == nil {
		return g.Conn.Write(b)
	}
	*g.held = append(*g.held, b...)
	return len(b), nil
}

// together holds back what is written while write runs, and then writes it. If write
// fails, nothing is written. It is not for concurrent use.
func (g *gather) together(write func() error) error {
	g.mu.Lock()
	g.held = gathered.Get().(*[]byte)
	g.mu.Unlock()
	err := write()
	g.mu.Lock()
	defer g.mu.Unlock()
	held := g.held
	g.held = nil
	if err == nil {
		_, err = g.Conn.Write(*held)
	}
	*held = (*held)[:0]
	gathered.Put(held)
	return err
}
