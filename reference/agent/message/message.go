package message

import (
	"fmt"

	"smpcheck/reference/link"
	"smpcheck/reference/wire"
)

// Message is what the ratchet decrypts: AgentConnInfo, AgentConnInfoReply,
// AgentRatchetInfo or AgentMessage. Agent protocol, "Messages between SMP agents",
// decryptedAgentMessage.
type Message interface {
	// Tag is the letter that the encoding starts with.
	Tag() string
	put(*wire.Writer)
}

// AgentConnInfo is what the initiating party sends in its AgentConfirmation.
type AgentConnInfo struct {
	// Info is the application's, such as a profile.
	Info []byte
}

// AgentConnInfoReply is what the accepting party sends in its AgentConfirmation.
//
// The mode that ends the information about a queue is optional, and the connection info
// follows with nothing between. An info that starts with 'M', 'C', 'T' or 'F' after a
// queue written without a mode loses this letter when it is decoded: DecodeMessage takes
// it for the mode, as the official agent does. Queues of client version 4 with a mode, and
// of version 3 with mode smp.Messaging, are safe.
type AgentConnInfoReply struct {
	// Queues are 1 to 255 queues for the way back.
	Queues []link.QueueInfo
	// Info is the application's, such as a profile.
	Info []byte
}

// AgentRatchetInfo stands, encoded, in the Info of an AgentRatchetKey; it is the only
// Message that the ratchet does not encrypt.
type AgentRatchetInfo struct {
	// Info is empty in what the official agent sends.
	Info []byte
}

// AgentMessage is a numbered message.
type AgentMessage struct {
	Header Header
	Body   AMessage
}

// Header is the agentMsgHeader: it makes lost, repeated and changed messages visible.
type Header struct {
	// ID is the number that the sender gave the message; see Chain.
	ID int64
	// PreviousHash is the Hash of the message before, empty for none; at most 255 bytes.
	PreviousHash []byte
}

// Tag returns "I".
func (AgentConnInfo) Tag() string { return "I" }

// Tag returns "D".
func (AgentConnInfoReply) Tag() string { return "D" }

// Tag returns "R".
func (AgentRatchetInfo) Tag() string { return "R" }

// Tag returns "M".
func (AgentMessage) Tag() string { return "M" }

func (m AgentConnInfo) put(w *wire.Writer) { w.Raw(m.Info) }

func (m AgentConnInfoReply) put(w *wire.Writer) {
	putList(w, m.Queues, func(w *wire.Writer, q link.QueueInfo) { q.Write(w) })
	w.Raw(m.Info)
}

func (m AgentRatchetInfo) put(w *wire.Writer) { w.Raw(m.Info) }

func (m AgentMessage) put(w *wire.Writer) {
	w.Int64(m.Header.ID)
	w.Short(m.Header.PreviousHash)
	putAMessage(w, m.Body)
}

var messages = []tagged[Message]{
	{"I", func(r *wire.Reader) Message { return AgentConnInfo{Info: r.Rest()} }},
	{"D", func(r *wire.Reader) Message {
		return AgentConnInfoReply{Queues: readList(r, link.ReadQueueInfo), Info: r.Rest()}
	}},
	{"R", func(r *wire.Reader) Message { return AgentRatchetInfo{Info: r.Rest()} }},
	{"M", func(r *wire.Reader) Message {
		return AgentMessage{Header: readHeader(r), Body: readAMessage(r)}
	}},
}

func readHeader(r *wire.Reader) Header {
	return Header{ID: r.Int64(), PreviousHash: r.Short()}
}

// EncodeMessage returns the encoding of m, which the ratchet pads to PaddedConnInfo or
// PaddedMessage. It fails as EncodeAMessage does.
func EncodeMessage(m Message) ([]byte, error) {
	if m == nil {
		return nil, fmt.Errorf("%w: no message", ErrNoContent)
	}
	w := wire.NewWriter(nil)
	w.String(m.Tag())
	m.put(w)
	return w.Bytes()
}

// DecodeMessage decodes the whole of b; every error has ErrMessage in its chain. The
// result aliases b.
func DecodeMessage(b []byte) (Message, error) {
	r := wire.NewReader(b)
	m := readTagged(r, messages, "a decrypted message")
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMessage, err)
	}
	return m, nil
}
