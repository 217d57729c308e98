package relay

import (
	"bytes"
	"sync/atomic"
	"time"
)

// Message is one message of a queue. It does not change once it is stored; the
// body may be shared with a delivery that is still on its way to a recipient.
type Message struct {
	// ID is 24 random bytes; it is the nonce of the delivery encryption too.
	ID []byte
	// Time is when the relay received the message.
	Time time.Time
	// Notify is the notification flag of SEND.
	Notify bool
	// Body is what the sender sent, at most the limit of the sender's version.
	Body []byte
	// Quota marks the special message that says that the queue was full. It
	// has neither flags nor body.
	Quota bool

	uses *atomic.Int32 // see hold; nil for a marker and for what no queue keeps
}

// Mailbox holds the messages of one queue in the order of their arrival. It is
// part of a Queue and guarded by the queue's lock. What does not add a message
// can be called for nil, an empty mailbox.
//
// A mailbox takes Quota messages. The message after that is refused and a
// quota marker stored in its place; from then on everything is refused until
// the last message, the marker included, was removed. SMP, "Send message"; that
// the refused message stores the marker is what the official relay does.
type Mailbox struct {
	messages []*Message
	quota    int
	full     bool
}

// Put stores m, or a quota marker with the id and time of m if the mailbox is
// full for the first time. It reports whether m itself was stored.
func (b *Mailbox) Put(m *Message) bool {
	if b.full && len(b.messages) > 0 {
		return false
	}
	b.full = len(b.messages) >= b.quota
	if b.full {
		m = &Message{ID: m.ID, Time: m.Time, Quota: true}
	}
	b.messages = append(b.messages, m)
	return !b.full
}

// Head is the oldest message, nil if there is none.
func (b *Mailbox) Head() *Message {
	if b.Len() == 0 {
		return nil
	}
	return b.messages[0]
}

// Remove removes the oldest message if it has the given id, and reports
// whether it did.
func (b *Mailbox) Remove(id []byte) bool {
	m := b.Head()
	if m == nil || !bytes.Equal(m.ID, id) {
		return false
	}
	b.pop()
	return true
}

// Expire removes the oldest messages that arrived before the given time. It
// stops at a quota marker, which tells the recipient about lost messages and
// does not expire. It returns the number of messages removed.
func (b *Mailbox) Expire(before time.Time) int {
	n := 0
	for m := b.Head(); m != nil && !m.Quota && m.Time.Before(before); m = b.Head() {
		b.pop()
		m.forget()
		n++
	}
	return n
}

// Clear removes all messages.
func (b *Mailbox) Clear() {
	if b == nil {
		return
	}
	for _, m := range b.messages {
		m.forget()
	}
	b.messages = nil
}

// Len is the number of messages, the quota marker included.
func (b *Mailbox) Len() int {
	if b == nil {
		return 0
	}
	return len(b.messages)
}

func (b *Mailbox) pop() {
	b.messages[0] = nil
	b.messages = b.messages[1:]
	if len(b.messages) == 0 {
		b.messages = nil
	}
}
