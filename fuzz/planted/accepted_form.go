package planted

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// acceptedForms are relays that take what is malformed.
func acceptedForms() []Fault {
	return []Fault{
		{
			ID:    "accepted/trailing-parameters",
			Title: "Bytes after the last parameter of a command are ignored.",
			Finds: []string{Accepted, Violation},
			Apply: reads(func(_ uint16, command []byte) [][]byte {
				const most = 1024
				var shorter [][]byte
				for n := len(command) - 1; n > 0 && n >= len(command)-most; n-- {
					shorter = append(shorter, command[:n])
				}
				return shorter
			}),
		},
		{
			ID:    "accepted/trailing-transmissions",
			Title: "Bytes after the last transmission that a block counts are ignored.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				return next(s, counted(content))
			}),
		},
		{
			ID:    "accepted/any-flag",
			Title: "A message flag that is neither T nor F counts as F.",
			Finds: []string{Accepted, Violation},
			Apply: reads(func(_ uint16, command []byte) [][]byte {
				const flag = len("SEND ")
				if tagOf(command) != "SEND" || len(command) <= flag {
					return nil
				}
				repaired := bytes.Clone(command)
				repaired[flag] = 'F'
				return [][]byte{repaired}
			}),
		},
		{
			ID:    "accepted/unknown-key-algorithm",
			Title: "The algorithm of a sender's key is not read: what has 44 bytes is a key of Ed25519.",
			Finds: []string{Accepted, Violation},
			Apply: reads(func(_ uint16, command []byte) [][]byte {
				tag := tagOf(command)
				head := len(tag) + 2
				spki := keys.PublicKey.SPKI(fault.NewKey(keys.Ed25519).Public())
				if !slices.Contains([]string{"KEY", "SKEY", "LKEY"}, tag) || len(command) != head+len(spki) {
					return nil
				}
				repaired := bytes.Clone(command)
				copy(repaired[head:], spki[:len(spki)-keys.Ed25519.PublicSize()])
				return [][]byte{repaired}
			}),
		},
		{
			ID:    "accepted/later-form-of-new",
			Title: "NEW is read in the form of whatever version it has.",
			Finds: []string{Accepted, Violation},
			Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
				if !fault.Failed(r, smp.ErrCmdSyntax) || tagOf(r.Transmission.Command) != "NEW" {
					return
				}
				for v := smp.MinVersion; v <= smp.MaxVersion; v++ {
					c, err := smp.DecodeCommand(v, r.Transmission.Command)
					if err == nil && credentialed(r, c) {
						r.Command, r.Err = c, nil
						return
					}
				}
			}),
		},
		{
			ID:    "accepted/name-at-old-version",
			Title: "RSLV is served below version 20 too.",
			Finds: []string{Accepted, Violation, Protocol},
			Apply: fault.Alters[smp.RSLV](func(_ *relay.Session, _ *relay.Request, e smp.ERR) smp.Response {
				if e.Err.Equal(smp.ErrCmdUnknown) {
					return smp.ERR{Err: smp.ErrNameNoResolver}
				}
				return e
			}),
		},
		{
			ID:    "accepted/oversized-body",
			Title: "A message may be as long as at version 6, at every version.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(whole *beside[relay.Queue, []byte]) func(*relay.Config) {
				return fault.Together(
					fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
						most := smp.MaxMessageLength(s.Version())
						if len(c.Body) <= most || len(c.Body) > smp.MaxRcvBody {
							return next(s, r)
						}
						body := whole.of(r.Queue)
						*body = bytes.Clone(c.Body)
						r.Command = smp.SEND{Notify: c.Notify, Body: c.Body[:most]}
						outs := next(s, r)
						*body = nil
						return outs
					}),
					fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
						if body := *whole.of(q); body != nil {
							m.Body = body
						}
						return next(q, m)
					}),
				)
			}),
		},
		{
			ID:    "accepted/zero-count",
			Title: "A block that counts no transmissions is read up to its end.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				if len(content) > 1 && content[0] == 0 {
					n := byte(0)
					for r := wire.NewReader(content[1:]); r.Err() == nil && r.Len() > 0 && n < smp.MaxTransmissions; n++ {
						r.Large()
					}
					content = append([]byte{n}, content[1:]...)
				}
				return next(s, content)
			}),
		},
	}
}

// reads takes commands whose parameters are malformed: the first of the other readings of
// its bytes that is right is executed.
func reads(others func(version uint16, command []byte) [][]byte) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if !fault.Failed(r, smp.ErrCmdSyntax) {
			return
		}
		for _, other := range others(s.Version(), r.Transmission.Command) {
			c, err := smp.DecodeCommand(s.Version(), other)
			if err == nil && credentialed(r, c) {
				r.Command, r.Err = c, nil
				return
			}
		}
	})
}

// credentialed reports whether a request has the authorization and the entity id that the
// command needs.
func credentialed(r *relay.Request, c smp.Command) bool {
	return smp.CheckCredentials(c, len(r.Transmission.Authorization) > 0, len(r.Transmission.EntityID) > 0) == nil
}

// counted returns what of a content belongs to the transmissions that it counts, all if
// there are fewer.
func counted(content []byte) []byte {
	r := wire.NewReader(content)
	for range r.Byte() {
		r.Large()
	}
	if r.Err() != nil {
		return content
	}
	return content[:len(content)-r.Len()]
}
