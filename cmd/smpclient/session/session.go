package session

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"sync"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/agent"
)

// ErrClosed: the session was closed.
var ErrClosed = errors.New("the session is closed")

// Session is an agent and those who watch it. Its methods are safe for concurrent
// use.
type Session struct {
	agent  Agent
	format format
	log    *slog.Logger

	stop    context.CancelFunc
	running sync.WaitGroup
	// done is closed when the session cannot go on, and err says why.
	done chan struct{}
	end  sync.Once
	err  error

	mu            sync.Mutex
	subscriptions map[*Subscription]struct{}
	viewers       map[*viewer]struct{}
	// toShow and toDo wake the loops that show messages and finish what was begun.
	toShow, toDo chan struct{}
}

// Start begins to answer the events of an agent, which the session closes.
func Start(a Agent, settings book.Settings, log *slog.Logger) *Session {
	ctx, stop := context.WithCancel(context.Background())
	s := &Session{
		agent:         a,
		format:        format{name: settings.Name, plain: settings.Plain},
		log:           log,
		stop:          stop,
		done:          make(chan struct{}),
		subscriptions: map[*Subscription]struct{}{},
		viewers:       map[*viewer]struct{}{},
		toShow:        make(chan struct{}, 1),
		toDo:          make(chan struct{}, 1),
	}
	signal(s.toDo)
	for _, loop := range []func(context.Context) error{s.answer, s.display, s.finish} {
		s.running.Go(func() {
			if err := loop(ctx); err != nil && ctx.Err() == nil {
				s.fail(err)
			}
		})
	}
	return s
}

// Close ends the session and its agent. What is unfinished goes on with the next one.
func (s *Session) Close() error {
	s.fail(ErrClosed)
	s.running.Wait()
	return s.agent.Close()
}

// Done is closed when the session has ended or failed.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is why the session has ended, nil before.
func (s *Session) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

func (s *Session) fail(err error) {
	s.end.Do(func() {
		s.err = err
		close(s.done)
		s.stop()
	})
}

// answer handles the agent's events until ctx ends.
func (s *Session) answer(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case e, ok := <-s.agent.Events():
			if !ok {
				return ErrClosed
			}
			s.log.Debug("event", "kind", e.Body.Kind(), "number", e.ID)
			if err := s.handle(ctx, e); err != nil {
				return err
			}
		}
	}
}

// update runs f in a transaction on the client's tables.
func (s *Session) update(ctx context.Context, f func(*sql.Tx) error) error {
	return s.agent.Update(ctx, f)
}

// view returns what f reads in a transaction.
func view[T any](ctx context.Context, s *Session, f func(*sql.Tx) (T, error)) (v T, err error) {
	err = s.update(ctx, func(tx *sql.Tx) (err error) {
		v, err = f(tx)
		return err
	})
	return v, err
}

// Contact returns the contact with the name, or book.ErrNoContact.
func (s *Session) Contact(ctx context.Context, name string) (book.Contact, error) {
	return view(ctx, s, func(tx *sql.Tx) (book.Contact, error) { return book.ContactNamed(tx, name) })
}

// ContactNumber returns the contact with the id, or book.ErrNoContact.
func (s *Session) ContactNumber(ctx context.Context, id int64) (book.Contact, error) {
	return view(ctx, s, func(tx *sql.Tx) (book.Contact, error) { return book.ContactNumber(tx, id) })
}

// Settings returns the settings of the profile, which may have changed since it was
// opened.
func (s *Session) Settings(ctx context.Context) (book.Settings, error) {
	return view(ctx, s, book.LoadSettings)
}

// SaveSettings changes the settings. What the agent uses changes when the profile is
// opened again.
func (s *Session) SaveSettings(ctx context.Context, settings book.Settings) error {
	return s.update(ctx, func(tx *sql.Tx) error { return book.SaveSettings(tx, settings) })
}

// connected returns the contact with the name if it has a connection.
func (s *Session) connected(ctx context.Context, name string) (book.Contact, error) {
	c, err := s.Contact(ctx, name)
	if err == nil && (c.Conn == "" || c.Status == book.Left || c.Status == book.Deleting) {
		err = &StateError{Contact: c.Name, Status: c.Status}
	}
	return c, err
}

// StateError: a contact cannot be written to.
type StateError struct {
	Contact string
	Status  book.Status
}

// Error is one sentence for a person.
func (e *StateError) Error() string {
	switch e.Status {
	case book.Left:
		return e.Contact + " has deleted this contact, there is no connection any more"
	case book.Deleting:
		return e.Contact + " is being deleted"
	case book.Invited:
		return "nobody has joined with the invitation for " + e.Contact + " yet"
	case book.Joining:
		return e.Contact + " has not finished connecting yet"
	}
	return "there is no connection with " + e.Contact
}

// Is makes it an agent.ErrState.
func (e *StateError) Is(target error) bool { return target == agent.ErrState }
