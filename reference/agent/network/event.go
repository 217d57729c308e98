package network

import (
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
)

// Event is what happens to a relay or to a watched queue without being asked
// for: Up, Down, Message, Ended, Deleted or SubscriptionFailed. Its server has
// no password.
type Event interface {
	// Relay is the relay that the event is about.
	Relay() link.Server
}

// Up: there is a connection to a relay with watched queues, which are being
// subscribed to. The messages that wait in them follow.
type Up struct{ Server link.Server }

// Down: there is no connection to a relay with watched queues. It comes once
// when a connection is lost or the first attempt fails, and again when the
// reason becomes another one. The Network goes on trying.
type Down struct {
	Server link.Server
	Err    *Error
}

// Message: a watched queue delivers a message, which client.Queue.Decrypt opens.
// The next one comes when it is acknowledged. Until then the same message comes
// again after each reconnection.
type Message struct {
	Server      link.Server
	RecipientID []byte
	Message     smp.MSG
}

// Ended: another connection has subscribed to the queue, which is not watched
// any more.
type Ended struct {
	Server      link.Server
	RecipientID []byte
}

// Deleted: the relay has deleted the queue, which is not watched any more.
type Deleted struct {
	Server      link.Server
	RecipientID []byte
}

// SubscriptionFailed: the relay refuses to deliver a queue. If Temporary(Err) it
// is tried again, and nothing more is said until another error comes; otherwise
// the queue is not watched any more.
type SubscriptionFailed struct {
	Server      link.Server
	RecipientID []byte
	Err         *Error
}

// Relay returns e.Server.
func (e Up) Relay() link.Server { return e.Server }

// Relay returns e.Server.
func (e Down) Relay() link.Server { return e.Server }

// Relay returns e.Server.
func (e Message) Relay() link.Server { return e.Server }

// Relay returns e.Server.
func (e Ended) Relay() link.Server { return e.Server }

// Relay returns e.Server.
func (e Deleted) Relay() link.Server { return e.Server }

// Relay returns e.Server.
func (e SubscriptionFailed) Relay() link.Server { return e.Server }
