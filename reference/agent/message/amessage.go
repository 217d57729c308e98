package message

import (
	"fmt"

	"smpcheck/reference/wire"
)

// AMessage is the content of a numbered message: HELLO, A_MSG, A_RCVD, EREADY, A_QCONT,
// QADD, QKEY, QUSE or QTEST. Agent protocol, "Messages between SMP agents".
type AMessage interface {
	// Tag is the word that the encoding starts with.
	Tag() string
	put(*wire.Writer)
}

// HELLO says that the sender's queue is secured; it is the first message of the standard
// procedure. Agent protocol, "HELLO message".
type HELLO struct{}

// A_MSG carries what the application sends. Agent protocol, "A_MSG message".
type A_MSG struct {
	// Body is the application's, of any length that the padded size leaves.
	Body []byte
}

// A_RCVD tells the sender which messages arrived. Agent protocol, "A_RCVD message".
type A_RCVD struct {
	// Receipts are 1 to 255.
	Receipts []Receipt
}

// Receipt confirms one message.
type Receipt struct {
	// ID is the number that the message's sender gave it.
	ID int64
	// Hash is the Hash of the message as the recipient saw it, at most 255 bytes.
	Hash []byte
	// Info is the application's, at most 65535 bytes.
	Info []byte
}

// EREADY says that a newly negotiated ratchet is in use. Agent protocol, "EREADY
// message".
type EREADY struct {
	// LastDecrypted is the number of the last message of the peer that its sender could
	// decrypt before; the document does not say so, the official agent does it.
	LastDecrypted int64
}

// Tag returns "H".
func (HELLO) Tag() string { return "H" }

// Tag returns "M".
func (A_MSG) Tag() string { return "M" }

// Tag returns "V".
func (A_RCVD) Tag() string { return "V" }

// Tag returns "E".
func (EREADY) Tag() string { return "E" }

func (HELLO) put(*wire.Writer)      {}
func (m A_MSG) put(w *wire.Writer)  { w.Raw(m.Body) }
func (m A_RCVD) put(w *wire.Writer) { putList(w, m.Receipts, putReceipt) }
func (m EREADY) put(w *wire.Writer) { w.Int64(m.LastDecrypted) }

func putReceipt(w *wire.Writer, r Receipt) {
	w.Int64(r.ID)
	w.Short(r.Hash)
	w.Large(r.Info)
}

func readReceipt(r *wire.Reader) Receipt {
	return Receipt{ID: r.Int64(), Hash: r.Short(), Info: r.Large()}
}

var aMessages = []tagged[AMessage]{
	{"H", func(*wire.Reader) AMessage { return HELLO{} }},
	{"M", func(r *wire.Reader) AMessage { return A_MSG{Body: r.Rest()} }},
	{"V", func(r *wire.Reader) AMessage { return A_RCVD{Receipts: readList(r, readReceipt)} }},
	{"E", func(r *wire.Reader) AMessage { return EREADY{LastDecrypted: r.Int64()} }},
	{"QC", func(r *wire.Reader) AMessage { return A_QCONT{Queue: readQueueAddress(r)} }},
	{"QA", func(r *wire.Reader) AMessage { return QADD{Queues: readList(r, readAddedQueue)} }},
	{"QK", func(r *wire.Reader) AMessage { return QKEY{Queues: readList(r, readQueueKey)} }},
	{"QU", func(r *wire.Reader) AMessage { return QUSE{Queues: readList(r, readReadyQueue)} }},
	{"QT", func(r *wire.Reader) AMessage { return QTEST{Queues: readList(r, readQueueAddress)} }},
}

// EncodeAMessage returns the encoding of m: its tag and its fields. It fails if a list is
// empty, a value does not fit its length prefix, or m holds a key or an address that its
// field cannot carry.
func EncodeAMessage(m AMessage) ([]byte, error) {
	w := wire.NewWriter(nil)
	putAMessage(w, m)
	return w.Bytes()
}

func putAMessage(w *wire.Writer, m AMessage) {
	if m == nil {
		w.Fail(fmt.Errorf("%w: no agent message", ErrNoContent))
		return
	}
	w.String(m.Tag())
	m.put(w)
}

// DecodeAMessage decodes the whole of b; every error has ErrMessage in its chain. The
// result aliases b.
func DecodeAMessage(b []byte) (AMessage, error) {
	r := wire.NewReader(b)
	m := readAMessage(r)
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return m, nil
}

func readAMessage(r *wire.Reader) AMessage {
	return readTagged(r, aMessages, "an agent message")
}
