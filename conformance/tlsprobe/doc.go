// Package tlsprobe is a TLS 1.3 client for looking at relays, and a server for making
// relays that are wrong on purpose.
//
// It exists because crypto/tls lets nobody choose the cipher suites of TLS 1.3,
// leave an extension out, or meet an Ed448 certificate, and hides both Finished
// messages, one of which is the session identifier of SMP. Here every field of
// the ClientHello is the caller's, the whole answer of the server is kept in
// State, and each way to fail has an error of its own.
//
// It is an instrument and not a way to talk safely: it checks that the server
// holds the key of the certificate it sent (the CertificateVerify signature and
// the Finished message), and never whether that certificate should be trusted.
// That judgement is the caller's; VerifyCertificate helps with it.
//
// A hostile server costs bounded memory and bounded time: the handshake ends at
// its deadline, and each length and each count that the server controls has a
// limit, past which the error is ErrLimit.
//
// The protocol is RFC 8446; headings named in comments are its own.
package tlsprobe
