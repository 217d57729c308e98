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
	return fault.Stages(func(st *relay.Stages) {
		decode, authorise, execute := st.Decode, st.Authorise, st.Execute
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			for i := range requests {
				if r := &requests[i]; r.Err != nil && r.Err.Equal(right) && fault.IsTagged(r.Transmission.Command, tag) {
					r.Err = wrong
				}
			}
			return requests
		}
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
			err := authorise(s, r)
			if err != nil && err.Equal(right) && r.Command.Tag() == tag {
				return wrong
			}
			return err
		}
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := execute(s, r)
			for i := range outs {
				if e, ok := outs[i].Response.(smp.ERR); ok && e.Err.Equal(right) && r.Command.Tag() == tag {
					outs[i].Response = smp.ERR{Err: wrong}
				}
			}
			return outs
		}
	})
}
