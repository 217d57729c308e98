package keys

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Errors of certificate chains.
var (
	// ErrChainLength: a relay shows another number of certificates than 2, 3 or
	// 4 (a service may also show 1).
	ErrChainLength = errors.New("wrong number of certificates")
	// ErrIssuer: a certificate does not name the next one as its issuer.
	ErrIssuer = errors.New("certificate is issued by another name than that of the next one")
	// ErrValidity: a certificate is not valid yet or not any more.
	ErrValidity = errors.New("certificate outside its validity")
	// ErrFingerprint: what errors.Is finds in every FingerprintError.
	ErrFingerprint = errors.New("another identity certificate")
)

// FingerprintError says that the identity certificate of a chain is not the one
// of the address.
type FingerprintError struct {
	// Expected is the key hash of the address, Actual the SHA-256 of the
	// identity certificate that the relay showed.
	Expected, Actual []byte
}

// Error shows both fingerprints in hexadecimal and as an address has them.
func (e *FingerprintError) Error() string {
	show := func(b []byte) string { return hex.EncodeToString(b) + " (" + FormatFingerprint(b) + ")" }
	return "identity certificate has fingerprint " + show(e.Actual) + ", expected " + show(e.Expected)
}

// Is reports whether target is ErrFingerprint.
func (*FingerprintError) Is(target error) bool { return target == ErrFingerprint }

// Fingerprint is the SHA-256 of a whole DER certificate. That of the identity
// certificate is the identity of a relay and part of its address. SMP, "Router
// certificate" ("SMP queue URI" speaks of a hash of the key: not what the
// official implementation does).
type Fingerprint [sha256.Size]byte

// FingerprintOf returns the fingerprint of a DER certificate.
func FingerprintOf(der []byte) Fingerprint { return sha256.Sum256(der) }

// String is base64url with '=', as addresses have it.
func (f Fingerprint) String() string { return FormatFingerprint(f[:]) }

// FormatFingerprint returns base64url with '=' of a key hash of any length.
func FormatFingerprint(hash []byte) string { return base64.URLEncoding.EncodeToString(hash) }

// ParseFingerprint decodes the base64url text of 32 bytes, with or without its
// '=' at the end.
func ParseFingerprint(text string) (Fingerprint, error) {
	if strings.ContainsAny(text, "\r\n") { // which package base64 would skip
		return Fingerprint{}, errors.New("fingerprint is not base64url: a line end in it")
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(strings.TrimSuffix(text, "="))
	if err != nil {
		return Fingerprint{}, fmt.Errorf("fingerprint is not base64url: %w", err)
	}
	if len(b) != len(Fingerprint{}) {
		return Fingerprint{}, fmt.Errorf("%w: fingerprint of %d bytes, expected 32", ErrSize, len(b))
	}
	return Fingerprint(b), nil
}

// Identity returns the identity certificate of a chain, leaf first: the second
// one of 2, 3 or 4 certificates, or the only one that a service shows. Another
// number is ErrChainLength.
func Identity(chain [][]byte) ([]byte, error) {
	switch len(chain) {
	case 1:
		return chain[0], nil
	case 2, 3, 4:
		return chain[1], nil
	}
	return nil, fmt.Errorf("%w: %d", ErrChainLength, len(chain))
}

// Credentials are a certificate chain and the private key of its leaf.
type Credentials struct {
	// Chain holds DER certificates, leaf first.
	Chain [][]byte
	// Key is the private key of Chain[0].
	Key PrivateKey
}

// Fingerprint returns the fingerprint of the identity certificate; the zero
// value for a chain that has none (see Identity).
func (c Credentials) Fingerprint() Fingerprint {
	identity, err := Identity(c.Chain)
	if err != nil {
		return Fingerprint{}
	}
	return FingerprintOf(identity)
}

// validityDays is how long the certificates of new credentials are valid, as
// those of official relays are.
const validityDays = 999999

// subjects are the names in a new chain, leaf first.
var subjects = [...]Template{
	{CommonName: "localhost"},
	{CommonName: "SMP server CA", Organization: "SimpleX"},
	{CommonName: "SMP operator CA", Organization: "SimpleX"},
	{CommonName: "SMP network CA", Organization: "SimpleX"},
	{CommonName: "SMP root CA", Organization: "SimpleX"},
}

// NewCredentials makes keys of alg (Ed25519 or Ed448) and a chain of n
// certificates in the profile of official relays, valid from one hour ago: n is
// 2, 3 or 4 for a relay, 1 or more for a service, 5 for a chain that everybody
// has to refuse. The private keys of all but the leaf are forgotten.
func NewCredentials(rand io.Reader, alg Algorithm, n int) (Credentials, error) {
	if n < 1 || n > len(subjects) {
		return Credentials{}, fmt.Errorf("%w: %d to make", ErrChainLength, n)
	}
	from := time.Now().Add(-time.Hour)
	var issuer Certificate
	var signer PrivateKey
	c := Credentials{Chain: make([][]byte, n)}
	for i := n - 1; i >= 0; i-- {
		key, err := Generate(alg, rand)
		if err != nil {
			return Credentials{}, err
		}
		if i == n-1 {
			signer = key
		}
		t := subjects[i]
		t.CA, t.NotBefore, t.NotAfter = i > 0, from, from.AddDate(0, 0, validityDays)
		if c.Chain[i], err = CreateCertificate(rand, t, key.Public(), issuer, signer); err != nil {
			return Credentials{}, err
		}
		if issuer, err = ParseCertificate(c.Chain[i]); err != nil {
			return Credentials{}, err
		}
		signer, c.Key = key, key
	}
	return c, nil
}

// ValidateChain applies the rules by which a client accepts the certificates of
// a relay, leaf first, now:
//
//   - 2, 3 or 4 certificates (ErrChainLength), each well-formed (ErrCertificate),
//   - the second one has the fingerprint keyHash (*FingerprintError),
//   - each names the next as its issuer (ErrIssuer) and is signed by it
//     (ErrSignature), the last one by itself,
//   - all are within their validity (ErrValidity).
//
// SMP, "TLS transport encryption" and "Router certificate"; which certificate
// the fingerprint belongs to, names and validity are as in the official
// implementation.
func ValidateChain(chain [][]byte, keyHash []byte) error {
	return ValidateChainAt(chain, keyHash, time.Now())
}

// ValidateChainAt is ValidateChain at another time.
func ValidateChainAt(chain [][]byte, keyHash []byte, at time.Time) error {
	if len(chain) < 2 || len(chain) > 4 {
		return fmt.Errorf("%w: %d, expected 2, 3 or 4", ErrChainLength, len(chain))
	}
	if actual := FingerprintOf(chain[1]); !bytes.Equal(actual[:], keyHash) {
		return &FingerprintError{Expected: bytes.Clone(keyHash), Actual: actual[:]}
	}
	return checkChain(chain, at)
}

// ValidateServiceChain applies the rules by which a relay accepts the
// certificates of a service: those of ValidateChain without a fingerprint to
// match, and a single self-signed certificate is good too. Official
// implementation; SMP, "Service certificates" says nothing about chains.
func ValidateServiceChain(chain [][]byte) error {
	return ValidateServiceChainAt(chain, time.Now())
}

// ValidateServiceChainAt is ValidateServiceChain at another time.
func ValidateServiceChainAt(chain [][]byte, at time.Time) error {
	if len(chain) < 1 || len(chain) > 4 {
		return fmt.Errorf("%w: %d, expected 1 to 4", ErrChainLength, len(chain))
	}
	return checkChain(chain, at)
}

func checkChain(chain [][]byte, now time.Time) error {
	parsed := make([]Certificate, len(chain))
	for i, der := range chain {
		var err error
		if parsed[i], err = ParseCertificate(der); err != nil {
			return fmt.Errorf("certificate %d: %w", i, err)
		}
	}
	for i, c := range parsed {
		issuer := parsed[min(i+1, len(parsed)-1)]
		if !bytes.Equal(c.Issuer, issuer.Subject) {
			return fmt.Errorf("certificate %d: %w", i, ErrIssuer)
		}
		if err := c.CheckSignature(issuer); err != nil {
			return fmt.Errorf("certificate %d: %w", i, err)
		}
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			return fmt.Errorf("certificate %d: %w: %s to %s", i, ErrValidity,
				c.NotBefore.Format(time.RFC3339), c.NotAfter.Format(time.RFC3339))
		}
	}
	return nil
}
