package smp

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/wire"
)

// LinkData is the data behind a short link, encrypted by the queue's owner.
type LinkData struct {
	// Fixed is set once, User may change: each at most 65535 bytes.
	Fixed, User []byte
}

func putLinkData(w *wire.Writer, d LinkData) {
	w.Large(d.Fixed)
	w.Large(d.User)
}

func readLinkData(r *wire.Reader) LinkData {
	return LinkData{Fixed: r.Large(), User: r.Large()}
}

// LSET sets or updates the short link of a queue. It is a recipient command.
// SMP, "Set short link".
type LSET struct {
	LinkID []byte
	Data   LinkData
}

// LDEL removes the short link of a queue. It is a recipient command. SMP,
// "Delete short link".
type LDEL struct{}

// LKEY secures the messaging queue behind a link id and asks for its link
// data. It needs an authorization by the key that it carries. SMP, "Set link
// key".
type LKEY struct {
	// SenderKey verifies the sender's commands: X25519, Ed25519 or Ed448.
	SenderKey keys.PublicKey
}

// LGET asks for the link data of a contact queue. It has the link id and no
// authorization. SMP, "Get link data".
type LGET struct{}

// LNK answers LKEY and LGET. SMP, "Link response".
type LNK struct {
	SenderID []byte
	Data     LinkData
}

// Tag returns "LSET".
func (LSET) Tag() string { return "LSET" }

// Tag returns "LDEL".
func (LDEL) Tag() string { return "LDEL" }

// Tag returns "LKEY".
func (LKEY) Tag() string { return "LKEY" }

// Tag returns "LGET".
func (LGET) Tag() string { return "LGET" }

// Tag returns "LNK".
func (LNK) Tag() string { return "LNK" }

func (c LSET) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Short(c.LinkID)
	putLinkData(w, c.Data)
}

func readLSET(r *wire.Reader) LSET {
	params(r)
	return LSET{LinkID: r.Short(), Data: readLinkData(r)}
}

func (LDEL) put(*wire.Writer, uint16) {}

func (c LKEY) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putAuthKey(w, c.SenderKey)
}

func readLKEY(r *wire.Reader) LKEY {
	params(r)
	return LKEY{SenderKey: readAuthKey(r)}
}

func (LGET) put(*wire.Writer, uint16) {}

func (c LNK) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	w.Short(c.SenderID)
	putLinkData(w, c.Data)
}

func readLNK(r *wire.Reader) LNK {
	params(r)
	return LNK{SenderID: r.Short(), Data: readLinkData(r)}
}
