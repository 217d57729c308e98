package fault

import (
	"context"

	"smpcheck/reference/relay"
	"smpcheck/reference/transport"
)

// NewID is the stage NewID.
type NewID = func(*relay.Session, *relay.Request, relay.IDKind) ([]byte, error)

// MakesIDs replaces the stage NewID; next is what it was.
func MakesIDs(f func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error)) func(*relay.Config) {
	return Stages(func(st *relay.Stages) {
		next := st.NewID
		st.NewID = func(s *relay.Session, r *relay.Request, kind relay.IDKind) ([]byte, error) {
			return f(s, r, kind, next)
		}
	})
}

// ChangesIDs changes the random ids of those kinds. The request is the one that needs the id.
func ChangesIDs(those func(relay.IDKind) bool, change func(r *relay.Request, id []byte) []byte) func(*relay.Config) {
	return MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next NewID) ([]byte, error) {
		id, err := next(s, r, kind)
		if err != nil || !those(kind) {
			return id, err
		}
		return change(r, id), nil
	})
}

// QueueIDs changes the random ids of recipients and senders.
func QueueIDs(change func(id []byte) []byte) func(*relay.Config) {
	return ChangesIDs(func(k relay.IDKind) bool { return k == relay.RecipientID || k == relay.SenderID },
		func(_ *relay.Request, id []byte) []byte { return change(id) })
}

// MessageIDs changes the random ids of messages; the request is SEND.
func MessageIDs(change func(r *relay.Request, id []byte) []byte) func(*relay.Config) {
	return ChangesIDs(func(k relay.IDKind) bool { return k == relay.MessageID }, change)
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
