package relaycases

import (
	"bytes"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// SMP, "Transport handshake": the optional fields of the client's hello, and the
// block encryption that they decide.
var clientKeyCases = []conformance.Case{
	must(conformance.Case{
		ID:           "relay/handshake/client-key-absent",
		Title:        "A client without a key is served, with plain blocks at every version",
		Requirements: []string{"SMP-HS-CLIENT-KEY-OPTIONAL", "SMP-BLOCK-ENCRYPTION-NO-KEY"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			t.About("SMP-HS-CLIENT-KEY-OPTIONAL")
			requireAdmitted(t)
			c := probe.Meet(t)
			c.SendHello(c.ClientHello())
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/client-key",
		Title:        "A client that sends an X25519 key is served",
		Requirements: []string{"SMP-HS-CLIENT-KEY"},
		Versions:     from(smp.VersionAuthenticators),
		Run: func(t *T) {
			requireAdmitted(t)
			greet(t, (*probe.Conn).SendHello).ExpectAnswers("a session: an answer to the first command")
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/client-key-other-kind",
		Title:        "A key that is not X25519 counts as absent",
		Requirements: []string{"SMP-HS-CLIENT-KEY-OTHER"},
		Versions:     wire.Versions(smp.VersionAuthenticators, smp.VersionBlocked),
		Run: func(t *T) {
			probe.RequireServed(t)
			greet(t, func(c *probe.Conn, h transport.ClientHello) {
				c.SendContent(append(c.HelloContent(h), shortString(nil)...))
			}).Ping()
			for _, key := range otherKeys(t) {
				c := probe.Meet(t)
				t.Record(conformance.Note, key.what, nil)
				c.SendContent(append(c.HelloContent(c.ClientHello()), shortString(key.der)...))
				c.ExpectServed()
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/client-key-other-kind-refused",
		Title:        "A key that is not X25519 is no proxy flag either",
		Requirements: []string{"SMP-HS-MALFORMED"},
		Versions:     from(smp.VersionProxyFlag),
		Run: func(t *T) {
			for _, key := range otherKeys(t) {
				c := probe.Meet(t)
				content := c.HelloContent(c.ClientHello())
				c.SendContent(slices.Insert(content, 3+len(t.Server().KeyHash), shortString(key.der)...))
				c.ExpectRefused(key.what + " in the place of the key")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/encryption",
		Title:        "With a client key blocks are encrypted, each with the next key of its direction",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			requireAdmitted(t)
			c := greet(t, (*probe.Conn).SendHello)
			for range 5 {
				ping := c.Transmission(nil, probe.NoKey, smp.PING{})
				c.Send(ping)
				block := c.ExpectBlock("a block that answers PING")
				if bytes.Contains(block, ping.CorrelationID) {
					t.Fail("an encrypted block", "a block that shows the correlation id")
				}
				content, err := c.OpenBlock(block)
				if err != nil {
					t.Fail("a block encrypted with the next key of the relay's chain", err.Error())
				}
				if !bytes.Contains(content, pong) && !bytes.Contains(content, ping.CorrelationID) {
					t.Fail("the answer to PING", "another block")
				}
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/encryption-later",
		Title:        "Up to version 10 blocks are plain, also for a client with a key",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-LATER"},
		Versions:     wire.Versions(smp.VersionAuthenticators, smp.VersionBlockEncryption-1),
		Run: func(t *T) {
			requireAdmitted(t)
			c := greet(t, (*probe.Conn).SendHello)
			ping := c.Transmission(nil, probe.NoKey, smp.PING{})
			c.Send(ping)
			block := c.RequireBlock()
			if content, err := wire.Unpad(block); err != nil || !bytes.Contains(content, ping.CorrelationID) && !bytes.HasSuffix(content, pong) {
				t.Fail("a block that shows the answer to PING", "another block")
			}
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/encryption-plain-block",
		Title:        "A plain block is not served where blocks are encrypted",
		Requirements: []string{"SMP-BLOCK-ENCRYPTION-FORGED"},
		Versions:     from(smp.VersionBlockEncryption),
		Run: func(t *T) {
			c := greet(t, (*probe.Conn).SendHello)
			c.Ping()
			content := c.Content(c.Transmission(nil, probe.NoKey, smp.PING{}))
			block, err := wire.Pad(nil, content, transport.BlockSize)
			if err != nil {
				t.Broken(err)
			}
			c.SendBlock(block)
			c.ExpectBlockRefused("a plain block")
		},
	}),
	must(conformance.Case{
		ID:           "relay/handshake/proxy-flag",
		Title:        "A proxy is served with plain blocks",
		Requirements: []string{"SMP-HS-PROXY-FLAG", "SMP-BLOCK-ENCRYPTION-PROXY"},
		Versions:     from(smp.VersionProxyFlag),
		Run: func(t *T) {
			probe.RequireServed(t)
			c := probe.Meet(t)
			h := c.ClientHello()
			h.Key, h.Proxy = probe.NewKey(t, keys.X25519).Public(), true
			c.SendHello(h)
			c.ExpectServed()
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/proxy-flag-malformed",
		Title:        "A proxy flag other than T and F is refused",
		Requirements: []string{"SMP-HS-MALFORMED"},
		Versions:     from(smp.VersionProxyFlag),
		Run: func(t *T) {
			expectFieldRefused(t, "proxy flag", 0, 't', '1', 0, 0xff)
		},
	}),
	observed(conformance.Case{
		ID:           "relay/handshake/service-malformed",
		Title:        "An option byte of the service other than 0 and 1 is refused",
		Requirements: []string{"SMP-HS-MALFORMED", "SMP-SERVICE-OPTION-OTHER"},
		Versions:     from(smp.VersionServices),
		Run: func(t *T) {
			expectFieldRefused(t, "option of the service", 1, '2', 'T', 0, 1)
		},
	}),
}

// pong is the end of the block that answers PING.
var pong = []byte(smp.PONG{}.Tag())

// otherKey is what may stand in the place of the client's key and is none.
type otherKey struct {
	what string
	der  []byte
}

func otherKeys(t *T) []otherKey {
	x25519 := probe.NewKey(t, keys.X25519).Public()
	raw := slices.Clone(x25519.Raw())
	raw[0], raw[1] = 0x30, 0x7f // never one complete value in DER by chance
	return []otherKey{
		{"an Ed25519 key", probe.NewKey(t, keys.Ed25519).Public().SPKI()},
		{"an X448 key", probe.NewKey(t, keys.X448).Public().SPKI()},
		{"an X25519 key cut short", x25519.SPKI()[:43]},
		{"a raw X25519 key", raw},
		{"an empty key", nil},
	}
}

// shortString puts the length before b.
func shortString(b []byte) []byte { return append([]byte{byte(len(b))}, b...) }

// expectFieldRefused fails the case unless the relay refuses a hello that has one
// of the given bytes in the field that comes skip bytes after the fingerprint.
func expectFieldRefused(t *T, what string, skip int, values ...byte) {
	for _, v := range values {
		c := probe.Meet(t)
		content := c.HelloContent(c.ClientHello())
		content[3+len(t.Server().KeyHash)+skip] = v
		c.SendContent(content)
		c.ExpectRefused(fmt.Sprintf("byte %#02x as %s", v, what))
	}
}
