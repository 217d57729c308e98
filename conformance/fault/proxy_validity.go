package fault

import (
	"context"
	"errors"
	"net"
	"time"

	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// proxyValidityFaults are mistakes with destinations whose certificate is not valid now.
var proxyValidityFaults = []Fault{
	outdated("validity-unchecked", "The fingerprint is the identity of a destination, so the proxy looks at no dates in its certificates.",
		func(_ int, _ keys.Certificate) bool { return true }),
	outdated("not-yet-valid-taken", "The proxy looks only at the end of the validity of a certificate.",
		func(_ int, leaf keys.Certificate) bool { return leaf.NotAfter.After(time.Now()) }),
	outdated("expired-taken", "The proxy looks only at the beginning of the validity of a certificate.",
		func(_ int, leaf keys.Certificate) bool { return leaf.NotBefore.Before(time.Now()) }),
	outdated("outdated-at-second-attempt", "A destination that has failed is asked again with fewer checks, for the sake of old relays.",
		func(failures int, _ keys.Certificate) bool { return failures > 1 }),
	{
		ID:     "proxy/validity-as-auth",
		Story:  "A destination whose certificate has expired is answered as if it had refused the command.",
		Breaks: []string{"SMP-PROXY-DESTINATION-VALIDITY"},
		Cases:  []string{"relay/proxy/validity"},
		Apply: connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
			c, err := next(ctx, r, address, keyHash)
			if errors.Is(err, keys.ErrValidity) {
				err = smp.ErrAuth
			}
			return c, err
		}),
	},
}

// outdated is a proxy that connects to some destinations whose certificate is not valid
// now: takes gets the number of failures with this address, and the certificate.
func outdated(id, story string, takes func(failures int, leaf keys.Certificate) bool) Fault {
	return Fault{
		ID: "proxy/" + id, Story: story,
		Breaks: []string{"SMP-PROXY-DESTINATION-VALIDITY"}, Cases: []string{"relay/proxy/validity"},
		Apply: remembering(func(failures *notes[string, int]) func(*relay.Config) {
			return connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
				c, err := next(ctx, r, address, keyHash)
				if !errors.Is(err, keys.ErrValidity) {
					return c, err
				}
				n := failures.update(address, func(n int) int { return n + 1 })
				return dialOutdated(ctx, address, keyHash, err, func(leaf keys.Certificate) bool { return takes(n, leaf) })
			})
		}),
	}
}

// dialOutdated connects to a destination without a look at dates. It returns the refusal
// for a certificate that takes does not take.
func dialOutdated(ctx context.Context, address string, keyHash []byte, refusal error, takes func(leaf keys.Certificate) bool) (*client.Client, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	secure, err := tlsprobe.Client(ctx, raw, &tlsprobe.Config{ALPN: []string{transport.Protocol}})
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	state := secure.State()
	leaf, err := keys.ParseCertificate(state.PeerCertificates[0])
	if err == nil && !takes(leaf) {
		err = refusal
	}
	if err != nil {
		return nil, errors.Join(err, secure.Close())
	}
	binding := transport.Binding{SessionID: state.ClientFinished, PeerChain: state.PeerCertificates, ALPN: state.ALPN}
	config := transport.ClientConfig{KeyHash: keyHash, Versions: wire.Versions(smp.VersionProxy, smp.MaxVersion), Proxy: true}
	conn, err := transport.ClientHandshake(ctx, secure, binding, config)
	if err != nil {
		return nil, err
	}
	return client.New(conn, client.Config{})
}
