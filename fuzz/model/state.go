package model

import (
	"encoding/binary"
	"slices"
)

// item is a message of a queue: the operation that sent it, or ^ of the one that was
// refused and left the marker of a full queue in its place.
type item int32

// noItem is no message.
const noItem item = -1 << 31

func marker(o *operation) item { return ^item(o.number) }

// sender is the number of the operation that the item came from.
func (i item) sender() int {
	if i < 0 {
		return int(^i)
	}
	return int(i)
}

func (i item) isMarker() bool { return i < 0 }

// reader is a connection that may receive from a queue, and what it received and did not
// acknowledge.
type reader struct {
	conn      int // none is 0
	delivered item
}

// state is what a relay may know about one queue. It does not change: what changes it is
// done to a clone. Keys, links and connections are numbers of those in model and queue.
type state struct {
	gone       bool
	suspended  bool
	full       bool // refuses messages until it is empty
	recipients int  // list of keys
	sender     int  // key, 0 for none
	link       int  // 0 for none
	linkFades  bool // the link may have been dropped, since the sender has used the queue
	notifier   int  // the operation that made it, -1 for none
	messages   []item
	subscriber reader
	getters    []reader
	watcher    int    // the connection that used NSUB, 0 for none
	leaky      bool   // a watcher has gone, at a moment that the relay alone knows
	waiting    []item // notifications that nobody was there for
	events     []event
	done       []done
	ids        []known
}

// done is an operation that was executed and not answered yet.
type done struct {
	number int
	want   want
	key    string // of want
}

// known is the id of a message.
type known struct {
	item item
	id   string
}

func (s *state) clone() *state {
	n := *s
	n.messages = slices.Clone(s.messages)
	n.getters = slices.Clone(s.getters)
	n.waiting = slices.Clone(s.waiting)
	n.events = slices.Clone(s.events)
	n.done = slices.Clone(s.done)
	n.ids = slices.Clone(s.ids)
	return &n
}

// head is the oldest message.
func (s *state) head() item {
	if len(s.messages) == 0 {
		return noItem
	}
	return s.messages[0]
}

// getter returns the place of a connection that used GET, -1 if it did not.
func (s *state) getter(conn int) int {
	return slices.IndexFunc(s.getters, func(r reader) bool { return r.conn == conn })
}

// did returns what an operation was answered that was executed.
func (s *state) did(number int) (want, bool) {
	i := slices.IndexFunc(s.done, func(d done) bool { return d.number == number })
	if i < 0 {
		return want{}, false
	}
	return s.done[i].want, true
}

// with returns the state with an operation executed that waits for its answer.
func (s *state) with(number int, w want) *state {
	n := s.clone()
	n.done = append(n.done, done{number, w, w.key()})
	slices.SortFunc(n.done, func(a, b done) int { return a.number - b.number })
	return n
}

// without returns the state without the memory of an operation.
func (s *state) without(number int) *state {
	n := s.clone()
	n.done = slices.DeleteFunc(n.done, func(d done) bool { return d.number == number })
	return n
}

// forget has an executed operation answered in whatever way.
func (s *state) forget(number int) {
	for i := range s.done {
		if s.done[i].number == number {
			s.done[i] = done{number, anything, anythingKey}
		}
	}
}

// id returns the id of a message, empty if nobody has seen it.
func (s *state) id(i item) string {
	for _, k := range s.ids {
		if k.item == i {
			return k.id
		}
	}
	return ""
}

// named returns the state in which a message has an id, nil if it has another, or if
// another message has this one.
func (s *state) named(i item, id string) *state {
	for _, k := range s.ids {
		if k.item == i && k.id == id {
			return s
		}
		if k.item == i || k.id == id {
			return nil
		}
	}
	n := s.clone()
	n.ids = append(n.ids, known{i, id})
	slices.SortFunc(n.ids, func(a, b known) int { return int(a.item) - int(b.item) })
	return n
}

// key is the same for states that are.
func (s *state) key() string {
	b := make([]byte, 0, 128)
	flag := func(v bool) {
		if v {
			b = append(b, 1)
		} else {
			b = append(b, 0)
		}
	}
	number := func(n int) { b = binary.AppendVarint(b, int64(n)) }
	items := func(list []item) {
		number(len(list))
		for _, i := range list {
			number(int(i))
		}
	}
	text := func(s string) {
		number(len(s))
		b = append(b, s...)
	}
	flag(s.gone)
	flag(s.suspended)
	flag(s.full)
	flag(s.linkFades)
	flag(s.leaky)
	number(s.recipients)
	number(s.sender)
	number(s.link)
	number(s.notifier)
	items(s.messages)
	number(s.subscriber.conn)
	number(int(s.subscriber.delivered))
	number(len(s.getters))
	for _, g := range s.getters {
		number(g.conn)
		number(int(g.delivered))
	}
	number(s.watcher)
	items(s.waiting)
	number(len(s.events))
	for _, e := range s.events {
		number(e.conn)
		number(int(e.kind))
		number(int(e.item))
		number(e.notifier)
		flag(e.optional)
	}
	number(len(s.done))
	for _, d := range s.done {
		number(d.number)
		text(d.key)
	}
	number(len(s.ids))
	for _, k := range s.ids {
		number(int(k.item))
		text(k.id)
	}
	return string(b)
}

// states is a set of them.
type states struct {
	list []*state
	seen map[string]bool
}

// add reports whether the state is new.
func (x *states) add(s *state) bool {
	k := s.key()
	if x.seen[k] {
		return false
	}
	if x.seen == nil {
		x.seen = make(map[string]bool)
	}
	x.seen[k] = true
	x.list = append(x.list, s)
	return true
}
