package session

import (
	"context"
	"sync"
	"time"

	"smpcheck/cmd/smpclient/book"
)

// Notice is something that happened, as scripts see it: one JSON object. Fields
// that do not belong to the event are absent.
type Notice struct {
	Event string `json:"event"`
	// Contact is the local name.
	Contact string `json:"contact,omitempty"`
	// ID is that of a message in the history.
	ID int64 `json:"id,omitempty"`
	// Type of a message: "text", that of another content, or "raw".
	Type string `json:"type,omitempty"`
	Text string `json:"text,omitempty"`
	// Raw is a body that is not text.
	Raw []byte `json:"raw,omitempty"`
	// Sent is when the relay took a received message, or when one was written here.
	Sent *time.Time `json:"sent,omitempty"`
	// Again: the message may have been shown before, by a process that was killed.
	Again bool `json:"again,omitempty"`
	// Request is the number for accept and reject.
	Request int64 `json:"request,omitempty"`
	// Peer is the name in the other side's profile.
	Peer string `json:"peer,omitempty"`
	// PQ: the keys are post-quantum.
	PQ *bool `json:"pq,omitempty"`
	// Side is "receiving" or "sending": which queue moves.
	Side string `json:"side,omitempty"`
	// Phase of a switch, or state of the ratchet.
	Phase  string `json:"phase,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Fatal: the connection cannot work any more.
	Fatal  bool   `json:"fatal,omitempty"`
	Server string `json:"server,omitempty"`
	// ContactID is that of the contact, which does not change when it gets another name.
	ContactID int64 `json:"-"`
}

// The events of notices.
const (
	EventMessage     = "message"     // shown by Show, not by a Subscription
	EventJoined      = "joined"      // someone uses the invitation
	EventPeer        = "peer"        // the other side told its name
	EventConnected   = "connected"   // messages can be sent
	EventRequest     = "request"     // someone asks for a connection
	EventSent        = "sent"        // a relay took a message
	EventDelivered   = "delivered"   // the other side acknowledged a message
	EventFailed      = "failed"      // a message will not be sent
	EventFull        = "full"        // the relay has no room for messages to the contact
	EventContinue    = "continue"    // messages flow again
	EventDelayed     = "delayed"     // messages to the contact wait, and why
	EventSwitch      = "switch"      // a queue moves
	EventSync        = "sync"        // about the ratchet
	EventProblem     = "problem"     // an error of the connection
	EventLeft        = "left"        // the other side has deleted this contact
	EventDeleted     = "deleted"     // the contact is gone
	EventRelayUp     = "relay-up"    // a relay delivers
	EventRelayDown   = "relay-down"  // a relay cannot be reached
	EventNoticesLost = "events-lost" // the reader was slow; the history has all messages
)

// of returns a notice about a contact.
func of(event string, c book.Contact) Notice {
	return Notice{Event: event, Contact: c.Name, ContactID: c.ID}
}

// ofMessage returns a notice about a message.
func ofMessage(event string, m book.Message) Notice {
	return Notice{Event: event, Contact: m.Contact, ContactID: m.ContactID, ID: m.ID, Reason: m.Problem}
}

// maxNotices is how many notices wait for a slow reader.
const maxNotices = 4096

// Subscription gets the notices from when it was made.
type Subscription struct {
	session *Session
	mu      sync.Mutex
	waiting []Notice
	lost    bool
	wake    chan struct{}
}

// Subscribe returns a subscription, which its caller ends with Close.
func (s *Session) Subscribe() *Subscription {
	sub := &Subscription{session: s, wake: make(chan struct{}, 1)}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscriptions[sub] = struct{}{}
	return sub
}

// Close ends the subscription.
func (sub *Subscription) Close() {
	sub.session.mu.Lock()
	defer sub.session.mu.Unlock()
	delete(sub.session.subscriptions, sub)
}

// Next waits for the next notice. It returns the error of ctx, or the one with
// which the session ended.
func (sub *Subscription) Next(ctx context.Context) (Notice, error) {
	for {
		if n, ok := sub.take(); ok {
			return n, nil
		}
		select {
		case <-sub.wake:
		case <-sub.session.done:
			return Notice{}, sub.session.Err()
		case <-ctx.Done():
			return Notice{}, ctx.Err()
		}
	}
}

func (sub *Subscription) take() (Notice, bool) {
	sub.mu.Lock()
	defer sub.mu.Unlock()
	switch {
	case len(sub.waiting) > 0:
		n := sub.waiting[0]
		sub.waiting = sub.waiting[1:]
		return n, true
	case sub.lost:
		sub.lost = false
		return Notice{Event: EventNoticesLost}, true
	}
	return Notice{}, false
}

func (sub *Subscription) put(n Notice) {
	sub.mu.Lock()
	if len(sub.waiting) < maxNotices && !sub.lost {
		sub.waiting = append(sub.waiting, n)
	} else {
		sub.lost = true
	}
	sub.mu.Unlock()
	signal(sub.wake)
}

// publish tells all subscriptions.
func (s *Session) publish(notices ...Notice) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range notices {
		for sub := range s.subscriptions {
			sub.put(n)
		}
	}
}

// signal wakes who waits for c, or will.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
