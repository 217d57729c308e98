package fault

import (
	"bytes"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Decode is the stage Decode: it makes requests of the content of a block.
type Decode = func(*relay.Session, []byte) []relay.Request

// Decodes replaces the stage Decode; next is what it was.
func Decodes(f func(s *relay.Session, content []byte, next Decode) []relay.Request) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request { return f(s, content, next) }
	})
}

// ChangesRequests changes requests after the stage Decode.
func ChangesRequests(change func(s *relay.Session, r *relay.Request)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
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

// Failed reports whether a request was refused with the error.
func Failed(r *relay.Request, err *smp.Error) bool { return r.Err != nil && r.Err.Equal(err) }

// Serve has a request served although it was refused, if its command can be decoded.
func Serve(s *relay.Session, r *relay.Request) {
	ServeAs(s, r, r.Transmission.Command)
}

// ServeAs is Serve with other bytes for the command; the authorization is that of what
// was sent.
func ServeAs(s *relay.Session, r *relay.Request, command []byte) {
	if c, err := smp.DecodeCommand(s.Version(), command); err == nil {
		r.Command, r.Err = c, nil
	}
}

// Unknowns has decide look at requests that were refused since their command is unknown.
func Unknowns(decide func(s *relay.Session, r *relay.Request)) func(*relay.Config) {
	return ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if Failed(r, smp.ErrCmdUnknown) {
			decide(s, r)
		}
	})
}

// TagOf is the name of the command in a request, empty if it cannot be decoded.
func TagOf(s *relay.Session, r *relay.Request) string {
	if c, err := smp.DecodeCommand(s.Version(), r.Transmission.Command); err == nil {
		return c.Tag()
	}
	return ""
}

// AllowsCredentials takes a command in spite of the authorization or entity id that it
// must not have.
func AllowsCredentials(tag string) func(*relay.Config) {
	return ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if Failed(r, smp.ErrCmdHasAuth) && TagOf(s, r) == tag {
			Serve(s, r)
		}
	})
}

// ParsesAs refuses commands with CMD SYNTAX whose parameters cannot be read as read does.
func ParsesAs(tag string, read func(*wire.Reader)) func(*relay.Config) {
	return ChangesRequests(func(_ *relay.Session, r *relay.Request) {
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

// ProhibitsForwarded refuses the commands with the tags when they come through a proxy.
func ProhibitsForwarded(tags ...string) func(*relay.Config) {
	return ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if s.Forwarded() && r.Err == nil && IsOneOf(r, tags...) {
			r.Err = smp.ErrCmdProhibited
		}
	})
}

// Misreads takes commands that are malformed: read makes of their bytes the command that
// is executed, nil if it stays refused.
func Misreads(tag string, read func(version uint16, command []byte) smp.Command) func(*relay.Config) {
	return ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if !Failed(r, smp.ErrCmdSyntax) || !IsTagged(r.Transmission.Command, tag) {
			return
		}
		if c := read(s.Version(), bytes.Clone(r.Transmission.Command)); c != nil {
			r.Command, r.Err = c, nil
		}
	})
}

// Rewrites is Misreads by way of bytes that are well-formed.
func Rewrites(tag string, rewrite func(version uint16, command []byte) []byte) func(*relay.Config) {
	return Misreads(tag, func(version uint16, command []byte) smp.Command {
		c, err := smp.DecodeCommand(version, rewrite(version, command))
		if err != nil {
			return nil
		}
		return c
	})
}

// IsTagged reports whether an encoded command has the tag.
func IsTagged(command []byte, tag string) bool {
	word, _, _ := bytes.Cut(command, []byte(" "))
	return string(word) == tag
}
