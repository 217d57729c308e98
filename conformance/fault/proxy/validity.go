package proxy

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// validityFaults are mistakes with destinations whose certificates are not signed, not
// valid now, or too few or too many.
var validityFaults = []fault.Fault{
	outdated("validity-unchecked", "The fingerprint is the identity of a destination, so the proxy looks at no dates in its certificates.",
		func(_ int, _ keys.Certificate) bool { return true }),
	outdated("not-yet-valid-taken", "The proxy looks only at the end of the validity of a certificate.",
		func(_ int, leaf keys.Certificate) bool { return leaf.NotAfter.After(time.Now()) }),
	outdated("expired-taken", "The proxy looks only at the beginning of the validity of a certificate.",
		func(_ int, leaf keys.Certificate) bool { return leaf.NotBefore.Before(time.Now()) }),
	outdated("outdated-at-second-attempt", "A destination that has failed is asked again with fewer checks, for the sake of old relays.",
		func(failures int, _ keys.Certificate) bool { return failures > 1 }),
	inSpite("leaf-of-anybody", "The fingerprint of the second certificate is compared, and the signature of the first one is not verified.",
		"SMP-PROXY-DESTINATION-SIGNED", "relay/proxy/identity-stolen", keys.ErrSignature, has),
	inSpite("issuer-by-name", "A certificate that names the identity as its issuer is taken for one that was signed by it.",
		"SMP-PROXY-DESTINATION-SIGNED", "relay/proxy/identity-stolen", keys.ErrSignature,
		func(chain []keys.Certificate, _ []byte) bool { return bytes.Equal(chain[0].Issuer, chain[1].Subject) }),
	inSpite("one-certificate", "A relay without an authority signs its certificate itself, and this is its identity.",
		"SMP-PROXY-DESTINATION-CHAIN", "relay/proxy/chain-length", keys.ErrChainLength,
		func(chain []keys.Certificate, keyHash []byte) bool { return len(chain) == 1 && has(chain, keyHash) }),
	inSpite("five-certificates", "The second certificate is the identity, whatever number of others follows.",
		"SMP-PROXY-DESTINATION-CHAIN", "relay/proxy/chain-length", keys.ErrChainLength,
		func(chain []keys.Certificate, keyHash []byte) bool { return len(chain) > 1 && has(chain[1:2], keyHash) }),
	inSpite("any-of-five", "Any certificate of a chain with the fingerprint makes it that of the destination.",
		"SMP-PROXY-DESTINATION-CHAIN", "relay/proxy/chain-length", keys.ErrChainLength,
		func(chain []keys.Certificate, keyHash []byte) bool { return len(chain) > 4 && has(chain, keyHash) }),
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
func outdated(id, story string, takes func(failures int, leaf keys.Certificate) bool) fault.Fault {
	return fault.Fault{
		ID: "proxy/" + id, Story: story,
		Breaks: []string{"SMP-PROXY-DESTINATION-VALIDITY"}, Cases: []string{"relay/proxy/validity"},
		Apply: fault.Remembering(func(failures *fault.Notes[string, int]) func(*relay.Config) {
			return connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
				c, err := next(ctx, r, address, keyHash)
				if !errors.Is(err, keys.ErrValidity) {
					return c, err
				}
				n := failures.Update(address, func(n int) int { return n + 1 })
				return dialUnchecked(ctx, address, keyHash, func(chain []keys.Certificate) bool { return takes(n, chain[0]) })
			})
		}),
	}
}

// inSpite is a proxy that connects to a destination in spite of one error of its chain, if
// takes does not mind.
func inSpite(id, story, breaks, noticing string, of error, takes func(chain []keys.Certificate, keyHash []byte) bool) fault.Fault {
	return fault.Fault{
		ID: "proxy/" + id, Story: story, Breaks: []string{breaks}, Cases: []string{noticing},
		Apply: connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
			c, err := next(ctx, r, address, keyHash)
			if !errors.Is(err, of) {
				return c, err
			}
			return dialUnchecked(ctx, address, keyHash, func(chain []keys.Certificate) bool { return takes(chain, keyHash) })
		}),
	}
}

// has reports whether one of the certificates has the fingerprint.
func has(chain []keys.Certificate, keyHash []byte) bool {
	return slices.ContainsFunc(chain, func(c keys.Certificate) bool {
		fingerprint := keys.FingerprintOf(c.Raw)
		return bytes.Equal(fingerprint[:], keyHash)
	})
}

// errUntaken: the certificates of a destination are not taken.
var errUntaken = errors.New("certificates that are not taken")

// dialUnchecked connects to a destination whose certificates takes judges alone.
func dialUnchecked(ctx context.Context, address string, keyHash []byte, takes func(chain []keys.Certificate) bool) (*client.Client, error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	secure, err := tlsprobe.Client(ctx, raw, &tlsprobe.Config{ALPN: []string{transport.Protocol}})
	if err != nil {
		return nil, errors.Join(err, raw.Close())
	}
	state := secure.State()
	chain := make([]keys.Certificate, len(state.PeerCertificates))
	for i, der := range state.PeerCertificates {
		if chain[i], err = keys.ParseCertificate(der); err != nil {
			return nil, errors.Join(err, secure.Close())
		}
	}
	if !takes(chain) {
		return nil, errors.Join(errUntaken, secure.Close())
	}
	binding := transport.Binding{SessionID: state.ClientFinished, PeerChain: state.PeerCertificates, ALPN: state.ALPN}
	config := transport.ClientConfig{KeyHash: keyHash, Versions: fault.Since(smp.VersionProxy), Proxy: true}
	below, err := withShortHello(secure, chain[0].Raw, keyHash)
	if err != nil {
		return nil, errors.Join(err, secure.Close())
	}
	conn, err := transport.ClientHandshake(ctx, below, binding, config)
	if err != nil {
		return nil, err
	}
	return client.New(conn, client.Config{})
}

// withShortHello leaves of the chain in a hello, which ClientHandshake looks at too, the leaf
// and the certificate with the fingerprint.
func withShortHello(conn net.Conn, leaf, keyHash []byte) (net.Conn, error) {
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(conn, block); err != nil {
		return nil, err
	}
	shorter := meeting.RelayHello(func(h *transport.ServerHello) {
		for _, der := range h.Chain {
			if fingerprint := keys.FingerprintOf(der); bytes.Equal(fingerprint[:], keyHash) {
				h.Chain = [][]byte{leaf, der}
				return
			}
		}
	})
	return &meeting.Replay{Conn: conn, Head: shorter(block, transport.Binding{})}, nil
}
