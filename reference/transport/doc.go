// Package transport connects SMP peers: TLS with the settings of the protocol
// and its channel binding, the handshake that agrees the version and the keys,
// and the connection that carries blocks of 16384 bytes.
//
// The parts can be used on their own. ClientTLS and ServerTLS make a TLS
// connection that knows its session identifier. ClientHandshake and
// ServerHandshake run over any net.Conn, given a Binding that says what the
// layer below knows. Client, Server and Dial do both.
//
//	conn, err := transport.Dial(ctx, "localhost:5223", transport.ClientConfig{KeyHash: hash})
//	…
//	err = conn.WriteBlock(content)
//	content, err = conn.ReadBlock()
//
// # Effect on the whole process
//
// crypto/tls has no setting for the cipher suites of TLS 1.3. This package
// replaces its default list by TLS_CHACHA20_POLY1305_SHA256, so every TLS 1.3
// connection of a program that imports it uses this suite. A program that talks
// to other servers as well should know that all of them are expected to support
// it (RFC 8446 says SHOULD).
//
// # Limits of crypto/tls
//
// crypto/tls has neither Ed448 nor X448, so relays with Ed448 certificates
// cannot be reached over ClientTLS; ClientHandshake knows Ed448. It offers and
// accepts signature algorithms other than Ed25519 in TLS itself; ValidateChain
// of package keys then refuses the certificates.
package transport
