package session

import (
	"context"
	"database/sql"

	"smpcheck/cmd/smpclient/book"
)

// finish is the loop that does what needs relays and follows from events: it
// accepts requests through an address that does so without asking, and deletes
// connections of contacts that are gone. A former process may have begun with it.
func (s *Session) finish(ctx context.Context) error {
	tried := tried{requests: map[int64]bool{}, contacts: map[int64]bool{}}
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.toDo:
		}
		if err := s.acceptAll(ctx, tried); err != nil {
			return err
		}
		if err := s.deleteAll(ctx, tried); err != nil {
			return err
		}
	}
}

// tried is what this process has tried once; the next one tries again.
type tried struct{ requests, contacts map[int64]bool }

func (s *Session) acceptAll(ctx context.Context, tried tried) error {
	automatic := map[string]bool{}
	requests, err := view(ctx, s, func(tx *sql.Tx) ([]book.Request, error) {
		addresses, err := book.Addresses(tx)
		if err != nil {
			return nil, err
		}
		for _, a := range addresses {
			automatic[string(a.Conn)] = a.Automatic
		}
		return book.Requests(tx)
	})
	if err != nil {
		return err
	}
	for _, r := range requests {
		if !automatic[string(r.Conn)] || tried.requests[r.ID] {
			continue
		}
		tried.requests[r.ID] = true
		if _, err := s.Accept(ctx, r.ID, ""); err != nil && ctx.Err() == nil {
			s.log.Warn("accepting a request failed", "request", r.ID, "error", err)
			s.publish(Notice{Event: EventProblem, Request: r.ID, Peer: r.Peer, Reason: err.Error()})
		}
	}
	return nil
}

func (s *Session) deleteAll(ctx context.Context, tried tried) error {
	contacts, err := view(ctx, s, book.Contacts)
	if err != nil {
		return err
	}
	for _, c := range contacts {
		gone := c.Status == book.Left || c.Status == book.Deleting
		if !gone || c.Conn == "" || tried.contacts[c.ID] {
			continue
		}
		tried.contacts[c.ID] = true
		// The last message to a contact that is deleted here is sent before.
		if err := s.agent.Delete(ctx, c.Conn, c.Status == book.Deleting); err != nil && ctx.Err() == nil {
			s.log.Warn("deleting a connection failed", "error", err)
		}
	}
	return nil
}
