package planted

import (
	"bytes"
	"errors"
	"net"
	"sync/atomic"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// answerFaults are relays whose answers are wrong in form, or go astray.
func answerFaults() []Fault {
	return []Fault{
		{
			ID:    "answer/crossed-correlation",
			Title: "Of four and more answers that are sent together the last two have each other's correlation id.",
			Finds: []string{Protocol, Violation},
			Apply: encodes(func(outs []relay.Output) []relay.Output {
				const several = 4
				if n := len(outs); n >= several && len(outs[n-1].CorrelationID) > 0 && len(outs[n-2].CorrelationID) > 0 {
					outs[n-1].CorrelationID, outs[n-2].CorrelationID = outs[n-2].CorrelationID, outs[n-1].CorrelationID
				}
				return outs
			}),
		},
		{
			ID:    "answer/entity-of-previous",
			Title: "An error has the entity id of the answer before it if they are sent together.",
			Finds: []string{Protocol, Violation},
			Apply: encodes(func(outs []relay.Output) []relay.Output {
				for i := len(outs) - 1; i > 0; i-- {
					if fault.IsA[smp.ERR](outs[i]) && len(outs[i].EntityID) > 0 && len(outs[i-1].EntityID) > 0 {
						outs[i].EntityID = outs[i-1].EntityID
					}
				}
				return outs
			}),
		},
		{
			ID:    "answer/quota-twice",
			Title: "A message for a full queue is answered twice.",
			Finds: []string{Protocol, Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
				outs := next(s, r)
				if !s.Forwarded() && fault.IsError(&outs[0], smp.ErrQuota) {
					return append(outs, outs[0])
				}
				return outs
			}),
		},
		{
			ID:    "answer/to-earlier-subscriber",
			Title: "The answer to SUB goes to the connection that loses the queue.",
			Finds: []string{Hang, Protocol, Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
				earlier := r.Queue.Subscriber()
				outs := next(s, r)
				if earlier == nil || earlier == s {
					return outs
				}
				earlier.Send(outs...)
				earlier.Flush()
				return nil
			}),
		},
		{
			ID:    "answer/end-with-correlation",
			Title: "END has the correlation id of the SUB that caused it.",
			Finds: []string{Protocol, Violation},
			Apply: fault.Remembering(func(causes *fault.Notes[string, []byte]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
						id := string(r.Queue.RecipientID())
						causes.Set(id, r.Transmission.CorrelationID)
						defer causes.Take(id)
						return next(s, r)
					}),
					fault.Pushes(func(to *relay.Session, q *relay.Queue, out relay.Output, next fault.Push) {
						if fault.IsA[smp.END](out) {
							out.CorrelationID, _ = causes.Get(string(out.EntityID))
						}
						next(to, q, out)
					}),
				)
			}),
		},
		{
			ID:    "answer/long-correlation-cut",
			Title: "A correlation id of more than 24 bytes is answered with its first 24.",
			Finds: []string{Hang, Protocol, Violation},
			Apply: fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
				out.CorrelationID = out.CorrelationID[:min(len(out.CorrelationID), smp.CorrelationIDSize)]
			}),
		},
		{
			ID:    "answer/suspended-queue-info",
			Title: "QUE for a suspended queue is answered OK, in the place of INFO.",
			Finds: []string{Protocol, Violation},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.QUE, next fault.Execute) []relay.Output {
				if r.Queue.Record().Suspended() {
					return fault.Reply(r, smp.OK{})
				}
				return next(s, r)
			}),
		},
		{
			ID:    "answer/extra-byte",
			Title: "The error for a needless ACK ends with a byte of zero.",
			Finds: []string{Protocol},
			Apply: spells(func(_ *relay.Session, out *relay.Output) string {
				if fault.IsError(out, smp.ErrNoMsg) {
					return "ERR NO_MSG\x00"
				}
				return ""
			}),
		},
		{
			ID:    "answer/unknown-error",
			Title: "Malformed parameters are answered with an error that the protocol does not have.",
			Finds: []string{Protocol},
			Apply: spells(func(_ *relay.Session, out *relay.Output) string {
				if fault.IsError(out, smp.ErrCmdSyntax) {
					return "ERR SYNTAX"
				}
				return ""
			}),
		},
		{
			ID:    "answer/later-form",
			Title: "SUB is answered with SOK also below version 16.",
			Finds: []string{Protocol, Violation},
			Apply: spells(func(s *relay.Session, out *relay.Output) string {
				if fault.IsA[smp.SOK](*out) && s.Version() < smp.VersionServices {
					return "SOK 0"
				}
				return ""
			}),
		},
		{
			ID:    "answer/empty-block",
			Title: "After the error for a malformed block comes a block without transmissions.",
			Finds: []string{Protocol},
			Apply: fault.Stages(func(st *relay.Stages) {
				next := st.Encode
				st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
					contents, err := next(s, outs)
					if err == nil && answersBlock(contents) {
						contents = append(contents, []byte{0})
					}
					return contents, err
				}
			}),
		},
		{
			ID:    "answer/short-block",
			Title: "The block with the error for a malformed one is a byte too short.",
			Finds: []string{Hang, Protocol},
			Apply: fault.Together(
				insideTLS(func(s *transport.Secure) net.Conn { return &shortening{Secure: s} }),
				fault.Stages(func(st *relay.Stages) {
					next := st.Write
					st.Write = func(s *relay.Session, contents [][]byte) error {
						if conn, ok := s.Conn().NetConn().(*shortening); ok {
							conn.short.Store(answersBlock(contents))
						}
						return next(s, contents)
					}
				}),
			),
		},
		{
			ID:    "answer/plain-block",
			Title: "A block that does not decrypt is answered with one that is not encrypted.",
			Finds: []string{Protocol},
			Apply: fault.Remembering(func(failed *beside[relay.Session, atomic.Bool]) func(*relay.Config) {
				return fault.Stages(func(st *relay.Stages) {
					read, write := st.Read, st.Write
					st.Read = func(s *relay.Session) ([]byte, error) {
						content, err := read(s)
						if errors.Is(err, transport.ErrLargeMessage) {
							failed.of(s).Store(true)
						}
						return content, err
					}
					st.Write = func(s *relay.Session, contents [][]byte) error {
						if !answersBlock(contents) || !failed.of(s).Swap(false) {
							return write(s, contents)
						}
						block, err := wire.Pad(nil, contents[0], transport.BlockSize)
						if err == nil {
							_, err = s.Conn().NetConn().Write(block)
						}
						return errors.Join(err, write(s, contents[1:]))
					}
				})
			}),
		},
	}
}

// encodes changes outputs that are sent together. Those that it gets are its own.
func encodes(change func([]relay.Output) []relay.Output) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next := st.Encode
		st.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
			return next(s, change(append([]relay.Output(nil), outs...)))
		}
	})
}

// spells sends other bytes than the protocol has for an output: those that text returns,
// empty for the right ones.
func spells(text func(s *relay.Session, out *relay.Output) string) func(*relay.Config) {
	return fault.Together(
		fault.Stages(fault.Spells),
		fault.ChangesOutputs(func(s *relay.Session, out *relay.Output) {
			if t := text(s, out); t != "" {
				out.Response = fault.Spelled{Response: out.Response, Text: t}
			}
		}),
	)
}

// answersBlock reports whether one of the contents has the error for a malformed block.
func answersBlock(contents [][]byte) bool {
	for _, content := range contents {
		if bytes.Contains(content, []byte("ERR BLOCK")) {
			return true
		}
	}
	return false
}

// shortening is a connection inside TLS whose blocks may be made too short.
type shortening struct {
	*transport.Secure
	short atomic.Bool
}

// Write writes a block, or what is left of it.
func (c *shortening) Write(b []byte) (int, error) {
	if !c.short.Load() {
		return c.Secure.Write(b)
	}
	n, err := c.Secure.Write(b[:len(b)-1])
	return n + 1, err
}
