package book

import (
	"database/sql"
	"slices"
	"strings"
	"time"
)

// Delivery is how far a message has come.
type Delivery string

// Of messages that were sent.
const (
	Queued    Delivery = "queued"    // the agent has it
	Sent      Delivery = "sent"      // a relay has taken it
	Delivered Delivery = "delivered" // the other side has acknowledged it
	Failed    Delivery = "failed"    // it will not be sent
)

// Of messages that were received.
const (
	New     Delivery = "new"     // nobody has seen it
	Showing Delivery = "showing" // it was or is about to be printed
	Shown   Delivery = "shown"   // it was printed
)

// Message is one line of the history.
type Message struct {
	// ID is the place in the history of all contacts.
	ID        int64
	ContactID int64
	Contact   string
	Incoming  bool
	// Number is the agent's: that of the sender, counted for each contact and direction.
	Number int64
	// Type is that of the chat content, "text" for most, or "raw".
	Type   string
	Body   []byte
	Status Delivery
	// Problem is why a message was not sent, or what is wrong with a received one:
	// messages before it are missing.
	Problem string
	// Time is when it was written here, or when the other side's relay took it.
	Time time.Time
}

const messageColumns = `SELECT m.id, m.contact, c.name, m.incoming, m.number, m.type, m.body, m.status, m.problem, m.time
	FROM app_messages m JOIN app_contacts c ON c.id = m.contact `

func scanMessage(scan func(...any) error) (Message, error) {
	var m Message
	var at int64
	err := scan(&m.ID, &m.ContactID, &m.Contact, &m.Incoming, &m.Number, &m.Type, &m.Body, &m.Status, &m.Problem, &at)
	m.Time = time.UnixMilli(at)
	return m, err
}

// AddMessage adds a message to the history of m.ContactID and returns it with its id.
func AddMessage(tx *sql.Tx, m Message) (Message, error) {
	if m.Body == nil {
		m.Body = []byte{}
	}
	result, err := tx.Exec(`INSERT INTO app_messages (contact, incoming, number, type, body, status, problem, time) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		m.ContactID, m.Incoming, m.Number, m.Type, m.Body, m.Status, m.Problem, m.Time.UnixMilli())
	if err != nil {
		return m, err
	}
	m.ID, err = result.LastInsertId()
	return m, err
}

// History returns the last n messages with a contact in the order in which they
// were sent and received; all of them if n is 0.
func History(tx *sql.Tx, contact int64, n int) ([]Message, error) {
	if n <= 0 {
		n = -1
	}
	list, err := all(tx, scanMessage, messageColumns+`WHERE m.contact = ? ORDER BY m.id DESC LIMIT ?`, contact, n)
	slices.Reverse(list)
	return list, err
}

// Waiting returns how many messages to a contact no relay has taken yet, and how
// many from it were not shown.
func Waiting(tx *sql.Tx, contact int64) (out, in int, err error) {
	err = tx.QueryRow(`SELECT COALESCE(SUM(status = 'queued'), 0), COALESCE(SUM(status IN ('new', 'showing')), 0)
		FROM app_messages WHERE contact = ?`, contact).Scan(&out, &in)
	return out, in, err
}

// Progress notes how far a sent message has come and returns it. A status never
// goes back: ok is false if there is no such message, or it has come further.
func Progress(tx *sql.Tx, contact, number int64, status Delivery, problem string) (m Message, ok bool, err error) {
	before := map[Delivery]string{Sent: `'queued'`, Failed: `'queued'`, Delivered: `'queued', 'sent'`}[status]
	list, err := all(tx, scanMessage, messageColumns+`WHERE m.contact = ? AND m.incoming = 0 AND m.number = ? AND m.status IN (`+before+`)`, contact, number)
	if err != nil || len(list) == 0 {
		return m, false, err
	}
	m = list[0]
	m.Status, m.Problem = status, problem
	_, err = tx.Exec(`UPDATE app_messages SET status = ?, problem = ? WHERE id = ?`, status, problem, m.ID)
	return m, err == nil, err
}

// NextToShow marks the message done, if it is not 0, as shown, and then returns
// the next one to show, marked as about to be shown: the first of those from the
// given contacts that were not shown, of all contacts if there are none. The
// returned message has the status that it had before. ok is false if there is none.
func NextToShow(tx *sql.Tx, done int64, contacts []int64) (m Message, ok bool, err error) {
	if done != 0 {
		if _, err := tx.Exec(`UPDATE app_messages SET status = 'shown' WHERE id = ?`, done); err != nil {
			return m, false, err
		}
	}
	query, args := messageColumns+`WHERE m.status IN ('new', 'showing')`, []any(nil)
	if len(contacts) > 0 {
		query += ` AND m.contact IN (` + strings.Repeat("?, ", len(contacts)-1) + `?)`
		for _, id := range contacts {
			args = append(args, id)
		}
	}
	list, err := all(tx, scanMessage, query+` ORDER BY m.id LIMIT 1`, args...)
	if err != nil || len(list) == 0 {
		return m, false, err
	}
	_, err = tx.Exec(`UPDATE app_messages SET status = 'showing' WHERE id = ?`, list[0].ID)
	return list[0], err == nil, err
}
