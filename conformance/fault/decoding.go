package fault

import (
	"bytes"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// replacesDecode replaces the stage Decode; next is what it was.
func replacesDecode(f func(s *relay.Session, content []byte, next decode) []relay.Request) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request { return f(s, content, next) }
	})
}

type decode = func(*relay.Session, []byte) []relay.Request

// failed reports whether a request was refused with the error.
func failed(r *relay.Request, err *smp.Error) bool { return r.Err != nil && r.Err.Equal(err) }

// serve has a request served although it was refused, if its command can be decoded.
func serve(s *relay.Session, r *relay.Request) {
	serveAs(s, r, r.Transmission.Command)
}

// serveAs is serve with other bytes for the command; the authorization is that of what
// was sent.
func serveAs(s *relay.Session, r *relay.Request, command []byte) {
	if c, err := smp.DecodeCommand(s.Version(), command); err == nil {
		r.Command, r.Err = c, nil
	}
}

// decodes changes requests after the stage Decode.
func decodes(change func(s *relay.Session, r *relay.Request)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := next(s, content)
			for i := range requests {
				change(s, &requests[i])
			}
			return requests
		}
	})
}

// unknowns has decide look at commands that are unknown.
func unknowns(decide func(s *relay.Session, r *relay.Request)) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
		if failed(r, smp.ErrCmdUnknown) {
			decide(s, r)
		}
	})
}

// tagOf is the name of the command in a request, empty if it cannot be decoded.
func tagOf(s *relay.Session, r *relay.Request) string {
	if c, err := smp.DecodeCommand(s.Version(), r.Transmission.Command); err == nil {
		return c.Tag()
	}
	return ""
}

// withCredentials takes a command in spite of the authorization or entity id that it
// must not have.
func withCredentials(tag string) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
		if failed(r, smp.ErrCmdHasAuth) && tagOf(s, r) == tag {
			serve(s, r)
		}
	})
}

// parsesAs refuses commands with CMD SYNTAX whose parameters cannot be read as read does.
func parsesAs(tag string, read func(*wire.Reader)) func(*relay.Config) {
	return decodes(func(_ *relay.Session, r *relay.Request) {
		if r.Err != nil || r.Command.Tag() != tag {
			return
		}
		parameters := wire.NewReader(r.Transmission.Command)
		parameters.Literal(tag + " ")
		read(parameters)
		if parameters.Close() != nil {
			r.Command, r.Err = nil, smp.ErrCmdSyntax
		}
	})
}

// innerProhibited takes fewer commands through a proxy.
func innerProhibited(tags ...string) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
		if !s.Forwarded() || r.Err != nil {
			return
		}
		for _, tag := range tags {
			if r.Command.Tag() == tag {
				r.Err = smp.ErrCmdProhibited
			}
		}
	})
}

// misreads takes commands that are malformed: read makes of their bytes the command that
// is executed, nil if it stays refused.
func misreads(tag string, read func(version uint16, command []byte) smp.Command) func(*relay.Config) {
	return decodes(func(s *relay.Session, r *relay.Request) {
		if !failed(r, smp.ErrCmdSyntax) || !isTagged(r.Transmission.Command, tag) {
			return
		}
		if c := read(s.Version(), bytes.Clone(r.Transmission.Command)); c != nil {
			r.Command, r.Err = c, nil
		}
	})
}

// rewrites is misreads by way of bytes that are well-formed.
func rewrites(tag string, rewrite func(version uint16, command []byte) []byte) func(*relay.Config) {
	return misreads(tag, func(version uint16, command []byte) smp.Command {
		c, err := smp.DecodeCommand(version, rewrite(version, command))
		if err != nil {
			return nil
		}
		return c
	})
}

func isTagged(command []byte, tag string) bool {
	word, _, _ := bytes.Cut(command, []byte(" "))
	return string(word) == tag
}
