package planted

import (
	"encoding/binary"
	"errors"
	"io"
	"net"
	"syscall"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// recordHead is the number of bytes in front of a TLS record: type, version, length.
const recordHead = 5

// records follows the TLS records that a client sends.
type records struct {
	net.Conn
	head []byte // as far as it has come
	want int    // the length that the head says
	got  int    // bytes of the record behind its head

	begun func(kind byte, length int) // called when the head of a record has come
	cut   func(want, got int)         // called when the client's side ends within a record
}

// followsRecords has begun see the head of each record, and cut the record in which a
// client's side ends. Nil is nobody.
func followsRecords(begun func(kind byte, length int), cut func(want, got int)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Accept
		st.Accept = func(conn net.Conn) (net.Conn, error) {
			conn, err := next(conn)
			if err != nil {
				return nil, err
			}
			return &records{Conn: conn, begun: begun, cut: cut}, nil
		}
	})
}

// Read reads and follows.
func (r *records) Read(b []byte) (int, error) {
	n, err := r.Conn.Read(b)
	r.follow(b[:n])
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) {
		if r.cut != nil && len(r.head) == recordHead {
			r.cut(r.want, r.got)
		}
	}
	return n, err
}

func (r *records) follow(b []byte) {
	for len(b) > 0 {
		if len(r.head) < recordHead {
			n := min(len(b), recordHead-len(r.head))
			r.head, b = append(r.head, b[:n]...), b[n:]
			if len(r.head) < recordHead {
				return
			}
			r.want, r.got = int(binary.BigEndian.Uint16(r.head[recordHead-2:])), 0
			if r.begun != nil {
				r.begun(r.head[0], r.want)
			}
		}
		n := min(len(b), r.want-r.got)
		r.got, b = r.got+n, b[n:]
		if r.got == r.want {
			r.head = r.head[:0]
		}
	}
}
