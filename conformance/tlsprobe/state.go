package tlsprobe

import "slices"

// State is what a connection has shown so far. It is a copy; the byte slices in
// it are shared and not to be written to.
type State struct {
	// Complete says that the handshake came to its end.
	Complete bool
	// Version is what the server chose, be it right or wrong; 0 before its hello.
	Version Version
	// CipherSuite is what the server chose.
	CipherSuite CipherSuite
	// Group is that of the key exchange, PeerShare the server's share in it.
	Group     Group
	PeerShare []byte
	// HelloRetryRequest says whether the server asked for a second ClientHello.
	HelloRetryRequest bool
	// ALPN is the protocol that the server chose; empty if it chose none.
	ALPN string
	// PeerCertificates holds the chain as it was sent, each certificate in DER, at
	// most Config.MaxCertificates; CertificateCount is the length of the chain.
	PeerCertificates [][]byte
	CertificateCount int
	// SignatureScheme is that of the server's CertificateVerify.
	SignatureScheme SignatureScheme
	// CertificateRequested says whether the server asked for a client certificate,
	// RequestedSchemes which signatures it accepts.
	CertificateRequested bool
	RequestedSchemes     []SignatureScheme
	// ClientFinished and ServerFinished are the verify_data of the two Finished
	// messages: 32 bytes with SHA-256, 48 with SHA-384. SMP takes the client's as
	// the session identifier. An incorrect one of the server is kept as well.
	ClientFinished []byte
	ServerFinished []byte
	// Resumed says that the server accepted Config.Ticket.
	Resumed bool
	// TicketCount is the number of session tickets received, Tickets the first few.
	TicketCount int
	Tickets     []*Ticket
	// Alert is the last alert that the peer sent, a close_notify included.
	Alert *AlertError
	// AlertSent is the fatal alert that the probe sent, nil for none.
	AlertSent *Alert
	// ClientRandom is that of the hello, the key of the key log's lines.
	ClientRandom []byte
}

// State gives what the connection has shown so far.
func (c *Conn) State() State {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	s := c.state
	s.PeerCertificates = slices.Clone(s.PeerCertificates)
	s.RequestedSchemes = slices.Clone(s.RequestedSchemes)
	s.Tickets = slices.Clone(s.Tickets)
	return s
}

func (c *Conn) note(change func(*State)) {
	c.stateMu.Lock()
	defer c.stateMu.Unlock()
	change(&c.state)
}
