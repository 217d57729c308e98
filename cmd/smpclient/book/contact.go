package book

import (
	"database/sql"
	"errors"
	"time"

	"smpcheck/reference/agent"
)

// Status is how far a contact has come.
type Status string

// The statuses of a contact.
const (
	Invited   Status = "invited"   // an invitation was made, nobody has joined
	Joining   Status = "joining"   // both sides are connecting
	Connected Status = "connected" // messages can be sent
	Broken    Status = "broken"    // the connection cannot work any more
	Left      Status = "left"      // the other side has deleted this contact
	Deleting  Status = "deleting"  // this side deletes the contact
)

// Contact is one person.
type Contact struct {
	ID   int64
	Name string
	// Named is set if Name was chosen here; otherwise it follows the other side's
	// profile.
	Named bool
	// Conn is empty once the agent has no connection for the contact any more.
	Conn   agent.ConnID
	Status Status
	// Peer is the name in the other side's profile, as it came.
	Peer string
	// Link is the invitation that was made, while nobody has joined with it.
	Link string
	// Full is set while the relay has no room for messages to the contact.
	Full    bool
	Created time.Time
}

const contactColumns = `SELECT id, name, named, conn, status, peer, link, full, created FROM app_contacts `

func scanContact(scan func(...any) error) (Contact, error) {
	var c Contact
	var created int64
	err := scan(&c.ID, &c.Name, &c.Named, &c.Conn, &c.Status, &c.Peer, &c.Link, &c.Full, &created)
	c.Created = time.UnixMilli(created)
	return c, err
}

// AddContact adds c with a new id. A name that was chosen here has to be a free
// one, otherwise the error is ErrNameTaken; another one gets a number if it is not
// free. The result has the id and the name.
func AddContact(tx *sql.Tx, c Contact) (Contact, error) {
	free, err := uniqueName(tx, c.Name, 0)
	if err != nil {
		return c, err
	}
	if c.Named && free != c.Name {
		return c, quoted(ErrNameTaken, c.Name)
	}
	c.Name = free
	result, err := tx.Exec(`INSERT INTO app_contacts (name, named, conn, status, peer, link, created) VALUES (?, ?, ?, ?, ?, ?, ?)`,
		c.Name, c.Named, c.Conn, c.Status, c.Peer, c.Link, c.Created.UnixMilli())
	if err != nil {
		return c, err
	}
	c.ID, err = result.LastInsertId()
	return c, err
}

// NameFree returns ErrNameTaken if a contact has the name.
func NameFree(tx *sql.Tx, name string) error {
	_, err := ContactNamed(tx, name)
	switch {
	case err == nil:
		return quoted(ErrNameTaken, name)
	case errors.Is(err, ErrNoContact):
		return nil
	}
	return err
}

// ContactNamed returns the contact with the name, or ErrNoContact.
func ContactNamed(tx *sql.Tx, name string) (Contact, error) {
	return single(tx, quoted(ErrNoContact, name), scanContact, contactColumns+`WHERE name = ?`, name)
}

// ContactNumber returns the contact with the id, or ErrNoContact.
func ContactNumber(tx *sql.Tx, id int64) (Contact, error) {
	return single(tx, ErrNoContact, scanContact, contactColumns+`WHERE id = ?`, id)
}

// ContactWith returns the contact with the connection, or ErrNoContact.
func ContactWith(tx *sql.Tx, conn agent.ConnID) (Contact, error) {
	return single(tx, ErrNoContact, scanContact, contactColumns+`WHERE conn = ? AND conn <> ''`, conn)
}

// Contacts returns all contacts in the order of their names.
func Contacts(tx *sql.Tx) ([]Contact, error) {
	return all(tx, scanContact, contactColumns+`ORDER BY name`)
}

// Rename gives a contact another name, or returns ErrNameTaken.
func Rename(tx *sql.Tx, id int64, name string) error {
	free, err := uniqueName(tx, name, id)
	if err != nil {
		return err
	}
	if free != name {
		return quoted(ErrNameTaken, name)
	}
	return one(tx, ErrNoContact, `UPDATE app_contacts SET name = ?, named = 1 WHERE id = ?`, name, id)
}

// SetPeer stores what the other side calls itself. If no name was chosen here the
// contact gets this one, made unique. It returns the contact as it is then.
func SetPeer(tx *sql.Tx, c Contact, peer string) (Contact, error) {
	c.Peer = peer
	if !c.Named {
		name, err := uniqueName(tx, CleanName(peer), c.ID)
		if err != nil {
			return c, err
		}
		c.Name = name
	}
	return c, one(tx, ErrNoContact, `UPDATE app_contacts SET name = ?, peer = ? WHERE id = ?`, c.Name, c.Peer, c.ID)
}

// SetLink stores the invitation, which is known after the contact was added.
func SetLink(tx *sql.Tx, id int64, link string) error {
	return one(tx, ErrNoContact, `UPDATE app_contacts SET link = ? WHERE id = ? AND status = 'invited'`, link, id)
}

// SetStatus changes the status. A link is kept while the status is Invited only.
func SetStatus(tx *sql.Tx, id int64, s Status) error {
	return one(tx, ErrNoContact, `UPDATE app_contacts SET status = ?1, link = CASE WHEN ?1 = 'invited' THEN link ELSE '' END WHERE id = ?2`, s, id)
}

// SetFull notes whether the relay has room for messages to the contact.
func SetFull(tx *sql.Tx, id int64, full bool) error {
	return one(tx, ErrNoContact, `UPDATE app_contacts SET full = ? WHERE id = ?`, full, id)
}

// Disconnect notes that the agent has no connection for the contact any more.
func Disconnect(tx *sql.Tx, id int64) error {
	return one(tx, ErrNoContact, `UPDATE app_contacts SET conn = '' WHERE id = ?`, id)
}

// RemoveContact removes a contact and its messages.
func RemoveContact(tx *sql.Tx, id int64) error {
	if _, err := tx.Exec(`DELETE FROM app_messages WHERE contact = ?`, id); err != nil {
		return err
	}
	return one(tx, ErrNoContact, `DELETE FROM app_contacts WHERE id = ?`, id)
}
