package load

import (
	"sync"
	"time"
)

// Messages counts what became of messages in the whole run, warm-up included. The last
// four have to be 0.
type Messages struct {
	// Accepted is the number of SEND that were answered with OK.
	Accepted int64 `json:"accepted"`
	// Refused is the number of SEND that were not.
	Refused int64 `json:"refused"`
	// Delivered is the number of messages that arrived, each counted once.
	Delivered int64 `json:"delivered"`
	// Late is the number of those that arrived after the patience was over.
	Late int64 `json:"late"`
	// Abandoned is the number of accepted messages that had not arrived when the run was
	// over or a connection of their queue was lost, before the patience was.
	Abandoned int64 `json:"abandoned"`
	// Lost is the number of other accepted messages that did not arrive.
	Lost int64 `json:"lost"`
	// Duplicated is the number of times that a message arrived again, or although SEND
	// was refused.
	Duplicated int64 `json:"duplicated"`
	// Foreign is the number of messages that arrived in a queue which they were not
	// sent to, or that were sent by nobody.
	Foreign int64 `json:"foreign"`
	// Corrupted is the number of messages that did not decrypt or had other bytes than
	// were sent.
	Corrupted int64 `json:"corrupted"`
}

// Wrong is the number of messages with which the relay broke its promise.
func (m Messages) Wrong() int64 { return m.Lost + m.Duplicated + m.Foreign + m.Corrupted }

func (m *Messages) add(o Messages) {
	m.Accepted += o.Accepted
	m.Refused += o.Refused
	m.Delivered += o.Delivered
	m.Late += o.Late
	m.Abandoned += o.Abandoned
	m.Lost += o.Lost
	m.Duplicated += o.Duplicated
	m.Foreign += o.Foreign
	m.Corrupted += o.Corrupted
}

// flight is a message on its way.
type flight struct {
	number   uint64
	begin    time.Time
	accepted bool
	late     bool
	ended    chan struct{} // closed when its ACK is answered
}

// ledger knows the messages of one queue. Sender and recipient share it.
type ledger struct {
	mu     sync.Mutex
	next   uint64
	flying map[uint64]*flight
	counts Messages
}

// start enters the next message, whose latency counts from begin.
func (l *ledger) start(begin time.Time) *flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &flight{number: l.next, begin: begin, ended: make(chan struct{})}
	l.next++
	if l.flying == nil {
		l.flying = make(map[uint64]*flight)
	}
	l.flying[f.number] = f
	return f
}

// accept says that the relay has taken the message.
func (l *ledger) accept(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.accepted = true
	l.counts.Accepted++
}

// refuse says that SEND failed. If it is certain that the relay has not taken the message
// it must not arrive.
func (l *ledger) refuse(f *flight, certain bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.counts.Refused++
	if certain {
		delete(l.flying, f.number)
	}
}

// delay says that nobody waits for the message any more.
func (l *ledger) delay(f *flight) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f.late = true
}

// arrive says that a message has arrived, and returns it if it was awaited.
func (l *ledger) arrive(number uint64, from origin) *flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.flying[number]
	switch {
	case from == changed:
		l.counts.Corrupted++
		return nil
	case from == foreign || number >= l.next:
		l.counts.Foreign++
		return nil
	case f == nil:
		l.counts.Duplicated++
		return nil
	}
	delete(l.flying, number)
	l.counts.Delivered++
	if f.late {
		l.counts.Late++
	}
	return f
}

// close counts what is lost and returns the numbers.
func (l *ledger) close() Messages {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, f := range l.flying {
		switch {
		case f.accepted && f.late:
			l.counts.Lost++
		case f.accepted:
			l.counts.Abandoned++
		}
	}
	l.flying = nil
	return l.counts
}
