package fault

import (
	"slices"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// isA reports whether an output is a response of one kind.
func isA[R smp.Response](out relay.Output) bool {
	_, ok := out.Response.(R)
	return ok
}

// repliedWith reports whether a request was answered with a response of one kind.
func repliedWith[R smp.Response](outs []relay.Output) bool { return len(outs) > 0 && isA[R](outs[0]) }

// handles replaces the execution of one command; next is what it was.
func handles[C smp.Command](f func(s *relay.Session, r *relay.Request, c C, next execute) []relay.Output) func(*relay.Config) {
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		if c, ok := r.Command.(C); ok {
			return f(s, r, c, next)
		}
		return next(s, r)
	})
}

// alters changes the answers of one command that are of one kind.
func alters[C smp.Command, R smp.Response](change func(s *relay.Session, r *relay.Request, response R) smp.Response) func(*relay.Config) {
	return handles(func(s *relay.Session, r *relay.Request, _ C, next execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			if response, ok := outs[i].Response.(R); ok {
				outs[i].Response = change(s, r, response)
			}
		}
		return outs
	})
}

// reply answers a request.
func reply(r *relay.Request, response smp.Response) []relay.Output {
	return []relay.Output{{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: response}}
}

// refuse answers a request with an error.
func refuse(r *relay.Request, err *smp.Error) []relay.Output { return reply(r, smp.ERR{Err: err}) }

// executes replaces the stage Execute; next is what it was.
func executes(f func(s *relay.Session, r *relay.Request, next execute) []relay.Output) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output { return f(s, r, next) }
	})
}

type execute = func(*relay.Session, *relay.Request) []relay.Output

func isOneOf(r *relay.Request, tags ...string) bool { return slices.Contains(tags, r.Command.Tag()) }

// isService reports whether a session is that of a client service.
func isService(s *relay.Session) bool { return s.Conn().Service() != nil }
