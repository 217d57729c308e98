package smp

import (
	"crypto/sha256"
	"fmt"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
)

// VerifyAuthorization reports whether authorization is that of the authorized
// bytes by the given queue key, in a session for which the relay has the given
// session key. An empty authorization is false.
//
// The work depends on the length of the authorization alone: if the key is of
// another algorithm, a dummy key is verified and the answer is false. SMP,
// "Error responses", last paragraph.
func VerifyAuthorization(authorization, authorized, correlationID []byte, queueKey keys.PublicKey, session keys.PrivateKey) bool {
	scheme, err := SchemeOf(authorization)
	if err != nil || scheme == NoAuthorization {
		return false
	}
	fits := queueKey.Algorithm() == schemeAlgorithm[scheme]
	if !fits {
		queueKey = dummyKeys[scheme]
	}
	ok := verifyScheme(scheme, authorization, authorized, correlationID, queueKey, session)
	return ok && fits
}

func verifyScheme(scheme Scheme, authorization, authorized, correlationID []byte, key keys.PublicKey, session keys.PrivateKey) bool {
	if scheme != Authenticator {
		return keys.Verify(key, authorized, authorization)
	}
	agreed, err := box.Agree(session, key)
	valid := VerifyBox(authorization, authorized, correlationID, agreed)
	return valid && err == nil
}

// VerifyBox reports whether authorization is the authenticator of the
// authorized bytes by an agreed key.
func VerifyBox(authorization, authorized, correlationID []byte, key box.Key) bool {
	nonce := CorrelationNonce(correlationID)
	return box.VerifyAuthenticator(authorization, authorized, &nonce, &key)
}

var schemeAlgorithm = [...]keys.Algorithm{
	Ed25519Signature: keys.Ed25519,
	Authenticator:    keys.X25519,
	Ed448Signature:   keys.Ed448,
}

// dummyKeys are keys that nobody uses, for verifications whose result does not
// count.
var dummyKeys = [...]keys.PublicKey{
	Ed25519Signature: dummyKey(keys.Ed25519),
	Authenticator:    dummyKey(keys.X25519),
	Ed448Signature:   dummyKey(keys.Ed448),
}

// dummyKey derives a key pair from the algorithm's name and forgets the
// private part.
func dummyKey(alg keys.Algorithm) keys.PublicKey {
	seed := sha256.Sum256([]byte("dummy " + alg.String()))
	raw := append(seed[:], seed[:]...)
	if alg == keys.Ed448 {
		raw = raw[:57]
	} else {
		raw = raw[:32]
	}
	private, err := keys.NewPrivate(alg, raw)
	if err != nil {
		panic(fmt.Sprintf("dummy %v key: %v", alg, err))
	}
	return private.Public()
}

// Verifier verifies what a relay receives in one session. It is safe for
// concurrent use.
type Verifier struct {
	// SessionID is the identifier of the session.
	SessionID []byte
	// SessionKey is the relay's key of the handshake: X25519.
	SessionKey keys.PrivateKey
	// Service is the service that the client is; nil for none.
	Service *ServicePeer
	// Agreed remembers key agreements of SessionKey; nil for nothing.
	Agreed *Agreements
}

// ServicePeer is what a relay knows of the service in a session.
type ServicePeer struct {
	// ID is the service id that the relay gave it.
	ID []byte
	// CertFingerprint is the SHA-256 of its identity certificate.
	CertFingerprint [sha256.Size]byte
	// Key is its session key: Ed25519.
	Key keys.PublicKey
}

// Verify reports whether t is authorized by one of the given keys. In a service
// session the service's signature is not looked at: VerifyService does that.
// With no keys it does the work of one verification and is false.
func (v *Verifier) Verify(t *Transmission, queueKeys ...keys.PublicKey) bool {
	buf := scratch.Get().(*[BlockSize]byte)
	defer scratch.Put(buf)
	authorized, ok := v.authorized(buf[:0], t)
	if len(queueKeys) == 0 {
		VerifyAuthorization(t.Authorization, authorized, t.CorrelationID, keys.PublicKey{}, v.SessionKey)
		return false
	}
	for _, k := range queueKeys {
		if v.by(k, t, authorized) {
			return ok
		}
	}
	return false
}

// by reports whether t is authorized by a key.
func (v *Verifier) by(key keys.PublicKey, t *Transmission, authorized []byte) bool {
	if v.Agreed != nil && key.Algorithm() == keys.X25519 && len(t.Authorization) == box.AuthenticatorSize {
		return v.Agreed.verify(t, authorized, key, v.SessionKey)
	}
	return VerifyAuthorization(t.Authorization, authorized, t.CorrelationID, key, v.SessionKey)
}

// Dummy does the work of Verify with one key and no result, for answers of
// ErrAuth that depend on no key.
func (v *Verifier) Dummy(t *Transmission) { v.Verify(t) }

// VerifyService checks the service's part of a transmission that carries c. It
// returns a nil *Error or ErrService: NEW, SUB and NSUB must be signed by the service in
// a service session and must not elsewhere, other commands must not; SUBS and
// NSUBS must have the service id and be authorized by the service's key.
func (v *Verifier) VerifyService(t *Transmission, c Command) *Error {
	switch c.(type) {
	case SUBS, NSUBS:
		if !v.byService(t) {
			return ErrService
		}
		return nil
	}
	expected := v.Service != nil && UsesServiceSignature(c)
	if expected != (t.ServiceSignature != nil) {
		return ErrService
	}
	if !expected {
		return nil
	}
	authorized, err := t.Authorized(v.SessionID)
	if err != nil || !keys.Verify(v.Service.Key, authorized, t.ServiceSignature) {
		return ErrService
	}
	return nil
}

// byService reports whether t is authorized by the service alone.
func (v *Verifier) byService(t *Transmission) bool {
	if v.Service == nil || t.ServiceSignature != nil || string(t.EntityID) != string(v.Service.ID) {
		return false
	}
	authorized, err := t.Authorized(v.SessionID)
	return err == nil && len(t.Authorization) == keys.Ed25519.SignatureSize() &&
		keys.Verify(v.Service.Key, authorized, t.Authorization)
}

// authorized appends to dst what t's Authorization covers.
func (v *Verifier) authorized(dst []byte, t *Transmission) ([]byte, bool) {
	if v.Service != nil && t.ServiceSignature != nil {
		dst = append(dst, v.Service.CertFingerprint[:]...)
	}
	b, err := t.AppendAuthorized(dst, v.SessionID)
	return b, err == nil
}
