package proxy

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// innerFaults are mistakes in executing what came through a proxy.
var innerFaults = []fault.Fault{
	{
		ID:     "proxy/send-needs-key",
		Story:  "A forwarded SEND has to be authorized, also for a queue that is not secured.",
		Breaks: []string{"SMP-PROXY-INNER-SEND"},
		Cases:  []string{"relay/proxy/send", "relay/proxy/whole"},
		Apply: innerRefused(smp.ErrAuth, func(_ *relay.Session, r *relay.Request) bool {
			return r.Command.Tag() == "SEND" && len(r.Transmission.Authorization) == 0
		}),
	},
	{
		ID:     "proxy/send-flag-lost",
		Story:  "A forwarded message is stored without its flag for notifications.",
		Breaks: []string{"SMP-PROXY-INNER-SEND"},
		Cases:  []string{"relay/proxy/send"},
		Apply: innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if c, ok := r.Command.(smp.SEND); ok {
				c.Notify = false
				r.Command = c
			}
			return next(s, r)
		}),
	},
	{
		ID:     "proxy/send-dropped",
		Story:  "A forwarded SEND is answered before it is stored, and then forgotten.",
		Breaks: []string{"SMP-PROXY-INNER-SEND"},
		Cases:  []string{"relay/proxy/send", "relay/proxy/whole"},
		Apply: innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if r.Command.Tag() != "SEND" {
				return next(s, r)
			}
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:       "proxy/skey-prohibited",
		Story:    "SEND alone may be forwarded, as before version 9.",
		Breaks:   []string{"SMP-PROXY-INNER-SKEY"},
		Cases:    []string{"relay/proxy/skey", "relay/proxy/whole"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    fault.ProhibitsForwarded("SKEY"),
	},
	{
		ID:       "proxy/skey-without-effect",
		Story:    "A forwarded SKEY is answered and the key not stored.",
		Breaks:   []string{"SMP-PROXY-INNER-SKEY"},
		Cases:    []string{"relay/proxy/skey", "relay/proxy/whole"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			if r.Command.Tag() != "SKEY" {
				return next(s, r)
			}
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:       "proxy/links-prohibited",
		Story:    "Links cannot be used through a proxy, since the document does not name their commands there.",
		Breaks:   []string{"SMP-PROXY-INNER-LINKS"},
		Cases:    []string{"relay/proxy/lkey", "relay/proxy/lget", "relay/proxy/whole"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    fault.ProhibitsForwarded("LKEY", "LGET"),
	},
	{
		ID:       "proxy/lkey-without-key",
		Story:    "A forwarded LKEY reads the link and does not secure its queue.",
		Breaks:   []string{"SMP-PROXY-INNER-LINKS"},
		Cases:    []string{"relay/proxy/lkey"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    lkeyWithoutKey,
	},
	{
		ID:       "proxy/link-data-too-large",
		Story:    "The limit of messages is applied to what a forwarded LGET gets.",
		Breaks:   []string{"SMP-PROXY-INNER-LINKS"},
		Cases:    []string{"relay/proxy/lget"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if len(outs) == 1 {
				if encoded, err := smp.EncodeResponse(s.Version(), outs[0].Response); err == nil && len(encoded) > 14000 {
					return fault.Refuse(r, smp.ErrLargeMsg)
				}
			}
			return outs
		}),
	},
	{
		ID:     "proxy/inner-unverified",
		Story:  "Authorizations of forwarded commands are not verified, as the proxy is trusted.",
		Breaks: []string{"SMP-PROXY-INNER-VERIFIED", "SMP-PROXY-INNER-SESSION", "SMP-PROXY-INNER-AUTHENTICATOR"},
		Cases:  []string{"relay/proxy/inner-verified", "relay/proxy/inner-session", "relay/proxy/inner-authenticator"},
		Apply:  innerVerifies(func(_ *relay.Session, _ *relay.Request, key keys.PublicKey) bool { return !key.IsZero() }),
	},
	{
		ID:     "proxy/inner-empty-accepted",
		Story:  "A forwarded SEND without an authorization is taken for one to an unsecured queue.",
		Breaks: []string{"SMP-PROXY-INNER-VERIFIED"},
		Cases:  []string{"relay/proxy/inner-verified"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := next(s, r)
				if s.Forwarded() && r.Queue != nil && r.Command.Tag() == "SEND" && len(r.Transmission.Authorization) == 0 {
					return nil
				}
				return err
			}
		}),
	},
	{
		ID:     "proxy/inner-session-optional",
		Story:  "The authorization of a forwarded command may leave the session out.",
		Breaks: []string{"SMP-PROXY-INNER-SESSION"},
		Cases:  []string{"relay/proxy/inner-session"},
		Apply: innerVerifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			v := smp.Verifier{SessionKey: s.Conn().SessionKey()}
			return v.Verify(&r.Transmission, key)
		}),
	},
	{
		ID:     "proxy/authenticator-unverified",
		Story:  "Authenticators of forwarded commands are not verified, since the key in RFWD is another one.",
		Breaks: []string{"SMP-PROXY-INNER-AUTHENTICATOR"},
		Cases:  []string{"relay/proxy/inner-authenticator"},
		Apply: innerVerifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return key.Algorithm() == keys.X25519 && len(r.Transmission.Authorization) == 80
		}),
	},
	{
		ID:     "proxy/authenticator-refused",
		Story:  "Forwarded commands have to be signed, and authenticators are for direct clients.",
		Breaks: []string{"SMP-PROXY-INNER-AUTHENTICATOR"},
		Cases:  []string{"relay/proxy/inner-authenticator"},
		Apply: innerRefused(smp.ErrAuth, func(_ *relay.Session, r *relay.Request) bool {
			return len(r.Transmission.Authorization) == 80
		}),
	},
	{
		ID:     "proxy/inner-size-of-connection",
		Story:  "The largest forwarded message is judged by the version of the proxy's connection.",
		Breaks: []string{"SMP-PROXY-INNER-SIZE"},
		Cases:  []string{"relay/proxy/inner-size"},
		Apply: innerRefused(smp.ErrLargeMsg, func(s *relay.Session, r *relay.Request) bool {
			c, ok := r.Command.(smp.SEND)
			return ok && len(c.Body) > smp.MaxMessageLength(s.Conn().Version())
		}),
	},
	{
		ID:     "proxy/inner-size-smaller",
		Story:  "A forwarded message is judged by what the proxy has to add to it.",
		Breaks: []string{"SMP-PROXY-INNER-SIZE"},
		Cases:  []string{"relay/proxy/inner-size"},
		Apply: innerRefused(smp.ErrLargeMsg, func(s *relay.Session, r *relay.Request) bool {
			c, ok := r.Command.(smp.SEND)
			return ok && len(c.Body) > smp.MaxMessageLength(s.Version())-64
		}),
	},
	{
		ID:     "proxy/other-unknown",
		Story:  "A command that must not be forwarded is answered like one that does not exist.",
		Breaks: []string{"SMP-PROXY-INNER-OTHER"},
		Cases:  []string{"relay/proxy/other-commands", "relay/proxy/inside-forward"},
		Apply: sealsForward(func(s *relay.Session, f *relay.Forward, content []byte, next sealForward) smp.Response {
			return next(s, f, changedBlock(content, func(encoded [][]byte) ([][]byte, error) {
				one, err := changed(f.Version, encoded[0], func(t *smp.Transmission) {
					if bytes.Equal(t.Command, []byte("ERR CMD PROHIBITED")) {
						t.Command = []byte("ERR CMD UNKNOWN")
					}
				})
				return [][]byte{one}, err
			}))
		}),
	},
	{
		ID:     "proxy/prxy-inside",
		Story:  "PRXY inside is served, so that a client can hide behind two proxies.",
		Breaks: []string{"SMP-PROXY-INNER-OTHER"},
		Cases:  []string{"relay/proxy/inside-forward"},
		Apply: fault.Together(innerCommand("PRXY"), fault.Stages(func(st *relay.Stages) {
			next := st.Execute
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if !s.Forwarded() || r.Command.Tag() != "PRXY" {
					return next(s, r)
				}
				ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
				defer cancel()
				return fault.Reply(r, st.Proxy(ctx, s, r))
			}
		})),
	},
}

// innerCommandFaults are relays that take further commands through a proxy.
func innerCommandFaults() (faults []fault.Fault) {
	for _, tag := range []string{"NEW", "PING", "KEY", "DEL", "OFF", "QUE"} {
		faults = append(faults, fault.Fault{
			ID:     "proxy/" + strings.ToLower(tag) + "-inside",
			Story:  tag + " is executed when it comes through a proxy, as it is authorized like a direct one.",
			Breaks: []string{"SMP-PROXY-INNER-OTHER"},
			Cases:  []string{"relay/proxy/other-commands"},
			Apply:  innerCommand(tag),
		})
	}
	return faults
}

// innerExecutes replaces the stage Execute for what came through a proxy.
func innerExecutes(f func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output) func(*relay.Config) {
	return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		if s.Forwarded() {
			return f(s, r, next)
		}
		return next(s, r)
	})
}

// innerRefused refuses commands that came through a proxy.
func innerRefused(e *smp.Error, refused func(*relay.Session, *relay.Request) bool) func(*relay.Config) {
	return innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		if refused(s, r) {
			return fault.Refuse(r, e)
		}
		return next(s, r)
	})
}

// innerVerifies takes authorizations of forwarded commands besides those that are right.
func innerVerifies(accepts func(*relay.Session, *relay.Request, keys.PublicKey) bool) func(*relay.Config) {
	return fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		return s.Forwarded() && accepts(s, r, key)
	})
}

// innerCommand lets a command through a proxy: it has the look of SEND until the relay
// has seen that it may be forwarded.
func innerCommand(tag string) func(*relay.Config) {
	var hidden sync.Map // of commands, by *relay.Session
	return fault.Stages(func(st *relay.Stages) {
		decode, authorise := st.Decode, st.Authorise
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			if s.Forwarded() && len(requests) == 1 && requests[0].Err == nil && requests[0].Command.Tag() == tag {
				hidden.Store(s, requests[0].Command)
				requests[0].Command = smp.SEND{}
			}
			return requests
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			if c, ok := hidden.LoadAndDelete(s); ok {
				r.Command = c.(smp.Command)
			}
			return authorise(s, r)
		}
	})
}

// lkeyWithoutKey takes the key off again that a forwarded LKEY has set.
func lkeyWithoutKey(c *relay.Config) {
	innerExecutes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if r.Command.Tag() == "LKEY" {
			r.Queue.Change(func(record *relay.Record) { record.SenderKey = keys.PublicKey{} })
		}
		return outs
	})(c)
}
