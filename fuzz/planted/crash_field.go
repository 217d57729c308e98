package planted

import (
	"strconv"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// crashesOfFields are crashes on parameters of commands.
func crashesOfFields() []Fault {
	return []Fault{
		{
			ID:    "crash/largest-body",
			Title: "The body of SEND is copied to a place that has room for the largest one.",
			Finds: []string{Crash},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
				place := make([]byte, smp.MaxMessageLength(s.Version()))
				copy(place[:len(c.Body)], c.Body)
				return next(s, r)
			}),
		},
		{
			ID:    "crash/empty-body",
			Title: "The first byte of a message is looked at although a message may be empty.",
			Finds: []string{Crash},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
				_ = c.Body[0]
				return next(s, r)
			}),
		},
		{
			ID:    "crash/key-length",
			Title: "The raw key is taken from the end of the encoded one, however short that is.",
			Finds: []string{Crash},
			Apply: parameters(func(r *wire.Reader) {
				der := r.Short()
				if r.Err() == nil {
					_ = der[len(der)-keys.Ed25519.PublicSize():]
				}
			}, "KEY", "SKEY", "LKEY", "NEW", "NKEY"),
		},
		{
			ID:    "crash/recipient-key-count",
			Title: "A queue has places for eight recipient keys, and as many are filled as RKEY counts.",
			Finds: []string{Crash},
			Apply: parameters(func(r *wire.Reader) {
				places := make([]keys.PublicKey, 8)
				_ = places[:r.Byte()]
			}, "RKEY"),
		},
		{
			ID:    "crash/link-data-length",
			Title: "Link data are copied with the length that they claim to a place of one block.",
			Finds: []string{Crash},
			Apply: parameters(func(r *wire.Reader) {
				r.Short()
				length := r.Uint16()
				place := make([]byte, smp.BlockSize)
				_ = place[:length]
			}, "LSET"),
		},
		{
			ID:    "crash/message-id",
			Title: "The id in ACK is taken for one of 24 bytes, also if it is shorter.",
			Finds: []string{Crash},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.ACK, next fault.Execute) []relay.Output {
				_ = [fault.IDSize]byte(c.MsgID)
				return next(s, r)
			}),
		},
		{
			ID:    "crash/proxy-host",
			Title: "Whether the host in PRXY is an IPv6 address is seen from its first byte, also if it has none.",
			Finds: []string{Crash},
			Apply: parameters(func(r *wire.Reader) {
				if r.Byte() == 0 {
					return
				}
				host := r.Short()
				if r.Err() == nil {
					_ = host[0]
				}
			}, "PRXY"),
		},
		{
			ID:    "crash/proxy-port",
			Title: "The port in PRXY is an index of a table of ports, also if it is no number.",
			Finds: []string{Crash},
			Apply: func(c *relay.Config) {
				tried := make([]bool, 1<<16)
				parameters(func(r *wire.Reader) {
					for range r.Byte() {
						r.Short()
					}
					text := string(r.Short())
					if r.Err() != nil || text == "" {
						return
					}
					port, err := strconv.Atoi(text)
					if err != nil {
						port = -1
					}
					_ = tried[port]
				}, "PRXY")(c)
			},
		},
		{
			ID:    "crash/forwarded-tag",
			Title: "The tag of what PFWD carries is cut off although there may be less than that.",
			Finds: []string{Crash},
			Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
				if c, ok := r.Command.(smp.PFWD); ok {
					body := trust(c.Body)
					body.take(box.Overhead)
				}
			}),
		},
	}
}
