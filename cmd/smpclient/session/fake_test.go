package session

import (
	"context"
	"database/sql"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/agent"
	"smpcheck/reference/link"
)

const patience = 20 * time.Second

// fake is an agent without relays: a file, and events that the test makes. Methods
// that no test needs are those of the nil Agent.
type fake struct {
	Agent
	db     *sql.DB
	events chan agent.Event

	mu       sync.Mutex
	last     int64
	receipts map[int64]bool
	allowed  []agent.ConnID
	deleted  []agent.ConnID
	rejected []int64
	// acknowledged wakes the test.
	acknowledged chan int64
	// failAllow is what Allow returns, failJoin what Join and Accept return after the
	// transaction.
	failAllow, failJoin error
}

func newFake(t *testing.T) *fake {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(t.TempDir(), "db"))
	require.NoError(t, err)
	db.SetMaxOpenConns(1)
	t.Cleanup(func() { _ = db.Close() })
	for _, statement := range book.Tables {
		_, err := db.Exec(statement)
		require.NoError(t, err)
	}
	return &fake{db: db, events: make(chan agent.Event), receipts: map[int64]bool{}, acknowledged: make(chan int64, 1000)}
}

// session starts a session of the fake, as one process would.
func (f *fake) session(t *testing.T) *Session {
	t.Helper()
	s := Start(f, book.Settings{Name: "me"}, slog.New(slog.DiscardHandler))
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// happen makes an event and waits until it is acknowledged.
func (f *fake) happen(t *testing.T, s *Session, conn agent.ConnID, body agent.EventBody) int64 {
	t.Helper()
	f.last++
	e := agent.Event{ID: f.last, Conn: conn, Time: time.Now(), Body: body}
	deadline := time.After(patience)
	select {
	case f.events <- e:
	case <-s.Done():
		t.Fatalf("the session ended: %v", s.Err())
	case <-deadline:
		t.Fatal("nobody takes the event")
	}
	select {
	case id := <-f.acknowledged:
		require.Equal(t, e.ID, id)
	case <-s.Done():
		t.Fatalf("the session ended: %v", s.Err())
	case <-deadline:
		t.Fatal("the event was not acknowledged")
	}
	return e.ID
}

// contact adds a contact with a connection.
func (f *fake) contact(t *testing.T, name string, status book.Status) book.Contact {
	t.Helper()
	c := book.Contact{Name: name, Conn: agent.ConnID("connection of " + name), Status: status, Created: time.Now()}
	require.NoError(t, f.Update(context.Background(), func(tx *sql.Tx) (err error) {
		c, err = book.AddContact(tx, c)
		return err
	}))
	return c
}

func (f *fake) Close() error               { return nil }
func (f *fake) Events() <-chan agent.Event { return f.events }

func (f *fake) Update(ctx context.Context, do func(*sql.Tx) error) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func (f *fake) Ack(ctx context.Context, e agent.Event, o agent.AckOptions) error {
	if err := f.Update(ctx, o.In); err != nil {
		return err
	}
	f.mu.Lock()
	f.receipts[e.ID] = o.Receipt
	f.mu.Unlock()
	f.acknowledged <- e.ID
	return nil
}

func (f *fake) Allow(_ context.Context, c agent.ConnID, _ []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.allowed = append(f.allowed, c)
	return f.failAllow
}

func (f *fake) Delete(_ context.Context, c agent.ConnID, _ bool) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deleted = append(f.deleted, c)
	return nil
}

func (f *fake) Reject(_ context.Context, request int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rejected = append(f.rejected, request)
	return agent.ErrNotFound
}

func (f *fake) Connection(_ context.Context, c agent.ConnID) (agent.Info, error) {
	return agent.Info{ID: c, Ready: true}, nil
}

func (f *fake) Resolve(context.Context, link.Link) (agent.Resolved, error) {
	return agent.Resolved{UserData: []byte(`{"profile":{"displayName":"far\u0007away"}}`)}, nil
}

func (f *fake) Join(ctx context.Context, _ agent.Resolved, o agent.JoinOptions) (agent.ConnID, error) {
	err := f.Update(ctx, func(tx *sql.Tx) error { return o.In(tx, "joined") })
	if err == nil {
		err = f.failJoin
	}
	return "joined", err
}

func (f *fake) Accept(ctx context.Context, _ int64, o agent.JoinOptions) (agent.ConnID, error) {
	return f.Join(ctx, agent.Resolved{}, o)
}
