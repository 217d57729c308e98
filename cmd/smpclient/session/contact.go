package session

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/agent"
	"smpcheck/reference/link"
)

// Contacts returns all contacts in the order of their names.
func (s *Session) Contacts(ctx context.Context) ([]book.Contact, error) {
	return view(ctx, s, book.Contacts)
}

// Requests returns who asks for a connection.
func (s *Session) Requests(ctx context.Context) ([]book.Request, error) {
	return view(ctx, s, book.Requests)
}

// History returns the last n messages with a contact, all if n is 0.
func (s *Session) History(ctx context.Context, name string, n int) ([]book.Message, error) {
	return view(ctx, s, func(tx *sql.Tx) ([]book.Message, error) {
		c, err := book.ContactNamed(tx, name)
		if err != nil {
			return nil, err
		}
		return book.History(tx, c.ID, n)
	})
}

// Rename gives a contact another name.
func (s *Session) Rename(ctx context.Context, name, to string) error {
	if err := book.CheckName(to); err != nil {
		return err
	}
	return s.update(ctx, func(tx *sql.Tx) error {
		c, err := book.ContactNamed(tx, name)
		if err != nil {
			return err
		}
		return book.Rename(tx, c.ID, to)
	})
}

// Details is all that can be told about a contact.
type Details struct {
	Contact book.Contact
	// Connection is what the agent tells, nil if there is no connection.
	Connection *agent.Info
	// Unsent is the number of messages that no relay has taken, Unseen of those that
	// nobody was shown.
	Unsent, Unseen int
}

// Info returns what is known about a contact.
func (s *Session) Info(ctx context.Context, name string) (Details, error) {
	var d Details
	err := s.update(ctx, func(tx *sql.Tx) (err error) {
		if d.Contact, err = book.ContactNamed(tx, name); err != nil {
			return err
		}
		d.Unsent, d.Unseen, err = book.Waiting(tx, d.Contact.ID)
		return err
	})
	if err != nil || d.Contact.Conn == "" {
		return d, err
	}
	info, err := s.agent.Connection(ctx, d.Contact.Conn)
	if errors.Is(err, agent.ErrNotFound) {
		return d, nil
	}
	d.Connection = &info
	return d, err
}

// Send gives a message to the agent, which sends it sooner or later. It is in the
// history as queued when Send returns.
func (s *Session) Send(ctx context.Context, name, text string) (book.Message, error) {
	var m book.Message
	c, err := s.connected(ctx, name)
	if err != nil {
		return m, err
	}
	if c.Status != book.Connected && c.Status != book.Broken {
		return m, &StateError{Contact: c.Name, Status: c.Status}
	}
	info, err := s.agent.Connection(ctx, c.Conn)
	if err != nil {
		return m, err
	}
	body, err := s.format.text(text, info.PQ)
	if err != nil {
		return m, err
	}
	_, err = s.agent.Send(ctx, c.Conn, body, agent.SendOptions{In: func(tx *sql.Tx, id int64) (err error) {
		m, err = book.AddMessage(tx, book.Message{
			ContactID: c.ID, Contact: c.Name, Number: id, Type: s.format.textType(), Body: []byte(text),
			Status: book.Queued, Time: time.Now(),
		})
		return err
	}})
	return m, err
}

// Switch moves the queue on which a contact's messages arrive to another relay: the
// given one, or one of the profile's.
func (s *Session) Switch(ctx context.Context, name string, server *link.Server) (book.Contact, error) {
	c, err := s.connected(ctx, name)
	if err != nil {
		return c, err
	}
	return c, s.agent.Switch(ctx, c.Conn, server)
}

// Sync agrees on new keys with a contact whose messages do not decrypt. If force is
// set it does so although the agent sees no reason.
func (s *Session) Sync(ctx context.Context, name string, force bool) (book.Contact, error) {
	c, err := s.connected(ctx, name)
	if err != nil {
		return c, err
	}
	return c, s.agent.Resync(ctx, c.Conn, force)
}

// Delete tells the contact that it is deleted, and deletes the connection after
// that; EventDeleted comes when it is gone with its history. A contact without
// connection is gone when Delete returns, and gone is set.
func (s *Session) Delete(ctx context.Context, name string) (c book.Contact, gone bool, err error) {
	c, err = s.Contact(ctx, name)
	if err != nil {
		return c, false, err
	}
	if c.Conn == "" {
		return c, true, s.update(ctx, func(tx *sql.Tx) error { return book.RemoveContact(tx, c.ID) })
	}
	if c.Status == book.Connected {
		if err := s.sayFarewell(ctx, c); err != nil {
			return c, false, err
		}
	}
	err = s.update(ctx, func(tx *sql.Tx) error { return book.SetStatus(tx, c.ID, book.Deleting) })
	signal(s.toDo)
	return c, false, err
}

// sayFarewell tells a contact that it is deleted here, if the connection still takes
// messages. In the same transaction nothing is accepted for the contact any more.
func (s *Session) sayFarewell(ctx context.Context, c book.Contact) error {
	body, err := s.format.farewell()
	if err != nil || body == nil {
		return err
	}
	_, err = s.agent.Send(ctx, c.Conn, body, agent.SendOptions{Silent: true, In: func(tx *sql.Tx, _ int64) error {
		return book.SetStatus(tx, c.ID, book.Deleting)
	}})
	if errors.Is(err, agent.ErrState) || errors.Is(err, agent.ErrNotFound) {
		return nil
	}
	return err
}
