package smp

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// QueueMode says how a queue is used. The zero value is no mode: queues that
// were created before version 9 have none.
type QueueMode byte

// The modes of queues.
const (
	// Messaging: a queue of one connection; its sender may secure it.
	Messaging QueueMode = 'M'
	// Contact: a public address; its sender must not secure it.
	Contact QueueMode = 'C'
)

// String is "messaging", "contact" or "none".
func (m QueueMode) String() string {
	switch m {
	case Messaging:
		return "messaging"
	case Contact:
		return "contact"
	case 0:
		return "none"
	}
	return fmt.Sprintf("queue mode 0x%02x", byte(m))
}

// senderSecureMode is the mode that versions 9 to 14 express as a boolean.
func senderSecureMode(secure bool) QueueMode {
	if secure {
		return Messaging
	}
	return Contact
}

func putMode(w *wire.Writer, m QueueMode) {
	if m != Messaging && m != Contact {
		w.Fail(fmt.Errorf("%w: queue mode 0x%02x, expected 'M' or 'C'", ErrMode, byte(m)))
	}
	w.Byte(byte(m))
}

func readMode(r *wire.Reader) QueueMode {
	m := QueueMode(r.Byte())
	if r.Err() == nil && m != Messaging && m != Contact {
		r.Fail(fmt.Errorf("%w: queue mode 0x%02x, expected 'M' or 'C'", ErrMode, byte(m)))
	}
	return m
}

// QueueRequest asks NEW for a queue of a mode, with or without link data.
type QueueRequest struct {
	Mode QueueMode
	// Link is stored with the queue; nil for a queue without short link.
	Link *QueueLink
}

// QueueLink is the short link of a new queue.
type QueueLink struct {
	// LinkID is chosen by the client for contact queues; messaging queues
	// get theirs from the relay and leave it empty.
	LinkID []byte
	// SenderID is the id that the client computed with SenderID.
	SenderID []byte
	Data     LinkData
}

func putQueueRequest(w *wire.Writer, q *QueueRequest) {
	w.Maybe(q != nil)
	if q == nil {
		return
	}
	putMode(w, q.Mode)
	w.Maybe(q.Link != nil)
	if q.Link == nil {
		return
	}
	if q.Mode == Contact {
		w.Short(q.Link.LinkID)
	}
	w.Short(q.Link.SenderID)
	putLinkData(w, q.Link.Data)
}

func readQueueRequest(r *wire.Reader) *QueueRequest {
	if !r.Maybe() {
		return nil
	}
	q := &QueueRequest{Mode: readMode(r)}
	if !r.Maybe() {
		return q
	}
	q.Link = &QueueLink{}
	if q.Mode == Contact {
		q.Link.LinkID = r.Short()
	}
	q.Link.SenderID = r.Short()
	q.Link.Data = readLinkData(r)
	return q
}

// NotifierKeys are the keys that the recipient gives a queue for
// notifications, in NEW or NKEY.
type NotifierKeys struct {
	// AuthKey verifies the notifier's commands: X25519, Ed25519 or Ed448.
	AuthKey keys.PublicKey
	// DHKey agrees the secret that encrypts notification metadata: X25519.
	DHKey keys.PublicKey
}

func putNotifierKeys(w *wire.Writer, k NotifierKeys) {
	putAuthKey(w, k.AuthKey)
	putDHKey(w, k.DHKey)
}

func readNotifierKeys(r *wire.Reader) NotifierKeys {
	return NotifierKeys{AuthKey: readAuthKey(r), DHKey: readDHKey(r)}
}

// NotifierCredentials are what the relay answers to NotifierKeys, in IDS or
// NID.
type NotifierCredentials struct {
	NotifierID []byte
	// ServerDHKey is the relay's part of the key agreement: X25519.
	ServerDHKey keys.PublicKey
}

func putNotifierCredentials(w *wire.Writer, c NotifierCredentials) {
	w.Short(c.NotifierID)
	putDHKey(w, c.ServerDHKey)
}

func readNotifierCredentials(r *wire.Reader) NotifierCredentials {
	return NotifierCredentials{NotifierID: r.Short(), ServerDHKey: readDHKey(r)}
}
