package fault

import (
	"context"
	"crypto/rand"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// makesIDs replaces the ids that the relay makes; next is the stage that it replaces.
func makesIDs(f func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error)) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.NewID
		st.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			return f(s, r, kind, next)
		}
	})
}

type newID = func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error)

// queueIDs changes the random ids of recipients and senders.
func queueIDs(change func(id []byte) []byte) func(*relay.Config) {
	return changedIDs(func(k relay.IDKind) bool { return k == relay.RecipientID || k == relay.SenderID }, change)
}

// messageIDs makes the id of the message in a request from a random one.
func messageIDs(make func(r *relay.Request, id []byte) []byte) func(*relay.Config) {
	return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || kind != relay.MessageID {
			return id, err
		}
		return make(r, id), nil
	})
}

func changedIDs(those func(relay.IDKind) bool, change func(id []byte) []byte) func(*relay.Config) {
	return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || !those(kind) {
			return id, err
		}
		return change(id), nil
	})
}

// derivedSenderIDs makes the id of a sender from that of the recipient.
func derivedSenderIDs(derive func(recipientID []byte) []byte) func(*relay.Config) {
	return remembering(func(recipients *notes[*relay.Request, []byte]) func(*relay.Config) {
		return makesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next newID) ([]byte, error) {
			if kind == relay.SenderID {
				if id, ok := recipients.take(r); ok {
					return derive(id), nil
				}
			}
			id, err := next(s, r, kind)
			if kind == relay.RecipientID {
				recipients.set(r, id)
			}
			return id, err
		})
	})
}

// serviceIDs replaces the identifiers of services.
func serviceIDs(id func() []byte) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Service
		st.Service = func(ctx context.Context, r *relay.Relay, s transport.Service, chain [][]byte) ([]byte, error) {
			if _, err := next(ctx, r, s, chain); err != nil {
				return nil, err
			}
			return id(), nil
		}
	})
}

// idSize is the length of the ids that the reference makes, in bytes.
const idSize = 24

// random returns so many random bytes.
func random(size int) []byte {
	b := make([]byte, size)
	_, _ = rand.Read(b) // it never fails
	return b
}

// newKeyOf makes a key. The randomness of the system never fails.
func newKeyOf(alg keys.Algorithm) keys.PrivateKey {
	key, err := keys.Generate(alg, rand.Reader)
	if err != nil {
		panic(err)
	}
	return key
}
