package probe

import (
	"fmt"

	"smpcheck/conformance"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/conformance/trace"
)

// record adds a block to the conversation.
func (c *Conn) record(direction conformance.Direction, form trace.Form, b []byte) {
	c.stream.Block(direction, trace.Block{Version: c.version, Form: form, Encrypted: c.Encrypted(), Bytes: b})
}

// record adds a block to the conversation.
func (l *Leg) record(direction conformance.Direction, content []byte) {
	l.stream.Block(direction, trace.Block{Version: l.Conn.Version(), Encrypted: l.Conn.Encrypted(), Bytes: content})
}

// recordNoBlock says that a block was awaited, of which n bytes came.
func (c *Conn) recordNoBlock(n int, err error) { recordNoBlock(c.stream, n, err) }

func recordNoBlock(s *trace.Stream, n int, err error) {
	what := "no block comes"
	if n > 0 {
		what = fmt.Sprintf("%d bytes of a block come", n)
	}
	if timedOut(err) {
		s.Note(what + " in time")
		return
	}
	if n > 0 {
		s.Note(what)
	}
	s.Ended(conformance.Received, "the relay ends the connection", err)
}

// recordTLS says what the TLS handshake has agreed.
func recordTLS(s *trace.Stream, c *secure) {
	alpn := "no ALPN"
	if c.ALPN != "" {
		alpn = "ALPN " + c.ALPN
	}
	s.TLS("TLS "+c.TLS+", "+alpn, tlsFields(c)...)
}

func tlsFields(c *secure) []trace.Field {
	fields := []trace.Field{{Name: "certificates", Value: fmt.Sprint(len(c.Chain))}}
	if conn, ok := c.Conn.(*tlsprobe.Conn); ok {
		state := conn.State()
		fields = append(fields,
			trace.Field{Name: "cipher suite", Value: state.CipherSuite.String()},
			trace.Field{Name: "group", Value: state.Group.String()},
			trace.Field{Name: "signature", Value: state.SignatureScheme.String()})
	}
	return fields
}

// recordRefusal says that a handshake failed, and by whom.
func recordRefusal(s *trace.Stream, what string, err error) {
	direction := conformance.Note
	if RefusedTLS(err) {
		direction = conformance.Received
	}
	s.TLSFailed(direction, what+" failed", err)
}
