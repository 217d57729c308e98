package proxy

import (
	"bytes"
	"context"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/hop"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// forwardFaults are mistakes in PFWD and PRES.
var forwardFaults = []fault.Fault{
	{
		ID:     "proxy/version-of-hop",
		Story:  "RFWD has the version of the connection to the destination instead of that in PFWD.",
		Breaks: []string{"SMP-PROXY-RFWD-UNCHANGED"},
		Cases:  []string{"relay/proxy/forwards", "relay/proxy/forwards-anything"},
		Apply: hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
			c.Version = d.Version()
			return next(ctx, d, c)
		}),
	},
	{
		ID:     "proxy/version-checked",
		Story:  "The proxy refuses PFWD with a version that it does not know itself.",
		Breaks: []string{"SMP-PROXY-RFWD-UNCHANGED"},
		Cases:  []string{"relay/proxy/forwards-anything"},
		Apply: refusesPFWD(smp.ErrCmdSyntax, func(c smp.PFWD) bool {
			return !fault.Since(smp.VersionProxy).Contains(c.Version)
		}),
	},
	{
		ID:     "proxy/command-cut",
		Story:  "The proxy passes on as many bytes as a message has, and drops the padding behind.",
		Breaks: []string{"SMP-PROXY-RFWD-UNCHANGED"},
		Cases:  []string{"relay/proxy/forwards", "relay/proxy/forwards-anything"},
		Apply: hop.Forwards(func(ctx context.Context, d *client.Client, c smp.ForwardedCommand, next hop.Forward) ([]byte, error) {
			c.Body = c.Body[:min(len(c.Body), 16000)]
			return next(ctx, d, c)
		}),
	},
	{
		ID:     "proxy/tail-with-length",
		Story:  "The transmission in PFWD is read with a length before it.",
		Breaks: []string{"SMP-PROXY-PFWD-TAIL"},
		Cases:  []string{"relay/proxy/forwards"},
		Apply: fault.ParsesAs("PFWD", func(r *wire.Reader) {
			r.Uint16()
			r.Short()
			r.Large()
		}),
	},
	{
		ID:     "proxy/response-size-checked",
		Story:  "The proxy passes on responses of the usual size alone.",
		Breaks: []string{"SMP-PROXY-PRES-UNCHANGED"},
		Cases:  []string{"relay/proxy/forwards-anything"},
		Apply: proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			answer := next(ctx, s, r)
			if p, ok := answer.(smp.PRES); ok && len(p.Body) != smp.PaddedForwarded+16 {
				return smp.ERR{Err: broker(smp.BrokerResponse)}
			}
			return answer
		}),
	},
	{
		ID:     "proxy/response-with-correlation",
		Story:  "PRES has all of what was decrypted, also the correlation id before the response.",
		Breaks: []string{"SMP-PROXY-PRES-UNCHANGED"},
		Cases:  []string{"relay/proxy/forwards", "relay/proxy/forwards-anything"},
		Apply: changesPRES(func(r *relay.Request, body []byte) []byte {
			id := r.Transmission.CorrelationID
			return slices.Concat([]byte{byte(len(id))}, id, body)
		}),
	},
	{
		ID:     "proxy/response-with-length",
		Story:  "The response in PRES has a length before it.",
		Breaks: []string{"SMP-PROXY-PRES-FORM"},
		Cases:  []string{"relay/proxy/sizes"},
		Apply: changesPRES(func(_ *relay.Request, body []byte) []byte {
			return slices.Concat([]byte{byte(len(body) >> 8), byte(len(body))}, body)
		}),
	},
	{
		ID:     "proxy/response-cut",
		Story:  "A response that does not fit PRES is cut until it does.",
		Breaks: []string{"SMP-PROXY-PRES-UNCHANGED"},
		Cases:  []string{"relay/proxy/error-large"},
		Apply: changesPRES(func(_ *relay.Request, body []byte) []byte {
			return body[:min(len(body), smp.PaddedForwarded+16)]
		}),
	},
	{
		ID:     "proxy/response-too-large-ends",
		Story:  "A response that does not fit PRES ends the connection of the client as a failure of the relay.",
		Breaks: []string{"SMP-PROXY-ERR-SESSION-LIVES"},
		Cases:  []string{"relay/proxy/error-large"},
		Apply: proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			answer := next(ctx, s, r)
			if p, ok := answer.(smp.PRES); ok && len(p.Body) > smp.PaddedForwarded+16 {
				s.Close()
			}
			return answer
		}),
	},
	{
		ID:     "proxy/client-shown",
		Story:  "The proxy adds the address of the client to RFWD, so that the destination can limit it.",
		Breaks: []string{"SMP-PROXY-RFWD-UNCHANGED", "SMP-PROXY-HOPS-SESSION"},
		Cases:  []string{"relay/proxy/forwards", "relay/proxy/hops-session"},
		Apply: proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			if c, ok := r.Command.(smp.PFWD); ok {
				c.Body = append(slices.Clone(c.Body), s.Conn().NetConn().RemoteAddr().String()...)
				r.Command = c
			}
			return next(ctx, s, r)
		}),
	},
	{
		ID:     "proxy/response-without-entity",
		Story:  "PRES and its errors have no entity id, like the other answers of a proxy.",
		Breaks: []string{"SMP-PROXY-PRES-ENTITY"},
		Cases:  []string{"relay/proxy/pres-entity"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if bytes.HasPrefix(t.Command, []byte("PRES ")) || bytes.HasPrefix(t.Command, []byte("ERR PROXY ")) {
				t.EntityID = nil
			}
		}),
	},
	{
		ID:     "proxy/error-without-entity",
		Story:  "An error in the place of PRES has no entity id.",
		Breaks: []string{"SMP-PROXY-PRES-ENTITY"},
		Cases:  []string{"relay/proxy/pres-entity"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if bytes.HasPrefix(t.Command, []byte("ERR PROXY ")) {
				t.EntityID = nil
			}
		}),
	},
	unknownSession("auth", "A session that the proxy does not know is taken for an entity of somebody else.", smp.ErrAuth),
	unknownSession("session", "A session that the proxy does not know is taken for a wrong session of the connection.", smp.ErrSession),
	unknownSession("network", "A session that the proxy does not know is taken for a destination that is gone.", broker(smp.BrokerNetwork)),
	unknownSession("basic-auth", "A session that the proxy does not know is answered like a wrong password.", smp.ErrProxyBasicAuth),
	{
		ID:     "proxy/session-prefix",
		Story:  "A session is found by the first bytes of its identifier.",
		Breaks: []string{"SMP-PROXY-PFWD-UNKNOWN-SESSION"},
		Cases:  []string{"relay/proxy/no-session"},
		Apply:  sessionOfAll(func(known, asked []byte) bool { return len(asked) >= 12 && bytes.HasPrefix(known, asked) }),
	},
	{
		ID:     "proxy/session-any",
		Story:  "A proxy with one destination forwards everything to it, whatever session PFWD names.",
		Breaks: []string{"SMP-PROXY-PFWD-UNKNOWN-SESSION"},
		Cases:  []string{"relay/proxy/no-session"},
		Apply:  sessionOfAll(func(_, _ []byte) bool { return true }),
	},
	{
		ID:     "proxy/no-entity-no-session",
		Story:  "PFWD without an entity id is looked up like any other one and has no session.",
		Breaks: []string{"SMP-PROXY-PFWD-NO-ENTITY"},
		Cases:  []string{"relay/proxy/no-entity"},
		Apply:  malformedPFWD(smp.ErrCmdNoEntity, smp.ErrProxyNoSession),
	},
	{
		ID:     "proxy/no-entity-no-auth",
		Story:  "A missing session in PFWD is answered like a missing authorization.",
		Breaks: []string{"SMP-PROXY-PFWD-NO-ENTITY"},
		Cases:  []string{"relay/proxy/no-entity"},
		Apply:  malformedPFWD(smp.ErrCmdNoEntity, smp.ErrCmdNoAuth),
	},
	{
		ID:     "proxy/pfwd-authorization-ignored",
		Story:  "Nobody looks whether PFWD has an authorization, since it needs none.",
		Breaks: []string{"SMP-PROXY-PFWD-UNSIGNED"},
		Cases:  []string{"relay/proxy/pfwd-unsigned"},
		Apply:  fault.AllowsCredentials("PFWD"),
	},
	{
		ID:     "proxy/pfwd-syntax-block",
		Story:  "PFWD that cannot be read is taken for a malformed block.",
		Breaks: []string{"SMP-PROXY-PFWD-KEY", "SMP-PROXY-PFWD-VERSION"},
		Cases:  []string{"relay/proxy/pfwd-malformed"},
		Apply:  malformedPFWD(smp.ErrCmdSyntax, smp.ErrBlock),
	},
	{
		ID:     "proxy/pfwd-version-missing",
		Story:  "PFWD that ends within its version is taken for one of the lowest version.",
		Breaks: []string{"SMP-PROXY-PFWD-VERSION"},
		Cases:  []string{"relay/proxy/pfwd-malformed"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if len(r.Transmission.Command) < len("PFWD vv") && r.Err != nil {
				malformed(r, smp.ErrCmdSyntax, smp.ErrProxyNoSession)
			}
		}),
	},
	{
		ID:     "proxy/pfwd-key-of-any-kind",
		Story:  "The proxy takes any key in PFWD, since it is the destination that uses it.",
		Breaks: []string{"SMP-PROXY-PFWD-KEY"},
		Cases:  []string{"relay/proxy/pfwd-malformed"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if body, ok := bytes.CutPrefix(r.Transmission.Command, []byte("PFWD ")); ok && r.Err != nil && r.Err.Equal(smp.ErrCmdSyntax) {
				parts := wire.NewReader(body)
				parts.Uint16()
				if _, err := keys.ParsePublic(parts.Short()); err == nil {
					r.Err = smp.ErrProxyNoSession
				}
			}
		}),
	},
}

// refusesPFWD refuses PFWD that is not served.
func refusesPFWD(e *smp.Error, refused func(smp.PFWD) bool) func(*relay.Config) {
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		if c, ok := r.Command.(smp.PFWD); ok && refused(c) {
			return smp.ERR{Err: e}
		}
		return next(ctx, s, r)
	})
}

// changesPRES changes what PFWD is answered with.
func changesPRES(change func(r *relay.Request, body []byte) []byte) func(*relay.Config) {
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		answer := next(ctx, s, r)
		if p, ok := answer.(smp.PRES); ok {
			return smp.PRES{Body: change(r, p.Body)}
		}
		return answer
	})
}

// unknownSession is a relay with another answer to PFWD for a session that is not there.
func unknownSession(id, story string, answer *smp.Error) fault.Fault {
	return fault.Fault{
		ID:     "proxy/no-session-" + id,
		Story:  story,
		Breaks: []string{"SMP-PROXY-PFWD-UNKNOWN-SESSION"},
		Cases:  []string{"relay/proxy/no-session"},
		Apply:  replaces(smp.ErrProxyNoSession, answer),
	}
}

// malformedPFWD replaces the error of PFWD that is wrong in itself.
func malformedPFWD(old, by *smp.Error) func(*relay.Config) {
	return fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) { malformed(r, old, by) })
}

func malformed(r *relay.Request, old, by *smp.Error) {
	if bytes.HasPrefix(r.Transmission.Command, []byte("PFWD")) && r.Err != nil && r.Err.Equal(old) {
		r.Err = by
	}
}
