package smp

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// Commands of the recipient. All need an authorization by a recipient key and
// the recipient id. SMP, "Recipient commands".

// SUB subscribes the connection to a queue. It is answered with SOK (OK below
// version 16) or MSG.
type SUB struct{}

// KEY sets the key of the queue's sender.
type KEY struct {
	// SenderKey verifies the sender's commands: X25519, Ed25519 or Ed448.
	SenderKey keys.PublicKey
}

// RKEY replaces the recipient keys of a contact queue.
type RKEY struct {
	// Keys are 1 to 255 keys, each X25519, Ed25519 or Ed448.
	Keys []keys.PublicKey
}

// NKEY gives the queue a notifier. It is answered with NID.
type NKEY struct{ NotifierKeys }

// NDEL takes the notifier away.
type NDEL struct{}

// GET asks for one message without subscribing.
type GET struct{}

// ACK acknowledges a delivered message, which the relay then deletes.
type ACK struct{ MsgID []byte }

// OFF suspends the queue: it takes no more messages.
type OFF struct{}

// DEL deletes the queue and its messages.
type DEL struct{}

// QUE asks for the state of the queue. It is answered with INFO.
type QUE struct{}

// Tag returns "SUB".
func (SUB) Tag() string { return "SUB" }

// Tag returns "KEY".
func (KEY) Tag() string { return "KEY" }

// Tag returns "RKEY".
func (RKEY) Tag() string { return "RKEY" }

// Tag returns "NKEY".
func (NKEY) Tag() string { return "NKEY" }

// Tag returns "NDEL".
func (NDEL) Tag() string { return "NDEL" }

// Tag returns "GET".
func (GET) Tag() string { return "GET" }

// Tag returns "ACK".
func (ACK) Tag() string { return "ACK" }

// Tag returns "OFF".
func (OFF) Tag() string { return "OFF" }

// Tag returns "DEL".
func (DEL) Tag() string { return "DEL" }

// Tag returns "QUE".
func (QUE) Tag() string { return "QUE" }

func (SUB) put(*wire.Writer, uint16)  {}
func (NDEL) put(*wire.Writer, uint16) {}
func (GET) put(*wire.Writer, uint16)  {}
func (OFF) put(*wire.Writer, uint16)  {}
func (DEL) put(*wire.Writer, uint16)  {}
func (QUE) put(*wire.Writer, uint16)  {}

func (c KEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putAuthKey(w, c.SenderKey)
}

func readKEY(r *wire.Reader) KEY {
	params(r)
	return KEY{SenderKey: readAuthKey(r)}
}

func (c RKEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	if len(c.Keys) == 0 {
		w.Fail(ErrEmptyList)
	}
	w.Count(len(c.Keys))
	for _, k := range c.Keys {
		putAuthKey(w, k)
	}
}

func readRKEY(r *wire.Reader) RKEY {
	params(r)
	n := readCount(r)
	c := RKEY{Keys: make([]keys.PublicKey, 0, min(n, 8))}
	for i := 0; i < n && r.Err() == nil; i++ {
		c.Keys = append(c.Keys, readAuthKey(r))
	}
	return c
}

func (c NKEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putNotifierKeys(w, c.NotifierKeys)
}

func readNKEY(r *wire.Reader) NKEY {
	params(r)
	return NKEY{readNotifierKeys(r)}
}

func (c ACK) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Short(c.MsgID)
}

func readACK(r *wire.Reader) ACK {
	params(r)
	return ACK{MsgID: r.Short()}
}
