package proxy

import (
	"context"
	"slices"
	"sync"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// unreachedCases are those of destinations that cannot be connected to.
var unreachedCases = []string{"relay/proxy/unreachable", "relay/proxy/ends-at-once", "relay/proxy/no-tls"}

// unreachedFaults are mistakes in what a client is told about a destination with
// which the proxy gets no session.
var unreachedFaults = []fault.Fault{
	unreached("network-as-timeout", "Every failure of the network is taken for silence.", brokerCode(smp.BrokerNetwork, smp.BrokerTimeout)),
	unreached("network-as-host", "A destination that cannot be connected to is answered like one that must not be.", brokerCode(smp.BrokerNetwork, smp.BrokerHost)),
	unreached("network-as-internal", "A destination that cannot be connected to is taken for a failure of the proxy.",
		replaces(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork}), smp.ErrInternal)),
	unreached("network-as-no-session", "A destination that cannot be connected to has no session.",
		replaces(smp.ProxyBrokerError(smp.BrokerError{Code: smp.BrokerNetwork}), smp.ErrProxyNoSession)),
	unreached("failure-unanswered", "PRXY is answered when there is a session, and otherwise never.",
		proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
			answer := next(ctx, s, r)
			if _, failed := answer.(smp.ERR); failed && r.Command.Tag() == "PRXY" {
				return nil
			}
			return answer
		})),
	transportError("version-as-parse", "A destination that is too old is taken for one whose hello cannot be read.",
		"relay/proxy/old", smp.TransportVersion, brokerTransport(smp.TransportHandshakeParse), "SMP-PROXY-DESTINATION-OLD", "SMP-PROXY-ERR-TRANSPORT"),
	transportError("version-as-network", "A destination that is too old is taken for one that cannot be connected to.",
		"relay/proxy/old", smp.TransportVersion, broker(smp.BrokerNetwork), "SMP-PROXY-DESTINATION-OLD", "SMP-PROXY-ERR-TRANSPORT"),
	transportError("parse-as-block", "A hello that cannot be read is taken for a malformed block.",
		"relay/proxy/hello-garbage", smp.TransportHandshakeParse, brokerTransport(smp.TransportBlock), "SMP-PROXY-ERR-TRANSPORT"),
	transportError("parse-as-network", "A hello that cannot be read is taken for a broken connection.",
		"relay/proxy/hello-garbage", smp.TransportHandshakeParse, broker(smp.BrokerNetwork), "SMP-PROXY-ERR-TRANSPORT"),
	transportError("session-as-identity", "A hello with another session is taken for that of another relay.",
		"relay/proxy/hello-other-session", smp.TransportSession, brokerTransport(smp.TransportHandshakeIdentity), "SMP-PROXY-ERR-TRANSPORT"),
	transportError("session-as-no-session", "A hello with another session is answered like PFWD without one.",
		"relay/proxy/hello-other-session", smp.TransportSession, smp.ErrProxyNoSession, "SMP-PROXY-ERR-TRANSPORT"),
	transportError("no-auth-as-bad-auth", "A hello without a key is taken for one with a wrong key.",
		"relay/proxy/hello-without-key", smp.TransportNoAuth, brokerTransport(smp.TransportHandshakeBadAuth), "SMP-PROXY-ERR-TRANSPORT"),
	transportError("no-auth-as-version", "A hello without a key is taken for that of an old relay.",
		"relay/proxy/hello-without-key", smp.TransportNoAuth, brokerTransport(smp.TransportVersion), "SMP-PROXY-ERR-TRANSPORT"),
	transportError("bad-auth-as-no-auth", "A session key that somebody else has signed is taken for none.",
		"relay/proxy/hello-other-signature", smp.TransportHandshakeBadAuth, brokerTransport(smp.TransportNoAuth), "SMP-PROXY-ERR-HANDSHAKE"),
	transportError("bad-auth-as-identity", "A session key that somebody else has signed is taken for that of another relay.",
		"relay/proxy/hello-other-signature", smp.TransportHandshakeBadAuth, brokerTransport(smp.TransportHandshakeIdentity), "SMP-PROXY-ERR-HANDSHAKE"),
	{
		ID:     "proxy/host-as-no-session",
		Story:  "A destination that must not be connected to has no session.",
		Breaks: []string{"SMP-PROXY-DESTINATION-HOST"},
		Cases:  []string{"relay/proxy/host"},
		Apply:  replaces(broker(smp.BrokerHost), smp.ErrProxyNoSession),
	},
	{
		ID:     "proxy/host-as-password",
		Story:  "A destination that must not be connected to is refused like a client without the password.",
		Breaks: []string{"SMP-PROXY-DESTINATION-HOST"},
		Cases:  []string{"relay/proxy/host"},
		Apply:  replaces(broker(smp.BrokerHost), smp.ErrProxyBasicAuth),
	},
	{
		ID:     "proxy/first-host-alone",
		Story:  "Only the first host of PRXY is looked at.",
		Breaks: []string{"SMP-PROXY-DESTINATION-HOST"},
		Cases:  []string{"relay/proxy/host"},
		Apply:  hosts(func(all []string) []string { return all[:1] }),
	},
	{
		ID:     "proxy/last-host-alone",
		Story:  "Only the last host of PRXY is looked at.",
		Breaks: []string{"SMP-PROXY-DESTINATION-HOST"},
		Cases:  []string{"relay/proxy/host"},
		Apply:  hosts(func(all []string) []string { return all[len(all)-1:] }),
	},
	{
		ID:     "proxy/silence-as-host",
		Story:  "A destination that is silent is answered like one that must not be connected to.",
		Breaks: []string{"SMP-PROXY-DESTINATION-GONE"},
		Cases:  []string{"relay/proxy/silent-hello"},
		Apply: fault.Together(
			forwarding(func(c *relay.ProxyConfig) { c.ConnectTimeout = time.Second }),
			brokerCode(smp.BrokerTimeout, smp.BrokerHost)),
	},
	{
		ID:     "proxy/retry-half-entered",
		Story:  "A destination that is reached at the second attempt is not entered among the sessions.",
		Breaks: []string{"SMP-PROXY-DESTINATION-RETRY"},
		Cases:  []string{"relay/proxy/retried"},
		Apply:  retryHalfEntered(),
	},
}

// unreached is a mistake in the answer about destinations that cannot be connected to.
func unreached(id, story string, apply func(*relay.Config)) fault.Fault {
	return fault.Fault{ID: "proxy/" + id, Story: story, Breaks: []string{"SMP-PROXY-DESTINATION-GONE"}, Cases: unreachedCases, Apply: apply}
}

// transportError is a proxy with another answer in the place of PROXY BROKER TRANSPORT.
func transportError(id, story, noticing string, old smp.TransportError, by *smp.Error, breaks ...string) fault.Fault {
	return fault.Fault{
		ID: "proxy/" + id, Story: story, Breaks: breaks, Cases: []string{noticing},
		Apply: replaces(brokerTransport(old), by),
	}
}

// hosts changes the hosts of PRXY.
func hosts(change func([]string) []string) func(*relay.Config) {
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		if c, ok := r.Command.(smp.PRXY); ok {
			c.Server.Hosts = change(slices.Clone(c.Server.Hosts))
			r.Command = c
		}
		return next(ctx, s, r)
	})
}

// retryHalfEntered knows no session of destinations that could not be reached before.
func retryHalfEntered() func(*relay.Config) {
	var mu sync.Mutex
	failed, unknown := make(map[string]bool), make(map[string]bool)
	return proxies(func(ctx context.Context, s *relay.Session, r *relay.Request, next proxy) smp.Response {
		mu.Lock()
		lost := unknown[string(r.Transmission.EntityID)]
		mu.Unlock()
		if lost {
			return smp.ERR{Err: smp.ErrProxyNoSession}
		}
		answer := next(ctx, s, r)
		c, ok := r.Command.(smp.PRXY)
		if !ok {
			return answer
		}
		mu.Lock()
		defer mu.Unlock()
		switch a := answer.(type) {
		case smp.ERR:
			failed[destinationOf(c)] = true
		case smp.PKEY:
			unknown[string(a.SessionID)] = failed[destinationOf(c)]
		}
		return answer
	})
}
