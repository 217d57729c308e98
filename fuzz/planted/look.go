package planted

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// trusting reads fields and believes their lengths: where one points beyond the end, it
// panics.
type trusting []byte

func trust(b []byte) trusting { return slices.Clip(b) }

func (t *trusting) take(n int) []byte {
	taken := (*t)[:n]
	*t = (*t)[n:]
	return taken
}

func (t *trusting) byte() byte { return t.take(1)[0] }

func (t *trusting) short() []byte { return t.take(int(t.byte())) }

func (t *trusting) word() int { return int(binary.BigEndian.Uint16(t.take(2))) }

// contents has look see the content of each block, right or not, before it is decoded.
func contents(look func(content []byte)) func(*relay.Config) {
	return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
		look(content)
		return next(s, content)
	})
}

// encoded has look see each encoded transmission of a block that can be taken apart.
func encoded(look func(s *relay.Session, item []byte)) func(*relay.Config) {
	return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
		items, err := smp.DecodeBlock(content)
		if err != nil {
			return next(s, content)
		}
		for _, item := range items {
			look(s, item)
		}
		return next(s, content)
	})
}

// commands has look see each encoded command of a transmission that can be taken apart.
func commands(look func(command []byte)) func(*relay.Config) {
	return encoded(func(s *relay.Session, item []byte) {
		if t, err := smp.DecodeTransmission(s.Version(), item); err == nil {
			look(t.Command)
		}
	})
}

// parameters has look see what stands behind the tag and the space of a command, and not
// whether it is right.
func parameters(look func(r *wire.Reader), tags ...string) func(*relay.Config) {
	return commands(func(command []byte) {
		tag, rest, found := bytes.Cut(command, []byte(" "))
		if found && slices.Contains(tags, string(tag)) {
			look(wire.NewReader(slices.Clip(rest)))
		}
	})
}

// failures has look see each request that is refused, with the error that answers it.
func failures(look func(r *relay.Request, err *smp.Error)) func(*relay.Config) {
	return fault.Together(
		fault.Stages(func(st *relay.Stages) {
			next := st.Read
			st.Read = func(s *relay.Session) ([]byte, error) {
				content, err := next(s)
				if errors.Is(err, transport.ErrLargeMessage) {
					look(&relay.Request{}, smp.ErrBlock)
				}
				return content, err
			}
		}),
		fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if r.Err != nil {
				look(r, r.Err)
			}
		}),
		authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
			err := next(s, r)
			if err != nil {
				look(r, err)
			}
			return err
		}),
		fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				if e, ok := outs[i].Response.(smp.ERR); ok {
					look(r, e.Err)
				}
			}
			return outs
		}),
	)
}

// authorise is the stage Authorise.
type authorise = func(*relay.Session, *relay.Request) *smp.Error

// authorises replaces the stage Authorise; next is what it was.
func authorises(f func(s *relay.Session, r *relay.Request, next authorise) *smp.Error) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Authorise
		st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error { return f(s, r, next) }
	})
}

// is reports whether a request has a command of one kind.
func is[C smp.Command](r *relay.Request) bool {
	_, ok := r.Command.(C)
	return ok
}
