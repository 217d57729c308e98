package smp

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// SKEY secures a messaging queue with the sender's own key. It needs an
// authorization by that key and the sender id. SMP, "Secure queue by sender".
type SKEY struct {
	// SenderKey verifies the sender's commands: X25519, Ed25519 or Ed448.
	SenderKey keys.PublicKey
}

// SEND sends a message. It needs the sender id and, once the queue is secured,
// an authorization by the sender key. SMP, "Send message".
type SEND struct {
	// Notify is the message flag that asks the relay to notify the recipient.
	Notify bool
	// Body is the encrypted message, at most MaxMessageLength bytes; the codec
	// does not enforce the limit, the relay answers LARGE_MSG.
	Body []byte
}

// PING keeps the connection alive. It has neither authorization nor entity id
// and is answered with PONG. SMP, "Keep-alive command".
type PING struct{}

// Tag returns "SKEY".
func (SKEY) Tag() string { return "SKEY" }

// Tag returns "SEND".
func (SEND) Tag() string { return "SEND" }

// Tag returns "PING".
func (PING) Tag() string { return "PING" }

func (c SKEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putAuthKey(w, c.SenderKey)
}

func readSKEY(r *wire.Reader) SKEY {
	params(r)
	return SKEY{SenderKey: readAuthKey(r)}
}

func (c SEND) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putFlags(w, c.Notify)
	w.Raw(c.Body)
}

func readSEND(r *wire.Reader) SEND {
	params(r)
	return SEND{Notify: readFlags(r), Body: r.Rest()}
}

func (PING) put(*wire.Writer, uint16) {}
