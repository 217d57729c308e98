package fault

import "smpcheck/reference/relay"

// stages makes a mistake in the stages alone.
func stages(change func(*relay.Stages)) func(*relay.Config) {
	return func(c *relay.Config) { change(&c.Stages) }
}

// together makes several mistakes, the first one first.
func together(mistakes ...func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) {
		for _, m := range mistakes {
			m(c)
		}
	}
}

// remembering makes a mistake with something to remember, which begins anew with each relay.
func remembering[S any](mistake func(*S) func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) { mistake(new(S))(c) }
}
