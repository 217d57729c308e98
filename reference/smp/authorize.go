package smp

import (
	"crypto/sha256"
	"errors"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
)

// Scheme is the way in which a transmission is authorized. Its length tells
// which it is.
type Scheme uint8

// The schemes.
const (
	// NoAuthorization: 0 bytes.
	NoAuthorization Scheme = iota
	// Ed25519Signature: 64 bytes.
	Ed25519Signature
	// Authenticator: 80 bytes, made with X25519 keys.
	Authenticator
	// Ed448Signature: 114 bytes.
	Ed448Signature
)

// SchemeOf returns the scheme of an authorization. For another length the
// error is a *DecodeError with ErrBlock in its chain.
func SchemeOf(authorization []byte) (Scheme, error) {
	switch len(authorization) {
	case 0:
		return NoAuthorization, nil
	case keys.Ed25519.SignatureSize():
		return Ed25519Signature, nil
	case box.AuthenticatorSize:
		return Authenticator, nil
	case keys.Ed448.SignatureSize():
		return Ed448Signature, nil
	}
	return 0, &DecodeError{What: "transmission", Answer: ErrBlock,
		Reason: fmt.Errorf("%w: %d", ErrAuthorizationSize, len(authorization))}
}

// ErrNoServerKey: an X25519 key cannot authorize because the relay sent no key
// in the handshake. It is also TransportNoAuth.
var ErrNoServerKey = fmt.Errorf("authorization by an X25519 key needs the relay's session key: %w", TransportNoAuth)

// An Authorizer authorizes transmissions in one session. It is safe for
// concurrent use.
type Authorizer interface {
	// Authorize returns the authorization of the given bytes. correlationID is
	// the nonce of authenticators.
	Authorize(authorized, correlationID []byte) ([]byte, error)
}

// NewAuthorizer returns an Authorizer for a key: a signer for Ed25519 and
// Ed448, for X25519 one that makes authenticators with the relay's session key
// and agrees on the secret once. serverKey is not used for signatures. Other
// algorithms are ErrKeyAlgorithm; X25519 without server key is ErrNoServerKey.
// SMP, "Deniable client authentication scheme".
func NewAuthorizer(key keys.PrivateKey, serverKey keys.PublicKey) (Authorizer, error) {
	switch {
	case key.Algorithm().CanSign():
		return signer{key}, nil
	case key.Algorithm() != keys.X25519:
		return nil, fmt.Errorf("%w: %v cannot authorize", ErrKeyAlgorithm, key.Algorithm())
	case serverKey.IsZero():
		return nil, ErrNoServerKey
	}
	k, err := box.Agree(key, serverKey)
	if err != nil {
		return nil, fmt.Errorf("agreeing with the relay's session key: %w", err)
	}
	return BoxAuthorizer(k), nil
}

// BoxAuthorizer returns an Authorizer that makes authenticators with a key that
// is agreed already.
func BoxAuthorizer(key box.Key) Authorizer { return &authenticator{key} }

type signer struct{ key keys.PrivateKey }

func (s signer) Authorize(authorized, _ []byte) ([]byte, error) { return s.key.Sign(authorized) }

type authenticator struct{ key box.Key }

func (a *authenticator) Authorize(authorized, correlationID []byte) ([]byte, error) {
	nonce := CorrelationNonce(correlationID)
	auth := box.Authenticator(authorized, &nonce, &a.key)
	return auth[:], nil
}

// CorrelationNonce returns the nonce that a correlation id or message id is:
// its first 24 bytes, with zero bytes after a shorter one as in the official
// implementation.
func CorrelationNonce(id []byte) (n box.Nonce) {
	copy(n[:], id)
	return n
}

// Authorize sets t's Authorization for the session with the given identifier.
func (t *Transmission) Authorize(sessionID []byte, a Authorizer) error {
	authorized, err := t.Authorized(sessionID)
	if err != nil {
		return err
	}
	t.Authorization, err = a.Authorize(authorized, t.CorrelationID)
	return err
}

// ServiceCredentials are what a service authorizes with in a session.
type ServiceCredentials struct {
	// CertFingerprint is the SHA-256 of the service's identity certificate.
	CertFingerprint [sha256.Size]byte
	// Key is the session key that the certificate signed in the handshake:
	// Ed25519.
	Key keys.PrivateKey
}

// ErrServiceKey: the key of a service is not Ed25519.
var ErrServiceKey = errors.New("key of a service is not Ed25519")

// AuthorizeInService sets t's Authorization and ServiceSignature for a command
// that UsesServiceSignature. The queue's key covers the certificate fingerprint
// followed by what it covers elsewhere; the service's key covers the latter.
// Source: official implementation, SMP version 16.
func (t *Transmission) AuthorizeInService(sessionID []byte, a Authorizer, s ServiceCredentials) error {
	both := append(make([]byte, 0, sha256.Size+len(sessionID)+t.size()), s.CertFingerprint[:]...)
	both, err := t.AppendAuthorized(both, sessionID)
	if err != nil {
		return err
	}
	signature, err := s.sign(both[sha256.Size:])
	if err != nil {
		return err
	}
	authorization, err := a.Authorize(both, t.CorrelationID)
	if err != nil {
		return err
	}
	t.Authorization, t.ServiceSignature = authorization, signature
	return nil
}

// AuthorizeByService sets t's Authorization for SUBS and NSUBS: the service's
// key alone signs them.
func (t *Transmission) AuthorizeByService(sessionID []byte, s ServiceCredentials) error {
	authorized, err := t.Authorized(sessionID)
	if err != nil {
		return err
	}
	t.Authorization, err = s.sign(authorized)
	return err
}

func (s ServiceCredentials) sign(authorized []byte) ([]byte, error) {
	if s.Key.Algorithm() != keys.Ed25519 {
		return nil, fmt.Errorf("%w: %v", ErrServiceKey, s.Key.Algorithm())
	}
	return s.Key.Sign(authorized)
}
