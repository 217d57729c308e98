package service

import (
	"context"
	"net"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

var refusalFaults = []fault.Fault{{
	ID:       "service/refusal-untold",
	Story:    "A service that is not accepted learns it from the end of its connection.",
	Breaks:   []string{"SMP-SERVICE-ANSWER-ERROR"},
	Cases:    []string{"relay/service/refusal-told"},
	Versions: fault.Since(smp.VersionServiceCounts),
	Apply: fault.Stages(func(st *relay.Stages) {
		st.Handshake = func(ctx context.Context, raw net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
			secure, err := transport.ServerTLS(ctx, raw, config)
			if err != nil {
				return nil, err
			}
			silent := &withoutRefusals{Conn: secure}
			conn, err := transport.ServerHandshake(ctx, silent, secure.Binding(), config)
			silent.over.Store(true)
			return conn, err
		}
	}),
}}

// withoutRefusals is a connection on which the handshake tells no service an error.
type withoutRefusals struct {
	net.Conn
	over atomic.Bool
}

func (c *withoutRefusals) Write(block []byte) (int, error) {
	const prefix = 2 // the length of the content
	if !c.over.Load() && len(block) > prefix && block[prefix] == 'E' {
		return len(block), nil
	}
	return c.Conn.Write(block)
}
