package authorization

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
)

// coverageFaults are mistakes about what an authorization covers.
var coverageFaults = []fault.Fault{
	{
		ID:     "authorization/session-not-covered",
		Story:  "An authorization that has an empty session identifier is taken, as from clients that do not bind to the channel.",
		Breaks: []string{"SMP-AUTH-SESSION"},
		Cases:  []string{"relay/authorization/covers-session"},
		Apply: fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return verifiedIn(boundSession{key: s.Conn().SessionKey()}, &r.Transmission, key)
		}),
	},
	{
		ID:     "authorization/signed-as-sent",
		Story:  "The relay verifies the bytes of the transmission as they came, which have no session identifier from version 7 on.",
		Breaks: []string{"SMP-AUTH-SESSION"},
		Cases:  []string{"relay/authorization/covers-session-field"},
		Apply: fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			authorized, err := r.Transmission.Authorized(nil)
			return err == nil && key.Algorithm().CanSign() && fits(r.Transmission.Authorization, key.Algorithm()) &&
				keys.Verify(key, authorized[1:], r.Transmission.Authorization)
		}),
	},
	{
		ID:       "authorization/any-session",
		Story:    "An authorization is good for every connection, and is verified with the session identifier and key of any that the relay has had.",
		Breaks:   []string{"SMP-AUTH-SESSION"},
		Cases:    []string{"relay/authorization/replay", "relay/authorization/covers-session"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    verifiesInAnySession(func(keys.Algorithm) bool { return true }),
	},
	{
		ID:       "authorization/authenticator-any-session",
		Story:    "Authenticators of other sessions are taken, since the sender's key is in them in any case.",
		Breaks:   []string{"SMP-AUTH-SESSION"},
		Cases:    []string{"relay/authorization/replay"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    verifiesInAnySession(func(a keys.Algorithm) bool { return a == keys.X25519 }),
	},
	{
		ID:     "authorization/correlation-not-covered",
		Story:  "An authorization without the correlation id is taken, as from clients that sign before they number their commands.",
		Breaks: []string{"SMP-AUTH-CORRELATION"},
		Cases:  []string{"relay/authorization/covers-correlation"},
		Apply:  verifiesChanged(func(t *smp.Transmission) { t.CorrelationID = nil }),
	},
	{
		ID:     "authorization/command-not-covered",
		Story:  "Who has signed SUB for a queue may do everything with it, so its signature is good for other commands.",
		Breaks: []string{"SMP-AUTH-COMMAND"},
		Cases:  []string{"relay/authorization/covers-command"},
		Apply:  verifiesChanged(func(t *smp.Transmission) { t.Command = []byte("SUB") }),
	},
	{
		ID:     "authorization/entity-not-covered",
		Story:  "An authorization stands for its key, so that it is good for every queue of that key.",
		Breaks: []string{"SMP-AUTH-ENTITY"},
		Cases:  []string{"relay/authorization/covers-entity"},
		Apply: fault.Stages(func(st *relay.Stages) {
			var known directory.Queues
			known.Note(st)
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				return next(s, r, key) || slices.ContainsFunc(known.CreatedWith(key), func(id []byte) bool {
					t := r.Transmission
					t.EntityID = id
					return verifiedIn(sessionOf(s.Conn()), &t, key)
				})
			}
		}),
	},
}

// verifiesChanged also takes authorizations that cover the transmission after a change.
func verifiesChanged(change func(*smp.Transmission)) func(*relay.Config) {
	return fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		t := r.Transmission
		change(&t)
		return verifiedIn(sessionOf(s.Conn()), &t, key)
	})
}

// boundSession is what authorizations depend on besides their transmissions.
type boundSession struct {
	id  []byte
	key keys.PrivateKey
}

func sessionOf(c *transport.Conn) boundSession {
	return boundSession{id: c.SessionID(), key: c.SessionKey()}
}

// verifiedIn reports whether a transmission was authorized with the key in a session.
func verifiedIn(s boundSession, t *smp.Transmission, key keys.PublicKey) bool {
	if !fits(t.Authorization, key.Algorithm()) || key.Algorithm() == keys.X25519 && s.key.IsZero() {
		return false
	}
	authorized, err := t.Authorized(s.id)
	return err == nil && smp.VerifyAuthorization(t.Authorization, authorized, t.CorrelationID, key, s.key)
}

// verifiesInAnySession also takes authorizations of other sessions by keys of some
// algorithms.
func verifiesInAnySession(concerns func(keys.Algorithm) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		known := learnSessions(st)
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return next(s, r, key) || concerns(key.Algorithm()) && known.any(func(e boundSession) bool {
				return verifiedIn(e, &r.Transmission, key)
			})
		}
	})
}

// maxSessions is how many sessions are remembered.
const maxSessions = 64

// sessions are the last sessions of a relay.
type sessions struct {
	mu   sync.Mutex
	list []boundSession
}

// learnSessions has st remember its sessions.
func learnSessions(st *relay.Stages) *sessions {
	known := &sessions{}
	handshake := st.Handshake
	st.Handshake = func(ctx context.Context, conn net.Conn, config transport.ServerConfig) (*transport.Conn, error) {
		c, err := handshake(ctx, conn, config)
		if err == nil {
			known.add(sessionOf(c))
		}
		return c, err
	}
	return known
}

func (k *sessions) add(s boundSession) {
	k.mu.Lock()
	defer k.mu.Unlock()
	s.id = bytes.Clone(s.id)
	k.list = append(k.list, s)
	if len(k.list) > maxSessions {
		k.list = slices.Delete(k.list, 0, 1)
	}
}

func (k *sessions) any(is func(boundSession) bool) bool {
	k.mu.Lock()
	list := slices.Clone(k.list)
	k.mu.Unlock()
	return slices.ContainsFunc(list, is)
}
