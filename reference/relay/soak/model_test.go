package soak_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
)

// model is what all connections together know. Its clock counts what they write and
// read, so that it can be said what came before what.
type model struct {
	clock atomic.Int64
	conns atomic.Int64
	stop  func()

	mu       sync.Mutex
	queues   []*queue
	problems []string
	counts   map[string]int
}

// maxProblems is how many problems are kept; the first ends the soak.
const maxProblems = 20

// tick is the next moment.
func (m *model) tick() int64 { return m.clock.Add(1) }

// fail notes that the relay did what it must not.
func (m *model) fail(format string, args ...any) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.problems) < maxProblems {
		m.problems = append(m.problems, fmt.Sprintf(format, args...))
	}
	m.stop()
}

// count counts something that happened, for the summary.
func (m *model) count(what string) {
	m.mu.Lock()
	m.counts[what]++
	m.mu.Unlock()
}

func (m *model) add(q *queue) {
	m.mu.Lock()
	defer m.mu.Unlock()
	q.number = len(m.queues)
	m.queues = append(m.queues, q)
}

// some returns one of the newest queues: most of the old ones are deleted.
func (m *model) some(rng *rand.Rand) *queue { return m.place(rng.IntN(newest)) }

// newest is how many of the newest queues are used.
const newest = 2 * initialQueues

// place returns one of the newest queues: the same one for the same number, until so
// many new ones are there that it is not among them any more.
func (m *model) place(number int) *queue {
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(m.queues)
	recent := min(n, newest)
	return m.queues[n-1-(n-number%recent)%recent]
}

// span is a command: the moment before it was written and the one after its answer was
// read, which is 0 before and stays 0 if the connection ended.
type span struct {
	asked, answered int64
	done            bool // the answer was no error
}

// before reports whether the answer came before a moment.
func (s *span) before(moment int64) bool { return s.answered != 0 && s.answered < moment }

// queue is the model of a queue.
type queue struct {
	number       int
	rcvID, sndID []byte
	rcvKey       keys.PrivateKey
	sndKey       keys.PrivateKey
	secret       box.Key

	mu         sync.Mutex
	messages   map[messageKey]*message
	deliveries int
	accepted   int             // messages
	acked      int             // messages for which ACK was sent
	subscribed map[int64]*span // the last SUB of each connection
	off, del   *span           // the first OFF and DEL; nil before
}

// messageKey names a message: the connection that sent it and its number there.
type messageKey struct{ conn, number int64 }

// state is what the sender knows about a message.
type state string

const (
	pending  state = "pending"  // not answered, or never: it may have been taken
	accepted state = "accepted" // it has to be delivered
	refused  state = "refused"  // it must not be delivered
)

type message struct {
	size  int // of the body
	state state
	acked bool  // ACK was sent
	first int   // its place among the messages of the queue when it first came; 0 before
	done  int64 // when the answer to an ACK was read; 0 before
}

// newMessage enters a message of a connection, whose body has about the given size. It
// returns how many messages the queue has taken before.
func (q *queue) newMessage(key messageKey, size int) (msg *message, accepted int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	msg = &message{size: max(size, keySize), state: pending}
	q.messages[key] = msg
	return msg, q.accepted
}

// acknowledging notes that ACK is sent for a message, nil for a quota marker.
func (q *queue) acknowledging(msg *message) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if msg != nil && !msg.acked {
		msg.acked = true
		q.acked++
	}
}

// body is what a message consists of: where it goes, its name, and bytes that follow
// from its name.
func (q *queue) body(key messageKey, size int) []byte {
	body := make([]byte, 0, size+8)
	body = binary.BigEndian.AppendUint64(body, uint64(q.number))
	body = binary.BigEndian.AppendUint64(body, uint64(key.conn))
	body = binary.BigEndian.AppendUint64(body, uint64(key.number))
	for fill := rand.NewPCG(uint64(key.conn), uint64(key.number)); len(body) < size; {
		body = binary.BigEndian.AppendUint64(body, fill.Uint64())
	}
	return body[:size]
}

// keySize is the part of a body that names the message, in bytes.
const keySize = 24

// delivered notes that a body came from the relay, on a connection that has read the
// answer to a command written at the moment fresh. It returns the message, or what is
// wrong.
func (q *queue) delivered(body []byte, fresh int64) (*message, error) {
	if len(body) < keySize {
		return nil, fmt.Errorf("a body of %d bytes", len(body))
	}
	if n := binary.BigEndian.Uint64(body); n != uint64(q.number) {
		return nil, fmt.Errorf("a message of queue %d came from queue %d", n, q.number)
	}
	key := messageKey{int64(binary.BigEndian.Uint64(body[8:])), int64(binary.BigEndian.Uint64(body[16:]))}
	q.mu.Lock()
	defer q.mu.Unlock()
	msg := q.messages[key]
	switch {
	case msg == nil:
		return nil, fmt.Errorf("a message that nobody sent came from queue %d", q.number)
	case !bytes.Equal(q.body(key, msg.size), body):
		return nil, fmt.Errorf("message %v of queue %d was changed", key, q.number)
	case msg.state == refused:
		return nil, fmt.Errorf("message %v of queue %d was refused and came", key, q.number)
	case msg.done != 0 && msg.done < fresh:
		return nil, fmt.Errorf("message %v of queue %d came again after it was acknowledged", key, q.number)
	case q.del != nil && q.del.before(fresh):
		return nil, fmt.Errorf("message %v came from queue %d after it was deleted", key, q.number)
	}
	if msg.first == 0 {
		q.deliveries++
		msg.first = q.deliveries
	}
	return msg, nil
}

// mayDisplace reports whether a subscription of one connection, made by a SUB that was
// written at a moment, may have been ended by another connection.
func (q *queue) mayDisplace(conn, since int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for other, s := range q.subscribed {
		if other != conn && !s.before(since) {
			return true
		}
	}
	return false
}

// displaced reports whether another connection has surely ended a subscription of one
// connection, and that before a moment: the subscription was made when SOK was read at
// the moment since.
func (q *queue) displaced(conn, since, moment int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for other, s := range q.subscribed {
		if other != conn && s.done && s.asked > since && s.before(moment) {
			return true
		}
	}
	return false
}

// asked returns the first OFF or DEL, which begins now unless it did before.
func asked(s **span, now int64) *span {
	if *s == nil {
		*s = &span{asked: now}
	}
	return *s
}

// check looks for messages that were lost or came in another order than they were sent
// in, after everything that the relay had was received. It returns what is wrong.
func (q *queue) check() (problems []string) {
	last := map[int64]messageKey{}
	for _, key := range sortedKeys(q.messages) {
		msg := q.messages[key]
		switch {
		case msg.state == refused && msg.first != 0:
			problems = append(problems, fmt.Sprintf("message %v of queue %d was refused and came", key, q.number))
		case msg.state == accepted && msg.first == 0:
			problems = append(problems, fmt.Sprintf("message %v of queue %d was lost", key, q.number))
		}
		if msg.first == 0 {
			continue
		}
		if before, ok := last[key.conn]; ok && q.messages[before].first > msg.first {
			problems = append(problems, fmt.Sprintf("messages %v and %v of queue %d changed places", before, key, q.number))
		}
		last[key.conn] = key
	}
	return problems
}

// sortedKeys are the names of messages by connection, in the order of sending.
func sortedKeys(messages map[messageKey]*message) []messageKey {
	return slices.SortedFunc(maps.Keys(messages), func(a, b messageKey) int {
		return cmp.Or(cmp.Compare(a.conn, b.conn), cmp.Compare(a.number, b.number))
	})
}
