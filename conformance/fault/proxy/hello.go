package proxy

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"

	"smpcheck/conformance/fault"
	"smpcheck/reference/client"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// helloFaults are mistakes in connecting to the destination.
var helloFaults = []fault.Fault{
	{
		ID:       "proxy/flag-missing",
		Story:    "The proxy connects to a destination as an ordinary client does.",
		Breaks:   []string{"SMP-PROXY-HELLO-FLAG"},
		Cases:    []string{"relay/proxy/hello-flag"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply:    connection{config: func(c *transport.ClientConfig) { c.Proxy = false }}.apply,
	},
	{
		ID:     "proxy/hello-key-missing",
		Story:  "The proxy sends no session key, since its blocks are not encrypted inside TLS.",
		Breaks: []string{"SMP-PROXY-HELLO-KEY"},
		Cases:  []string{"relay/proxy/hello-key"},
		Apply:  connection{config: func(c *transport.ClientConfig) { c.NoKey = true }}.apply,
	},
	{
		ID:     "proxy/hello-key-kept",
		Story:  "The proxy has one session key for all its connections, which destinations can compare.",
		Breaks: []string{"SMP-PROXY-HELLO-KEY"},
		Cases:  []string{"relay/proxy/hello-key"},
		Apply: func(c *relay.Config) {
			key := fault.NewKey(keys.X25519)
			connection{config: func(c *transport.ClientConfig) { c.Key = key }}.apply(c)
		},
	},
	{
		ID:     "proxy/newest-version",
		Story:  "The proxy takes the newest version in common also with a destination that does not know the proxy flag.",
		Breaks: []string{"SMP-PROXY-HELLO-OLD"},
		Cases:  []string{"relay/proxy/hello-old"},
		Apply:  connection{secure: newestVersion}.apply,
	},
	{
		ID:     "proxy/old-destination",
		Story:  "The proxy connects to relays of every version, also to those before forwarding.",
		Breaks: []string{"SMP-PROXY-DESTINATION-OLD"},
		Cases:  []string{"relay/proxy/old"},
		Apply: connection{config: func(c *transport.ClientConfig) {
			c.Versions = fault.Since(smp.MinVersion)
		}}.apply,
	},
	{
		ID:     "proxy/fingerprint-of-leaf",
		Story:  "The fingerprint in PRXY is compared with that of the leaf instead of the identity.",
		Breaks: []string{"SMP-PROXY-PRXY-FINGERPRINT"},
		Cases:  []string{"relay/proxy/opens"},
		Apply: connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
			c, err := next(ctx, r, address, keyHash)
			if err != nil {
				return nil, err
			}
			if leaf := keys.FingerprintOf(c.Conn().PeerChain()[0]); !bytes.Equal(leaf[:], keyHash) {
				return nil, errors.Join(&keys.FingerprintError{Expected: keyHash, Actual: leaf[:]}, c.Close())
			}
			return c, nil
		}),
	},
	{
		ID:     "proxy/identity-unchecked",
		Story:  "The proxy takes whatever relay answers at the address, since clients verify PKEY themselves.",
		Breaks: []string{"SMP-PROXY-DESTINATION-IDENTITY"},
		Cases:  []string{"relay/proxy/identity"},
		Apply: connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
			c, err := next(ctx, r, address, keyHash)
			if other := new(keys.FingerprintError); errors.As(err, &other) {
				return next(ctx, r, address, other.Actual)
			}
			return c, err
		}),
	},
	{
		ID:     "proxy/identity-as-auth",
		Story:  "A destination with another identity is answered as if it had refused the command.",
		Breaks: []string{"SMP-PROXY-DESTINATION-IDENTITY"},
		Cases:  []string{"relay/proxy/identity"},
		Apply: connects(func(ctx context.Context, r *relay.Relay, address string, keyHash []byte, next connect) (*client.Client, error) {
			c, err := next(ctx, r, address, keyHash)
			if errors.As(err, new(*keys.FingerprintError)) {
				err = smp.ErrAuth
			}
			return c, err
		}),
	},
	{
		ID:     "proxy/hello-session-unchecked",
		Story:  "The proxy does not compare the session identifier in the hello of the destination with that of the connection.",
		Breaks: []string{"SMP-PROXY-ERR-TRANSPORT"},
		Cases:  []string{"relay/proxy/hello-other-session"},
		Apply: connection{secure: func(s *transport.Secure, _ *transport.ClientConfig) (net.Conn, transport.Binding, error) {
			return &blockConn{Secure: s, in: changedHello(func(h *transport.ServerHello) error {
				h.SessionID = s.SessionID()
				return nil
			})}, s.Binding(), nil
		}}.apply,
	},
	{
		ID:     "proxy/signed-key-unchecked",
		Story:  "The proxy uses the session key of a destination without verifying who signed it.",
		Breaks: []string{"SMP-PROXY-ERR-HANDSHAKE"},
		Cases:  []string{"relay/proxy/hello-other-signature"},
		Apply:  connection{secure: signatureUnchecked}.apply,
	},
}

// changedHello changes the hello of a destination, which is its first block.
func changedHello(change func(*transport.ServerHello) error) func([]byte) []byte {
	first := true
	return func(content []byte) []byte {
		if !first {
			return content
		}
		first = false
		hello, err := transport.DecodeServerHello(content)
		if err == nil {
			err = change(&hello)
		}
		if err != nil {
			return content
		}
		changed, err := hello.Encode()
		if err != nil {
			return content
		}
		return changed
	}
}

// newestVersion leaves the limit of proxies out for destinations without the flag.
func newestVersion(s *transport.Secure, c *transport.ClientConfig) (net.Conn, transport.Binding, error) {
	below, hello, err := readHello(s)
	c.Proxy = hello.Versions.Max >= smp.VersionProxyFlag
	return below, s.Binding(), err
}

// readHello reads the hello of a destination, which is then read from the connection
// again.
func readHello(s *transport.Secure) (*blockConn, transport.ServerHello, error) {
	block := make([]byte, transport.BlockSize)
	if _, err := io.ReadFull(s, block); err != nil {
		return nil, transport.ServerHello{}, err
	}
	content, err := wire.Unpad(block)
	if err != nil {
		return nil, transport.ServerHello{}, err
	}
	hello, err := transport.DecodeServerHello(content)
	return &blockConn{Secure: s, unread: block}, hello, err
}

// signatureUnchecked puts a signature of the proxy's own in the place of one that does
// not verify, and its own certificate where the signature is verified.
func signatureUnchecked(s *transport.Secure, _ *transport.ClientConfig) (net.Conn, transport.Binding, error) {
	binding := s.Binding()
	below, hello, err := readHello(s)
	if err != nil {
		return nil, binding, err
	}
	leaf, err := keys.CertificatePublicKey(binding.PeerChain[0])
	if err != nil {
		return nil, binding, err
	}
	signed, err := keys.ParseSignedKey(hello.SignedKey)
	if err != nil || signed.Verify(leaf) == nil {
		return below, binding, err
	}
	own, err := keys.NewCredentials(rand.Reader, keys.Ed25519, 2)
	if err != nil {
		return nil, binding, err
	}
	binding.PeerChain = own.Chain
	below.unread, err = resigned(hello, signed, own.Key)
	return below, binding, err
}

// resigned is the block of a hello with another signature of its key.
func resigned(hello transport.ServerHello, signed keys.SignedKey, signer keys.PrivateKey) ([]byte, error) {
	key, err := signed.PublicKey()
	if err != nil {
		return nil, err
	}
	if hello.SignedKey, err = keys.SignKey(key, signer); err != nil {
		return nil, err
	}
	content, err := hello.Encode()
	if err != nil {
		return nil, err
	}
	return wire.Pad(nil, content, transport.BlockSize)
}
