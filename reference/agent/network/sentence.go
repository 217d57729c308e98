package network

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// sentences says what an error means to a person. The first one that matches
// counts.
var sentences = []struct {
	target error
	text   string
}{
	{ErrClosed, "the program is disconnecting"},
	{keys.ErrFingerprint, "its identity does not match the address"},
	{transport.ErrIdentity, "its identity does not match the address"},
	{smp.ErrQuota, "the queue is full"},
	{smp.ErrAuth, "it refused: there is no such queue, or another key secures it"},
	{smp.ErrLargeMsg, "the message is too large"},
	{smp.ErrNoMsg, "there is no such message"},
	{client.ErrTooLarge, "the message is too large"},
	{context.DeadlineExceeded, "no answer in time"},
	{context.Canceled, "cancelled"},
	{client.ErrKeepAlive, "it does not answer any more"},
	{client.ErrBlock, "it sent something malformed"},
	{client.ErrLost, "the connection was lost"},
	{client.ErrEventOverflow, "the connection was lost"},
	{client.ErrClosed, "the connection was lost"},
	{client.ErrUnexpected, "it sent a malformed answer"},
	{client.ErrSyntax, "it sent a malformed answer"},
	{box.ErrOpen, "it sent a malformed answer"},
	{transport.ErrVersion, "it speaks another version of the protocol"},
}

// sentence says what went wrong, without the name of the relay.
func (e *Error) sentence() string {
	var cause *Error
	switch {
	case errors.Is(e.Err, ErrAddress):
		return e.Err.Error() // which is of this package
	case errors.Is(e.Err, ErrNoProxy):
		if errors.As(e.Err, &cause) {
			return ErrNoProxy.Error() + ": " + cause.Error()
		}
		return ErrNoProxy.Error()
	case errors.Is(e.Err, ErrPassword):
		return ErrPassword.Error()
	case errors.Is(e.Err, ErrUnreachable):
		return ErrUnreachable.Error() + ": " + networkReason(e.Err)
	}
	for _, s := range sentences {
		if errors.Is(e.Err, s.target) {
			return s.text
		}
	}
	if answer := answerOf(e.Err); answer != nil {
		return answerSentence(e.Op, answer)
	}
	if e.Op == opConnect {
		return "it does not speak the protocol"
	}
	return e.Op + " is not possible: " + e.Err.Error()
}

// networkReasons are the reasons of ErrUnreachable. The first one that matches
// counts.
var networkReasons = []struct {
	target error
	text   string
}{
	{syscall.ECONNREFUSED, "connection refused"},
	{syscall.ENETUNREACH, "no network"},
	{syscall.EHOSTUNREACH, "no route to it"},
	{context.DeadlineExceeded, "no answer in time"},
	{os.ErrDeadlineExceeded, "no answer in time"},
	{io.EOF, "it closed the connection"},
	{io.ErrUnexpectedEOF, "it closed the connection"},
	{syscall.ECONNRESET, "it closed the connection"},
}

func networkReason(err error) string {
	for _, r := range networkReasons {
		if errors.Is(err, r.target) {
			return r.text
		}
	}
	var lookup *net.DNSError
	if errors.As(err, &lookup) {
		if lookup.IsNotFound {
			return "no such host"
		}
		return "its name cannot be looked up"
	}
	var alert *net.OpError
	if errors.As(err, &alert) && alert.Op == "remote error" && strings.Contains(alert.Error(), tlsVersionAlert) {
		return "it speaks no version of TLS that is accepted"
	}
	return "connecting failed"
}

// tlsVersionAlert is how crypto/tls names the alert of a peer that has no version of TLS
// in common; it has no exported value for it.
const tlsVersionAlert = "protocol version not supported"

// answerSentence is for errors that a relay answers. It takes no free text from
// them.
func answerSentence(op string, e *smp.Error) string {
	switch e.Code {
	case smp.CodeCmd:
		return "it answered " + op + " with CMD " + string(e.Cmd)
	case smp.CodeBlocked:
		return "its operator has blocked the queue"
	case smp.CodeInternal, smp.CodeStore:
		return "it failed to do " + op
	case smp.CodeProxy:
		return proxySentence(op, e.Proxy)
	}
	return "it answered " + op + " with " + string(e.Code)
}

func proxySentence(op string, e *smp.ProxyError) string {
	switch {
	case e == nil:
	case e.Code == smp.ProxyBroker:
		return "the relay that forwards to it cannot connect"
	case e.Code == smp.ProxyProtocol && e.Protocol != nil:
		return answerSentence(op, e.Protocol)
	case e.Code == smp.ProxyBasicAuth:
		return ErrPassword.Error()
	case e.Code == smp.ProxyNoSession:
		return "it lost the connection to the destination"
	}
	return "it does not forward"
}
