package session

import (
	"context"
	"database/sql"
	"sync"

	"smpcheck/cmd/smpclient/book"
)

// viewer is a call of Show.
type viewer struct {
	contact int64
	show    func(Notice) error

	// rest is how many messages it still takes, negative for no limit; only the loop
	// that displays uses it.
	rest int

	mu sync.Mutex // held while show runs
	// ended is closed with err, after which show is not called any more.
	ended chan struct{}
	err   error
}

func (v *viewer) wants(contact int64) bool {
	return v.rest != 0 && (v.contact == 0 || v.contact == contact)
}

// end stops the viewer and waits until show does not run.
func (v *viewer) end(err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.endLocked(err)
}

func (v *viewer) endLocked(err error) {
	select {
	case <-v.ended:
	default:
		v.err = err
		close(v.ended)
	}
}

// Show calls show for each message of a contact, of all if it is 0, that nobody has
// seen, in the order of the history, until ctx ends, show fails, or limit messages
// were shown if limit is not 0. It returns the error of show, or that of the session.
//
// A message counts as seen when show has returned nil. Before show is called the
// history notes that it will be, so that a message which a killed process may have
// shown comes with Again. Several callers that want a message all get it.
func (s *Session) Show(ctx context.Context, contact int64, limit int, show func(Notice) error) error {
	v := &viewer{contact: contact, show: show, rest: limit, ended: make(chan struct{})}
	if limit == 0 {
		v.rest = -1
	}
	s.mu.Lock()
	s.viewers[v] = struct{}{}
	s.mu.Unlock()
	signal(s.toShow)
	defer func() {
		s.mu.Lock()
		delete(s.viewers, v)
		s.mu.Unlock()
	}()
	select {
	case <-v.ended:
	case <-ctx.Done():
		v.end(nil)
	case <-s.done:
		v.end(s.Err())
	}
	return v.err
}

// display is the loop that gives messages to viewers.
func (s *Session) display(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-s.toShow:
		}
		if err := s.displayAll(ctx); err != nil {
			return err
		}
	}
}

// displayAll shows all messages that somebody wants to see.
func (s *Session) displayAll(ctx context.Context) error {
	done := int64(0)
	for {
		m, ok, err := s.nextToShow(ctx, done)
		s.endSatisfied()
		if err != nil || !ok {
			return err
		}
		done = 0
		if s.showTo(ShownAs(m, m.Status == book.Showing)) {
			done = m.ID
		}
	}
}

// nextToShow notes that the message done was shown and returns the next one. What
// was shown is noted also when the session ends.
func (s *Session) nextToShow(ctx context.Context, done int64) (m book.Message, ok bool, err error) {
	contacts, anybody := s.wanted()
	if !anybody || ctx.Err() != nil {
		if done == 0 {
			return m, false, nil
		}
		contacts = []int64{0} // none has this number
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanupTimeout)
	defer cancel()
	err = s.update(ctx, func(tx *sql.Tx) (err error) {
		m, ok, err = book.NextToShow(tx, done, contacts)
		return err
	})
	return m, ok, err
}

// wanted returns the contacts whose messages somebody wants to see, none for all.
func (s *Session) wanted() (contacts []int64, anybody bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.viewers {
		if v.rest == 0 {
			continue
		}
		select {
		case <-v.ended:
			continue
		default:
		}
		anybody = true
		if v.contact == 0 {
			return nil, true
		}
		contacts = append(contacts, v.contact)
	}
	return contacts, anybody
}

// endSatisfied ends the viewers that have seen as many messages as they wanted, after
// that was noted.
func (s *Session) endSatisfied() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for v := range s.viewers {
		if v.rest == 0 {
			v.end(nil)
		}
	}
}

// showTo gives a message to all who want it and reports whether one has shown it.
func (s *Session) showTo(n Notice) (shown bool) {
	s.mu.Lock()
	var to []*viewer
	for v := range s.viewers {
		if v.wants(n.ContactID) {
			to = append(to, v)
		}
	}
	s.mu.Unlock()
	for _, v := range to {
		shown = v.take(n) || shown
	}
	return shown
}

// take shows one message and reports whether it was shown.
func (v *viewer) take(n Notice) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	select {
	case <-v.ended:
		return false
	default:
	}
	if err := v.show(n); err != nil {
		v.endLocked(err)
		return false
	}
	v.rest--
	return true
}
