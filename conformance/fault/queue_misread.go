package fault

import (
	"bytes"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// misreads takes commands that are malformed: read makes of their bytes the command that
// is executed, nil if it stays refused.
func misreads(tag string, read func(version uint16, command []byte) smp.Command) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		decode := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			for i := range requests {
				r := &requests[i]
				if r.Err == nil || !r.Err.Equal(smp.ErrCmdSyntax) || !isTagged(r.Transmission.Command, tag) {
					continue
				}
				if c := read(s.Version(), bytes.Clone(r.Transmission.Command)); c != nil {
					r.Command, r.Err = c, nil
				}
			}
			return requests
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

// refusesForm refuses well-formed commands that wrong is true for.
func refusesForm[C smp.Command](wrong func(c C, command []byte) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		decode := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			for i := range requests {
				r := &requests[i]
				if c, ok := r.Command.(C); ok && r.Err == nil && wrong(c, r.Transmission.Command) {
					r.Err = smp.ErrCmdSyntax
				}
			}
			return requests
		}
	})
}

func isTagged(command []byte, tag string) bool {
	word, _, _ := bytes.Cut(command, []byte(" "))
	return string(word) == tag
}

// instead answers a command with one error in the place of another, wherever it comes from.
func instead(tag string, right, wrong *smp.Error) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		decode, authorise, execute := st.Decode, st.Authorise, st.Execute
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			for i := range requests {
				if r := &requests[i]; r.Err != nil && r.Err.Equal(right) && isTagged(r.Transmission.Command, tag) {
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

// spelled is a response with other bytes than the protocol has for it.
type spelled struct {
	smp.Response
	text string
}

// spells lets answers be spelled.
func spells(st *relay.Stages) {
	encode := st.Encode
	st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
		var contents [][]byte
		first := 0
		for i := range outs {
			response, ok := outs[i].Response.(spelled)
			if !ok {
				continue
			}
			before, err := encode(s, outs[first:i])
			if err != nil {
				return nil, err
			}
			t := smp.Transmission{CorrelationID: outs[i].CorrelationID, EntityID: outs[i].EntityID, Command: []byte(response.text)}
			if s.Version() < smp.VersionAuthenticators {
				t.SessionID = s.Conn().SessionID()
			}
			encoded, err := t.Encode(s.Version())
			if err != nil {
				return nil, err
			}
			content, err := smp.EncodeBlock(encoded)
			if err != nil {
				return nil, err
			}
			contents = append(append(contents, before...), content)
			first = i + 1
		}
		rest, err := encode(s, outs[first:])
		return append(contents, rest...), err
	}
}
