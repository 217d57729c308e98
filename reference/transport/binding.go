package transport

// Binding is what the layer below the handshake knows about a connection.
type Binding struct {
	// SessionID identifies the connection on both sides: for TLS the verify_data
	// of the client's Finished message, 32 bytes with TLS 1.3 and 12 bytes with
	// TLS 1.2.
	SessionID []byte
	// PeerChain is the certificate chain that the peer showed, DER, leaf first.
	// A client needs it to verify the relay's session key.
	PeerChain [][]byte
	// ALPN is the agreed application protocol: Protocol, or empty.
	ALPN string
	// CertificateSent says that this side showed its own certificate; a client
	// offers its service credentials only then.
	CertificateSent bool
}

// Protocol is the name of SMP in ALPN. SMP, "ALPN to agree handshake version".
const Protocol = "smp/1"
