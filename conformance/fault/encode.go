package fault

import (
	"bytes"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// ChangesOutputs has change look at the outputs of a session before they are encoded.
func ChangesOutputs(change func(s *relay.Session, out *relay.Output)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Encode
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			changed := append([]relay.Output(nil), outs...)
			for i := range changed {
				change(s, &changed[i])
			}
			return next(s, changed)
		}
	})
}

// ConfusesErrors answers one error in the place of another.
func ConfusesErrors(right, wrong *smp.Error) func(*relay.Config) {
	return ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
		if IsError(out, right) {
			out.Response = smp.ERR{Err: wrong}
		}
	})
}

// IsError reports whether an output is the error.
func IsError(out *relay.Output, err *smp.Error) bool {
	e, ok := out.Response.(smp.ERR)
	return ok && e.Err.Equal(err)
}

// Reencodes has change look at every transmission after it was encoded, and encodes what
// it has become, at the version that it returns. What does not fit then stays as it was.
func Reencodes(change func(s *relay.Session, t *smp.Transmission) (version uint16)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Encode
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			contents, err := next(s, outs)
			for i, content := range contents {
				if reencoded := reencoded(s, content, change); reencoded != nil {
					contents[i] = reencoded
				}
			}
			return contents, err
		}
	})
}

// ChangesTransmissions is Reencodes at the version of the session.
func ChangesTransmissions(change func(s *relay.Session, t *smp.Transmission)) func(*relay.Config) {
	return Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
		change(s, t)
		return s.Version()
	})
}

func reencoded(s *relay.Session, content []byte, change func(*relay.Session, *smp.Transmission) uint16) []byte {
	items, err := smp.DecodeBlock(content)
	if err != nil {
		return nil
	}
	for i, item := range items {
		t, err := smp.DecodeTransmission(s.Version(), bytes.Clone(item))
		if err != nil {
			return nil
		}
		version := change(s, &t)
		if items[i], err = t.Encode(version); err != nil {
			return nil
		}
	}
	content, err = smp.EncodeBlock(items...)
	if err != nil || len(content) > smp.EncryptedContent {
		return nil
	}
	return content
}

// Spelled is a response with other bytes than the protocol has for it. Spells sends it.
type Spelled struct {
	smp.Response
	Text string
}

// Spells replaces the stage Encode by one that sends the text of what is Spelled, each in a
// block of its own.
func Spells(st *relay.Stages) {
	encode := st.Encode
	st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
		var contents [][]byte
		first := 0
		for i := range outs {
			response, ok := outs[i].Response.(Spelled)
			if !ok {
				continue
			}
			before, err := encode(s, outs[first:i])
			if err != nil {
				return nil, err
			}
			t := smp.Transmission{CorrelationID: outs[i].CorrelationID, EntityID: outs[i].EntityID, Command: []byte(response.Text)}
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
