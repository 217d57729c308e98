package fault

import (
	"context"
	"slices"

	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

type (
	proxy   = func(context.Context, *relay.Session, *relay.Request) smp.Response
	connect = func(context.Context, *relay.Relay, string, []byte) (*client.Client, error)
	forward = func(context.Context, *client.Client, smp.ForwardedCommand) ([]byte, error)
)

// proxies replaces the stage Proxy; next is what it was.
func proxies(f func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Proxy
		st.Proxy = func(ctx context.Context, s *relay.Session, r *relay.Request) smp.Response { return f(ctx, s, r, next) }
	})
}

// forwards replaces the stage Forward; next is what it was.
func forwards(f func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next forward) ([]byte, error)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Forward
		st.Forward = func(ctx context.Context, d *client.Client, c smp.ForwardedCommand) ([]byte, error) {
			return f(ctx, d, c, next)
		}
	})
}

// connects replaces the stage Connect; next is what it was.
func connects(f func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Connect
		st.Connect = func(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*client.Client, error) {
			return f(ctx, r, address, keyHash, next)
		}
	})
}

// both makes two changes of one configuration.
func both(changes ...func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) {
		for _, change := range changes {
			change(c)
		}
	}
}

// proxyConfig changes how the relay forwards.
func proxyConfig(change func(*relay.ProxyConfig)) func(*relay.Config) {
	return func(c *relay.Config) {
		own := *c.Proxy
		change(&own)
		c.Proxy = &own
	}
}

// decodes changes requests after the stage Decode.
func decodes(change func(s *relay.Session, r *relay.Request)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := next(s, content)
			for i := range requests {
				change(s, &requests[i])
			}
			return requests
		}
	})
}

// withCredentials takes a command in spite of the authorization or entity id that it
// must not have.
func withCredentials(tag string) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
		if r.Err == nil || !r.Err.Equal(smp.ErrCmdHasAuth) {
			return
		}
		if c, err := smp.DecodeCommand(s.Version(), r.Transmission.Command); err == nil && c.Tag() == tag {
			r.Command, r.Err = c, nil
		}
	})
}

// parsesAs refuses commands with CMD SYNTAX whose parameters cannot be read as read does.
func parsesAs(tag string, read func(*wire.Reader)) func(*relay.Config) {
	return decodes(func(_ *relay.Session, r *relay.Request) {
		if r.Err != nil || r.Command.Tag() != tag {
			return
		}
		parameters := wire.NewReader(r.Transmission.Command)
		parameters.Literal(tag + " ")
		read(parameters)
		if parameters.Close() != nil {
			r.Command, r.Err = nil, smp.ErrCmdSyntax
		}
	})
}

// sendsChanged changes transmissions on their way to a client.
func sendsChanged(change func(s *relay.Session, t *smp.Transmission)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Encode
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			contents, err := next(s, outs)
			for i := 0; i < len(contents) && err == nil; i++ {
				contents[i], err = rewrittenBlock(s, contents[i], change)
			}
			return contents, err
		}
	})
}

func rewrittenBlock(s *relay.Session, content []byte, change func(*relay.Session, *smp.Transmission)) ([]byte, error) {
	encoded, err := smp.DecodeBlock(content)
	for i := 0; i < len(encoded) && err == nil; i++ {
		encoded[i], err = changed(s.Version(), encoded[i], func(t *smp.Transmission) { change(s, t) })
	}
	if err != nil {
		return nil, err
	}
	return smp.EncodeBlock(encoded...)
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
