package proxy

import (
	"context"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

type (
	proxy   = func(context.Context, *relay.Session, *relay.Request) smp.Response
	connect = func(context.Context, *relay.Relay, string, []byte) (*client.Client, error)
)

// proxies replaces the stage Proxy; next is what it was.
func proxies(f func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Proxy
		st.Proxy = func(ctx context.Context, s *relay.Session, r *relay.Request) smp.Response { return f(ctx, s, r, next) }
	})
}

// connects replaces the stage Connect; next is what it was.
func connects(f func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error)) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Connect
		st.Connect = func(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*client.Client, error) {
			return f(ctx, r, address, keyHash, next)
		}
	})
}

// forwarding changes how the relay forwards.
func forwarding(change func(*relay.ProxyConfig)) func(*relay.Config) {
	return func(c *relay.Config) {
		own := *c.Proxy
		change(&own)
		c.Proxy = &own
	}
}

// changed is an encoded transmission after a change.
func changed(version uint16, encoded []byte, change func(*smp.Transmission)) ([]byte, error) {
	t, err := smp.DecodeTransmission(version, slices.Clone(encoded))
	if err != nil {
		return nil, err
	}
	change(&t)
	return t.Encode(version)
}

// answering changes the errors that PRXY and PFWD are answered with.
func answering(change func(*smp.Error) *smp.Error) func(*relay.Config) {
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		answer := next(ctx, s, r)
		if e, ok := answer.(smp.ERR); ok {
			return smp.ERR{Err: change(e.Err)}
		}
		return answer
	})
}

// replaces replaces one error of PRXY and PFWD by another.
func replaces(old, by *smp.Error) func(*relay.Config) {
	return answering(func(e *smp.Error) *smp.Error {
		if e.Equal(old) {
			return by
		}
		return e
	})
}

// broker is the error PROXY BROKER with a code alone.
func broker(code smp.BrokerCode) *smp.Error {
	return smp.ProxyBrokerError(smp.BrokerError{Code: code})
}

// brokerTransport is the error PROXY BROKER TRANSPORT.
func brokerTransport(e smp.TransportError) *smp.Error {
	return smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerTransport, Transport: e})
}

// brokerCode replaces one code of PROXY BROKER by another.
func brokerCode(old, by smp.BrokerCode) func(*relay.Config) {
	return answering(func(e *smp.Error) *smp.Error {
		if e.Proxy == nil || e.Proxy.Code != smp.ProxyBroker || e.Proxy.Broker.Code != old {
			return e
		}
		return smp.ProxyBrokerError(smp.BrokerError{Code: by, Text: e.Proxy.Broker.Text})
	})
}
