package chat

import (
	"fmt"

	"smpcheck/reference/wire"
)

// ContactRequest is what is sent to a contact address.
type ContactRequest struct {
	Profile Profile
	// ID is the identifier of the request, the same if the request is repeated.
	ID ID
	// MessageID and Text are a message that comes with the request; both or none.
	MessageID ID
	Text      string
}

// Info is the information with which a peer starts a connection.
type Info struct {
	// Kind is KindProfile, KindContactRequest, KindOK, or KindOther for events that belong
	// to groups and those that the package does not know.
	Kind Kind
	// Event is the name of the event, such as "x.info".
	Event string
	// Versions are the versions of the chat protocol that the peer supports.
	Versions wire.VersionRange
	// Request has the profile of the peer, and for KindContactRequest the rest.
	Request ContactRequest
}

// infoParams is the JSON of the parameters of x.info and x.contact.
type infoParams struct {
	Profile   Profile      `json:"profile"`
	RequestID string       `json:"contactReqId,omitempty"`
	MessageID string       `json:"msgId,omitempty"`
	Content   *sentContent `json:"content,omitempty"`
}

// EncodeInfo returns the event x.info: what a client sends to join by a one-time link, to
// accept, and to let a peer join. The error is ErrDisplayName, ErrText or ErrTooLarge (more
// than MaxInfo bytes).
func EncodeInfo(p Profile) ([]byte, error) {
	if err := p.check(); err != nil {
		return nil, err
	}
	return encode("", eventInfo, infoParams{Profile: p}, MaxInfo)
}

// EncodeContact returns the event x.contact: what a client sends to a contact address. The
// errors are those of EncodeInfo; ErrText also for a text without identifier and the
// reverse.
func EncodeContact(r ContactRequest) ([]byte, error) {
	if err := r.Profile.check(); err != nil {
		return nil, err
	}
	params := infoParams{Profile: r.Profile, RequestID: r.ID.String(), MessageID: r.MessageID.String()}
	if r.MessageID != "" || r.Text != "" {
		content, err := textContent(r.Text)
		if err != nil {
			return nil, err
		}
		if r.MessageID == "" {
			return nil, fmt.Errorf("%w: it has no identifier", ErrText)
		}
		params.Content = content
	}
	return encode("", eventContact, params, MaxInfo)
}

// DecodeInfo reads the information with which a connection starts: exactly one message, which
// may be compressed. Unknown events are KindOther. The errors are those of Decode.
func DecodeInfo(body []byte) (Info, error) {
	list, err := read(body)
	if err != nil {
		return Info{}, err
	}
	if len(list) != 1 {
		return Info{}, fmt.Errorf("%w: %d messages in connection information", ErrMalformed, len(list))
	}
	return list[0].info()
}

// info reads the parameters of an event as connection information.
func (m received) info() (Info, error) {
	info := Info{Event: m.event, Versions: m.versions}
	if m.group {
		return info, nil
	}
	var err error
	switch m.event {
	case eventInfo:
		info.Kind = KindProfile
		info.Request.Profile, err = m.params.profile()
	case eventContact:
		info.Kind = KindContactRequest
		info.Request, err = m.params.contactRequest()
	case eventOK:
		info.Kind = KindOK
	}
	if err != nil {
		return Info{}, fmt.Errorf("%s: %w", m.event, err)
	}
	return info, nil
}

// contactRequest reads the parameters of x.contact. A message needs both its identifier and
// its content, else there is none.
func (o object) contactRequest() (ContactRequest, error) {
	var r ContactRequest
	var err error
	if r.Profile, err = o.profile(); err != nil {
		return ContactRequest{}, err
	}
	if r.ID, err = o.optionalID("contactReqId"); err != nil {
		return ContactRequest{}, err
	}
	id, err := o.optionalID("msgId")
	if err != nil || !o.has("content") {
		return r, err
	}
	content, err := o.content()
	if id != "" {
		r.MessageID, r.Text = id, content.Text
	}
	return r, err
}
