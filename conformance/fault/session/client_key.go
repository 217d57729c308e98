package session

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// clientFrom changes what follows the fingerprint in hellos of a version and later ones.
func clientFrom(version uint16, change func(h *clientHello) error) func(*relay.Config) {
	return meeting.Steps{Client: clientFields(func(h *clientHello) error {
		if h.version < version {
			return nil
		}
		return change(h)
	})}.Apply

}

// clientKey returns the key in the place of the client's, whatever it is, and what
// follows it: no key and everything if there is no short string.
func clientKey(rest []byte) (key, after []byte) {
	r := wire.NewReader(rest)
	key = r.Short()
	if r.Err() != nil {
		return nil, rest
	}
	return key, r.Rest()
}

// isX25519 reports whether der is a key that a client can send.
func isX25519(der []byte) bool {
	key, err := keys.ParsePublic(der)
	return err == nil && key.Algorithm() == keys.X25519
}

var clientKeyFaults = []fault.Fault{
	{
		ID:       "handshake/client-key-required",
		Story:    "From version 7 every client has to send a key.",
		Breaks:   []string{"SMP-HS-CLIENT-KEY-OPTIONAL"},
		Cases:    []string{"relay/handshake/client-key-absent"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: clientFrom(smp.VersionAuthenticators, func(h *clientHello) error {
			if key, _ := clientKey(h.rest); !isX25519(key) {
				return errRefused
			}
			return nil
		}),
	},
	{
		ID:       "handshake/client-key-refused",
		Story:    "The key of the client is expected as 32 bytes, and what official clients send is refused.",
		Breaks:   []string{"SMP-HS-CLIENT-KEY"},
		Cases:    []string{"relay/handshake/client-key"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: clientFrom(smp.VersionAuthenticators, func(h *clientHello) error {
			if key, _ := clientKey(h.rest); isX25519(key) {
				return errRefused
			}
			return nil
		}),
	},
	{
		ID:       "handshake/other-key-refused",
		Story:    "A key of another kind ends the connection of a client that could do without.",
		Breaks:   []string{"SMP-HS-CLIENT-KEY-OTHER"},
		Cases:    []string{"relay/handshake/client-key-other-kind"},
		Versions: wire.Versions(smp.VersionAuthenticators, smp.VersionBlocked),
		Apply: clientFrom(smp.VersionAuthenticators, func(h *clientHello) error {
			if key, _ := clientKey(h.rest); len(key) > 0 && !isX25519(key) {
				return errRefused
			}
			return nil
		}),
	},
	{
		ID:       "handshake/other-key-skipped",
		Story:    "A key of another kind is skipped, and the proxy flag is read after it.",
		Breaks:   []string{"SMP-HS-MALFORMED"},
		Cases:    []string{"relay/handshake/client-key-other-kind-refused"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: clientFrom(smp.VersionProxyFlag, func(h *clientHello) error {
			if key, after := clientKey(h.rest); !isX25519(key) && len(after) > 0 {
				h.rest = after
			}
			return nil
		}),
	},
	{
		ID:       "handshake/client-key-unused",
		Story:    "The key of the client is read and blocks stay plain.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION"},
		Cases:    []string{"relay/handshake/encryption"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply: clientFrom(smp.VersionBlockEncryption, func(h *clientHello) error {
			if key, after := clientKey(h.rest); isX25519(key) {
				h.rest = after
			}
			return nil
		}),
	},
	{
		ID:       "handshake/encryption-early",
		Story:    "Blocks are encrypted as soon as both hellos have a key, which is from version 7 on.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-LATER"},
		Cases:    []string{"relay/handshake/encryption-later"},
		Versions: wire.Versions(smp.VersionAuthenticators, smp.VersionBlockEncryption-1),
		Apply: framing.Steps{Agree: func(c *transport.Conn) (sending, receiving *box.Chain, err error) {
			if c.Secret() != nil && !c.Proxy() {
				return framing.Chains(c)
			}
			return framing.Agreed(c)
		}}.Apply,
	},
	{
		ID:       "handshake/plain-block-accepted",
		Story:    "A block that does not decrypt is taken for one of a client that does not encrypt.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-FORGED"},
		Cases:    []string{"relay/handshake/encryption-plain-block"},
		Versions: fault.Since(smp.VersionBlockEncryption),
		Apply:    readsPlain,
	},
	{
		ID:       "handshake/proxy-flag-ignored",
		Story:    "The proxy flag is read and blocks are encrypted for a proxy as for others.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-PROXY"},
		Cases:    []string{"relay/handshake/proxy-flag"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: proxyFlag(func(flag byte) (byte, error) {
			if flag == 'T' {
				return 'F', nil
			}
			return flag, nil
		}),
	},
	{
		ID:       "handshake/proxy-refused",
		Story:    "Proxies are refused, since this relay does not want to be a destination.",
		Breaks:   []string{"SMP-HS-PROXY-FLAG"},
		Cases:    []string{"relay/handshake/proxy-flag"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: proxyFlag(func(flag byte) (byte, error) {
			if flag == 'T' {
				return flag, errRefused
			}
			return flag, nil
		}),
	},
	{
		ID:       "handshake/proxy-flag-early",
		Story:    "The proxy flag is expected from the version on that encrypts blocks.",
		Breaks:   []string{"SMP-HS-VERSION-CHOICE"},
		Cases:    []string{"relay/handshake/version-choice"},
		Versions: wire.Versions(smp.VersionBlockEncryption, smp.VersionProxyFlag-1),
		Apply: clientFrom(smp.VersionBlockEncryption, func(h *clientHello) error {
			return needsBytes(h, 1)
		}),
	},
	{
		ID:       "handshake/proxy-flag-late",
		Story:    "The proxy flag is read from version 15 on.",
		Breaks:   []string{"SMP-BLOCK-ENCRYPTION-PROXY"},
		Cases:    []string{"relay/handshake/proxy-flag"},
		Versions: wire.Versions(smp.VersionProxyFlag, smp.VersionProxyFlag),
		Apply: clientFrom(smp.VersionProxyFlag, func(h *clientHello) error {
			if key, after := clientKey(h.rest); h.version == smp.VersionProxyFlag && isX25519(key) && len(after) > 0 {
				after[0] = 'F'
			}
			return nil
		}),
	},
	{
		ID:       "handshake/proxy-flag-lenient",
		Story:    "Every byte but T means that the client is no proxy.",
		Breaks:   []string{"SMP-HS-MALFORMED"},
		Cases:    []string{"relay/handshake/proxy-flag-malformed"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: proxyFlag(func(flag byte) (byte, error) {
			if flag != 'T' {
				return 'F', nil
			}
			return flag, nil
		}),
	},
}

// needsBytes refuses a hello with less than n bytes after the key.
func needsBytes(h *clientHello, n int) error {
	key, after := clientKey(h.rest)
	if !isX25519(key) {
		after = h.rest
	}
	if len(after) < n {
		return errRefused
	}
	return nil
}

// proxyFlag changes the proxy flag of clients.
func proxyFlag(change func(byte) (byte, error)) func(*relay.Config) {
	return clientFrom(smp.VersionProxyFlag, func(h *clientHello) (err error) {
		key, after := clientKey(h.rest)
		if !isX25519(key) {
			after = h.rest
		}
		if len(after) > 0 {
			after[0], err = change(after[0])
		}
		return err
	})
}

// readsPlain opens blocks by itself, and takes those that do not decrypt as they are.
func readsPlain(c *relay.Config) {
	var mu sync.Mutex
	openers := make(map[*relay.Session]*transport.BlockOpener)
	opener := func(s *relay.Session) (*transport.BlockOpener, error) {
		mu.Lock()
		defer mu.Unlock()
		if openers[s] == nil {
			openers[s] = new(transport.BlockOpener)
			if s.Conn().Encrypted() {
				_, o, err := transport.ServerBlocks(s.Conn().Secret(), s.Conn().SessionID())
				if err != nil {
					return nil, err
				}
				openers[s] = &o
			}
		}
		return openers[s], nil
	}
	fault.Stages(func(st *relay.Stages) {
		st.Read = func(s *relay.Session) ([]byte, error) {
			o, err := opener(s)
			if err != nil {
				return nil, err
			}
			block := make([]byte, transport.BlockSize)
			if _, err := io.ReadFull(s.Conn().NetConn(), block); err != nil {
				mu.Lock()
				defer mu.Unlock()
				delete(openers, s)
				return nil, err
			}
			if content, err := o.Open(bytes.Clone(block)); err == nil {
				return content, nil
			}
			content, err := wire.Unpad(block)
			return slices.Clone(content), err
		}
	})(c)
}
