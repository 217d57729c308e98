package agent

import (
	"time"

	"smpcheck/reference/agent/message"
	"smpcheck/reference/link"
)

// ConnID is the local id of a connection: 32 hexadecimal digits, which no relay
// and no peer ever sees.
type ConnID string

// Event is something that happened to a connection or to a relay.
type Event struct {
	// ID is what Agent.Ack takes, greater than that of all events before; 0 for an
	// event that is told once and not stored: Delayed, RelayUp, RelayDown.
	ID int64
	// Conn is empty for events about relays.
	Conn ConnID
	// Time is when the agent learnt of it.
	Time time.Time
	// Again is set if a former process had this event in its channel, or may have had
	// it, and did not acknowledge it.
	Again bool
	Body  EventBody
}

// EventBody is what happened: one of the types below that name it.
type EventBody interface {
	// Kind is a word for the event, in lower case with hyphens; it is what the store
	// and scripts see.
	Kind() string
}

type (
	// Confirmation: someone joined with the invitation, and says who. Agent.Allow
	// goes on. CONF of the official agent.
	Confirmation struct {
		Info []byte `json:"info"`
		PQ   bool   `json:"pq"`
	}

	// Request: someone asks for a connection through a contact address, which is the
	// event's Conn. Agent.Accept or Agent.Reject takes RequestID. REQ.
	Request struct {
		RequestID int64  `json:"request"`
		Info      []byte `json:"info"`
	}

	// PeerInfo: who the other side is, told to the one who joined. INFO.
	PeerInfo struct {
		Info []byte `json:"info"`
	}

	// Connected: messages can be sent. CON.
	Connected struct {
		// PQ tells whether the keys in use are post-quantum already.
		PQ bool `json:"pq"`
	}

	// Received is a message from the other side. MSG.
	Received struct {
		// MessageID is the number that its sender gave it.
		MessageID int64             `json:"message"`
		Integrity message.Integrity `json:"integrity"`
		Body      []byte            `json:"body"`
		// Sent is when the relay took it, in whole seconds.
		Sent time.Time `json:"sent"`
		PQ   bool      `json:"pq"`
		Hash []byte    `json:"hash"`
	}

	// Sent: a relay has taken the message with the id that Send returned. SENT.
	Sent struct {
		MessageID int64 `json:"message"`
	}

	// NotSent: the message will not be sent. MERR.
	NotSent struct {
		MessageID int64  `json:"message"`
		Reason    string `json:"reason"`
	}

	// Delivered: the other side acknowledged messages. RCVD.
	Delivered struct {
		Receipts []DeliveryReceipt `json:"receipts"`
	}

	// DeliveryReceipt is about one message that was sent.
	DeliveryReceipt struct {
		MessageID int64 `json:"message"`
		// Intact tells whether the other side saw the bytes that were sent.
		Intact bool `json:"intact"`
		// Info is the other application's.
		Info []byte `json:"info,omitempty"`
	}

	// QueueFull: the relay has no room for more messages to this connection; they
	// wait. MWARN with QUOTA.
	QueueFull struct{}

	// Continue: the other side has read, messages flow again. QCONT.
	Continue struct{}

	// Switching is a step of moving a queue to another relay. SWITCH.
	Switching struct {
		// Receiving is set for the queue on which this side receives, which it moves
		// itself; else the other side is moving.
		Receiving bool        `json:"receiving"`
		Phase     SwitchPhase `json:"phase"`
	}

	// Synchronization is a change in the agreement about the ratchet. RSYNC.
	Synchronization struct {
		State SyncState `json:"state"`
		// Reason is empty or why messages could not be decrypted.
		Reason string `json:"reason,omitempty"`
	}

	// Problem is an error of the connection that needs no answer. ERR.
	Problem struct {
		Reason string `json:"reason"`
		// Fatal is set if the connection cannot work any more: the other side or its
		// queue is gone.
		Fatal bool `json:"fatal"`
	}

	// Removed: the connection was deleted, also at the relays. DEL_CONN.
	Removed struct{}

	// Delayed: messages to the other side cannot be sent at present and are tried again.
	// It comes when that begins and when the reason changes. MWARN.
	Delayed struct {
		Reason string `json:"-"`
	}

	// RelayUp: the queues on a relay are subscribed. UP.
	RelayUp struct {
		Server link.Server `json:"-"`
	}

	// RelayDown: the connection to a relay was lost; the agent tries again. DOWN.
	RelayDown struct {
		Server link.Server `json:"-"`
		Reason string      `json:"-"`
	}
)

// SwitchPhase is how far moving a queue has come.
type SwitchPhase string

// The phases, of which Started and Completed come on both sides.
const (
	SwitchStarted   SwitchPhase = "started"   // the new queue was proposed
	SwitchConfirmed SwitchPhase = "confirmed" // the keys for it were exchanged
	SwitchSecured   SwitchPhase = "secured"   // the new queue is ready
	SwitchCompleted SwitchPhase = "completed" // the old queue is gone
)

// SyncState is the agreement of both sides about their ratchet.
type SyncState string

// The states, as the official agent has them.
const (
	SyncOK       SyncState = "ok"       // messages decrypt
	SyncAllowed  SyncState = "allowed"  // a message did not decrypt: Resync may be called
	SyncRequired SyncState = "required" // messages do not decrypt: sending waits for Resync
	SyncStarted  SyncState = "started"  // this side sent new keys
	SyncAgreed   SyncState = "agreed"   // a new ratchet is in use, nothing decrypted yet
)

// Kind returns "confirmation".
func (Confirmation) Kind() string { return "confirmation" }

// Kind returns "request".
func (Request) Kind() string { return "request" }

// Kind returns "peer-info".
func (PeerInfo) Kind() string { return "peer-info" }

// Kind returns "connected".
func (Connected) Kind() string { return "connected" }

// Kind returns "received".
func (Received) Kind() string { return "received" }

// Kind returns "sent".
func (Sent) Kind() string { return "sent" }

// Kind returns "not-sent".
func (NotSent) Kind() string { return "not-sent" }

// Kind returns "delivered".
func (Delivered) Kind() string { return "delivered" }

// Kind returns "queue-full".
func (QueueFull) Kind() string { return "queue-full" }

// Kind returns "continue".
func (Continue) Kind() string { return "continue" }

// Kind returns "switching".
func (Switching) Kind() string { return "switching" }

// Kind returns "synchronization".
func (Synchronization) Kind() string { return "synchronization" }

// Kind returns "problem".
func (Problem) Kind() string { return "problem" }

// Kind returns "removed".
func (Removed) Kind() string { return "removed" }

// Kind returns "delayed".
func (Delayed) Kind() string { return "delayed" }

// Kind returns "relay-up".
func (RelayUp) Kind() string { return "relay-up" }

// Kind returns "relay-down".
func (RelayDown) Kind() string { return "relay-down" }
