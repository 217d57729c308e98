package network

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"

	"smpcheck/reference/client"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// Errors that an *Error may have in its chain, besides those of packages client,
// transport, keys and smp.
var (
	// ErrClosed: Network.Close was called. It is temporary.
	ErrClosed = errors.New("network is closed")
	// ErrAddress: the address of the relay cannot be used: no host, no
	// fingerprint of 32 bytes, a port above 65535, another scheme than smp, or
	// hosts behind Tor only.
	ErrAddress = errors.New("address cannot be used")
	// ErrPassword: the relay creates no queue, or does not forward, with this
	// password. The relay's answer is in the chain too.
	ErrPassword = errors.New("wrong or missing password")
	// ErrUnreachable: no connection to any host of the relay. The reason is in
	// the chain.
	ErrUnreachable = errors.New("cannot be reached")
	// ErrNoProxy: none of Config.Proxies forwards to the destination, and
	// Config.ProxyFallback is not set. What was wrong with each is in the chain.
	// It is temporary.
	ErrNoProxy = errors.New("no relay forwards to it")
)

// opConnect is the Op of errors that are of no command.
const opConnect = "connect"

// Error is the error of a command, a connection or a subscription.
type Error struct {
	// Server is the relay, without password. It is the proxy if that failed.
	Server link.Server
	// Op is what was tried: the name of the command ("NEW", "SEND"), or
	// "connect" if it did not come to that.
	Op string
	// Err is the reason.
	Err error
}

// Error is one sentence for a person, which names the relay by its first host
// and port. No text in it comes from a relay, and it holds no ids, keys and
// passwords.
func (e *Error) Error() string { return "relay " + nameOf(e.Server) + ": " + e.sentence() }

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// connectError adds ErrUnreachable to the error of connecting to the last host,
// unless the relay was reached and something is wrong with it.
func connectError(err error) error {
	var failed net.Error
	for _, reason := range []error{context.DeadlineExceeded, io.EOF, io.ErrUnexpectedEOF, net.ErrClosed} {
		if errors.Is(err, reason) {
			return fmt.Errorf("%w: %w", ErrUnreachable, err)
		}
	}
	var alert tls.AlertError
	if errors.As(err, &failed) && !errors.As(err, &alert) {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}

// temporary are errors that may pass; see temporaryAnswer for those of relays.
var temporary = []error{
	ErrClosed, ErrUnreachable,
	context.Canceled, context.DeadlineExceeded,
	client.ErrClosed, client.ErrLost, client.ErrKeepAlive, client.ErrBlock, client.ErrEventOverflow,
}

// Temporary reports whether trying again later can help: timeouts, relays that
// cannot be reached, connections that are lost, a relay or proxy that fails, full
// queues (see FullQueue), the end of a context and ErrClosed. Everything else is
// permanent: another identity, a wrong password, a refusal, something malformed
// or too large.
func Temporary(err error) bool {
	switch {
	case errors.Is(err, ErrNoProxy):
		return true
	case errors.Is(err, ErrPassword):
		return false
	}
	if answer := answerOf(err); answer != nil {
		return temporaryAnswer(answer)
	}
	for _, target := range temporary {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// FullQueue reports whether the queue has no room for the message (QUOTA). It
// has again when its recipient has read it. Temporary reports true as well.
func FullQueue(err error) bool { return errors.Is(err, smp.ErrQuota) }

// answerOf is the error that a relay or proxy has answered, nil if there is none.
func answerOf(err error) *smp.Error {
	var answer *smp.Error
	if errors.As(err, &answer) {
		return answer
	}
	var failed *client.ProxyError
	if errors.As(err, &failed) {
		return failed.Answer
	}
	return nil
}

// temporaryAnswer reports whether a relay may answer otherwise later.
func temporaryAnswer(e *smp.Error) bool {
	switch e.Code {
	case smp.CodeQuota, smp.CodeStore, smp.CodeInternal, smp.CodeExpired:
		return true
	case smp.CodeProxy:
		return temporaryProxy(e.Proxy)
	}
	return false
}

func temporaryProxy(e *smp.ProxyError) bool {
	switch {
	case e == nil:
		return false
	case e.Code == smp.ProxyProtocol && e.Protocol != nil:
		return temporaryAnswer(e.Protocol)
	case e.Code == smp.ProxyNoSession:
		return true
	case e.Code != smp.ProxyBroker:
		return false
	}
	switch e.Broker.Code {
	case smp.BrokerNetwork, smp.BrokerTimeout, smp.BrokerNoService, smp.BrokerHost:
		return true
	case smp.BrokerTransport:
		return e.Broker.Transport == smp.TransportHandshakeService
	}
	return false
}
