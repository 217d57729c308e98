package session

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"smpcheck/cmd/smpclient/book"
	"smpcheck/reference/chat"
)

// TypeRaw is the type of a message that no chat application has made, or none that
// we know.
const TypeRaw = "raw"

// format makes and reads what the agent carries: messages of chat applications, or
// bare bytes for a plain profile.
type format struct {
	name  string
	plain bool
}

// info says who we are to someone who joined with our invitation or whose
// invitation we join with.
func (f format) info() ([]byte, error) {
	if f.plain {
		return []byte(f.name), nil
	}
	return chat.EncodeInfo(f.profile())
}

func (f format) profile() chat.Profile { return chat.Profile{DisplayName: f.name} }

// request says who we are to the owner of a contact address.
func (f format) request() ([]byte, error) {
	if f.plain {
		return []byte(f.name), nil
	}
	id, err := chat.NewRequestID(rand.Reader)
	if err != nil {
		return nil, err
	}
	return chat.EncodeContact(chat.ContactRequest{Profile: f.profile(), ID: id})
}

// linkData is what official applications put into short links, and show before
// they connect.
type linkData struct {
	Profile  chat.Profile `json:"profile"`
	Business bool         `json:"business"`
}

// link says who we are to someone who looks at a short link.
func (f format) link() ([]byte, error) {
	if f.plain {
		return []byte(f.name), nil
	}
	return json.Marshal(linkData{Profile: f.profile()})
}

// text is the body of a message. Where the keys are post-quantum it is compressed
// if it has to be.
func (f format) text(text string, pq bool) ([]byte, error) {
	if f.plain {
		if text == "" {
			return nil, chat.ErrText
		}
		return []byte(text), nil
	}
	id, err := chat.NewMessageID(rand.Reader)
	if err != nil {
		return nil, err
	}
	body, err := chat.EncodeText(id, text)
	if err != nil || !pq {
		return body, err
	}
	return chat.Compress(body, chat.MaxMessagePQ)
}

// textType is the type of the messages that text makes.
func (f format) textType() string {
	if f.plain {
		return TypeRaw
	}
	return chat.TypeText
}

// farewell is the last message to a contact, nil if the format has none.
func (f format) farewell() ([]byte, error) {
	if f.plain {
		return nil, nil
	}
	return chat.EncodeDeleted()
}

// peerName is the name of someone who sent info.
func peerName(info []byte) string {
	if message, err := chat.DecodeInfo(info); err == nil {
		return message.Request.Profile.DisplayName
	}
	return bareName(info)
}

// linkName is the name in the data of a short link.
func linkName(data []byte) string {
	var d linkData
	if err := json.Unmarshal(data, &d); err == nil {
		return d.Profile.DisplayName
	}
	return bareName(data)
}

// bareName is a name that stands for itself, or nothing if b is something else.
func bareName(b []byte) string {
	if len(b) > 4*book.MaxName || !utf8.Valid(b) {
		return ""
	}
	return string(b)
}

// content is one thing that a body says.
type content struct {
	kind chat.Kind
	// typ and text belong to messages, whose kind is KindText or KindUpdate.
	typ  string
	text []byte
	name string // of KindProfile
}

// message reports whether a person has to see it.
func (c content) message() bool { return c.kind == chat.KindText || c.kind == chat.KindUpdate }

// noted are the beginnings of names of events that a person is told about although
// they are not text: that there are files, calls, and changes to messages.
var noted = []string{"x.msg.", "x.file", "x.call.inv"}

// read takes a body apart. What is not chat is a message of type TypeRaw.
func read(body []byte) []content {
	messages, err := chat.Decode(body)
	if len(messages) == 0 && err != nil {
		return []content{{kind: chat.KindText, typ: TypeRaw, text: body}}
	}
	var contents []content
	for _, m := range messages {
		c := content{kind: m.Kind, typ: m.Content.Type, text: []byte(m.Content.Text), name: m.Profile.DisplayName}
		if m.Kind == chat.KindOther && slices.ContainsFunc(noted, func(s string) bool { return strings.HasPrefix(m.Event, s) }) {
			c = content{kind: chat.KindText, typ: m.Event}
		}
		contents = append(contents, c)
	}
	if err != nil && !errors.Is(err, chat.ErrNotChat) {
		contents = append(contents, content{kind: chat.KindText, typ: TypeRaw, text: body})
	}
	return contents
}
