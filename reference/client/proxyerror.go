package client

import (
	"errors"
	"fmt"

	"smpcheck/reference/smp"
)

// ErrProxySession is matched by the *ProxyError of a proxy that does not have
// the session, or not any more: the command was not executed, and Client.Proxy
// makes a new session.
var ErrProxySession = errors.New("proxy has no such session")

// ProxyError says that a command did not get through a proxy, or that its
// answer did not. What the destination answers to a command is never a
// ProxyError, and what the proxy answers is not in its chain: an *smp.Error in
// the chain of an error is always the destination's answer to the command.
type ProxyError struct {
	// Destination is true if the proxy says that the destination failed: that it
	// cannot be reached, does not answer, or refuses what is forwarded. It is
	// false if the proxy itself refused or failed.
	Destination bool
	// Answer is the ERR of the proxy, nil if the failure is another one.
	Answer *smp.Error
	// Err is the failure if there is no Answer: that of the connection to the
	// proxy, a PKEY that proves nothing (*keys.FingerprintError and the other
	// errors of keys.ValidateChain), versions that do not fit
	// (transport.ErrVersion), or a response that cannot be decrypted
	// (box.ErrOpen).
	Err error
}

// Error says which of the two relays failed, and how.
func (e *ProxyError) Error() string {
	who := "proxy"
	if e.Destination {
		who = "destination behind the proxy"
	}
	if e.Answer != nil {
		return fmt.Sprintf("%s: answered with %v", who, e.Answer)
	}
	return fmt.Sprintf("%s: %v", who, e.Err)
}

// Unwrap returns Err.
func (e *ProxyError) Unwrap() error { return e.Err }

// Is reports whether e matches ErrProxySession.
func (e *ProxyError) Is(target error) bool {
	return target == ErrProxySession && e.Answer != nil && e.Answer.Equal(smp.ErrProxyNoSession)
}

// proxyError makes a *ProxyError of the error of PRXY or PFWD.
func proxyError(err error) error {
	var answer *smp.Error
	if !errors.As(err, &answer) {
		return &ProxyError{Err: err}
	}
	e := &ProxyError{Answer: answer}
	if p := answer.Proxy; p != nil {
		e.Destination = p.Code == smp.ProxyProtocol || p.Code == smp.ProxyBroker
	}
	return e
}
