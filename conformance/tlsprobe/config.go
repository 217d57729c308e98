package tlsprobe

import (
	"crypto"
	"crypto/rand"
	"fmt"
	"io"
	"time"
)

// Sizes and limits. The first is fixed by RFC 8446, "Record Layer".
const (
	// MaxPlaintext is the most content one record can carry, in bytes.
	MaxPlaintext = 16384
	// DefaultMaxHandshakeBytes bounds what a server may send in its handshake.
	DefaultMaxHandshakeBytes = 256 << 10
	// DefaultMaxCertificates bounds the chain that a server may send.
	DefaultMaxCertificates = 64
	// DefaultHandshakeTimeout applies where neither Config nor context say less.
	DefaultHandshakeTimeout = 10 * time.Second
)

// Config says what the ClientHello offers and what the probe will bear. The zero
// value offers what every SMP relay should take: TLS 1.3,
// TLS_CHACHA20_POLY1305_SHA256, X25519 (with a share) and X448, Ed25519 and
// Ed448, no ALPN, no SNI, no resumption.
//
// In the lists of identifiers nil stands for the default, and an empty list that
// is not nil for an empty list: of KeyShares the extension is then sent empty (to
// bring about a HelloRetryRequest), and every other extension is left out.
type Config struct {
	// LegacyVersion is the version field of the ClientHello; 0 means TLS12.
	LegacyVersion Version
	// SupportedVersions fills supported_versions; nil means TLS13 alone. Empty,
	// the offer is that of an old client, up to LegacyVersion. Where the offer
	// reaches TLS 1.2 or lower, the extensions that servers of those versions ask
	// for are sent too; a server that chooses such a version ends the handshake
	// with a *VersionError.
	SupportedVersions []Version
	// CipherSuites in order of preference; nil means ChaCha20Poly1305SHA256.
	CipherSuites []CipherSuite
	// Groups in order of preference; nil means X25519, X448.
	Groups []Group
	// KeyShares are the groups to send a share for; nil means the first of Groups
	// that the probe implements. A group that it does not implement is ErrConfig.
	KeyShares []Group
	// SignatureSchemes in order of preference; nil means Ed25519, Ed448.
	SignatureSchemes []SignatureScheme
	// ALPN holds the protocol names to offer; without any there is no extension.
	ALPN []string
	// ServerName is sent as SNI; empty, there is no extension.
	ServerName string
	// PSKModes offers psk_dhe_ke, without which a server should send no ticket.
	PSKModes bool
	// Ticket is offered for resumption, and PSKModes with it.
	Ticket *Ticket
	// Certificate is sent if the server asks for one, whatever schemes it accepts;
	// nil sends an empty list.
	Certificate *Certificate
	// ExtraExtensions are sent as they are: in the place of the probe's own
	// extension of that type, or else at the end (before pre_shared_key). A type
	// that occurs twice is sent twice. The answer of the server is checked against
	// the other fields of Config all the same.
	ExtraExtensions []Extension
	// NoCompatMode leaves out the legacy session id and the ChangeCipherSpec
	// record of "Middlebox Compatibility Mode".
	NoCompatMode bool
	// RecordSize is the most content the probe puts into one record, 1 to
	// MaxPlaintext bytes; 0 means MaxPlaintext.
	RecordSize int
	// HandshakeTimeout bounds Client together with the context's deadline; 0
	// means DefaultHandshakeTimeout.
	HandshakeTimeout time.Duration
	// MaxHandshakeBytes bounds the handshake messages of the server, each and all
	// together; 0 means DefaultMaxHandshakeBytes.
	MaxHandshakeBytes int
	// MaxCertificates bounds the chain; of a longer one State keeps that many, and
	// the error is ErrLimit. 0 means DefaultMaxCertificates.
	MaxCertificates int
	// Rand is the source of all random bytes; nil means crypto/rand.
	Rand io.Reader
	// KeyLogWriter receives the secrets of the connection in NSS key log format.
	KeyLogWriter io.Writer
}

// Certificate is a chain, leaf first, each certificate in DER, and the private
// key of the leaf. Key.Public gives an ed25519.PublicKey or an ed448.PublicKey
// (circl); a Key that signs wrongly is the caller's to make.
type Certificate struct {
	Chain [][]byte
	Key   crypto.Signer
}

// Extension is a raw extension of the ClientHello.
type Extension struct {
	Type ExtensionType
	Data []byte
}

// filled is a copy of c with the defaults in place, or ErrConfig.
func (c *Config) filled() (*Config, error) {
	var f Config
	if c != nil {
		f = *c
	}
	defaultTo(&f.LegacyVersion, TLS12)
	defaultTo(&f.RecordSize, MaxPlaintext)
	defaultTo(&f.HandshakeTimeout, DefaultHandshakeTimeout)
	defaultTo(&f.MaxHandshakeBytes, DefaultMaxHandshakeBytes)
	defaultTo(&f.MaxCertificates, DefaultMaxCertificates)
	defaultList(&f.SupportedVersions, TLS13)
	defaultList(&f.CipherSuites, ChaCha20Poly1305SHA256)
	defaultList(&f.Groups, X25519, X448)
	defaultList(&f.SignatureSchemes, Ed25519, Ed448)
	if f.KeyShares == nil {
		for _, g := range f.Groups {
			if _, ok := exchanges[g]; ok {
				f.KeyShares = []Group{g}
				break
			}
		}
	}
	if f.Rand == nil {
		f.Rand = rand.Reader
	}
	if f.Ticket != nil {
		f.PSKModes = true
	}
	return &f, f.check()
}

func (c *Config) check() error {
	if c.RecordSize < 1 || c.RecordSize > MaxPlaintext {
		return fmt.Errorf("%w: record size %d, expected 1 to %d", ErrConfig, c.RecordSize, MaxPlaintext)
	}
	if c.HandshakeTimeout < 0 || c.MaxHandshakeBytes < 0 || c.MaxCertificates < 0 {
		return fmt.Errorf("%w: a negative limit", ErrConfig)
	}
	for _, g := range c.KeyShares {
		if _, ok := exchanges[g]; !ok {
			return fmt.Errorf("%w: a key share for group %s, which the probe does not implement", ErrConfig, g)
		}
	}
	if c.Certificate != nil {
		if _, err := schemeOf(c.Certificate.Key); err != nil {
			return err
		}
	}
	return nil
}

func defaultTo[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}

func defaultList[T any](field *[]T, values ...T) {
	if *field == nil {
		*field = values
	}
}
