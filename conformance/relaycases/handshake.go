package relaycases

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/conformance/tlsprobe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "Transport handshake": what the relay says.
var serverHelloCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/handshake/relay-first",
		Title:        "The relay sends a block of 16384 bytes first",
		Requirements: []string{"SMP-HS-SERVER-FIRST"},
		Run: func(t *T) {
			_, err := probe.Open(t).ReadBlock(endTime)
			var alert *tlsprobe.AlertError // a client of TLS 1.3 may learn late that it is refused
			if errors.As(err, &alert) {
				probe.Blocked(t, "the relay ended TLS: %v", alert)
			}
			if err != nil {
				t.Fail("the hello of the relay before that of the client", err.Error())
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/block",
		Title:        "The hello is one padded block, and nothing else precedes that of the client",
		Requirements: []string{"SMP-HS-BLOCK"},
		Run: func(t *T) {
			c := probe.Open(t)
			if _, err := wire.Unpad(c.RequireBlock()); err != nil {
				t.Fail("a length that fits the block", err.Error())
			}
			c.SendHello(c.ClientHello())
			ping := c.Transmission(nil, probe.NoKey, smp.PING{})
			c.Send(ping)
			second := c.RequireBlock()
			if content, err := wire.Unpad(second); err != nil || !bytes.Contains(content, ping.CorrelationID) && !bytes.HasSuffix(content, pong) {
				t.Fail("the answer to the first command as second block", "another block")
			}
		},
	}),
	should(conformance.Case{
		ID:           "relay/handshake/padding",
		Title:        "The hello is padded with number signs",
		Requirements: []string{"SMP-HS-PADDING"},
		Run: func(t *T) {
			block := probe.Open(t).RequireBlock()
			content, err := wire.Unpad(block)
			if err != nil {
				probe.Blocked(t, "the hello is no padded block: %v", err)
			}
			for i, b := range block[2+len(content):] {
				if b != wire.PadByte {
					t.Failf("number signs after the content", "byte %#02x, %d bytes after it", b, i)
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/version-range",
		Title:        "The hello starts with the same range of versions in every connection",
		Requirements: []string{"SMP-HS-VERSION-RANGE"},
		Run: func(t *T) {
			first := probe.Open(t).RequireHelloParts().Versions
			if first.Min > first.Max {
				t.Failf("a lowest version that is not above the highest", "%d to %d", first.Min, first.Max)
			}
			for range connections - 1 {
				if next := probe.Open(t).RequireHelloParts().Versions; next != first {
					t.Fail("versions "+first.String()+" in every connection", "versions "+next.String())
				}
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/session-id",
		Title:        "The hello has a session identifier",
		Requirements: []string{"SMP-HS-SESSION-ID"},
		Run: func(t *T) {
			block := probe.Open(t).RequireBlock()
			if _, err := wire.Unpad(block); err != nil {
				probe.Blocked(t, "the hello is no padded block: %v", err)
			}
			h, err := probe.SplitHello(block)
			if err != nil {
				t.Fail("a version range and a short string", err.Error())
			}
			if len(h.SessionID) == 0 {
				t.Fail("a session identifier", "an empty one")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/v6-bare",
		Title:        "A hello for version 6 alone ends after the session identifier",
		Requirements: []string{"SMP-HS-V6-BARE"},
		Versions:     wire.Versions(6, 6),
		Run: func(t *T) {
			c, err := probe.OpenOffering(t, func(o *tlsprobe.Config) { o.ALPN = nil })
			if err != nil {
				probe.Blocked(t, "the TLS handshake failed: %v", err)
			}
			h := c.RequireHelloParts()
			if h.Versions.Max > 6 {
				probe.Blocked(t, "the relay offers versions %s without ALPN", h.Versions)
			}
			if len(h.Rest) > 0 {
				t.Failf("nothing after the session identifier", "%d bytes", len(h.Rest))
			}
		},
	}),
}

// SMP, "Transport handshake": what the relay makes of the client's hello.
var clientHelloCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/handshake/version-choice",
		Title:        "A client is served at every version of the range",
		Requirements: []string{"SMP-HS-VERSION-CHOICE"},
		Run: func(t *T) {
			c := probe.Meet(t)
			c.SendHello(c.ClientHello())
			if t.Version() < smp.VersionAuthenticators {
				c.RequireBinding()
			}
			// Whatever is wrong with the ids of the answer is the business of others.
			answer := c.AskAny(smp.PING{})
			if answer.Response != nil && !isError(answer.Received) { // PONG, or the fault of another case
				return
			}
			if t.Version() < smp.VersionAuthenticators {
				t.Fail("PING → PONG", answer.String())
			}
			greet(t, (*probe.Conn).SendHello).ExpectServed() // perhaps it wants a key
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/version-above-refused",
		Title:        "A version above the range is refused",
		Requirements: []string{"SMP-HS-VERSION-REFUSED"},
		Run: func(t *T) {
			highest := probe.Meet(t).Hello.Versions.Max
			sameLowByte := 0x100 | t.Version()
			for _, v := range []uint16{highest + 1, 255, sameLowByte, math.MaxUint16} {
				expectVersionRefused(t, v)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/version-below-refused",
		Title:        "A version below the range is refused",
		Requirements: []string{"SMP-HS-VERSION-REFUSED"},
		Run: func(t *T) {
			lowest := probe.Meet(t).Hello.Versions.Min
			for _, v := range []uint16{lowest - 1, 1, 0} {
				expectVersionRefused(t, v)
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/key-hash",
		Title:        "A hello with the fingerprint in the address is accepted",
		Requirements: []string{"SMP-HS-KEY-HASH"},
		Run: func(t *T) {
			requireVersion(t)
			expectAdmitted(t)
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/key-hash-wrong",
		Title:        "A hello with another fingerprint is refused",
		Requirements: []string{"SMP-HS-KEY-HASH-WRONG"},
		Run: func(t *T) {
			own := t.Server().KeyHash
			for _, at := range []int{0, t.Rand().IntN(len(own)), len(own) - 1} {
				flipped := slices.Clone(own)
				flipped[at] ^= 1 << t.Rand().IntN(8)
				expectKeyHashRefused(t, fmt.Sprintf("a fingerprint with another bit in byte %d", at), flipped)
			}
			if leaf := keys.FingerprintOf(relayChain(t)[0]); !bytes.Equal(leaf[:], own) {
				expectKeyHashRefused(t, "the fingerprint of the certificate of the session", leaf[:])
			}
			expectKeyHashRefused(t, "the fingerprint without its last byte", own[:len(own)-1])
			expectKeyHashRefused(t, "the fingerprint and one more byte", append(slices.Clone(own), 0))
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/key-hash-empty",
		Title:        "A hello with an empty fingerprint is refused",
		Requirements: []string{"SMP-HS-KEY-HASH-EMPTY"},
		Run: func(t *T) {
			expectKeyHashRefused(t, "an empty fingerprint", nil)
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/ignored-part",
		Title:        "Bytes after the last field of the hello are ignored",
		Requirements: []string{"SMP-HS-IGNORED"},
		Run: func(t *T) {
			expectServed := expectLikeOrdinary(t)
			for _, n := range []int{1, 300, transport.MaxPlainContent} {
				// With a key the ignored part cannot be taken for one.
				expectServed(greet(t, func(c *probe.Conn, h transport.ClientHello) {
					content := c.HelloContent(h)
					c.SendContent(append(content, t.Rand().Bytes(min(n, transport.MaxPlainContent-len(content)))...))
				}))
			}
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/padding-any",
		Title:        "The padding of the hello may be any bytes",
		Requirements: []string{"SMP-HS-PADDING-ANY"},
		Run: func(t *T) {
			probe.RequireServed(t)
			c := probe.Meet(t)
			block := c.Block(c.HelloContent(c.ClientHello()))
			start := 2 + len(c.HelloContent(c.ClientHello()))
			copy(block[start:], t.Rand().Bytes(len(block)-start))
			c.SendBlock(block)
			c.ExpectServed()
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/no-command-before",
		Title:        "A command in the first block is not served",
		Requirements: []string{"SMP-HS-NO-COMMAND-BEFORE"},
		Run: func(t *T) {
			probe.Meet(t).ExpectRefused("a command in the place of the hello")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/second-hello",
		Title:        "A second hello is an incorrect block",
		Requirements: []string{"SMP-HS-ONCE"},
		Run: func(t *T) {
			probe.RequireServed(t)
			c := probe.Meet(t)
			c.SendHello(c.ClientHello())
			again := c.ClientHello()
			again.Version = t.Info().Versions.Min
			c.SendHello(again)
			if !c.ExpectBlockRefused("a second hello").Closed {
				c.ExpectServed()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/cut-short",
		Title:        "A hello that ends within its fields is refused",
		Requirements: []string{"SMP-HS-MALFORMED"},
		Run: func(t *T) {
			whole := probe.Meet(t)
			content := whole.HelloContent(whole.ClientHello())
			for _, n := range []int{0, 1, 2, 2 + len(t.Server().KeyHash), len(content) - 1} {
				expectHelloRefused(t, fmt.Sprintf("%d bytes of a hello of %d", n, len(content)), content[:n])
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/length-beyond-block",
		Title:        "A hello whose length does not fit the block is refused",
		Requirements: []string{"SMP-HS-MALFORMED"},
		Run: func(t *T) {
			for _, n := range []uint16{transport.MaxPlainContent + 1, math.MaxUint16} {
				c := probe.Meet(t)
				block := c.Block(c.HelloContent(c.ClientHello()))
				block[0], block[1] = byte(n>>8), byte(n)
				c.SendBlock(block)
				c.ExpectRefused(fmt.Sprintf("a hello with the length %d", n))
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/garbage",
		Title:        "A first block of random bytes is refused",
		Requirements: []string{"SMP-HS-MALFORMED"},
		Run: func(t *T) {
			c := probe.Meet(t)
			c.SendBlock(t.Rand().Bytes(transport.BlockSize))
			c.ExpectRefused("random bytes in the place of the hello")
			expectHelloRefused(t, "a hello of random bytes", t.Rand().Bytes(100))
		},
	}),
}

// expectAdmitted fails the case unless the relay begins a session with an
// ordinary client, one without a key or one with: it answers the first command,
// whatever the answer is.
func expectAdmitted(t *T) {
	if !admitsWithoutKey(t) {
		greet(t, (*probe.Conn).SendHello).ExpectAnswers("a session: an answer to the first command")
	}
}

// admitsWithoutKey reports whether the relay begins a session with a client without a key.
func admitsWithoutKey(t *T) bool {
	c := probe.Meet(t)
	c.SendHello(c.ClientHello())
	return c.Answers()
}

// requireVersion blocks a case about hellos at a version at which the relay
// serves nobody, if it serves clients at another one: what is wrong is then the
// version, and no field that all hellos have.
func requireVersion(t *T) {
	reason, unserved := t.Info().Unusable[t.Version()]
	if !unserved {
		return
	}
	for _, v := range conformance.AllVersions {
		_, failed := t.Info().Unusable[v]
		if !failed && t.Info().Versions.Contains(v) {
			probe.Blocked(t, "the relay serves clients at version %d and none at %d: %s", v, t.Version(), reason)
		}
	}
}

// requireAdmitted blocks a case about one kind of client at a version at which the
// relay begins no session with others either.
func requireAdmitted(t *T) {
	if reason, unserved := t.Info().Unusable[t.Version()]; unserved {
		if !admitsWithoutKey(t) {
			probe.Blocked(t, "the relay begins no session at version %d: %s", t.Version(), reason)
		}
	}
}

// greet reads the relay's hello, has send send a hello with a key (from version
// 7), and encrypts blocks as the two hellos agreed. A relay without a usable key
// of its own blocks the case from version 11.
func greet(t *T, send func(*probe.Conn, transport.ClientHello)) *probe.Conn {
	c := probe.Meet(t)
	h := c.ClientHello()
	if t.Version() < smp.VersionAuthenticators {
		c.RequireBinding()
		send(c, h)
		return c
	}
	private := probe.NewKey(t, keys.X25519)
	h.Key = private.Public()
	if t.Version() >= smp.VersionBlockEncryption {
		c.RelayKey()
		c.RequireBinding()
	}
	send(c, h)
	c.Encrypt(private, h)
	return c
}

// expectLikeOrdinary returns what fails the case unless PING is served as after the hello
// of an ordinary client. At a version at which the relay serves nothing any answer counts;
// if there is none either, the case is blocked.
func expectLikeOrdinary(t *T) func(*probe.Conn) {
	ordinary := greet(t, (*probe.Conn).SendHello)
	if _, unusable := t.Info().Unusable[t.Version()]; !unusable {
		ordinary.Ping()
		return (*probe.Conn).ExpectServed
	}
	if !ordinary.Answers() {
		probe.Blocked(t, "the relay answers nothing after the hello of an ordinary client")
	}
	return func(c *probe.Conn) { c.ExpectAnswers("an answer, as after the hello of an ordinary client") }
}

// expectVersionRefused fails the case unless the relay refuses a hello that names
// version v.
func expectVersionRefused(t *T, v uint16) {
	c := probe.Meet(t)
	if c.Hello.Versions.Contains(v) {
		return
	}
	h := c.ClientHello()
	h.Version = v
	c.SendHello(h)
	c.ExpectRefused(fmt.Sprintf("a hello with version %d, which it does not offer", v))
}

// expectKeyHashRefused fails the case unless the relay refuses a hello with the
// given fingerprint.
func expectKeyHashRefused(t *T, what string, keyHash []byte) {
	c := probe.Meet(t)
	h := c.ClientHello()
	h.KeyHash = keyHash
	c.SendHello(h)
	c.ExpectRefused("a hello with " + what)
}

// expectHelloRefused fails the case unless the relay refuses a hello with the
// given content.
func expectHelloRefused(t *T, what string, content []byte) {
	c := probe.Meet(t)
	c.SendContent(content)
	c.ExpectRefused(what)
}
