package book

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"
	"pgregory.net/rapid"
)

// begin returns a transaction on new tables.
func begin(t *testing.T) *sql.Tx {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db"))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	tx, err := db.Begin()
	require.NoError(t, err)
	t.Cleanup(func() {
		_ = tx.Rollback()
		_ = db.Close()
	})
	for _, statement := range Tables {
		_, err := tx.Exec(statement)
		require.NoError(t, err)
	}
	return tx
}

func add(t *testing.T, tx *sql.Tx, name string) Contact {
	t.Helper()
	c, err := AddContact(tx, Contact{Name: name, Status: Connected, Created: time.UnixMilli(1)})
	require.NoError(t, err)
	return c
}

func TestNamesAreUnique(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	long := strings.Repeat("é", MaxName)
	for _, want := range []string{"bob", "bob_2", "bob_3"} {
		require.Equal(t, want, add(t, tx, "bob").Name)
	}
	add(t, tx, long)
	require.Equal(t, strings.Repeat("é", MaxName-2)+"_2", add(t, tx, long).Name)
	_, err := AddContact(tx, Contact{Name: "bob", Named: true})
	require.ErrorIs(t, err, ErrNameTaken)

	c := add(t, tx, "invitation")
	c, err = SetPeer(tx, c, "bob\n")
	require.NoError(t, err)
	require.Equal(t, "bob_4", c.Name)
	c, err = SetPeer(tx, c, "bob")
	require.NoError(t, err)
	require.Equal(t, "bob_4", c.Name, "its own name is free")
	require.NoError(t, Rename(tx, c.ID, "robert"))
	c, err = ContactNumber(tx, c.ID)
	require.NoError(t, err)
	c, err = SetPeer(tx, c, "somebody else")
	require.NoError(t, err)
	require.Equal(t, "robert", c.Name, "a chosen name stays")
	require.ErrorIs(t, Rename(tx, c.ID, "bob"), ErrNameTaken)
}

func TestPropertyCleanNamesAreNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String().Draw(t, "text")
		name := CleanName(text)
		require.NoError(t, CheckName(name))
		if CheckName(text) == nil {
			require.Equal(t, text, name)
		}
	})
	require.Equal(t, "contact", CleanName("\x1b\n\xff "))
}

func TestProgressNeverGoesBack(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	c := add(t, tx, "bob")
	m, err := AddMessage(tx, Message{ContactID: c.ID, Number: 5, Status: Queued})
	require.NoError(t, err)
	// A received message with the same number is another one.
	_, err = AddMessage(tx, Message{ContactID: c.ID, Incoming: true, Number: 5, Status: New})
	require.NoError(t, err)
	for _, step := range []struct {
		status Delivery
		ok     bool
	}{{Sent, true}, {Sent, false}, {Failed, false}, {Delivered, true}, {Sent, false}, {Delivered, false}} {
		got, ok, err := Progress(tx, c.ID, 5, step.status, "")
		require.NoError(t, err)
		require.Equal(t, step.ok, ok, step.status)
		if ok {
			require.Equal(t, m.ID, got.ID)
		}
	}
	_, ok, err := Progress(tx, c.ID, 6, Sent, "")
	require.NoError(t, err)
	require.False(t, ok)
}

func TestMessagesAreShownOnce(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	bob, carol := add(t, tx, "bob"), add(t, tx, "carol")
	var ids []int64
	for _, c := range []Contact{bob, carol, bob} {
		m, err := AddMessage(tx, Message{ContactID: c.ID, Incoming: true, Status: New})
		require.NoError(t, err)
		ids = append(ids, m.ID)
	}
	next := func(done int64, contacts ...int64) (int64, Delivery) {
		m, ok, err := NextToShow(tx, done, contacts)
		require.NoError(t, err)
		require.Equal(t, ok, m.ID != 0)
		return m.ID, m.Status
	}
	id, status := next(0, carol.ID)
	require.Equal(t, ids[1], id)
	require.Equal(t, New, status)
	id, _ = next(0)
	require.Equal(t, ids[0], id)
	// Neither is known to be shown: both come again.
	id, status = next(0)
	require.Equal(t, ids[0], id)
	require.Equal(t, Showing, status)
	id, status = next(ids[0])
	require.Equal(t, ids[1], id)
	require.Equal(t, Showing, status)
	id, status = next(ids[1])
	require.Equal(t, ids[2], id)
	require.Equal(t, New, status)
	id, _ = next(ids[2])
	require.Zero(t, id)
	out, in, err := Waiting(tx, bob.ID)
	require.NoError(t, err)
	require.Zero(t, out+in)
}

func TestRemovedContactTakesItsMessages(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	bob := add(t, tx, "bob")
	_, err := AddMessage(tx, Message{ContactID: bob.ID})
	require.NoError(t, err)
	require.NoError(t, RemoveContact(tx, bob.ID))
	require.ErrorIs(t, RemoveContact(tx, bob.ID), ErrNoContact)
	list, err := History(tx, bob.ID, 0)
	require.NoError(t, err)
	require.Empty(t, list)
	require.NotEqual(t, bob.ID, add(t, tx, "bob").ID, "ids are not used again")
}

func TestLinkIsKeptForInvitationsOnly(t *testing.T) {
	t.Parallel()
	tx := begin(t)
	c, err := AddContact(tx, Contact{Name: "bob", Conn: "c", Status: Invited})
	require.NoError(t, err)
	require.NoError(t, SetLink(tx, c.ID, "link"))
	c, err = ContactWith(tx, "c")
	require.NoError(t, err)
	require.Equal(t, "link", c.Link)
	require.NoError(t, SetStatus(tx, c.ID, Joining))
	require.ErrorIs(t, SetLink(tx, c.ID, "link"), ErrNoContact)
	require.NoError(t, Disconnect(tx, c.ID))
	c, err = ContactNumber(tx, c.ID)
	require.NoError(t, err)
	require.Empty(t, c.Link)
	_, err = ContactWith(tx, "")
	require.ErrorIs(t, err, ErrNoContact)
}
