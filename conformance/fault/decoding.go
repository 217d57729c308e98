package fault

import (
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// redecides has decide look at every request after Decode, at the version of the session.
func redecides(st *relay.Stages, decide func(version uint16, r *relay.Request)) {
	decode := st.Decode
	st.Decode = func(s *relay.Session, content []byte) []relay.Request {
		requests := decode(s, content)
		for i := range requests {
			decide(s.Version(), &requests[i])
		}
		return requests
	}
}

// decides is redecides alone, as a mistake.
func decides(decide func(version uint16, r *relay.Request)) func(*relay.Config) {
	return stages(func(st *relay.Stages) { redecides(st, decide) })
}

// replacesDecode replaces the stage Decode; next is what it was.
func replacesDecode(f func(s *relay.Session, content []byte, next decode) []relay.Request) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request { return f(s, content, next) }
	})
}

type decode = func(*relay.Session, []byte) []relay.Request

// redecodes has repair look at every transmission of a block before it is decoded, and
// decodes what it returns in its place; nil is for those that stay as they are.
func redecodes(repair func(s *relay.Session, item []byte) []byte) func(*relay.Config) {
	return replacesDecode(func(s *relay.Session, content []byte, next decode) []relay.Request {
		items, err := smp.DecodeBlock(content)
		if err != nil {
			return next(s, content)
		}
		for i := range items {
			if repaired := repair(s, items[i]); repaired != nil {
				items[i] = repaired
			}
		}
		repaired, err := smp.EncodeBlock(items...)
		if err != nil {
			return next(s, content)
		}
		return next(s, repaired)
	})
}

// failed reports whether a request was refused with the error.
func failed(r *relay.Request, err *smp.Error) bool { return r.Err != nil && r.Err.Equal(err) }

// refused is the request that a block which cannot be read gives.
func refused() []relay.Request { return []relay.Request{{Err: smp.ErrBlock}} }

// serve has a request served although it was refused, if its command can be decoded.
func serve(version uint16, r *relay.Request) {
	serveAs(version, r, r.Transmission.Command)
}

// serveAs is serve with other bytes for the command; the authorization is that of what
// was sent.
func serveAs(version uint16, r *relay.Request, command []byte) {
	if c, err := smp.DecodeCommand(version, command); err == nil {
		r.Command, r.Err = c, nil
	}
}
