package relay

import (
	"math"
	"sync"
	"time"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// Record is what a relay keeps about a queue besides its messages. A record
// does not change once it belongs to a queue: a change is a new record.
type Record struct {
	// RecipientKeys authorise recipient commands: one key from NEW, or the
	// list of the last RKEY.
	RecipientKeys []keys.PublicKey
	// SenderKey authorises SEND once the queue is secured; zero before.
	SenderKey keys.PublicKey
	// Mode is Messaging, Contact or none, as NEW asked.
	Mode smp.QueueMode
	// SuspendedAt is when OFF came; zero while the queue is active.
	SuspendedAt time.Time
	// Blocking is why the operator has blocked the queue; nil if that is not so.
	Blocking *smp.BlockingInfo
}

// newRecord returns that of a new queue.
func newRecord(key keys.PublicKey) *Record {
	// Record and list are one allocation.
	r := &struct {
		Record
		list [1]keys.PublicKey
	}{list: [1]keys.PublicKey{key}}
	r.RecipientKeys = r.list[:]
	return &r.Record
}

// Suspended reports whether OFF was executed.
func (r *Record) Suspended() bool { return !r.SuspendedAt.IsZero() }

// Queue is one simplex queue. Its lock is held while a stage executes a command
// for it, pushes something about it or expires it; all methods but the ids need
// the lock, so they are for use inside of such stages.
type Queue struct {
	recipientID []byte
	senderID    []byte
	deliveryKey box.Key // encrypts messages for the recipient

	mu         sync.Mutex
	record     *Record
	link       *Link          // nil for none; it stands in the store too
	notifier   *notifications // nil for none; its id stands in the store too
	mailbox    *Mailbox       // nil for an empty one: see Queue.Mailbox
	subscriber *Subscription
	uncommon   *uncommon // nil for most queues
	usedAt     int64     // nanoseconds of Unix time
	quota      uint32    // of the mailbox
	deleted    bool
	pending    bool // a change is on its way to Config.Store: see Relay.lock
}

// adopt makes a queue that is not in use yet one of this relay.
func (r *Relay) adopt(q *Queue) {
	q.usedAt = r.config.Now().UnixNano()
	q.quota = uint32(min(r.config.Quota, math.MaxUint32))
}

// RecipientID is the id by which the recipient addresses the queue.
func (q *Queue) RecipientID() []byte { return q.recipientID }

// SenderID is the id by which the sender addresses the queue.
func (q *Queue) SenderID() []byte { return q.senderID }

// id is that of the recipient or the sender.
func (q *Queue) id(p party) []byte {
	if p == recipient {
		return q.recipientID
	}
	return q.senderID
}

// Record is the present record. It must not be changed.
func (q *Queue) Record() *Record { return q.record }

// Change replaces the record by a changed copy.
func (q *Queue) Change(change func(*Record)) {
	r := *q.record
	change(&r)
	q.record = &r
}

// Mailbox holds the messages of the queue. It is made when it is asked for, since
// most queues are empty most of the time.
func (q *Queue) Mailbox() *Mailbox {
	if q.mailbox == nil {
		q.mailbox = &Mailbox{quota: int(q.quota)}
	}
	return q.mailbox
}

// shrink gives back what a queue without messages does not need.
func (q *Queue) shrink() {
	if q.mailbox.Len() == 0 {
		q.mailbox = nil
	}
}

// Subscriber is the session to which messages are pushed, nil if there is none.
func (q *Queue) Subscriber() *Session {
	if v := q.service(); v != nil {
		return v.subscriber.Load()
	}
	if q.subscriber == nil {
		return nil
	}
	return q.subscriber.session
}

// Subscription says what one connection may receive from one queue.
type Subscription struct {
	session *Session
	// delivered is the id of the message that was delivered to the connection
	// and not acknowledged, nil if there is none. While it is set, nothing
	// else is delivered.
	delivered []byte
	// postponed: the queue is in the session's list of postponed deliveries.
	postponed bool
}

// subscription returns the subscription that SUB (or NEW) made for the
// session, nil if there is none.
func (q *Queue) subscription(s *Session) *Subscription {
	if sub := q.current(); sub != nil && sub.session == s {
		return sub
	}
	return nil
}

// subscribe makes the session the subscriber of the queue. It returns the
// session that was displaced, nil if there was none or it is the same.
func (q *Queue) subscribe(s *Session) (displaced *Session) {
	if sub := q.current(); sub != nil && sub.session != s {
		displaced = sub.session
		q.Unsubscribe()
	}
	q.subscriber = &Subscription{session: s}
	s.remember(q)
	return displaced
}

// Unsubscribe ends the subscription, whichever session has it.
func (q *Queue) Unsubscribe() {
	if sub := q.subscriber; sub != nil {
		q.subscriber = nil
		q.part(sub.session)
	}
}

// part makes the session forget the queue if it has nothing to do with it any
// more.
func (q *Queue) part(s *Session) {
	if q.subscription(s) == nil && q.getter(s) == nil && !q.notifies(s) {
		s.forget(q)
	}
}

// leave ends what the session has with the queue. A subscription of another
// session stays.
func (q *Queue) leave(s *Session) {
	if q.subscriber != nil && q.subscriber.session == s {
		q.Unsubscribe()
	}
	if q.getter(s) != nil {
		delete(q.uncommon.getters, s)
		q.part(s)
	}
	if q.notifies(s) {
		q.unsubscribeNotifications()
	}
}

// close ends all subscriptions and forgets the messages. It returns the session
// that was subscribed, nil if there was none.
func (q *Queue) close() (subscriber *Session) {
	subscriber = q.Subscriber()
	q.deleted = true
	q.mailbox.Clear()
	q.Unsubscribe()
	q.leaveGetters()
	return subscriber
}

// secure sets the sender key. It reports whether the queue has this key now: it
// is false if another one was set before.
func (q *Queue) secure(key keys.PublicKey) bool {
	if q.record.SenderKey.IsZero() {
		q.Change(func(r *Record) { r.SenderKey = key })
	}
	return q.record.SenderKey == key
}

// suspend makes the queue refuse messages. The time of the first call counts.
func (q *Queue) suspend(now time.Time) {
	if !q.record.Suspended() {
		q.Change(func(r *Record) { r.SuspendedAt = now })
	}
}
