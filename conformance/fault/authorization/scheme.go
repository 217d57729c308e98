package authorization

import (
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// schemeFaults are mistakes about the kinds of keys and authorizations.
var schemeFaults = slices.Concat(unsupportedKeys(), wrongSizes(), []fault.Fault{
	{
		ID:       "authorization/other-kind-accepted",
		Story:    "An authorization of another kind than the key cannot be verified with it, and passes.",
		Breaks:   []string{"SMP-AUTH-SCHEME"},
		Cases:    []string{"relay/authorization/scheme"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return !key.IsZero() && !fits(r.Transmission.Authorization, key.Algorithm())
		}),
	},
	{
		ID:       "authorization/kind-from-size",
		Story:    "The size of the authorization says what kind of key its 32 bytes are, whatever kind NEW named.",
		Breaks:   []string{"SMP-AUTH-SCHEME"},
		Cases:    []string{"relay/authorization/scheme"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: verifiesAs(func(r *relay.Request, key keys.PublicKey) keys.PublicKey {
			if key.Algorithm() != keys.Ed25519 || !fits(r.Transmission.Authorization, keys.X25519) {
				return key
			}
			if agreement, err := keys.NewPublic(keys.X25519, key.Raw()); err == nil {
				return agreement
			}
			return key
		}),
	},
})

// unsupportedKeys are relays that know only some kinds of keys.
func unsupportedKeys() []fault.Fault {
	unsupported := func(id, story, requirement string, algorithm keys.Algorithm, from uint16) fault.Fault {
		return fault.Fault{
			ID:       "authorization/" + id + "-unsupported",
			Story:    story,
			Breaks:   []string{requirement},
			Cases:    []string{"relay/authorization/" + id},
			Versions: fault.Since(from),
			Apply: verifiesAs(func(_ *relay.Request, key keys.PublicKey) keys.PublicKey {
				if key.Algorithm() == algorithm {
					return keys.PublicKey{}
				}
				return key
			}),
		}
	}
	return []fault.Fault{
		unsupported("ed25519", "Authenticators have replaced signatures, so Ed25519 keys are not taken any more.",
			"SMP-AUTH-ED25519", keys.Ed25519, smp.VersionAuthenticators),
		unsupported("x25519", "Keys for authorization are signature keys, and X25519 is none.",
			"SMP-AUTH-X25519", keys.X25519, smp.VersionAuthenticators),
		unsupported("ed448", "The library for signatures has no Ed448.",
			"SMP-AUTH-ED448", keys.Ed448, smp.MinVersion),
	}
}

// wrongSizes are relays that do not answer BLOCK to an authorization of a size that no
// scheme has.
func wrongSizes() []fault.Fault {
	answered := func(id, story string, answer *smp.Error) fault.Fault {
		return fault.Fault{
			ID:     "authorization/size-" + id,
			Story:  story,
			Breaks: []string{"SMP-AUTH-SIZE"},
			Cases:  []string{"relay/authorization/size"},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				requests := next(s, content)
				for i, t := range transmissionsIn(s.Version(), content) {
					if _, err := smp.SchemeOf(t.Authorization); err != nil && i < len(requests) && fault.Failed(&requests[i], smp.ErrBlock) {
						requests[i].Transmission.EntityID, requests[i].Err = t.EntityID, answer
					}
				}
				return requests
			}),
		}
	}
	return []fault.Fault{
		answered("auth", "An authorization that nothing can verify is wrong like any other, whatever its size.", smp.ErrAuth),
		answered("none", "What is no authorization counts as a missing one.", smp.ErrCmdNoAuth),
	}
}

// transmissionsIn are the transmissions of a block, empty where they cannot be decoded;
// nil for a block that cannot be taken apart.
func transmissionsIn(version uint16, content []byte) []smp.Transmission {
	items, err := smp.DecodeBlock(content)
	if err != nil {
		return nil
	}
	list := make([]smp.Transmission, len(items))
	for i, item := range items {
		if t, err := smp.DecodeTransmission(version, item); err == nil {
			list[i] = t
		}
	}
	return list
}

// fits reports whether an authorization may be of a key of the algorithm.
func fits(authorization []byte, algorithm keys.Algorithm) bool {
	scheme, err := smp.SchemeOf(authorization)
	if err != nil {
		return false
	}
	switch algorithm {
	case keys.Ed25519:
		return scheme == smp.Ed25519Signature
	case keys.X25519:
		return scheme == smp.Authenticator
	case keys.Ed448:
		return scheme == smp.Ed448Signature
	}
	return false
}

// verifiesAs verifies with another key than the right one.
func verifiesAs(instead func(*relay.Request, keys.PublicKey) keys.PublicKey) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return next(s, r, instead(r, key))
		}
	})
}
