package smp

import (
	"encoding/json"
	"fmt"
	"time"

	"smpcheck/reference/wire"
)

// INFO answers QUE. SMP, "Get queue state". The document leaves the format to
// the implementation and gives that of the official one for information; this
// package reads and writes that one, and as there another shape is an error.
type INFO struct{ Queue QueueInfo }

// QueueInfo is the state of a queue as the official relay tells it.
type QueueInfo struct {
	// Secured: the queue has a sender key.
	Secured bool `json:"qiSnd"`
	// Notifier: the queue has a notifier.
	Notifier bool `json:"qiNtf"`
	// Subscription of this connection; nil for none.
	Subscription *SubscriptionInfo `json:"qiSub,omitempty"`
	// Size is the number of messages in the queue.
	Size int64 `json:"qiSize"`
	// Message is the next message; nil for none.
	Message *MessageInfo `json:"qiMsg,omitempty"`
}

// SubscriptionInfo is the state of a subscription.
type SubscriptionInfo struct {
	Thread SubscriptionThread `json:"qSubThread"`
	// Delivered is the base64 id of the unacknowledged message; nil for none.
	Delivered *string `json:"qDelivered,omitempty"`
}

// SubscriptionThread is what the relay does for a subscription.
type SubscriptionThread string

// known reports whether t is one of the states.
func (t SubscriptionThread) known() bool {
	switch t {
	case NoSubscription, SubscriptionPending, SubscriptionRunning, SubscriptionProhibited:
		return true
	}
	return false
}

// The states of SubscriptionThread.
const (
	NoSubscription         SubscriptionThread = "noSub"
	SubscriptionPending    SubscriptionThread = "subPending"
	SubscriptionRunning    SubscriptionThread = "subThread"
	SubscriptionProhibited SubscriptionThread = "prohibitSub"
)

// MessageInfo describes a message in a queue.
type MessageInfo struct {
	// ID is the base64 message id.
	ID   string      `json:"msgId"`
	Time time.Time   `json:"msgTs"`
	Type MessageType `json:"msgType"`
}

// MessageType tells messages from the marker of a full queue.
type MessageType string

// The types of messages.
const (
	MessageSent  MessageType = "message"
	MessageQuota MessageType = "quota"
)

// known reports whether t is one of the types.
func (t MessageType) known() bool { return t == MessageSent || t == MessageQuota }

// Tag returns "INFO".
func (INFO) Tag() string { return "INFO" }

func (c INFO) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	if s := c.Queue.Subscription; s != nil && !s.Thread.known() {
		w.Fail(fmt.Errorf("%w: state %q of a subscription", ErrJSON, s.Thread))
	}
	if m := c.Queue.Message; m != nil && !m.Type.known() {
		w.Fail(fmt.Errorf("%w: type %q of a message", ErrJSON, m.Type))
	}
	putJSON(w, c.Queue)
}

func readINFO(r *wire.Reader) INFO {
	params(r)
	var c INFO
	o := readObject(r)
	o.require("qiSnd", "a boolean", &c.Queue.Secured)
	o.require("qiNtf", "a boolean", &c.Queue.Notifier)
	if v := o.value("qiSub"); v != nil {
		c.Queue.Subscription = readSubscriptionInfo(o, v)
	}
	if n, ok := integer(o.value("qiSize")); ok {
		c.Queue.Size = n
	} else {
		o.fail("qiSize", "an integer")
	}
	if v := o.value("qiMsg"); v != nil {
		c.Queue.Message = readMessageInfo(o, v)
	}
	o.report(r)
	return c
}

func readSubscriptionInfo(parent *object, v json.RawMessage) *SubscriptionInfo {
	var s SubscriptionInfo
	o := parseObject(v)
	o.require("qSubThread", "a string", &s.Thread)
	if !s.Thread.known() {
		o.fail("qSubThread", "noSub, subPending, subThread or prohibitSub")
	}
	o.optionalString("qDelivered", &s.Delivered)
	parent.adopt(o)
	return &s
}

func readMessageInfo(parent *object, v json.RawMessage) *MessageInfo {
	var m MessageInfo
	o := parseObject(v)
	o.require("msgId", "a string", &m.ID)
	o.require("msgTs", "a time", &m.Time)
	m.Time = m.Time.UTC()
	o.require("msgType", "a string", &m.Type)
	if !m.Type.known() {
		o.fail("msgType", "message or quota")
	}
	parent.adopt(o)
	return &m
}
