package session

import (
	"encoding/pem"
	"slices"
	"sync/atomic"

	"golang.org/x/crypto/cryptobyte"
	cbasn1 "golang.org/x/crypto/cryptobyte/asn1"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/meeting"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

var helloChainFaults = []fault.Fault{
	{
		ID:       "certificate/hello-without",
		Story:    "The hello of the relay leaves certificates and key out, since TLS has shown the certificates.",
		Breaks:   []string{"SMP-HS-CHAIN"},
		Cases:    []string{"relay/certificate/hello-chain"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) { h.SignedKey = nil })}.Apply,
	},
	{
		ID:       "certificate/hello-uncounted",
		Story:    "The certificates in the hello follow each other without their number in front.",
		Breaks:   []string{"SMP-HS-CHAIN"},
		Cases:    []string{"relay/certificate/hello-chain"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    rewritten(func(w *wire.Writer, h *transport.ServerHello) { writeChain(w, h.Chain) }),
	},
	{
		ID:       "certificate/hello-pem",
		Story:    "The certificates in the hello are the text of the files that they are kept in.",
		Breaks:   []string{"SMP-HS-CHAIN"},
		Cases:    []string{"relay/certificate/hello-chain"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) {
			for i, der := range h.Chain {
				h.Chain[i] = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
			}
		})}.Apply,
	},
	{
		ID:       "certificate/hello-one-length",
		Story:    "The certificates in the hello have one length for all of them.",
		Breaks:   []string{"SMP-HS-CHAIN"},
		Cases:    []string{"relay/certificate/hello-chain"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: rewritten(func(w *wire.Writer, h *transport.ServerHello) {
			w.Byte(byte(len(h.Chain)))
			w.Large(slices.Concat(h.Chain...))
		}),
	},
	{
		ID:       "certificate/hello-of-fields",
		Story:    "The hello has the certificate, the key and the signature, each with its length, as other protocols have.",
		Breaks:   []string{"SMP-HS-CHAIN", "SMP-HS-SIGNED-KEY-FORM"},
		Cases:    []string{"relay/certificate/hello-chain", "relay/certificate/session-key-form"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    helloOfFields,
	},
	{
		ID:       "certificate/hello-leaf-alone",
		Story:    "The hello holds the certificate that has signed the key and nothing above it.",
		Breaks:   []string{"SMP-HS-CHAIN-COUNT"},
		Cases:    []string{"relay/certificate/hello-chain"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) { h.Chain = h.Chain[:1] })}.Apply,
	},
	{
		ID:       "certificate/hello-reversed",
		Story:    "The hello holds the certificates from the root down.",
		Breaks:   []string{"SMP-HS-CHAIN-SAME"},
		Cases:    []string{"relay/certificate/hello-chain-same"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) {
			h.Chain = slices.Clone(h.Chain)
			slices.Reverse(h.Chain)
		})}.Apply,
	},
}

// helloOfFields sends the hello without any DER around key and signature.
func helloOfFields(c *relay.Config) {
	leaf := c.Credentials.Key
	rewritten(func(w *wire.Writer, h *transport.ServerHello) {
		signed, err := keys.ParseSignedKey(h.SignedKey)
		if err != nil {
			return
		}
		key, err := signed.PublicKey()
		if err != nil {
			return
		}
		signature, err := leaf.Sign(key.SPKI())
		if err != nil {
			return
		}
		fields := wire.NewWriter(nil)
		fields.Large(key.SPKI())
		fields.Large(signature)
		if h.SignedKey, err = fields.Bytes(); err == nil {
			w.Large(h.Chain[0])
		}
	})(c)
}

// rewritten replaces what follows the session identifier in the hello, up to the signed
// key.
func rewritten(chain func(*wire.Writer, *transport.ServerHello)) func(*relay.Config) {
	return meeting.Steps{Hello: func(block []byte, _ transport.Binding) []byte {
		content, err := wire.Unpad(block)
		if err != nil {
			return block
		}
		h, err := transport.DecodeServerHello(content)
		if err != nil {
			return block
		}
		w := wire.NewWriter(nil)
		w.Range(h.Versions)
		w.Short(h.SessionID)
		chain(w, &h)
		w.Large(h.SignedKey)
		if content, err = w.Bytes(); err != nil {
			return block
		}
		return meeting.Block(content)
	}}.Apply

}

func writeChain(w *wire.Writer, chain [][]byte) {
	for _, der := range chain {
		w.Large(der)
	}
}

var sessionKeyFaults = []fault.Fault{
	{
		ID:       "certificate/session-key-raw",
		Story:    "The session key is sent as its 32 bytes, since TLS has authenticated the relay.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY"},
		Cases:    []string{"relay/certificate/session-key"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    sessionKey(func(key keys.PublicKey, _ keys.PrivateKey) []byte { return key.Raw() }),
	},
	{
		ID:       "certificate/session-key-of-tls",
		Story:    "The key of the certificate is signed in the place of the session key.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY", "SMP-HS-SIGNED-KEY-FORM"},
		Cases:    []string{"relay/certificate/session-key", "relay/certificate/session-key-form"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: sessionKey(func(_ keys.PublicKey, leaf keys.PrivateKey) []byte {
			signed, err := keys.SignKey(leaf.Public(), leaf)
			if err != nil {
				return nil
			}
			return signed
		}),
	},
	{
		ID:       "certificate/session-key-unsigned",
		Story:    "The session key is sent as a plain SubjectPublicKeyInfo.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY-FORM"},
		Cases:    []string{"relay/certificate/session-key-form"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    sessionKey(func(key keys.PublicKey, _ keys.PrivateKey) []byte { return key.SPKI() }),
	},
	{
		ID:       "certificate/session-key-unwrapped",
		Story:    "The signature is over the key itself, without the sequence around it.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY-FORM"},
		Cases:    []string{"relay/certificate/session-key-form"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    sessionKey(signUnwrapped),
	},
	{
		ID:       "certificate/session-key-signed-by-another",
		Story:    "The session key is signed with a key that was in use before the certificate was renewed.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY-SIGNER"},
		Cases:    []string{"relay/certificate/session-key-signer"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: func(c *relay.Config) {
			old := newKey()
			sessionKey(func(key keys.PublicKey, _ keys.PrivateKey) []byte {
				signed, err := keys.SignKey(key, old)
				if err != nil {
					return nil
				}
				return signed
			})(c)
		},
	},
	{
		ID:       "certificate/session-key-reused",
		Story:    "The session key is made once, when the relay starts.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY-FRESH"},
		Cases:    []string{"relay/certificate/session-key-fresh"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: func(c *relay.Config) {
			key := fault.NewKey(keys.X25519)
			configured(func(c *transport.ServerConfig) { c.Key = key })(c)
		},
	},
	{
		ID:       "certificate/session-keys-in-turn",
		Story:    "Two session keys are made when the relay starts, and connections use them in turn.",
		Breaks:   []string{"SMP-HS-SIGNED-KEY-FRESH"},
		Cases:    []string{"relay/certificate/session-key-fresh"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: func(c *relay.Config) {
			pair := []keys.PrivateKey{fault.NewKey(keys.X25519), fault.NewKey(keys.X25519)}
			var connections atomic.Int64
			configured(func(c *transport.ServerConfig) { c.Key = pair[connections.Add(1)%2] })(c)
		},
	},
}

// sessionKey replaces the signed session key in the hello by what make makes of the key
// and of that of the certificate.
func sessionKey(make func(key keys.PublicKey, leaf keys.PrivateKey) []byte) func(*relay.Config) {
	return func(c *relay.Config) {
		leaf := c.Credentials.Key
		meeting.Steps{Hello: meeting.RelayHello(func(h *transport.ServerHello) {
			signed, err := keys.ParseSignedKey(h.SignedKey)
			if err != nil {
				return
			}
			if key, err := signed.PublicKey(); err == nil {
				h.SignedKey = make(key, leaf)
			}
		})}.Apply(c)
	}
}

// signUnwrapped makes a signed object of a key without a sequence around it.
func signUnwrapped(key keys.PublicKey, leaf keys.PrivateKey) []byte {
	signature, err := leaf.Sign(key.SPKI())
	if err != nil {
		return nil
	}
	var b cryptobyte.Builder
	b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(key.SPKI())
		b.AddASN1(cbasn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes([]byte{0x06, 0x03, 0x2b, 0x65, 0x70}) }) // Ed25519
		b.AddASN1BitString(signature)
	})
	return b.BytesOrPanic()
}
