package smp

import (
	"smpcheck/reference/box"
	"smpcheck/reference/wire"
)

// NSUB subscribes the notifier to a queue's notifications. It needs an
// authorization by the notifier key and the notifier id. SMP, "Subscribe to
// queue notifications".
type NSUB struct{}

// NID answers NKEY. SMP, "Enable notifications command".
type NID struct{ NotifierCredentials }

// NMSG tells a notifier that a message arrived. SMP, "Deliver message
// notification".
type NMSG struct {
	Nonce box.Nonce
	// Meta is the encrypted NMsgMeta, 144 bytes.
	Meta []byte
}

// Tag returns "NSUB".
func (NSUB) Tag() string { return "NSUB" }

// Tag returns "NID".
func (NID) Tag() string { return "NID" }

// Tag returns "NMSG".
func (NMSG) Tag() string { return "NMSG" }

func (NSUB) put(*wire.Writer, uint16) {}

func (c NID) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putNotifierCredentials(w, c.NotifierCredentials)
}

func readNID(r *wire.Reader) NID {
	params(r)
	return NID{readNotifierCredentials(r)}
}

func (c NMSG) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Raw(c.Nonce[:])
	w.Short(c.Meta)
}

func readNMSG(r *wire.Reader) NMSG {
	params(r)
	return NMSG{Nonce: readNonce(r), Meta: r.Short()}
}

func readNonce(r *wire.Reader) (n box.Nonce) {
	copy(n[:], r.Take(box.NonceSize))
	return n
}
