package smp

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// NEW creates a queue. It is answered with IDS. SMP, "Create queue command";
// the forms before version 17 are those of the official implementation:
//
//	6–8    keys, 'A' and password if there is one, subscribe mode
//	9–14   keys, option password, subscribe mode, sender can secure
//	15–16  keys, option password, subscribe mode, option request
//	17–20  keys, option password, subscribe mode, option request, option notifier keys
//
// Encoding at a version that has no place for a part leaves it out. At versions
// 9 to 14 a Request is reduced to whether its mode is Messaging, and decoding
// gives a Request with the mode alone.
type NEW struct {
	// AuthKey verifies the recipient's commands: X25519, Ed25519 or Ed448.
	AuthKey keys.PublicKey
	// DHKey agrees the secret that encrypts delivered messages: X25519.
	DHKey keys.PublicKey
	// Password is the relay's password for creating queues; nil for none.
	Password Password
	// Subscribe subscribes the connection to the new queue.
	Subscribe bool
	// Request is the mode of the queue and its link data, from version 9.
	Request *QueueRequest
	// Notifier are keys for notifications, from version 17; nil for none.
	Notifier *NotifierKeys
}

// Tag returns "NEW".
func (NEW) Tag() string { return "NEW" }

// SenderCanSecure reports whether the queue is to be secured by its sender,
// which versions 9 to 14 send as a boolean.
func (c NEW) SenderCanSecure() bool { return c.Request != nil && c.Request.Mode == Messaging }

// Subscribe modes of NEW.
const (
	modeSubscribe  = 'S'
	modeOnlyCreate = 'C'
)

func (c NEW) put(w *wire.Writer, v uint16) {
	w.Byte(' ')
	putAuthKey(w, c.AuthKey)
	putDHKey(w, c.DHKey)
	if v >= VersionSenderKeys {
		w.Maybe(c.Password != nil)
	} else if c.Password != nil {
		w.Byte('A')
	}
	if c.Password != nil {
		putPassword(w, c.Password)
	}
	if c.Subscribe {
		w.Byte(modeSubscribe)
	} else {
		w.Byte(modeOnlyCreate)
	}
	if v >= VersionShortLinks {
		putQueueRequest(w, c.Request)
	} else if v >= VersionSenderKeys {
		w.Bool(c.SenderCanSecure())
	}
	if v >= VersionNotifierKeys {
		w.Maybe(c.Notifier != nil)
		if c.Notifier != nil {
			putNotifierKeys(w, *c.Notifier)
		}
	}
}

func readNEW(r *wire.Reader, v uint16) NEW {
	params(r)
	c := NEW{AuthKey: readAuthKey(r), DHKey: readDHKey(r)}
	if v >= VersionSenderKeys {
		if r.Maybe() {
			c.Password = readPassword(r)
		}
	} else if r.Literal("A") {
		c.Password = readPassword(r)
	}
	switch mode := r.Byte(); {
	case r.Err() != nil:
	case mode == modeSubscribe:
		c.Subscribe = true
	case mode != modeOnlyCreate:
		r.Fail(fmt.Errorf("%w: subscribe mode 0x%02x, expected 'S' or 'C'", ErrMode, mode))
	}
	if v >= VersionShortLinks {
		c.Request = readQueueRequest(r)
	} else if v >= VersionSenderKeys {
		c.Request = &QueueRequest{Mode: senderSecureMode(r.Bool())}
	}
	if v >= VersionNotifierKeys && r.Maybe() {
		k := readNotifierKeys(r)
		c.Notifier = &k
	}
	return c
}

// IDS answers NEW. SMP, "Create queue command"; the forms before version 17
// are those of the official implementation:
//
//	6–8    ids, key
//	9–14   ids, key, sender can secure
//	15     ids, key, option mode, option link id
//	16     ids, key, option mode, option link id, option service id
//	17–20  ids, key, option mode, option link id, option service id, option notifier credentials
//
// Encoding at a version that has no place for a part leaves it out. At versions
// 9 to 14 no mode and Contact are the same.
type IDS struct {
	RecipientID, SenderID []byte
	// ServerDHKey is the relay's part of the agreement of the delivery secret:
	// X25519.
	ServerDHKey keys.PublicKey
	// Mode of the queue, from version 9; 0 for none.
	Mode QueueMode
	// LinkID of the queue's short link, from version 15; nil for none.
	LinkID []byte
	// ServiceID of the service that the queue belongs to, from version 16;
	// nil for none.
	ServiceID []byte
	// Notifier answers NEW's notifier keys, from version 17; nil for none.
	Notifier *NotifierCredentials
}

// Tag returns "IDS".
func (IDS) Tag() string { return "IDS" }

func (c IDS) put(w *wire.Writer, v uint16) {
	w.Byte(' ')
	w.Short(c.RecipientID)
	w.Short(c.SenderID)
	putDHKey(w, c.ServerDHKey)
	if v >= VersionShortLinks {
		w.Maybe(c.Mode != 0)
		if c.Mode != 0 {
			putMode(w, c.Mode)
		}
		putOption(w, c.LinkID)
	} else if v >= VersionSenderKeys {
		w.Bool(c.Mode == Messaging)
	}
	if v >= VersionServices {
		putOption(w, c.ServiceID)
	}
	if v >= VersionNotifierKeys {
		w.Maybe(c.Notifier != nil)
		if c.Notifier != nil {
			putNotifierCredentials(w, *c.Notifier)
		}
	}
}

func readIDS(r *wire.Reader, v uint16) IDS {
	params(r)
	c := IDS{RecipientID: r.Short(), SenderID: r.Short(), ServerDHKey: readDHKey(r)}
	if v >= VersionShortLinks {
		if r.Maybe() {
			c.Mode = readMode(r)
		}
		c.LinkID = readOption(r)
	} else if v >= VersionSenderKeys {
		c.Mode = senderSecureMode(r.Bool())
	}
	if v >= VersionServices {
		c.ServiceID = readOption(r)
	}
	if v >= VersionNotifierKeys && r.Maybe() {
		n := readNotifierCredentials(r)
		c.Notifier = &n
	}
	return c
}
