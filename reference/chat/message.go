package chat

import (
	"fmt"

	"smpcheck/reference/wire"
)

// Kind tells messages apart.
type Kind uint8

// The kinds of messages.
const (
	// KindOther is an event that the package leaves alone.
	KindOther Kind = iota
	// KindText is a new message with its content: x.msg.new.
	KindText
	// KindUpdate is new content of an earlier message: x.msg.update. A message that its
	// author sends while typing gets its full text this way.
	KindUpdate
	// KindProfile is the profile of the peer: x.info.
	KindProfile
	// KindContactRequest is a request to a contact address: x.contact. Only DecodeInfo
	// returns it.
	KindContactRequest
	// KindContactDeleted says that the peer deleted the contact: x.direct.del. The
	// connection is of no more use.
	KindContactDeleted
	// KindOK confirms a connection without a profile: x.ok.
	KindOK
)

// Message is what a peer sent.
type Message struct {
	Kind Kind
	// Event is the name of the event, such as "x.msg.new"; "F" for a chunk of a file.
	Event string
	// Versions are the versions of the chat protocol that the peer supports.
	Versions wire.VersionRange
	// ID is the identifier of the message; empty if it has none.
	ID ID
	// Reference is the message that is updated, for KindUpdate, or deleted, for x.msg.del.
	Reference ID
	// Content is the content, for KindText and KindUpdate.
	Content Content
	// File: the message of KindText comes with a file.
	File bool
	// Profile is the profile, for KindProfile.
	Profile Profile
}

// textParams is the JSON of the parameters of x.msg.new.
type textParams struct {
	Content *sentContent `json:"content"`
}

// EncodeText returns the event x.msg.new with a text. The identifier comes from
// NewMessageID. The error is ErrText, or ErrTooLarge if the JSON has more than MaxMessage
// bytes.
func EncodeText(id ID, text string) ([]byte, error) {
	content, err := textContent(text)
	if err != nil {
		return nil, err
	}
	return encode(id, eventText, textParams{content}, MaxMessage)
}

// EncodeDeleted returns the event x.direct.del: the last message before a client deletes a
// contact.
func EncodeDeleted() ([]byte, error) {
	return encode("", eventContactDeleted, struct{}{}, MaxMessage)
}

// message reads the parameters of an event as a message.
func (m received) message() (Message, error) {
	out := Message{Event: m.event, Versions: m.versions, ID: m.id}
	if m.group {
		return out, nil
	}
	var err error
	switch m.event {
	case eventText:
		out.Kind, out.File = KindText, m.params.has("file")
		out.Content, err = m.params.content()
	case eventUpdate:
		out.Kind = KindUpdate
		if out.Reference, err = m.params.id("msgId"); err == nil {
			out.Content, err = m.params.content()
		}
	case eventDelete:
		out.Reference, err = m.params.id("msgId")
	case eventInfo:
		out.Kind = KindProfile
		out.Profile, err = m.params.profile()
	case eventContactDeleted:
		out.Kind = KindContactDeleted
	case eventOK:
		out.Kind = KindOK
	}
	if err != nil {
		return Message{}, fmt.Errorf("%s: %w", m.event, err)
	}
	return out, nil
}
