package session

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"slices"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// handshakeFaults are mistakes in the SMP handshake.
var handshakeFaults = slices.Concat(relayHelloFaults, clientHelloFaults, malformedHelloFaults, clientKeyFaults, serviceHelloFaults)

var relayHelloFaults = []fault.Fault{
	{
		ID:     "handshake/relay-waits",
		Story:  "The relay waits for the hello of the client before it sends its own.",
		Breaks: []string{"SMP-HS-SERVER-FIRST"},
		Cases:  []string{"relay/handshake/relay-first"},
		Apply:  meeting.Steps{Waits: true}.Apply,
	},
	{
		ID:     "handshake/hello-unpadded",
		Story:  "The hello is sent as long as it is, since only blocks of commands are padded.",
		Breaks: []string{"SMP-HS-SERVER-FIRST"},
		Cases:  []string{"relay/handshake/relay-first"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			return block[:2+binary.BigEndian.Uint16(block)]
		}}.Apply,
	},
	{
		ID:     "handshake/length-of-block",
		Story:  "The length before the hello is that of the whole block.",
		Breaks: []string{"SMP-HS-BLOCK"},
		Cases:  []string{"relay/handshake/block"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			binary.BigEndian.PutUint16(block, transport.BlockSize)
			return block
		}}.Apply,
	},
	{
		ID:     "handshake/empty-block-after",
		Story:  "An empty block follows the hello, to make the length of the handshake constant.",
		Breaks: []string{"SMP-HS-BLOCK"},
		Cases:  []string{"relay/handshake/block"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			return append(block, meeting.Block(nil)...)
		}}.Apply,
	},
	{
		ID:     "handshake/padding-zero",
		Story:  "The hello is padded with zeros.",
		Breaks: []string{"SMP-HS-PADDING"},
		Cases:  []string{"relay/handshake/padding"},
		Apply:  helloPadding(func(padding []byte) { clear(padding) }),
	},
	{
		ID:     "handshake/padding-left-over",
		Story:  "The block is a buffer that was used before, and its end is not overwritten.",
		Breaks: []string{"SMP-HS-PADDING"},
		Cases:  []string{"relay/handshake/padding"},
		Apply:  helloPadding(func(padding []byte) { rand.Read(padding[len(padding)/2:]) }),
	},
	{
		ID:     "handshake/highest-version-first",
		Story:  "The highest version stands before the lowest.",
		Breaks: []string{"SMP-HS-VERSION-RANGE"},
		Cases:  []string{"relay/handshake/version-range"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			return slices.Concat(block[:2], block[4:6], block[2:4], block[6:])
		}}.Apply,
	},
	{
		ID:     "handshake/versions-alternate",
		Story:  "Two processes of different age share the port and offer different versions.",
		Breaks: []string{"SMP-HS-VERSION-RANGE"},
		Cases:  []string{"relay/handshake/version-range"},
		Apply: func(c *relay.Config) {
			var connections atomic.Int64
			configured(func(c *transport.ServerConfig) {
				if connections.Add(1)%2 == 0 {
					c.Versions = wire.Versions(smp.MinVersion, smp.MaxVersion-1)
				}
			})(c)
		},
	},
	{
		ID:     "handshake/session-id-empty",
		Story:  "The session identifier is left empty, since both sides know it from TLS.",
		Breaks: []string{"SMP-HS-SESSION-ID"},
		Cases:  []string{"relay/handshake/session-id"},
		Apply:  meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) { h.SessionID = nil })}.Apply,
	},
	{
		ID:     "handshake/session-id-long",
		Story:  "The session identifier has a length of two bytes, as certificates have.",
		Breaks: []string{"SMP-HS-SESSION-ID"},
		Cases:  []string{"relay/handshake/session-id"},
		Apply: meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
			content, err := wire.Unpad(block)
			if err != nil {
				return block
			}
			return meeting.Block(slices.Insert(bytes.Clone(content), 4, 0))
		}}.Apply,
	},
	{
		ID:       "handshake/v6-with-key",
		Story:    "The hello for clients without ALPN says version 6 and has certificates and key all the same.",
		Breaks:   []string{"SMP-HS-V6-BARE"},
		Cases:    []string{"relay/handshake/v6-bare"},
		Versions: wire.Versions(6, 6),
		Apply: func(c *relay.Config) {
			credentials := c.Credentials
			meeting.Steps{Hello: func(block []byte, b transport.Binding) []byte {
				if b.ALPN != "" {
					return block
				}
				return helloWithKey(block, credentials)
			}}.Apply(c)
		},
	},
}

// helloPadding changes the padding of the relay's hello.
func helloPadding(change func(padding []byte)) func(*relay.Config) {
	return meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
		change(block[2+binary.BigEndian.Uint16(block):])
		return block
	}}.Apply

}

// helloWithKey puts a key into a hello that has none, and leaves its versions.
func helloWithKey(block []byte, credentials keys.Credentials) []byte {
	content, err := wire.Unpad(block)
	if err != nil {
		return block
	}
	h, err := transport.DecodeServerHello(content)
	if err != nil {
		return block
	}
	if h.SignedKey, err = keys.SignKey(fault.NewKey(keys.X25519).Public(), credentials.Key); err != nil {
		return block
	}
	versions := h.Versions
	h.Chain, h.Versions = credentials.Chain, fault.Since(versions.Min)
	if content, err = h.Encode(); err != nil {
		return block
	}
	binary.BigEndian.PutUint16(content[2:], versions.Max)
	return meeting.Block(content)
}
