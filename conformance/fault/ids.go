package fault

import (
	"context"
	"crypto/rand"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// MakesIDs replaces the ids that the relay makes; next is the stage that it replaces.
func MakesIDs(f func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.NewID
		st.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			return f(s, r, kind, next)
		}
	})
}

type NewID = func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error)

// QueueIDs changes the random ids of recipients and senders.
func QueueIDs(change func(id []byte) []byte) func(*relay.Config) {
	return ChangesIDs(func(k relay.IDKind) bool { return k == relay.RecipientID || k == relay.SenderID }, change)
}

// MessageIDs makes the id of the message in a request from a random one.
func MessageIDs(make func(r *relay.Request, id []byte) []byte) func(*relay.Config) {
	return MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || kind != relay.MessageID {
			return id, err
		}
		return make(r, id), nil
	})
}

func ChangesIDs(those func(relay.IDKind) bool, change func(id []byte) []byte) func(*relay.Config) {
	return MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || !those(kind) {
			return id, err
		}
		return change(id), nil
	})
}

// DerivedSenderIDs makes the id of a sender from that of the recipient.
func DerivedSenderIDs(derive func(recipientID []byte) []byte) func(*relay.Config) {
	return Remembering(func(recipients *Notes[*relay.Request, []byte]) func(*relay.Config) {
		return MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error) {
			if kind == relay.SenderID {
				if id, ok := recipients.Take(r); ok {
					return derive(id), nil
				}
			}
			id, err := next(s, r, kind)
			if kind == relay.RecipientID {
				recipients.Set(r, id)
			}
			return id, err
		})
	})
}

// ServiceIDs replaces the identifiers of services.
func ServiceIDs(id func() []byte) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.Service
		st.Service = func(ctx context.Context, r *relay.Relay, s transport.Service, chain [][]byte) ([]byte, error) {
			if _, err := next(ctx, r, s, chain); err != nil {
				return nil, err
			}
			return id(), nil
		}
	})
}

// IDSize is the length of the ids that the reference makes, in bytes.
const IDSize = 24

// Random returns so many random bytes.
func Random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return b
}

// NewKey makes a key. The randomness of the system never fails.
func NewKey(alg keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(alg, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
