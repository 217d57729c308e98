package proxy

import (
	"context"
	"errors"
	"sync"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/box"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// errorFaults are mistakes in what a client is told about the answer to RFWD.
var errorFaults = []fault.Fault{
	protocolError("unwrapped", "An error of the destination is passed on as if it were the proxy's own.", func(e *smp.Error) *smp.Error { return e }),
	protocolError("internal", "An error of the destination is taken for a failure of the proxy.", func(*smp.Error) *smp.Error { return smp.ErrInternal }),
	protocolError("unexpected", "ERR in the place of RRES is taken for a response that nobody expects.", func(e *smp.Error) *smp.Error {
		return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerUnexpected, Text: e.Error()})
	}),
	protocolError("auth-only", "Every error of the destination reaches the client as AUTH, so that nobody learns more.", func(*smp.Error) *smp.Error {
		return smp.ProxyProtocolError(smp.ErrAuth)
	}),
	{
		ID:     "proxy/response-as-unexpected",
		Story:  "An answer of the destination that is no response is taken for another one than RRES.",
		Breaks: []string{"SMP-PROXY-ERR-RESPONSE"},
		Cases:  []string{"relay/proxy/error-response"},
		Apply:  brokerCode(smp.BrokerResponse, smp.BrokerUnexpected),
	},
	{
		ID:     "proxy/response-as-network",
		Story:  "An answer of the destination that is no response is taken for a broken connection.",
		Breaks: []string{"SMP-PROXY-ERR-RESPONSE"},
		Cases:  []string{"relay/proxy/error-response"},
		Apply:  brokerCode(smp.BrokerResponse, smp.BrokerNetwork),
	},
	{
		ID:     "proxy/unexpected-as-response",
		Story:  "Another response than RRES is taken for one that cannot be read.",
		Breaks: []string{"SMP-PROXY-ERR-UNEXPECTED"},
		Cases:  []string{"relay/proxy/error-unexpected"},
		Apply:  brokerCode(smp.BrokerUnexpected, smp.BrokerResponse),
	},
	{
		ID:     "proxy/unexpected-as-network",
		Story:  "Another response than RRES is taken for a broken connection.",
		Breaks: []string{"SMP-PROXY-ERR-UNEXPECTED"},
		Cases:  []string{"relay/proxy/error-unexpected"},
		Apply:  brokerCode(smp.BrokerUnexpected, smp.BrokerNetwork),
	},
	timeoutError("network", "A destination that does not answer in time is taken for one that is gone.", smp.BrokerNetwork),
	timeoutError("host", "A destination that does not answer in time is answered like one that must not be connected to.", smp.BrokerHost),
	{
		ID:     "proxy/rres-undecryptable-passed",
		Story:  "RRES that the proxy cannot decrypt is passed on, as the client will notice it.",
		Breaks: []string{"SMP-PROXY-PRES-UNCHANGED", "SMP-PROXY-RRES-NONCE"},
		Cases:  []string{"relay/proxy/error-crypto", "relay/proxy/error-replayed"},
		Apply: hop.Steps{Open: func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
			body, err := hop.Open(sealed, nonce, key)
			if errors.Is(err, box.ErrOpen) {
				return sealed, nil
			}
			return body, err
		}}.Apply,
	},
	{
		ID:     "proxy/rres-of-any-command",
		Story:  "RRES is decrypted with the nonce of any RFWD of the session.",
		Breaks: []string{"SMP-PROXY-RRES-NONCE", "SMP-PROXY-PRES-CORRELATION"},
		Cases:  []string{"relay/proxy/error-replayed"},
		Apply:  rresOfAnyCommand(),
	},
	{
		ID:     "proxy/crypto-as-internal",
		Story:  "A response that cannot be decrypted is taken for a failure of the proxy.",
		Breaks: []string{"SMP-PROXY-RRES-NONCE"},
		Cases:  []string{"relay/proxy/error-crypto", "relay/proxy/error-replayed"},
		Apply:  replaces(smp.ErrCrypto, smp.ErrInternal),
	},
	{
		ID:     "proxy/rres-content-unchecked",
		Story:  "A response whose content ends too early is passed on as an empty one.",
		Breaks: []string{"SMP-PROXY-RRES-CONTENT"},
		Cases:  []string{"relay/proxy/error-content"},
		Apply: hop.Steps{Open: func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
			body, err := hop.Open(sealed, nonce, key)
			if err != nil && !errors.Is(err, box.ErrOpen) {
				return []byte{}, nil
			}
			return body, err
		}}.Apply,
	},
	{
		ID:     "proxy/rres-content-auth",
		Story:  "A response whose content cannot be cut into its fields is answered with AUTH.",
		Breaks: []string{"SMP-PROXY-ERR-RESPONSE"},
		Cases:  []string{"relay/proxy/error-content"},
		Apply:  brokerResponseAs(smp.ErrAuth),
	},
	{
		ID:     "proxy/lost-answer-empty",
		Story:  "A command whose destination has gone is answered with an empty PRES.",
		Breaks: []string{"SMP-PROXY-PRES-UNCHANGED", "SMP-PROXY-PFWD-CLOSED-SESSION"},
		Cases:  []string{"relay/proxy/error-block", "relay/proxy/dies"},
		Apply: hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
			body, err := next(ctx, d, c)
			if d.Err() != nil {
				return []byte{}, nil
			}
			return body, err
		}),
	},
	{
		ID:     "proxy/error-ends-session",
		Story:  "An error for one command closes the connection to the destination.",
		Breaks: []string{"SMP-PROXY-ERR-SESSION-LIVES"},
		Cases:  []string{"relay/proxy/session-lives"},
		Apply: hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
			body, err := next(ctx, d, c)
			if err != nil {
				_ = d.Close() // which returns nil
			}
			return body, err
		}),
	},
}

// protocolError is a proxy that answers with something else than PROXY PROTOCOL.
func protocolError(id, story string, answer func(*smp.Error) *smp.Error) fault.Fault {
	return fault.Fault{
		ID:     "proxy/protocol-" + id,
		Story:  story,
		Breaks: []string{"SMP-PROXY-ERR-PROTOCOL"},
		Cases:  []string{"relay/proxy/error-protocol"},
		Apply: answering(func(e *smp.Error) *smp.Error {
			if e.Proxy != nil && e.Proxy.Code == smp.ProxyProtocol {
				return answer(e.Proxy.Protocol)
			}
			return e
		}),
	}
}

// timeoutError is a proxy with little patience and another error when it is at its end.
func timeoutError(id, story string, code smp.BrokerCode) fault.Fault {
	return fault.Fault{
		ID:     "proxy/timeout-as-" + id,
		Story:  story,
		Breaks: []string{"SMP-PROXY-ERR-TIMEOUT"},
		Cases:  []string{"relay/proxy/error-timeout"},
		Apply: fault.Together(
			forwarding(func(c *relay.ProxyConfig) { c.CommandTimeout = time.Second }),
			brokerCode(smp.BrokerTimeout, code)),
	}
}

// brokerResponseAs answers with another error than PROXY BROKER RESPONSE.
func brokerResponseAs(by *smp.Error) func(*relay.Config) {
	return answering(func(e *smp.Error) *smp.Error {
		if e.Proxy != nil && e.Proxy.Code == smp.ProxyBroker && e.Proxy.Broker.Code == smp.BrokerResponse {
			return by
		}
		return e
	})
}

// rresOfAnyCommand tries the nonces of all commands.
func rresOfAnyCommand() func(*relay.Config) {
	var mu sync.Mutex
	var nonces []box.Nonce
	return hop.Steps{Open: func(sealed []byte, nonce *box.Nonce, key *box.Key) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		nonces = append(nonces, *nonce)
		body, err := hop.Open(sealed, nonce, key)
		for i := 0; i < len(nonces) && errors.Is(err, box.ErrOpen); i++ {
			body, err = hop.Open(sealed, &nonces[i], key)
		}
		return body, err
	}}.Apply
}
