package model

import (
	"cmp"
	"slices"
)

// eventKind is what a relay sends unasked.
type eventKind int

const (
	messageEvent eventKind = iota
	endEvent
	deletedEvent
	notificationEvent
)

var eventNames = [...]string{"MSG", "END", "DELD", "NMSG"}

// event is one that is on its way to a connection.
type event struct {
	conn int
	kind eventKind
	item item // of messageEvent and notificationEvent
	// notifier is the operation that made the notifier that it is about, -1 for one about
	// the recipient's queue.
	notifier int
	// optional: it need not come.
	optional bool
}

// expect adds an event. One for a connection that is gone cannot come.
func (q *queue) expect(s *state, e event) {
	c := q.model.connection(e.conn)
	if c == nil || c.closed {
		return
	}
	if c.lost {
		e.optional = true
	}
	s.events = append(s.events, e)
	slices.SortStableFunc(s.events, func(a, b event) int {
		return cmp.Or(a.conn-b.conn, int(a.kind)-int(b.kind), a.notifier-b.notifier, int(a.item)-int(b.item))
	})
}

// excuse makes events optional: those that nobody owes any more.
func (s *state) excuse(which func(event) bool) {
	for i := range s.events {
		if which(s.events[i]) {
			s.events[i].optional = true
		}
	}
}

// owed returns an event that has to come, nil for none. A message before all others.
func (s *state) owed() *event {
	for i := range s.events {
		if !s.events[i].optional {
			return &s.events[i]
		}
	}
	return nil
}

// take returns the states without one event each that fits and was not seen before; of two
// that are the same, it takes the one that has to come.
func (s *state) take(fits func(*state, event) *state, seen []event) (left []*state) {
	for i, e := range s.events {
		if slices.Contains(seen, e) || e.optional && slices.Contains(s.events, e.required()) {
			continue
		}
		if n := fits(s, e); n != nil {
			n = n.clone()
			n.events = slices.Delete(n.events, i, i+1)
			left = append(left, n)
		}
	}
	return left
}

// required is the event if it had to come.
func (e event) required() event {
	e.optional = false
	return e
}

// missing is the rule that a relay breaks if the event does not come.
func (e event) missing() *Rule {
	switch {
	case e.kind == messageEvent && e.item.isMarker():
		return markerMissing
	case e.kind == messageEvent:
		return messageLost
	case e.kind == notificationEvent:
		return notificationMissing
	case e.kind == deletedEvent:
		return deldMissing
	case e.notifier >= 0:
		return notificationEndMissing
	}
	return endMissing
}
