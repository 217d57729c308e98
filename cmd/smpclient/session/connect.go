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

// Invitation is a new contact and the link to give to this person.
type Invitation struct {
	Contact book.Contact
	Link    string
	// Short is empty if no short link was asked for.
	Short string
}

// provisional is the name of a contact until the other side tells one.
const provisional = "invitation"

// checkNew returns an error unless name is empty or a free name.
func (s *Session) checkNew(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	if err := book.CheckName(name); err != nil {
		return err
	}
	return s.update(ctx, func(tx *sql.Tx) error { return book.NameFree(tx, name) })
}

// newContact is a contact that is called name, or something until a name is known.
func newContact(name, otherwise string, conn agent.ConnID, status book.Status) book.Contact {
	c := book.Contact{Name: name, Named: true, Conn: conn, Status: status, Created: time.Now()}
	if name == "" {
		c.Name, c.Named = otherwise, false
	}
	return c
}

// Invite makes a 1-time invitation on the given relay, or one of the profile's.
func (s *Session) Invite(ctx context.Context, name string, short bool, server *link.Server) (Invitation, error) {
	var made Invitation
	if err := s.checkNew(ctx, name); err != nil {
		return made, err
	}
	data, err := s.format.link()
	if err != nil {
		return made, err
	}
	created, err := s.agent.CreateInvitation(ctx, agent.CreateOptions{
		Server: server, Short: short, UserData: data,
		In: func(tx *sql.Tx, conn agent.ConnID) (err error) {
			made.Contact, err = book.AddContact(tx, newContact(name, provisional, conn, book.Invited))
			return err
		},
	})
	if err != nil {
		return made, err
	}
	made.Link, made.Short = texts(created)
	shown := made.Link
	if short {
		shown = made.Short
	}
	return made, s.update(ctx, func(tx *sql.Tx) error { return book.SetLink(tx, made.Contact.ID, shown) })
}

// texts returns the links of what was created.
func texts(c agent.Created) (full, short string) {
	if c.Short != nil {
		short = c.Short.Text()
	}
	return c.Link.Text(), short
}

// ErrNoShort: the contact address has no short link.
var ErrNoShort = errors.New("the contact address was made without a short link; delete it to make another one")

// Address returns the contact address and makes one if there is none.
func (s *Session) Address(ctx context.Context, short bool, server *link.Server) (a book.Address, isNew bool, err error) {
	addresses, err := view(ctx, s, book.Addresses)
	if err != nil {
		return a, false, err
	}
	if len(addresses) > 0 {
		a = addresses[0]
		switch {
		case a.Link != "" && short && a.Short == "":
			return a, false, ErrNoShort
		case a.Link != "":
			return a, false, nil
		}
		// The process that made it was killed before it had stored the link.
		if err := s.DeleteAddress(ctx); err != nil {
			return a, false, err
		}
	}
	data, err := s.format.link()
	if err != nil {
		return a, false, err
	}
	created, err := s.agent.CreateAddress(ctx, agent.CreateOptions{
		Server: server, Short: short, UserData: data,
		In: func(tx *sql.Tx, conn agent.ConnID) error { return book.AddAddress(tx, book.Address{Conn: conn}) },
	})
	if err != nil {
		return a, false, err
	}
	a.Conn = created.Conn
	a.Link, a.Short = texts(created)
	return a, true, s.update(ctx, func(tx *sql.Tx) error { return book.SetLinks(tx, a.Conn, a.Link, a.Short) })
}

// SetAutomatic tells whether requests are accepted without asking. There has to be
// an address.
func (s *Session) SetAutomatic(ctx context.Context, automatic bool) error {
	defer signal(s.toDo)
	return s.update(ctx, func(tx *sql.Tx) error { return book.SetAutomatic(tx, automatic) })
}

// DeleteAddress deletes the contact address, or returns book.ErrNoAddress. Contacts
// that came through it stay.
func (s *Session) DeleteAddress(ctx context.Context) error {
	addresses, err := view(ctx, s, book.Addresses)
	if err != nil {
		return err
	}
	if len(addresses) == 0 {
		return book.ErrNoAddress
	}
	for _, a := range addresses {
		if err := s.agent.Delete(ctx, a.Conn, false); err != nil && !errors.Is(err, agent.ErrNotFound) {
			return err
		}
		err := s.update(ctx, func(tx *sql.Tx) error { return book.RemoveAddress(tx, a.Conn) })
		if err != nil && !errors.Is(err, book.ErrNoAddress) {
			return err
		}
	}
	return nil
}

// Join uses somebody's invitation or asks the owner of a contact address. The
// contact is called name, or what the other side calls itself if name is empty.
// An error leaves nothing behind.
func (s *Session) Join(ctx context.Context, l link.Link, name string) (book.Contact, error) {
	var c book.Contact
	if err := s.checkNew(ctx, name); err != nil {
		return c, err
	}
	resolved, err := s.agent.Resolve(ctx, l)
	if err != nil {
		return c, err
	}
	info, err := s.format.info()
	if resolved.Connection.Mode == link.Contact {
		info, err = s.format.request()
	}
	if err != nil {
		return c, err
	}
	otherwise := book.CleanName(linkName(resolved.UserData))
	_, err = s.agent.Join(ctx, resolved, agent.JoinOptions{Info: info, In: func(tx *sql.Tx, conn agent.ConnID) (err error) {
		c, err = book.AddContact(tx, newContact(name, otherwise, conn, book.Joining))
		return err
	}})
	return c, s.orForget(c, err)
}

// orForget removes a contact that was added for a connection which then failed with
// err. The agent removes the connection.
func (s *Session) orForget(c book.Contact, err error) error {
	if err == nil || c.ID == 0 {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), cleanupTimeout)
	defer cancel()
	failure := s.update(ctx, func(tx *sql.Tx) error { return book.RemoveContact(tx, c.ID) })
	if errors.Is(failure, book.ErrNoContact) {
		failure = nil
	}
	return errors.Join(err, failure)
}

// cleanupTimeout is for transactions that come after an interruption.
const cleanupTimeout = 10 * time.Second

// Accept makes a contact of someone who asks for a connection. The contact is
// called name, or what the other side calls itself if name is empty.
func (s *Session) Accept(ctx context.Context, request int64, name string) (book.Contact, error) {
	var c book.Contact
	if err := s.checkNew(ctx, name); err != nil {
		return c, err
	}
	r, err := view(ctx, s, func(tx *sql.Tx) (book.Request, error) { return book.RequestWith(tx, request) })
	if err != nil {
		return c, err
	}
	info, err := s.format.info()
	if err != nil {
		return c, err
	}
	_, err = s.agent.Accept(ctx, request, agent.JoinOptions{Info: info, In: func(tx *sql.Tx, conn agent.ConnID) (err error) {
		c = newContact(name, book.CleanName(r.Peer), conn, book.Joining)
		c.Peer = r.Peer
		c, err = book.AddContact(tx, c)
		return err
	}})
	if err != nil && !errors.Is(err, agent.ErrNotFound) {
		return c, s.orForget(c, err)
	}
	// Without a request at the agent a former process has got as far as this.
	if failure := s.update(ctx, func(tx *sql.Tx) error { return book.RemoveRequest(tx, request) }); failure != nil {
		return c, failure
	}
	return c, err
}

// Reject forgets a request; the other side is not told.
func (s *Session) Reject(ctx context.Context, request int64) error {
	if _, err := view(ctx, s, func(tx *sql.Tx) (book.Request, error) { return book.RequestWith(tx, request) }); err != nil {
		return err
	}
	if err := s.agent.Reject(ctx, request); err != nil && !errors.Is(err, agent.ErrNotFound) {
		return err
	}
	return s.update(ctx, func(tx *sql.Tx) error { return book.RemoveRequest(tx, request) })
}
