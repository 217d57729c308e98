package client

import (
	"sync"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// authorize signs t, or makes its authenticator, by the type of the key. In a
// service session the service signs too what it has to.
func (c *Client) authorize(t *smp.Transmission, r Request) error {
	a, err := c.authorizers.of(r.Key, c.conn.PeerKey())
	if err != nil {
		return err
	}
	if s := c.conn.Service(); s != nil && smp.UsesServiceSignature(r.Command) {
		return t.AuthorizeInService(c.SessionID(), a, smp.ServiceCredentials{
			CertFingerprint: s.Fingerprint,
			Key:             s.PrivateKey,
		})
	}
	return t.Authorize(c.SessionID(), a)
}

// maxAuthorizers is how many keys are remembered.
const maxAuthorizers = 256

// authorizers remembers what keys have agreed on with the relay's session key:
// the agreement costs more than all the rest of a command.
type authorizers struct {
	mu    sync.Mutex
	known map[keys.PublicKey]smp.Authorizer
}

func (a *authorizers) of(key keys.PrivateKey, server keys.PublicKey) (smp.Authorizer, error) {
	if !key.Algorithm().CanAgree() {
		return smp.NewAuthorizer(key, server)
	}
	a.mu.Lock()
	known, ok := a.known[key.Public()]
	a.mu.Unlock()
	if ok {
		return known, nil
	}
	made, err := smp.NewAuthorizer(key, server)
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known == nil || len(a.known) >= maxAuthorizers {
		a.known = make(map[keys.PublicKey]smp.Authorizer)
	}
	a.known[key.Public()] = made
	return made, nil
}
