package chat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"smpcheck/reference/wire"
)

// Versions of the chat protocol. 16 is the latest that concerns the messages of two
// contacts; the later ones are about groups. A body without "v" is of version 1.
var (
	supportedVersions = wire.Versions(1, 16)
	initialVersions   = wire.Versions(1, 1)
)

// Versions is the version range that the encoders offer.
func Versions() wire.VersionRange { return supportedVersions }

// Names of the events that the package knows.
const (
	eventText           = "x.msg.new"
	eventUpdate         = "x.msg.update"
	eventDelete         = "x.msg.del"
	eventInfo           = "x.info"
	eventContact        = "x.contact"
	eventContactDeleted = "x.direct.del"
	eventOK             = "x.ok"
)

// envelope is the JSON of a message to send, with its fields in the official order.
type envelope struct {
	Versions string `json:"v"`
	ID       string `json:"msgId,omitempty"`
	Event    string `json:"event"`
	Params   any    `json:"params"`
}

// encode returns the JSON of a message, without white space; ErrTooLarge above max bytes.
func encode(id ID, event string, params any, max int) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(envelope{supportedVersions.String(), id.String(), event, params}); err != nil {
		return nil, err
	}
	body := bytes.TrimSuffix(out.Bytes(), []byte("\n"))
	if len(body) > max {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrTooLarge, len(body), max)
	}
	return body, nil
}

// received is a message of which only the envelope was read.
type received struct {
	versions wire.VersionRange
	id       ID
	event    string
	params   object
	// group: the message is signed or forwarded for a group.
	group bool
}

// parseEnvelope reads the JSON of a message.
func parseEnvelope(b []byte) (received, error) {
	if !utf8.Valid(b) {
		return received{}, fmt.Errorf("%w: not UTF-8", ErrMalformed)
	}
	o, err := parseObject(b)
	if err != nil {
		return received{}, err
	}
	m := received{versions: initialVersions}
	if m.event, err = o.text("event"); err != nil {
		return received{}, err
	}
	if !strings.HasPrefix(m.event, "x") || strings.Contains(m.event, " ") {
		return received{}, fmt.Errorf("%w: event of no known namespace", ErrMalformed)
	}
	if m.params, err = o.object("params"); err != nil {
		return received{}, err
	}
	if m.id, err = o.optionalID("msgId"); err != nil {
		return received{}, err
	}
	if o.has("v") {
		m.versions, err = o.versions("v")
	}
	return m, err
}

// object is a JSON object. Names are compared as they are written, unlike encoding/json does
// for structures.
type object map[string]json.RawMessage

var errNoObject = fmt.Errorf("%w: not a JSON object", ErrMalformed)

// parseObject reads b as a JSON object.
func parseObject(b []byte) (object, error) {
	// What begins otherwise is none: a batch may have tens of thousands of such elements, for
	// which the parser would make an error each.
	if len(b) == 0 || b[0] != '{' {
		return nil, errNoObject
	}
	var o object
	if json.Unmarshal(b, &o) != nil {
		return nil, errNoObject
	}
	return o, nil
}

// has reports whether the field is there and not null.
func (o object) has(name string) bool {
	value, ok := o[name]
	return ok && string(value) != "null"
}

// text returns a field that has to be a string.
func (o object) text(name string) (string, error) {
	var s string
	if !o.has(name) || json.Unmarshal(o[name], &s) != nil {
		return "", fmt.Errorf("%w: %s is not a string", ErrMalformed, name)
	}
	return s, nil
}

// optionalText returns a field that has to be a string or absent.
func (o object) optionalText(name string) (string, error) {
	if !o.has(name) {
		return "", nil
	}
	return o.text(name)
}

// object returns a field that has to be an object.
func (o object) object(name string) (object, error) {
	inner, err := parseObject(o[name])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return inner, nil
}

// id returns a field that has to be an identifier.
func (o object) id(name string) (ID, error) {
	s, err := o.text(name)
	if err != nil {
		return "", err
	}
	return parseID(s)
}

// optionalID returns a field that has to be an identifier or absent.
func (o object) optionalID(name string) (ID, error) {
	if !o.has(name) {
		return "", nil
	}
	return o.id(name)
}

// versions returns a field that has to be a version range.
func (o object) versions(name string) (wire.VersionRange, error) {
	s, err := o.text(name)
	if err != nil {
		return wire.VersionRange{}, err
	}
	v, err := wire.ParseVersions(s)
	if err != nil {
		return wire.VersionRange{}, fmt.Errorf("%w: %s is not a version range", ErrMalformed, name)
	}
	return v, nil
}
