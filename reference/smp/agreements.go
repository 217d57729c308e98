package smp

import (
	"sync"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
)

// Agreements remembers what the session key of a relay has agreed on with X25519 queue
// keys, since the agreement costs more than the rest of verifying an authenticator. It
// is safe for concurrent use, and belongs to one session key.
//
// A key is remembered once an authenticator by it was valid, and not before. What is
// verified faster then tells a client only what it has been answered already, as long as
// the session is that of one client: for a session that carries the commands of several,
// such as that of a proxy, there should be none.
type Agreements struct {
	most int

	mu    sync.Mutex
	known map[keys.PublicKey]box.Key
}

// NewAgreements returns room for the given number of keys, at least one. If it is full
// all are forgotten.
func NewAgreements(most int) *Agreements { return &Agreements{most: max(1, most)} }

// verify is verifyScheme for authenticators.
func (a *Agreements) verify(t *Transmission, authorized []byte, key keys.PublicKey, session keys.PrivateKey) bool {
	a.mu.Lock()
	agreed, known := a.known[key]
	a.mu.Unlock()
	if known {
		return VerifyBox(t.Authorization, authorized, t.CorrelationID, agreed)
	}
	agreed, err := box.Agree(session, key)
	valid := VerifyBox(t.Authorization, authorized, t.CorrelationID, agreed)
	if !valid || err != nil {
		return false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= a.most {
		a.known = make(map[keys.PublicKey]box.Key)
	}
	a.known[key] = agreed
	return true
}
