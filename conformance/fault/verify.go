package fault

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Verifies takes authorizations that accepts says, besides those that are right.
func Verifies(accepts func(*relay.Session, *relay.Request, keys.PublicKey) bool) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return next(s, r, key) || accepts(s, r, key)
		}
	})
}

// Unchecked takes every authorization of one command for a queue that exists.
func Unchecked(tag string) func(*relay.Config) {
	return Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
		return IsOneOf(r, tag) && !key.IsZero()
	})
}

// Unsigned takes a command that has no authorization.
func Unsigned(tag string) func(*relay.Config) {
	return Together(
		ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if len(r.Transmission.Authorization) == 0 && IsTagged(r.Transmission.Command, tag) {
				Serve(s, r)
			}
		}),
		Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return IsOneOf(r, tag) && len(r.Transmission.Authorization) == 0 && !key.IsZero()
		}),
	)
}

// RefusesWith has answer say what is answered to commands that Authorise refuses with AUTH.
func RefusesWith(answer func(*relay.Session, *relay.Request) *smp.Error) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
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
