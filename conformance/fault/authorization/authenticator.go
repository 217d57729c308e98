package authorization

import (
	"bytes"
	"crypto/sha256"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// authenticatorFaults are mistakes about what authenticators are made of.
var authenticatorFaults = []fault.Fault{
	{
		ID:       "authorization/authenticator-tag-unchecked",
		Story:    "The relay makes the authenticator itself and compares the hash in it, without the tag in front.",
		Breaks:   []string{"SMP-AUTH-CHANGED"},
		Cases:    []string{"relay/authorization/changed"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: authenticates(func(t *smp.Transmission, m *material) bool {
			expected := m.authenticator()
			return bytes.Equal(expected[16:], t.Authorization[16:])
		}),
	},
	{
		ID:       "authorization/authenticator-hash-unchecked",
		Story:    "An authenticator whose tag is right is taken, and the hash after it is not compared.",
		Breaks:   []string{"SMP-AUTH-CHANGED"},
		Cases:    []string{"relay/authorization/changed"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: authenticates(func(t *smp.Transmission, m *material) bool {
			expected := m.authenticator()
			return bytes.Equal(expected[:16], t.Authorization[:16])
		}),
	},
	{
		ID:       "authorization/authenticator-only-opened",
		Story:    "An authenticator that can be opened is right, whatever the hash in it is of.",
		Breaks:   []string{"SMP-AUTH-COMMAND", "SMP-AUTH-ENTITY", "SMP-AUTH-SESSION"},
		Cases:    []string{"relay/authorization/covers-command", "relay/authorization/covers-entity", "relay/authorization/covers-session"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: authenticates(func(t *smp.Transmission, m *material) bool {
			_, err := box.Open(nil, t.Authorization, &m.nonce, &m.key)
			return err == nil
		}),
	},
	{
		ID:       "authorization/authenticator-zero-nonce",
		Story:    "Clients that leave the nonce of the authenticator zero are served as well.",
		Breaks:   []string{"SMP-AUTH-AUTHENTICATOR-NONCE", "SMP-AUTH-CORRELATION", "SMP-AUTH-NONCE-LENGTH"},
		Cases:    []string{"relay/authorization/authenticator-keys", "relay/authorization/nonce-length"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: authenticates(func(t *smp.Transmission, m *material) bool {
			return box.VerifyAuthenticator(t.Authorization, m.authorized, &box.Nonce{}, &m.key)
		}),
	},
	{
		ID:       "authorization/authenticator-earlier-key",
		Story:    "The session keys of earlier connections are kept, so that clients need not agree anew.",
		Breaks:   []string{"SMP-AUTH-AUTHENTICATOR-SESSION"},
		Cases:    []string{"relay/authorization/authenticator-keys"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Stages(func(st *relay.Stages) {
			known := learnSessions(st)
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				return next(s, r, key) || known.any(func(e boundSession) bool {
					return verifiedIn(boundSession{id: s.Conn().SessionID(), key: e.key}, &r.Transmission, key)
				})
			}
		}),
	},
	{
		ID:       "authorization/authenticator-sha256",
		Story:    "The hash in the authenticator of a command with an entity id is that of SHA-256, twice.",
		Breaks:   []string{"SMP-AUTH-AUTHENTICATOR-HASH", "SMP-AUTH-X25519"},
		Cases:    []string{"relay/authorization/authenticator-keys", "relay/authorization/x25519"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				if key.Algorithm() != keys.X25519 || len(r.Transmission.EntityID) == 0 {
					return next(s, r, key)
				}
				m := materialOf(s, r, key)
				if m == nil {
					return false
				}
				half := sha256.Sum256(m.authorized)
				return bytes.Equal(r.Transmission.Authorization, box.Seal(nil, append(half[:], half[:]...), &m.nonce, &m.key))
			}
		}),
	},
	{
		ID:       "authorization/authenticator-of-session-keys",
		Story:    "The key of an authenticator is agreed from the keys of the two hellos, which encrypts blocks, and not from that of the queue.",
		Breaks:   []string{"SMP-AUTH-AUTHENTICATOR-KEYS"},
		Cases:    []string{"relay/authorization/authenticator-keys"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				if key.Algorithm() == keys.X25519 && len(r.Transmission.EntityID) > 0 {
					key = s.Conn().PeerKey()
				}
				return next(s, r, key)
			}
		}),
	},
	{
		ID:       "authorization/short-id-zero-nonce",
		Story:    "With a correlation id that is no nonce the authenticator is checked with a nonce of zeros.",
		Breaks:   []string{"SMP-AUTH-NONCE-LENGTH"},
		Cases:    []string{"relay/authorization/nonce-length"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: authenticates(func(t *smp.Transmission, m *material) bool {
			return len(t.CorrelationID) != smp.CorrelationIDSize && box.VerifyAuthenticator(t.Authorization, m.authorized, &box.Nonce{}, &m.key)
		}),
	},
}

// material is what the authenticator of a transmission is made of.
type material struct {
	authorized []byte
	nonce      box.Nonce
	key        box.Key
}

func (m *material) authenticator() [box.AuthenticatorSize]byte {
	return box.Authenticator(m.authorized, &m.nonce, &m.key)
}

// materialOf returns nil unless the request has an authenticator and the key is one for
// authenticators.
func materialOf(s *relay.Session, r *relay.Request, key keys.PublicKey) *material {
	if key.Algorithm() != keys.X25519 || len(r.Transmission.Authorization) != box.AuthenticatorSize {
		return nil
	}
	authorized, err := r.Transmission.Authorized(s.Conn().SessionID())
	if err != nil {
		return nil
	}
	agreed, err := box.Agree(s.Conn().SessionKey(), key)
	if err != nil {
		return nil
	}
	return &material{authorized: authorized, nonce: smp.CorrelationNonce(r.Transmission.CorrelationID), key: agreed}
}

// authenticates takes authenticators that accepts says, besides those that are right.
func authenticates(accepts func(*smp.Transmission, *material) bool) func(*relay.Config) {
	return fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		m := materialOf(s, r, key)
		return m != nil && accepts(&r.Transmission, m)
	})
}
