package soak_test

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// queue is the model of a queue.
type queue struct {
	topic
	number        int
	mode          smp.QueueMode
	rcvID, sndID  []byte
	correlationID []byte // of NEW, with link data
	rcvKey        keys.PrivateKey
	sndKey        keys.PrivateKey // zero for a contact address
	secret        box.Key

	messages   map[messageKey]*message
	byID       map[string]*message // those that came
	deliveries int
	accepted   int   // messages, since the last restart
	acked      int   // messages for which ACK was sent, since the last restart
	off, del   *span // the first OFF and DEL; nil before

	notifiers []*notifier
	notifier  register[*notifier]
	notified  map[string]notification // by message id
	linkID    []byte                  // nil for a queue that never has a link
	link      register[string]        // the user data, "" for none
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
	span   span
	size   int  // of the body
	notify bool // the flag
	state  state
	acked  bool  // ACK was sent
	gone   bool  // the relay was restarted after it was sent
	first  int   // its place among the messages of the queue when it first came; 0 before
	done   int64 // when the answer to an ACK was read; 0 before

	id   string // that of the relay, once it came
	time int64  // likewise
}

// newMessage enters a message of a connection, whose body has about the given size.
func (q *queue) newMessage(key messageKey, size int, notify bool, now int64) *message {
	msg := &message{size: max(size, keySize), notify: notify, state: pending, span: span{asked: now}}
	q.messages[key] = msg
	return msg
}

// sent notes what became of a message: taken, refused or, if nobody knows, neither.
func (q *queue) sent(msg *message, now int64, s state) {
	msg.span.end(now, s == accepted)
	msg.span.void = s == refused
	msg.state = s
	if s == accepted {
		q.accepted++
	}
}

// acknowledging notes that ACK is sent for a message, nil for a quota marker.
func (q *queue) acknowledging(msg *message) {
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

// delivered notes that a message came from the relay, on a connection that has read the
// answer to a command written at the moment fresh. It returns the message, or what is
// wrong.
func (q *queue) delivered(id []byte, m smp.RcvMessage, fresh int64) (*message, error) {
	if len(m.Body) < keySize {
		return nil, fmt.Errorf("a body of %d bytes", len(m.Body))
	}
	field := func(i int) int64 { return int64(binary.BigEndian.Uint64(m.Body[8*i:])) }
	if n := field(0); n != int64(q.number) {
		return nil, fmt.Errorf("a message of queue %d came from queue %d", n, q.number)
	}
	key := messageKey{field(1), field(2)}
	msg := q.messages[key]
	switch {
	case msg == nil:
		return nil, fmt.Errorf("a message that nobody sent came from queue %d", q.number)
	case !bytes.Equal(q.body(key, msg.size), m.Body) || m.Notify != msg.notify:
		return nil, fmt.Errorf("message %v of queue %d was changed", key, q.number)
	case msg.state == refused:
		return nil, fmt.Errorf("message %v of queue %d was refused and came", key, q.number)
	case msg.gone:
		return nil, fmt.Errorf("message %v of queue %d came after a restart", key, q.number)
	case msg.done != 0 && msg.done < fresh:
		return nil, fmt.Errorf("message %v of queue %d came again after it was acknowledged", key, q.number)
	case q.del != nil && q.del.before(fresh):
		return nil, fmt.Errorf("message %v came from queue %d after it was deleted", key, q.number)
	case msg.first != 0 && (msg.id != string(id) || msg.time != m.Timestamp):
		return nil, fmt.Errorf("message %v of queue %d came again with another id or time", key, q.number)
	}
	if msg.first == 0 {
		q.deliveries++
		msg.first, msg.id, msg.time = q.deliveries, string(id), m.Timestamp
		q.byID[msg.id] = msg
		return msg, q.compareNotification(msg.id)
	}
	return msg, nil
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
		case msg.state == accepted && msg.first == 0 && !msg.gone:
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
