package fault

import "smpcheck/reference/relay"

// stages makes a mistake in the stages alone.
func stages(change func(*relay.Stages)) func(*relay.Config) {
	return func(c *relay.Config) { change(&c.Stages) }
}

// executes replaces the stage Execute; next is what it was.
func executes(f func(s *relay.Session, r *relay.Request, next execute) []relay.Output) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output { return f(s, r, next) }
	})
}

type execute = func(*relay.Session, *relay.Request) []relay.Output
