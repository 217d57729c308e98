package planted

import (
	"bytes"
	"sync"
	"weak"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// acceptedAuthorizations are relays that take what is not authorized.
func acceptedAuthorizations() []Fault {
	return []Fault{
		{
			ID:    "accepted/batched-authorization",
			Title: "Only the first transmission of a block has its authorization verified.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(firsts *beside[relay.Session, weak.Pointer[relay.Request]]) func(*relay.Config) {
				return fault.Together(
					fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
						requests := next(s, content)
						if len(requests) > 0 {
							*firsts.of(s) = weak.Make(&requests[0])
						}
						return requests
					}),
					fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
						return !key.IsZero() && weak.Make(r) != *firsts.of(s)
					}),
				)
			}),
		},
		{
			ID:    "accepted/other-session",
			Title: "An authorization that was made for another connection is taken too.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(x *verifiers) func(*relay.Config) {
				return fault.Together(
					fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
						x.add(s)
						return next(s, content)
					}),
					fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
						return x.verify(&r.Transmission, key)
					}),
				)
			}),
		},
		{
			ID:    "accepted/unsigned-suspension",
			Title: "OFF needs no authorization.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Unsigned("OFF"),
		},
		{
			ID:    "accepted/authenticator-prefix",
			Title: "Of an authenticator the first eight bytes are compared.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Verifies(func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				const compared = 8
				own := r.Transmission.Authorization
				agreed, err := box.Agree(s.Conn().SessionKey(), key)
				if err != nil || len(own) != box.AuthenticatorSize {
					return false
				}
				authorized, err := r.Transmission.Authorized(s.Conn().SessionID())
				if err != nil {
					return false
				}
				nonce := smp.CorrelationNonce(r.Transmission.CorrelationID)
				right := box.Authenticator(authorized, &nonce, &agreed)
				return bytes.Equal(right[:compared], own[:compared])
			}),
		},
		{
			ID:    "accepted/other-session-id",
			Title: "The session identifier of a transmission is not compared at version 6.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				requests := next(s, content)
				items, err := smp.DecodeBlock(content)
				if err != nil {
					return requests
				}
				for i := range requests {
					t, err := smp.DecodeTransmission(s.Version(), items[i])
					if err != nil || !fault.Failed(&requests[i], smp.ErrSession) {
						continue
					}
					c, err := smp.DecodeCommand(s.Version(), t.Command)
					served := relay.Request{Transmission: t, Command: c}
					if err == nil && credentialed(&served, c) {
						requests[i] = served
					}
				}
				return requests
			}),
		},
		{
			ID:    "accepted/recipient-key-sends",
			Title: "SEND to a secured queue may be authorized by the recipient.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(p *parties) func(*relay.Config) {
				return fault.Together(p.note, fault.Stages(func(st *relay.Stages) {
					next := st.Verify
					st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
						other, ok := p.recipientKeys.Get(string(r.Transmission.EntityID))
						return next(s, r, key) || is[smp.SEND](r) && !key.IsZero() && ok && next(s, r, other)
					}
				}))
			}),
		},
		{
			ID:    "accepted/sender-key-receives",
			Title: "SUB, GET, ACK and QUE may be authorized by the sender.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(p *parties) func(*relay.Config) {
				return fault.Together(p.note, fault.Stages(func(st *relay.Stages) {
					next := st.Verify
					st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
						other, ok := p.senderKeys.Get(string(r.Transmission.EntityID))
						return next(s, r, key) || fault.IsOneOf(r, "SUB", "GET", "ACK", "QUE") && !key.IsZero() && ok && next(s, r, other)
					}
				}))
			}),
		},
		{
			ID:    "accepted/recipient-id-sends",
			Title: "SEND is taken under the recipient's id too.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(p *parties) func(*relay.Config) {
				return fault.Together(p.note, looksUp(func(r *relay.Request) []byte {
					sender, _ := p.senders.Get(string(r.Transmission.EntityID))
					if !is[smp.SEND](r) {
						return nil
					}
					return sender
				}))
			}),
		},
		{
			ID:    "accepted/id-prefix",
			Title: "Of the ids of queues the first 16 bytes are compared, so that another id is served as well.",
			Finds: []string{Accepted, Violation},
			Apply: fault.Remembering(func(ids *fault.Notes[string, []byte]) func(*relay.Config) {
				const compared = 16
				enter := func(id []byte) { ids.Set(string(id[:compared]), id) }
				return fault.Together(
					fault.Alters[smp.NEW](func(_ *relay.Session, _ *relay.Request, made smp.IDS) smp.Response {
						enter(made.RecipientID)
						enter(made.SenderID)
						return made
					}),
					looksUp(func(r *relay.Request) []byte {
						named := r.Transmission.EntityID
						if len(named) < compared {
							return nil
						}
						id, _ := ids.Get(string(named[:compared]))
						return id
					}),
				)
			}),
		},
		{
			ID:    "accepted/entity-of-ping",
			Title: "PING is answered although it has an authorization or an entity id.",
			Finds: []string{Accepted, Violation},
			Apply: fault.AllowsCredentials("PING"),
		},
	}
}

// verifiers verify for the connections that came last.
type verifiers struct {
	mu   sync.Mutex
	list []smp.Verifier
}

// add enters the connection of a session.
func (x *verifiers) add(s *relay.Session) {
	const most = 16
	x.mu.Lock()
	defer x.mu.Unlock()
	id := s.Conn().SessionID()
	for i := range x.list {
		if string(x.list[i].SessionID) == string(id) {
			return
		}
	}
	x.list = append(x.list, smp.Verifier{SessionID: id, SessionKey: s.Conn().SessionKey()})
	x.list = x.list[max(0, len(x.list)-most):]
}

func (x *verifiers) verify(t *smp.Transmission, key keys.PublicKey) bool {
	x.mu.Lock()
	list := x.list
	x.mu.Unlock()
	for i := range list {
		if list[i].Verify(t, key) {
			return true
		}
	}
	return false
}
