package fault

import "smpcheck/reference/relay"

// Stages makes a mistake in the stages alone.
func Stages(change func(*relay.Stages)) func(*relay.Config) {
	return func(c *relay.Config) { change(&c.Stages) }
}

// Together makes several mistakes, the first one first.
func Together(mistakes ...func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) {
		for _, m := range mistakes {
			m(c)
		}
	}
}

// Remembering makes a mistake with something to remember, which begins anew with each relay.
func Remembering[S any](mistake func(*S) func(*relay.Config)) func(*relay.Config) {
	return func(c *relay.Config) { mistake(new(S))(c) }
}
