package proxy

import (
	"bytes"
	"context"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// sesame is the password of relays that have one.
const sesame = "sesame"

// passwordFaults are mistakes in who may use the proxy.
var passwordFaults = []fault.Fault{
	{
		ID:     "proxy/password-ignored",
		Story:  "The password guards new queues alone, and PRXY is served without.",
		Breaks: []string{"SMP-PROXY-PASSWORD", "SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password", "relay/proxy/password-wrong"},
		Apply:  passwords(func(smp.PRXY) bool { return true }),
	},
	{
		ID:     "proxy/password-given",
		Story:  "Any password opens a session, and only its absence is noticed.",
		Breaks: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password-wrong"},
		Apply:  passwords(func(c smp.PRXY) bool { return c.Password != nil }),
	},
	{
		ID:     "proxy/password-prefix",
		Story:  "The password is compared over the length of the one that was sent.",
		Breaks: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password-wrong"},
		Apply: passwords(func(c smp.PRXY) bool {
			return len(c.Password) > 0 && bytes.HasPrefix([]byte(sesame), c.Password)
		}),
	},
	{
		ID:     "proxy/password-checked-late",
		Story:  "The password is compared when the destination has been connected to.",
		Breaks: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password-wrong"},
		Apply: fault.Together(withProxyPassword, proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			c, ok := r.Command.(smp.PRXY)
			if !ok || string(c.Password) == sesame {
				return next(ctx, s, r)
			}
			c.Password = smp.Password(sesame)
			r.Command = c
			next(ctx, s, r)
			return smp.ERR{Err: smp.ErrProxyBasicAuth}
		})),
	},
	{
		ID:     "proxy/password-auth",
		Story:  "A wrong password in PRXY is answered as in NEW.",
		Breaks: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password-wrong"},
		Apply:  fault.Together(withProxyPassword, replaces(smp.ErrProxyBasicAuth, smp.ErrAuth)),
	},
	{
		ID:     "proxy/password-no-session",
		Story:  "PRXY with a wrong password is answered with the error of PFWD without a session.",
		Breaks: []string{"SMP-PROXY-PASSWORD-WRONG"},
		Cases:  []string{"relay/proxy/password-wrong"},
		Apply:  fault.Together(withProxyPassword, replaces(smp.ErrProxyBasicAuth, smp.ErrProxyNoSession)),
	},
	disabled("no-session", "PRXY and PFWD get one answer while forwarding is off.", map[string]*smp.Error{"PRXY": smp.ErrProxyNoSession}),
	disabled("basic-auth", "PFWD is refused like PRXY while forwarding is off.", map[string]*smp.Error{"PFWD": smp.ErrProxyBasicAuth}),
	disabled("unknown", "A relay that does not forward does not know the commands of the proxy.", map[string]*smp.Error{
		"PRXY": smp.ErrCmdUnknown, "PFWD": smp.ErrCmdUnknown,
	}),
	disabled("auth", "Forwarding that is off is taken for a missing right.", map[string]*smp.Error{
		"PRXY": smp.ErrAuth, "PFWD": smp.ErrAuth,
	}),
}

func withProxyPassword(c *relay.Config) { c.Password = smp.Password(sesame) }

// passwords are relays with a password that serve a PRXY with another one too.
func passwords(enough func(smp.PRXY) bool) func(*relay.Config) {
	return fault.Together(withProxyPassword, proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		if c, ok := r.Command.(smp.PRXY); ok && enough(c) {
			c.Password = smp.Password(sesame)
			r.Command = c
		}
		return next(ctx, s, r)
	}))
}

// disabled is a relay that forwards for nobody and answers so.
func disabled(id, story string, answers map[string]*smp.Error) fault.Fault {
	return fault.Fault{
		ID:     "proxy/disabled-" + id,
		Story:  story,
		Breaks: []string{"SMP-PROXY-DISABLED"},
		Cases:  []string{"relay/proxy/disabled"},
		Apply: fault.Together(func(c *relay.Config) { c.Proxy = nil }, fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := slices.Clone(next(s, r))
			if e := answers[r.Command.Tag()]; e != nil && len(outs) == 1 {
				outs[0].Response = smp.ERR{Err: e}
			}
			return outs
		})),
	}
}
