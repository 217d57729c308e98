package drive

import (
	"net"
	"sync"
)

// tap is the TCP connection below TLS. It can change what is written next.
type tap struct {
	net.Conn
	mu     sync.Mutex
	change func([]byte) (changed []byte, end bool)
}

// arm has change change the bytes of the next Write; end says that nothing follows.
func (t *tap) arm(change func([]byte) (changed []byte, end bool)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.change = change
}

// buffer sets the size of the receive buffer, in bytes, if the connection has one.
func (t *tap) buffer(size int) {
	if tcp, ok := t.Conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(size) // only a hint
	}
}

// Write writes b, or what the armed change makes of it.
func (t *tap) Write(b []byte) (int, error) {
	t.mu.Lock()
	change := t.change
	t.change = nil
	t.mu.Unlock()
	if change == nil {
		return t.Conn.Write(b)
	}
	changed, end := change(b)
	if len(changed) > 0 {
		if _, err := t.Conn.Write(changed); err != nil {
			return 0, err
		}
	}
	if tcp, ok := t.Conn.(*net.TCPConn); ok && end {
		if err := tcp.CloseWrite(); err != nil {
			return 0, err
		}
	}
	return len(b), nil
}
