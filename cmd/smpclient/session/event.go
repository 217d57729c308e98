package session

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"unicode/utf8"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/agent"
	"smpcheck/reference/agent/message"
	"smpcheck/reference/chat"
)

// handle answers one event. An error means that the agent's file does not work.
func (s *Session) handle(ctx context.Context, e agent.Event) error {
	switch body := e.Body.(type) {
	case agent.Confirmation:
		return s.confirmation(ctx, e, body)
	case agent.Request:
		return s.request(ctx, e, body)
	case agent.Received:
		return s.received(ctx, e, body)
	case agent.Delivered:
		return s.record(ctx, e, func(tx *sql.Tx, c book.Contact) ([]Notice, error) { return delivered(tx, c, body) })
	case agent.Removed:
		return s.removed(ctx, e)
	case agent.Delayed:
		return s.delayed(ctx, e.Conn, body.Reason)
	case agent.RelayUp:
		s.publish(Notice{Event: EventRelayUp, Server: body.Server.String()})
		return nil
	case agent.RelayDown:
		s.publish(Notice{Event: EventRelayDown, Server: body.Server.String(), Reason: body.Reason})
		return nil
	}
	return s.record(ctx, e, func(tx *sql.Tx, c book.Contact) ([]Notice, error) { return change(tx, c, e.Body) })
}

// delayed publishes why messages to a contact wait.
func (s *Session) delayed(ctx context.Context, conn agent.ConnID, reason string) error {
	c, err := view(ctx, s, func(tx *sql.Tx) (book.Contact, error) { return book.ContactWith(tx, conn) })
	if errors.Is(err, book.ErrNoContact) {
		return nil
	}
	if err == nil {
		n := of(EventDelayed, c)
		n.Reason = reason
		s.publish(n)
	}
	return err
}

// record acknowledges an event in the transaction in which f writes what it means
// for the contact, and then publishes the notices. Events of connections that are
// no contact's are acknowledged only.
func (s *Session) record(ctx context.Context, e agent.Event, f func(*sql.Tx, book.Contact) ([]Notice, error)) error {
	return s.acknowledge(ctx, e, false, func(tx *sql.Tx) ([]Notice, error) {
		c, err := book.ContactWith(tx, e.Conn)
		if errors.Is(err, book.ErrNoContact) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return f(tx, c)
	})
}

func (s *Session) acknowledge(ctx context.Context, e agent.Event, receipt bool, f func(*sql.Tx) ([]Notice, error)) error {
	var notices []Notice
	in := func(tx *sql.Tx) (err error) {
		notices, err = f(tx)
		return err
	}
	if err := s.agent.Ack(ctx, e, agent.AckOptions{Receipt: receipt, In: in}); err != nil {
		return fmt.Errorf("storing an event: %w", err)
	}
	s.publish(notices...)
	return nil
}

// change is what the events mean that change at most the status of a contact or of
// a message.
func change(tx *sql.Tx, c book.Contact, body agent.EventBody) ([]Notice, error) {
	n := of("", c)
	var err error
	switch body := body.(type) {
	case agent.PeerInfo:
		c, err = book.SetPeer(tx, c, peerName(body.Info))
		n.Event, n.Contact, n.Peer = EventPeer, c.Name, c.Peer
	case agent.Connected:
		n.Event, n.PQ, n.Peer = EventConnected, &body.PQ, c.Peer
		if c.Status != book.Deleting && c.Status != book.Left {
			err = book.SetStatus(tx, c.ID, book.Connected)
		}
	case agent.Sent:
		if err := book.SetFull(tx, c.ID, false); err != nil {
			return nil, err
		}
		return progress(tx, c, body.MessageID, book.Sent, "")
	case agent.NotSent:
		return progress(tx, c, body.MessageID, book.Failed, body.Reason)
	case agent.QueueFull:
		n.Event = EventFull
		err = book.SetFull(tx, c.ID, true)
	case agent.Continue:
		n.Event = EventContinue
		err = book.SetFull(tx, c.ID, false)
	case agent.Switching:
		n.Event, n.Phase, n.Side = EventSwitch, string(body.Phase), "sending"
		if body.Receiving {
			n.Side = "receiving"
		}
	case agent.Synchronization:
		n.Event, n.Phase, n.Reason = EventSync, string(body.State), body.Reason
	case agent.Problem:
		n.Event, n.Reason, n.Fatal = EventProblem, body.Reason, body.Fatal
		if body.Fatal && c.Status != book.Deleting && c.Status != book.Left {
			err = book.SetStatus(tx, c.ID, book.Broken)
		}
	default:
		return nil, nil
	}
	return []Notice{n}, err
}

// events of messages that were sent.
var progressEvents = map[book.Delivery]string{book.Sent: EventSent, book.Delivered: EventDelivered, book.Failed: EventFailed}

func progress(tx *sql.Tx, c book.Contact, number int64, status book.Delivery, problem string) ([]Notice, error) {
	m, ok, err := book.Progress(tx, c.ID, number, status, problem)
	if err != nil || !ok {
		return nil, err
	}
	return []Notice{ofMessage(progressEvents[status], m)}, nil
}

func delivered(tx *sql.Tx, c book.Contact, body agent.Delivered) ([]Notice, error) {
	var notices []Notice
	for _, r := range body.Receipts {
		problem := ""
		if !r.Intact {
			problem = "the other side has received other bytes than were sent"
		}
		n, err := progress(tx, c, r.MessageID, book.Delivered, problem)
		if err != nil {
			return nil, err
		}
		notices = append(notices, n...)
	}
	return notices, nil
}

// confirmation lets in who joined with an invitation.
func (s *Session) confirmation(ctx context.Context, e agent.Event, body agent.Confirmation) error {
	info, err := s.format.info()
	if err != nil {
		return err
	}
	failure := s.agent.Allow(ctx, e.Conn, info)
	if errors.Is(failure, agent.ErrState) || errors.Is(failure, agent.ErrNotFound) {
		// A former process got as far as this, or the contact is deleted.
		failure = nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.record(ctx, e, func(tx *sql.Tx, c book.Contact) ([]Notice, error) {
		if failure != nil {
			return change(tx, c, agent.Problem{Reason: failure.Error(), Fatal: true})
		}
		c, err := book.SetPeer(tx, c, peerName(body.Info))
		if err != nil {
			return nil, err
		}
		n := of(EventJoined, c)
		n.Peer, n.PQ = c.Peer, &body.PQ
		if c.Status != book.Invited {
			return []Notice{n}, nil
		}
		return []Notice{n}, book.SetStatus(tx, c.ID, book.Joining)
	})
}

// request notes that someone asks for a connection.
func (s *Session) request(ctx context.Context, e agent.Event, body agent.Request) error {
	defer signal(s.toDo)
	return s.acknowledge(ctx, e, false, func(tx *sql.Tx) ([]Notice, error) {
		r := book.Request{ID: body.RequestID, Conn: e.Conn, Peer: peerName(body.Info), Created: e.Time}
		return []Notice{{Event: EventRequest, Request: r.ID, Peer: r.Peer}}, book.AddRequest(tx, r)
	})
}

// received writes a message into the history.
func (s *Session) received(ctx context.Context, e agent.Event, body agent.Received) error {
	contents := read(body.Body)
	receipt := false
	for _, c := range contents {
		receipt = receipt || c.message()
	}
	err := s.acknowledge(ctx, e, receipt, func(tx *sql.Tx) ([]Notice, error) {
		c, err := book.ContactWith(tx, e.Conn)
		if errors.Is(err, book.ErrNoContact) {
			return nil, nil
		}
		var notices []Notice
		for i := 0; i < len(contents) && err == nil; i++ {
			var n []Notice
			c, n, err = keep(tx, c, contents[i], body)
			notices = append(notices, n...)
		}
		return notices, err
	})
	signal(s.toShow)
	signal(s.toDo)
	return err
}

// keep writes one content of a message.
func keep(tx *sql.Tx, c book.Contact, content content, body agent.Received) (book.Contact, []Notice, error) {
	switch content.kind {
	case chat.KindText, chat.KindUpdate:
		m := book.Message{
			ContactID: c.ID, Incoming: true, Number: body.MessageID, Type: content.typ, Body: content.text,
			Status: book.New, Problem: problem(body.Integrity), Time: body.Sent,
		}
		_, err := book.AddMessage(tx, m)
		return c, nil, err
	case chat.KindProfile:
		c, err := book.SetPeer(tx, c, content.name)
		n := of(EventPeer, c)
		n.Peer = c.Peer
		return c, []Notice{n}, err
	case chat.KindContactDeleted:
		if c.Status == book.Deleting {
			return c, nil, nil
		}
		c.Status = book.Left
		return c, []Notice{of(EventLeft, c)}, book.SetStatus(tx, c.ID, book.Left)
	}
	return c, nil, nil
}

// problem tells what is wrong with the place of a message, if anything is.
func problem(i message.Integrity) string {
	switch i.Verdict {
	case message.Skipped:
		if i.From == i.To {
			return fmt.Sprintf("message %d before it is missing", i.From)
		}
		return fmt.Sprintf("messages %d to %d before it are missing", i.From, i.To)
	case message.BadID:
		return "its number is lower than that of the message before it"
	case message.BadHash:
		return "the message before it is not the one that was sent"
	case message.Duplicate:
		return "it has the number of the message before it"
	}
	return ""
}

// removed notes that the agent has no connection any more.
func (s *Session) removed(ctx context.Context, e agent.Event) error {
	return s.acknowledge(ctx, e, false, func(tx *sql.Tx) ([]Notice, error) {
		c, err := book.ContactWith(tx, e.Conn)
		switch {
		case errors.Is(err, book.ErrNoContact):
			if err := book.RemoveAddress(tx, e.Conn); err != nil && !errors.Is(err, book.ErrNoAddress) {
				return nil, err
			}
			return nil, nil
		case err != nil:
			return nil, err
		case c.Status == book.Deleting:
			return []Notice{of(EventDeleted, c)}, book.RemoveContact(tx, c.ID)
		case c.Status == book.Joining:
			// Joining was interrupted, and nothing of it is left.
			return []Notice{of(EventDeleted, c)}, book.RemoveContact(tx, c.ID)
		}
		return nil, book.Disconnect(tx, c.ID)
	})
}

// ShownAs returns the notice of a message for Show: its text, or its bytes if they
// are none.
func ShownAs(m book.Message, again bool) Notice {
	n := ofMessage(EventMessage, m)
	n.Type, n.Again, n.Sent = m.Type, again, &m.Time
	if utf8.Valid(m.Body) {
		n.Text = string(m.Body)
	} else {
		n.Raw = m.Body
	}
	return n
}
