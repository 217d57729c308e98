package queue

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// refusesForm refuses well-formed commands that wrong is true for.
func refusesForm[C smp.Command](wrong func(c C, command []byte) bool) func(*relay.Config) {
	return fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
		if c, ok := r.Command.(C); ok && r.Err == nil && wrong(c, r.Transmission.Command) {
			r.Err = smp.ErrCmdSyntax
		}
	})
}

// instead answers a command with one error in the place of another, wherever it comes from.
func instead(tag string, right, wrong *smp.Error) func(*relay.Config) {
	return fault.Together(
		fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if fault.Failed(r, right) && fault.IsTagged(r.Transmission.Command, tag) {
				r.Err = wrong
			}
		}),
		fault.Stages(func(st *relay.Stages) {
			authorise := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := authorise(s, r)
				if err != nil && err.Equal(right) && fault.IsOneOf(r, tag) {
					return wrong
				}
				return err
			}
		}),
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				if fault.IsError(&outs[i], right) && fault.IsOneOf(r, tag) {
					outs[i].Response = smp.ERR{Err: wrong}
				}
			}
			return outs
		}),
	)
}
