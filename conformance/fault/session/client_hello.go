package session

import (
	"bytes"
	"encoding/binary"
	"io"
	"net"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// clientVersion changes the version in the client's hello, or refuses it.
func clientVersion(change func(uint16) (uint16, error)) func(*relay.Config) {
	return meeting.Steps{Client: clientFields(func(h *clientHello) (err error) {
		h.version, err = change(h.version)
		return err
	})}.Apply

}

// keyHash compares the fingerprint in the client's hello in another way. The relay takes
// it for its own if right says so, and refuses it otherwise.
func keyHash(right func(sent []byte, chain [][]byte) bool) func(*relay.Config) {
	return func(c *relay.Config) {
		chain, own := c.Credentials.Chain, c.Credentials.Fingerprint()
		meeting.Steps{Client: clientFields(func(h *clientHello) error {
			if !right(h.keyHash, chain) {
				return errRefused
			}
			h.keyHash = own[:]
			return nil
		})}.Apply(c)
	}
}

// clientHelloFaults are mistakes in version, fingerprint and what follows the fields.
var clientHelloFaults = []fault.Fault{
	{
		ID:       "handshake/highest-version-alone",
		Story:    "The relay offers old versions and serves the newest one alone.",
		Breaks:   []string{"SMP-HS-VERSION-CHOICE"},
		Cases:    []string{"relay/handshake/version-choice"},
		Versions: wire.Versions(smp.MinVersion, smp.MaxVersion-1),
		Apply: clientVersion(func(v uint16) (uint16, error) {
			if v != smp.MaxVersion {
				return v, errRefused
			}
			return v, nil
		}),
	},
	{
		ID:       "handshake/highest-version-excluded",
		Story:    "The range is checked as if its highest version did not belong to it.",
		Breaks:   []string{"SMP-HS-VERSION-CHOICE"},
		Cases:    []string{"relay/handshake/version-choice"},
		Versions: fault.Since(smp.MaxVersion),
		Apply: clientVersion(func(v uint16) (uint16, error) {
			if v == smp.MaxVersion {
				return v, errRefused
			}
			return v, nil
		}),
	},
	{
		ID:     "handshake/version-capped",
		Story:  "A client with a version that is too new is served at the newest one of the relay.",
		Breaks: []string{"SMP-HS-VERSION-REFUSED"},
		Cases:  []string{"relay/handshake/version-above-refused"},
		Apply:  clientVersion(func(v uint16) (uint16, error) { return min(v, smp.MaxVersion), nil }),
	},
	{
		ID:     "handshake/version-low-byte",
		Story:  "Only the second byte of the version is looked at, since there will never be 256 of them.",
		Breaks: []string{"SMP-HS-VERSION-REFUSED"},
		Cases:  []string{"relay/handshake/version-above-refused"},
		Apply:  clientVersion(func(v uint16) (uint16, error) { return v & 0xff, nil }),
	},
	{
		ID:     "handshake/version-raised",
		Story:  "A client with a version that is too old is served at the oldest one of the relay.",
		Breaks: []string{"SMP-HS-VERSION-REFUSED"},
		Cases:  []string{"relay/handshake/version-below-refused"},
		Apply:  clientVersion(func(v uint16) (uint16, error) { return max(v, smp.MinVersion), nil }),
	},
	{
		ID:     "handshake/key-hash-of-leaf",
		Story:  "The fingerprint of the client is compared with that of the certificate for TLS.",
		Breaks: []string{"SMP-HS-KEY-HASH", "SMP-HS-KEY-HASH-WRONG"},
		Cases:  []string{"relay/handshake/key-hash", "relay/handshake/key-hash-wrong"},
		Apply:  keyHash(func(sent []byte, chain [][]byte) bool { return isFingerprint(sent, chain[0]) }),
	},
	{
		ID:     "handshake/key-hash-of-key",
		Story:  "The fingerprint of the client is compared with the hash of the key of the identity certificate.",
		Breaks: []string{"SMP-HS-KEY-HASH"},
		Cases:  []string{"relay/handshake/key-hash"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			key, err := keys.CertificatePublicKey(chain[1])
			return err == nil && isFingerprint(sent, key.SPKI())
		}),
	},
	{
		ID:     "handshake/key-hash-unchecked",
		Story:  "The fingerprint of the client is read and not compared.",
		Breaks: []string{"SMP-HS-KEY-HASH-WRONG", "SMP-HS-KEY-HASH-EMPTY"},
		Cases:  []string{"relay/handshake/key-hash-wrong", "relay/handshake/key-hash-empty"},
		Apply:  keyHash(func([]byte, [][]byte) bool { return true }),
	},
	{
		ID:     "handshake/key-hash-of-any",
		Story:  "The fingerprint of every certificate of the chain is good.",
		Breaks: []string{"SMP-HS-KEY-HASH-WRONG"},
		Cases:  []string{"relay/handshake/key-hash-wrong"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			return slices.ContainsFunc(chain, func(der []byte) bool { return isFingerprint(sent, der) })
		}),
	},
	{
		ID:     "handshake/key-hash-prefix",
		Story:  "As many bytes of the fingerprint are compared as the client has sent.",
		Breaks: []string{"SMP-HS-KEY-HASH-WRONG", "SMP-HS-KEY-HASH-EMPTY"},
		Cases:  []string{"relay/handshake/key-hash-wrong", "relay/handshake/key-hash-empty"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			own := keys.FingerprintOf(chain[1])
			return bytes.HasPrefix(own[:], sent)
		}),
	},
	{
		ID:     "handshake/key-hash-cut",
		Story:  "Only the first 32 bytes of the fingerprint are compared.",
		Breaks: []string{"SMP-HS-KEY-HASH-WRONG"},
		Cases:  []string{"relay/handshake/key-hash-wrong"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			own := keys.FingerprintOf(chain[1])
			return bytes.HasPrefix(sent, own[:])
		}),
	},
	{
		ID:     "handshake/key-hash-half",
		Story:  "The first 16 bytes of the fingerprint are taken for enough.",
		Breaks: []string{"SMP-HS-KEY-HASH-WRONG"},
		Cases:  []string{"relay/handshake/key-hash-wrong"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			own := keys.FingerprintOf(chain[1])
			return bytes.HasPrefix(sent, own[:16])
		}),
	},
	{
		ID:     "handshake/key-hash-optional",
		Story:  "An empty fingerprint means that the client does not care.",
		Breaks: []string{"SMP-HS-KEY-HASH-EMPTY"},
		Cases:  []string{"relay/handshake/key-hash-empty"},
		Apply: keyHash(func(sent []byte, chain [][]byte) bool {
			return len(sent) == 0 || isFingerprint(sent, chain[1])
		}),
	},
	{
		ID:     "handshake/end-expected",
		Story:  "The parser of the hello demands that it ends after the last field.",
		Breaks: []string{"SMP-HS-IGNORED"},
		Cases:  []string{"relay/handshake/ignored-part"},
		Apply:  endExpected,
	},
	{
		ID:       "handshake/foreign-version-6",
		Story:    "Version 6 is announced and was never tried: what follows the fingerprint has to be a key, and no block is understood.",
		Breaks:   []string{"SMP-HS-IGNORED"},
		Cases:    []string{"relay/handshake/ignored-part"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionAuthenticators-1),
		Apply: fault.Together(endExpected, fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			if s.Version() < smp.VersionAuthenticators {
				return []relay.Request{{Err: smp.ErrBlock}}
			}
			return next(s, content)
		})),
	},
	{
		ID:     "handshake/padding-checked",
		Story:  "A hello whose padding is not made of number signs is taken for a forgery.",
		Breaks: []string{"SMP-HS-PADDING-ANY"},
		Cases:  []string{"relay/handshake/padding-any"},
		Apply: meeting.Steps{Client: func(block []byte) ([]byte, error) {
			content, err := wire.Unpad(block)
			if err == nil && !bytes.Equal(block, meeting.Block(content)) {
				return nil, errRefused
			}
			return block, nil
		}}.Apply,
	},
	{
		ID:     "handshake/second-hello-ignored",
		Story:  "A hello in the place of commands is skipped, since the client may have sent it twice.",
		Breaks: []string{"SMP-HS-ONCE"},
		Cases:  []string{"relay/handshake/second-hello"},
		Apply: func(c *relay.Config) {
			own := c.Credentials.Fingerprint()
			fault.Stages(func(st *relay.Stages) {
				next := st.Read
				st.Read = func(s *relay.Session) ([]byte, error) {
					for {
						content, err := next(s)
						hello, notHello := transport.DecodeClientHello(content)
						if err != nil || notHello != nil || !bytes.Equal(hello.KeyHash, own[:]) {
							return content, err
						}
					}
				}
			})(c)
		},
	},
}

func isFingerprint(sent, of []byte) bool {
	f := keys.FingerprintOf(of)
	return bytes.Equal(sent, f[:])
}

// malformedHelloFaults are mistakes in what the relay makes of a hello that is none.
var malformedHelloFaults = []fault.Fault{
	{
		ID:     "handshake/commands-first",
		Story:  "A first block that is no hello is taken for commands of a client from before there were hellos.",
		Breaks: []string{"SMP-HS-NO-COMMAND-BEFORE"},
		Cases:  []string{"relay/handshake/no-command-before"},
		Apply: func(c *relay.Config) {
			own := c.Credentials.Fingerprint()
			hello, err := transport.ClientHello{Version: smp.VersionAuthenticators, KeyHash: own[:]}.Encode()
			if err != nil {
				return
			}
			meeting.Steps{Client: func(block []byte) ([]byte, error) {
				if isHello(block, own[:]) {
					return block, nil
				}
				return append(meeting.Block(hello), block...), nil
			}}.Apply(c)
		},
	},
	{
		ID:       "handshake/missing-fields-default",
		Story:    "Fields that a hello ends before have their default values.",
		Breaks:   []string{"SMP-HS-MALFORMED"},
		Cases:    []string{"relay/handshake/cut-short"},
		Versions: fault.Since(smp.VersionProxyFlag),
		Apply: meeting.Steps{Client: clientContent(func(content []byte) ([]byte, error) {
			if _, err := transport.DecodeClientHello(content); err == nil {
				return content, nil
			}
			for _, rest := range []string{"0", "F", "F0"} {
				longer := append(bytes.Clone(content), rest...)
				if _, err := transport.DecodeClientHello(longer); err == nil {
					return longer, nil
				}
			}
			return content, nil
		})}.Apply,
	},
	{
		ID:     "handshake/length-capped",
		Story:  "A length that points behind the block is cut to what there is.",
		Breaks: []string{"SMP-HS-MALFORMED"},
		Cases:  []string{"relay/handshake/length-beyond-block"},
		Apply: meeting.Steps{Client: func(block []byte) ([]byte, error) {
			binary.BigEndian.PutUint16(block, min(binary.BigEndian.Uint16(block), transport.MaxPlainContent))
			return block, nil
		}}.Apply,
	},
	{
		ID:     "handshake/malformed-skipped",
		Story:  "A first block that is no hello is skipped, and the relay waits for the next.",
		Breaks: []string{"SMP-HS-MALFORMED", "SMP-HS-NO-COMMAND-BEFORE"},
		Cases: []string{
			"relay/handshake/garbage", "relay/handshake/cut-short", "relay/handshake/length-beyond-block",
			"relay/handshake/no-command-before",
		},
		Apply: skipsMalformed,
	},
}

// isHello reports whether a block holds a hello with the fingerprint.
func isHello(block, keyHash []byte) bool {
	content, err := wire.Unpad(block)
	if err != nil {
		return false
	}
	hello, err := transport.DecodeClientHello(content)
	return err == nil && bytes.Equal(hello.KeyHash, keyHash)
}

// endExpected refuses hellos that go on after their last field.
var endExpected = meeting.Steps{Client: clientContent(func(content []byte) ([]byte, error) {
	if _, ignored, err := transport.ReadClientHello(content); err != nil || len(ignored) > 0 {
		return nil, errRefused
	}
	return content, nil
})}.Apply

// skipsMalformed is a relay that waits for a hello however many other blocks come.
func skipsMalformed(c *relay.Config) {
	own := c.Credentials.Fingerprint()
	meeting.Steps{Stream: func(conn net.Conn) net.Conn {
		return &skipping{Conn: conn, isHello: func(block []byte) bool { return isHello(block, own[:]) }}
	}}.Apply(c)
}

// skipping is a stream of blocks without those before the first hello.
type skipping struct {
	net.Conn
	isHello func(block []byte) bool
	rest    []byte
	met     bool
}

// Read reads what follows the blocks that are no hello.
func (s *skipping) Read(b []byte) (int, error) {
	for !s.met {
		s.rest = make([]byte, transport.BlockSize)
		if _, err := io.ReadFull(s.Conn, s.rest); err != nil {
			return 0, err
		}
		s.met = s.isHello(s.rest)
	}
	if len(s.rest) == 0 {
		return s.Conn.Read(b)
	}
	n := copy(b, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
