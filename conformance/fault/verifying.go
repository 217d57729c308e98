package fault

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// mayBeEmpty takes a command that has no authorization.
func mayBeEmpty(tag string) func(*relay.Config) {
	return together(
		decodes(func(s *relay.Session, r *relay.Request) {
			if len(r.Transmission.Authorization) == 0 && isTagged(r.Transmission.Command, tag) {
				serve(s, r)
			}
		}),
		verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return isOneOf(r, tag) && len(r.Transmission.Authorization) == 0 && !key.IsZero()
		}),
	)
}

// refusesWith has answer say what is answered to commands that Authorise refuses with AUTH.
func refusesWith(answer func(*relay.Session, *relay.Request) *smp.Error) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := next(s, r)
			if err == nil || !err.Equal(smp.ErrAuth) {
				return err
			}
			return answer(s, r)
		}
	})
}

// verifies takes authorizations that accepts says, besides those that are right.
func verifies(accepts func(*relay.Session, *relay.Request, keys.PublicKey) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return next(s, r, key) || accepts(s, r, key)
		}
	})
}

// unchecked takes every authorization of one command for a queue that exists.
func unchecked(tag string) func(*relay.Config) {
	return verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		return isOneOf(r, tag) && !key.IsZero()
	})
}
