package fault

import (
	"slices"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// Execute is the stage Execute.
type Execute = func(*relay.Session, *relay.Request) []relay.Output

// Executes replaces the stage Execute; next is what it was.
func Executes(f func(s *relay.Session, r *relay.Request, next Execute) []relay.Output) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output { return f(s, r, next) }
	})
}

// Handles replaces the execution of one command; next is what it was.
func Handles[C smp.Command](f func(s *relay.Session, r *relay.Request, c C, next Execute) []relay.Output) func(*relay.Config) {
	return Executes(func(s *relay.Session, r *relay.Request, next Execute) []relay.Output {
		if c, ok := r.Command.(C); ok {
			return f(s, r, c, next)
		}
		return next(s, r)
	})
}

// Alters changes the answers of one command that are of one kind.
func Alters[C smp.Command, R smp.Response](change func(s *relay.Session, r *relay.Request, response R) smp.Response) func(*relay.Config) {
	return Handles(func(s *relay.Session, r *relay.Request, _ C, next Execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			if response, ok := outs[i].Response.(R); ok {
				outs[i].Response = change(s, r, response)
			}
		}
		return outs
	})
}

// Reply answers a request.
func Reply(r *relay.Request, response smp.Response) []relay.Output {
	return []relay.Output{{CorrelationID: r.Transmission.CorrelationID, EntityID: r.Transmission.EntityID, Response: response}}
}

// Refuse answers a request with an error.
func Refuse(r *relay.Request, err *smp.Error) []relay.Output { return Reply(r, smp.ERR{Err: err}) }

// IsA reports whether an output is a response of one kind.
func IsA[R smp.Response](out relay.Output) bool {
	_, ok := out.Response.(R)
	return ok
}

// RepliedWith reports whether a request was answered with a response of one kind.
func RepliedWith[R smp.Response](outs []relay.Output) bool { return len(outs) > 0 && IsA[R](outs[0]) }

// IsOneOf reports whether the command of a request has one of the tags.
func IsOneOf(r *relay.Request, tags ...string) bool { return slices.Contains(tags, r.Command.Tag()) }

// IsService reports whether a session is that of a client service.
func IsService(s *relay.Session) bool { return s.Conn().Service() != nil }
