package relaycases

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "General transport protocol considerations" and "ALPN to agree handshake
// version": what SMP builds on in a TLS session.
var tlsSessionCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/tls/session-unique",
		Title:        "Two connections have different session identifiers",
		Requirements: []string{"SMP-TLS-SESSION-UNIQUE"},
		Edges:        true,
		Run: func(t *T) {
			seen := map[string]bool{}
			for range connections {
				id := probe.Meet(t).Hello.SessionID
				if len(id) == 0 {
					probe.Blocked(t, "the hello has an empty session identifier")
				}
				if seen[string(id)] {
					t.Failf("another session identifier for each connection", "%x twice", id)
				}
				seen[string(id)] = true
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/forward-secrecy",
		Title:        "The relay's share in the key exchange differs between connections",
		Requirements: []string{"SMP-TLS-FORWARD-SECRECY"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			seen := map[string]bool{}
			for range connections {
				share := requireAccepted(t, func(*tlsprobe.Config) {}).PeerShare
				if seen[string(share)] {
					t.Failf("another share for each connection", "%x twice", share)
				}
				seen[string(share)] = true
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/channel-binding",
		Title:        "The session identifier is the content of a Finished message of TLS",
		Requirements: []string{"SMP-TLS-CHANNEL-BINDING"},
		Edges:        true,
		Run: func(t *T) {
			c := probe.Meet(t)
			id := c.Hello.SessionID
			if len(id) == 0 {
				probe.Blocked(t, "the hello has an empty session identifier")
			}
			state, _ := c.TLSState()
			if !bytes.Equal(id, c.SessionID()) && !bytes.Equal(id, state.ServerFinished) {
				t.Failf("a session identifier that binds to the TLS connection", "%x", id)
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/channel-binding-client",
		Title:        "The session identifier is the client's Finished message: 32 bytes, or 12 in TLS 1.2",
		Requirements: []string{"SMP-TLS-CHANNEL-BINDING-CLIENT"},
		Edges:        true,
		Run: func(t *T) {
			c := probe.Meet(t)
			id := c.Hello.SessionID
			if len(id) == 0 {
				probe.Blocked(t, "the hello has an empty session identifier")
			}
			if !bytes.Equal(id, c.SessionID()) {
				t.Failf(fmt.Sprintf("%x", c.SessionID()), "%x", id)
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/tls/alpn",
		Title:        "The protocol smp/1 is selected, also behind another one",
		Requirements: []string{"SMP-TLS-ALPN"},
		Edges:        true,
		Run: func(t *T) {
			for _, names := range [][]string{{probe.ALPN}, {"smpcheck/0", probe.ALPN}} {
				c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = names })
				if err != nil {
					if _, other := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = nil }); other != nil {
						probe.Blocked(t, "the TLS handshake fails without ALPN too: %v", other)
					}
					t.Fail("the relay selects "+probe.ALPN, err.Error())
				}
				if c.ALPN() != probe.ALPN {
					t.Failf("the relay selects "+probe.ALPN, "%q of %q", c.ALPN(), names)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/alpn-absent",
		Title:        "A client without ALPN is offered version 6 alone",
		Requirements: []string{"SMP-TLS-ALPN-ABSENT"},
		Edges:        true,
		Versions:     wire.Versions(6, 6),
		Run: func(t *T) {
			c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = nil })
			if err != nil {
				probe.Open(t).Close() // a relay that refuses ordinary clients too blocks the case
				t.Fail("the relay accepts a client without ALPN", err.Error())
			}
			if _, unserved := t.Info().Unusable[t.Version()]; unserved {
				probe.Open(t).RequireBlock() // others have to get a hello
			}
			h, err := probe.SplitHello(c.ExpectBlock("a hello for a client without ALPN"))
			if err != nil {
				probe.Blocked(t, "the relay's hello cannot be read: %v", err)
			}
			if h.Versions != wire.Versions(6, 6) {
				t.Fail("versions 6", "versions "+h.Versions.String())
			}
			probe.RequireServed(t)
			c.SendHello(c.ClientHello())
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/alpn-unknown",
		Title:        "A client with unknown ALPN alone is refused or offered version 6",
		Requirements: []string{"SMP-TLS-ALPN-UNKNOWN"},
		Edges:        true,
		Run: func(t *T) {
			c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = []string{"smpcheck/0"} })
			if err != nil {
				return
			}
			if c.ALPN() != "" {
				t.Fail("no protocol, or a refusal", "the relay selects "+c.ALPN())
			}
			if h := c.RequireHelloParts(); h.Versions != wire.Versions(6, 6) {
				t.Fail("versions 6", "versions "+h.Versions.String())
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/no-server-name",
		Title:        "A client without a server name is served",
		Requirements: []string{"SMP-TLS-NO-SNI"},
		Edges:        true,
		Run: func(t *T) {
			expectAnsweredLike(t, "a client without a server name",
				func(o *tlsprobe.Config) { o.ServerName = "" },
				func(o *tlsprobe.Config) { o.ServerName = probe.ServerName(t.Server().Address()) })
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/client-certificate",
		Title:        "A client without a certificate is served",
		Requirements: []string{"SMP-TLS-CLIENT-CERTIFICATE"},
		Edges:        true,
		Run: func(t *T) {
			expectAnsweredLike(t, "a client without a certificate",
				func(o *tlsprobe.Config) { o.Certificate = nil },
				func(o *tlsprobe.Config) { o.Certificate = certificateOfService(t) })
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/client-certificate-request",
		Title:        "The relay requests a client certificate",
		Requirements: []string{"SMP-TLS-CLIENT-CERTIFICATE-REQUEST"},
		Edges:        true,
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			needTLS13(t)
			state := requireAccepted(t, func(*tlsprobe.Config) {})
			if !state.CertificateRequested {
				t.Fail("a CertificateRequest", "none")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/same-answer",
		Title:        "Every connection with the same offer gets the same answer in TLS",
		Requirements: []string{"SMP-TLS-SAME-ANSWER"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			first := requireAccepted(t, func(*tlsprobe.Config) {})
			for range connections - 1 {
				expectSameAnswer(t, first, requireAccepted(t, func(*tlsprobe.Config) {}))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/unknown-ignored",
		Title:        "Unknown values and extensions in the ClientHello are ignored",
		Requirements: []string{"SMP-TLS-UNKNOWN-IGNORED"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			probe.RequireServed(t)
			c, err := probe.OpenOffering(t, grease)
			if err != nil {
				t.Fail("the relay accepts a ClientHello with unknown values", err.Error())
			}
			introduce(c)
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/hello-fragments",
		Title:        "A ClientHello in many records is accepted",
		Requirements: []string{"SMP-TLS-HELLO-FRAGMENTS"},
		Edges:        true,
		Run: func(t *T) {
			needTLS13(t)
			expectAccepted(t, "a ClientHello in records of 32 bytes", func(o *tlsprobe.Config) { o.RecordSize = 32 })
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/single-bytes",
		Title:        "The TLS handshake may arrive byte by byte",
		Requirements: []string{"SMP-TLS-FRAGMENTS"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireServed(t)
			slow := &probe.Trickle{Conn: probe.TCP(t), Slow: 1000, First: func() {
				// While others are met the relay has time to read one byte alone.
				other, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.HandshakeTimeout = t.Timeout(time.Second) })
				if err == nil {
					other.Close()
				}
			}}
			c, err := probe.OpenOver(t, slow, probe.TLSConfig(t))
			if err != nil {
				t.Fail("the relay accepts a handshake that arrives byte by byte", err.Error())
			}
			introduce(c)
			c.ExpectServed()
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/block-fragments",
		Title:        "Blocks may be cut into many records",
		Requirements: []string{"SMP-TLS-FRAGMENTS"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireServed(t)
			c := probe.Meet(t)
			tr := c.Transmission(nil, probe.NoKey, smp.PING{})
			stream := append(c.Block(c.HelloContent(c.ClientHello())), c.Block(c.Content(tr))...)
			for size := 1; len(stream) > 0; size = min(size+60, len(stream)) {
				c.SendBlock(stream[:size])
				stream = stream[size:]
			}
			c.Await("PING", tr).Expect(smp.PONG{})
		},
	}),
	must(conformance.Case{
		ID:           "relay/tls/blocks-together",
		Title:        "A record may hold parts of several blocks",
		Requirements: []string{"SMP-TLS-FRAGMENTS"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireServed(t)
			c := probe.Meet(t)
			c.RequireBlocks()
			stream := c.Block(c.HelloContent(c.ClientHello()))
			var pings []smp.Transmission
			for range 5 {
				tr := c.Transmission(nil, probe.NoKey, smp.PING{})
				stream, pings = append(stream, c.Block(c.Content(tr))...), append(pings, tr)
			}
			const first = 10_000 // so that no record ends with a block
			c.SendBlock(stream[:first])
			c.SendBlock(stream[first:])
			for _, tr := range pings {
				c.Await("PING", tr).Expect(smp.PONG{})
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/garbage",
		Title:        "A peer that does not speak TLS is disconnected, and others are served",
		Requirements: []string{"SMP-TLS-GARBAGE"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireServed(t)
			expectEndAfter(t, "an HTTP request", []byte("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"))
			expectEndAfter(t, "a plain block", append([]byte{0, 35, 0, 6, 32}, t.Rand().Bytes(transport.BlockSize-5)...))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/abandoned",
		Title:        "Clients that leave during the handshakes harm nobody",
		Requirements: []string{"SMP-TLS-ABANDONED"},
		Edges:        true,
		Run: func(t *T) {
			probe.RequireServed(t)
			meet := func() *probe.Conn {
				c, err := probe.OpenOffering(t, func(*tlsprobe.Config) {})
				if err == nil {
					err = c.ReadHello()
				}
				if err != nil {
					t.Fail("the relay meets a new client after clients that left", err.Error())
				}
				return c
			}
			for range 5 {
				probe.TCP(t).Close()
				_, _ = probe.OpenOver(t, &hangingUp{Conn: probe.TCP(t), left: 100}, probe.TLSConfig(t))
				meet().Close()
				c := meet()
				c.SendBlock(c.Block(c.HelloContent(c.ClientHello()))[:1000])
				c.Close()
			}
			probe.ExpectOthersServed(t, "clients that left")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/tls/close-notify",
		Title:        "A client that ends TLS is disconnected",
		Requirements: []string{"SMP-TLS-CLOSE"},
		Edges:        true,
		Run: func(t *T) {
			c := probe.Dial(t)
			c.Ping()
			c.CloseWrite()
			c.ExpectClosed("close_notify")
		},
	}),
}

// connections is how many of them are compared where something has to be fresh in each,
// or the same in all.
const connections = 4

// endTime is how long a relay may take to end a connection, at time scale 1.
const endTime = 4 * time.Second

// expectEndAfter fails the case unless the relay ends a connection that starts
// with text in the place of TLS, and serves others.
func expectEndAfter(t *T, what string, text []byte) {
	conn := probe.TCP(t)
	conn.SetDeadline(time.Now().Add(t.Timeout(endTime)))
	if _, err := conn.Write(text); err != nil {
		t.Record(conformance.Note, "writing: "+err.Error(), nil)
	}
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Failf("the relay closes the connection after "+what, "it is open after %v", t.Timeout(endTime))
	}
	probe.ExpectOthersServed(t, what+" in the place of TLS")
}

// introduce reads the relay's hello and sends that of an ordinary client without
// a key. A hello that cannot be read blocks the case.
func introduce(c *probe.Conn) {
	c.RequireHelloParts()
	c.SendHello(c.ClientHello())
}

// grease adds values that the registries of TLS reserve for it (RFC 8701), and
// extensions that a relay has no use for.
func grease(o *tlsprobe.Config) {
	o.SupportedVersions = []tlsprobe.Version{0x2a2a, tlsprobe.TLS13}
	o.CipherSuites = []tlsprobe.CipherSuite{0x0a0a, tlsprobe.ChaCha20Poly1305SHA256}
	o.Groups = []tlsprobe.Group{0x1a1a, tlsprobe.X25519, tlsprobe.X448}
	o.SignatureSchemes = []tlsprobe.SignatureScheme{0x3a3a, tlsprobe.Ed25519, tlsprobe.Ed448}
	o.ALPN = []string{"\x4a\x4a", probe.ALPN}
	o.ExtraExtensions = []tlsprobe.Extension{{Type: 0x5a5a}, {Type: 0x6a6a, Data: []byte{0}}, {Type: 0xffce, Data: []byte("smpcheck")}}
}

// hangingUp is a stream that closes after some bytes were written.
type hangingUp struct {
	net.Conn
	left int
}

// Write sends b, or what is left of it before the end.
func (h *hangingUp) Write(b []byte) (int, error) {
	if len(b) < h.left {
		h.left -= len(b)
		return h.Conn.Write(b)
	}
	n, err := h.Conn.Write(b[:h.left])
	return n, errors.Join(err, h.Close(), net.ErrClosed)
}
