package network

import (
	"container/list"
	"sync"
)

// inbox holds the events of a relay until somebody reads them. An event takes
// the place of an earlier one of the same kind about the same queue, so that
// there are never more than a few for each queue.
type inbox struct {
	ready chan struct{} // has an element when there may be an event

	mu    sync.Mutex
	order *list.List // of *slot, the oldest first
	slots map[slotKey]*list.Element
	taken bool // an event has left the inbox, but may not have been read yet
}

// slotKey says what an event takes the place of.
type slotKey struct {
	kind  slotKind
	queue string // its recipient id; empty for events about the relay
}

type slotKind uint8

const (
	slotUp slotKind = iota
	slotDown
	slotMessage
	slotGone // Ended or Deleted
	slotFailed
)

type slot struct {
	key   slotKey
	event Event
}

func newInbox() *inbox {
	return &inbox{ready: make(chan struct{}, 1), order: list.New(), slots: make(map[slotKey]*list.Element)}
}

// put adds an event behind all others. A Down makes an Up before it obsolete.
func (b *inbox) put(e Event) {
	key := keyOf(e)
	b.mu.Lock()
	b.remove(key)
	if key.kind == slotDown {
		b.remove(slotKey{kind: slotUp})
	}
	b.slots[key] = b.order.PushBack(&slot{key, e})
	b.mu.Unlock()
	select {
	case b.ready <- struct{}{}:
	default:
	}
}

func keyOf(e Event) slotKey {
	switch e := e.(type) {
	case Up:
		return slotKey{kind: slotUp}
	case Down:
		return slotKey{kind: slotDown}
	case Message:
		return slotKey{slotMessage, string(e.RecipientID)}
	case Ended:
		return slotKey{slotGone, string(e.RecipientID)}
	case Deleted:
		return slotKey{slotGone, string(e.RecipientID)}
	case SubscriptionFailed:
		return slotKey{slotFailed, string(e.RecipientID)}
	}
	panic("unknown event")
}

// remove forgets an event; mu is held.
func (b *inbox) remove(key slotKey) {
	if e := b.slots[key]; e != nil {
		b.order.Remove(e)
		delete(b.slots, key)
	}
}

// take returns the oldest event, or false if there is none. It also says that
// the one before has been read.
func (b *inbox) take() (Event, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	front := b.order.Front()
	b.taken = front != nil
	if front == nil {
		return nil, false
	}
	s := front.Value.(*slot)
	b.remove(s.key)
	return s.event, true
}

// drop forgets all events about a queue.
func (b *inbox) drop(queue string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, kind := range []slotKind{slotMessage, slotGone, slotFailed} {
		b.remove(slotKey{kind, queue})
	}
}

// empty reports whether all events have been read.
func (b *inbox) empty() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.order.Len() == 0 && !b.taken
}
