package tlsprobe

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

var (
	// ErrLimit is wrapped by errors that say that the peer passed one of the
	// limits of Config, or one of the fixed counts of records without content.
	ErrLimit = errors.New("the peer passed a limit")
	// ErrBadSignature is wrapped by errors that say that a signature was well
	// formed and not made by the key it should be made by.
	ErrBadSignature = errors.New("the signature is not by this key")
	// ErrBadFinished says that the Finished message of the server is not the one
	// that follows from the transcript and the keys.
	ErrBadFinished = errors.New("the server's finished message does not match the transcript")
	// ErrClosed is wrapped by errors that say that the peer ended the connection
	// with no alert, at a record boundary or inside a record.
	ErrClosed = errors.New("the peer closed the connection without an alert")
	// ErrConfig is wrapped by errors about a Config that cannot be put on the wire.
	ErrConfig = errors.New("unusable probe configuration")
	// ErrTimeout is a net.Error with Timeout true, and is os.ErrDeadlineExceeded
	// for errors.Is: a deadline passed before the peer sent or took the bytes.
	ErrTimeout error = timeoutError{}
)

type timeoutError struct{}

var _ net.Error = timeoutError{}

func (timeoutError) Error() string   { return "the deadline passed before the peer answered" }
func (timeoutError) Timeout() bool   { return true }
func (timeoutError) Temporary() bool { return true }
func (timeoutError) Is(target error) bool {
	return target == os.ErrDeadlineExceeded
}

// ProtocolError says how the bytes of the peer broke RFC 8446. Alert is the
// alert that the probe sent for it.
type ProtocolError struct {
	Alert Alert
	Text  string
}

// Error gives the text.
func (e *ProtocolError) Error() string { return "protocol violation: " + e.Text }

func violation(alert Alert, format string, args ...any) error {
	return &ProtocolError{Alert: alert, Text: fmt.Sprintf(format, args...)}
}

// VersionError says that the server chose a version below TLS 1.3 that was
// offered. The probe reads nothing after that ServerHello.
type VersionError struct {
	Version     Version
	CipherSuite CipherSuite
}

// Error names the version and the suite.
func (e *VersionError) Error() string {
	return fmt.Sprintf("the server chose %s with suite %s; the probe goes on with TLS 1.3 only", e.Version, e.CipherSuite)
}

// UnsupportedError says that the server rightly chose something that was offered
// and that the probe cannot carry out. What is "cipher suite", "group" or
// "signature scheme".
type UnsupportedError struct {
	What string
	ID   uint16
}

// Error names what was chosen.
func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("the server chose %s %#04x, which was offered and which the probe cannot complete", e.What, e.ID)
}

// CertificateError says why a certificate could not be read or checked at all.
type CertificateError struct{ Text string }

// Error gives the text.
func (e *CertificateError) Error() string { return "certificate: " + e.Text }

// HandshakeError is what Client returns when the handshake does not complete.
// State holds what had come until then; Stage says what the probe was at.
type HandshakeError struct {
	Stage string
	State State
	Err   error
}

// Error names the stage and the cause.
func (e *HandshakeError) Error() string { return "tls handshake, " + e.Stage + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *HandshakeError) Unwrap() error { return e.Err }

// alertFor gives the alert that tells the peer about err, and whether there is one.
func alertFor(err error) (Alert, bool) {
	var protocol *ProtocolError
	var version *VersionError
	var unsupported *UnsupportedError
	var certificate *CertificateError
	switch {
	case errors.As(err, &protocol):
		return protocol.Alert, true
	case errors.As(err, &version):
		return AlertProtocolVersion, true
	case errors.As(err, &unsupported):
		return AlertHandshakeFailure, true
	case errors.As(err, &certificate):
		return AlertBadCertificate, true
	case errors.Is(err, ErrBadSignature), errors.Is(err, ErrBadFinished):
		return AlertDecryptError, true
	case errors.Is(err, ErrLimit):
		return AlertInternalError, true
	}
	return 0, false
}

// ioError gives an error of the socket the name that callers branch on.
func ioError(err error) error {
	var timeout net.Error
	switch {
	case errors.Is(err, net.ErrClosed):
		return err
	case errors.As(err, &timeout) && timeout.Timeout():
		return ErrTimeout
	case errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrClosed, io.ErrUnexpectedEOF)
	}
	return fmt.Errorf("%w: %w", ErrClosed, err)
}
