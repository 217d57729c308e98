package plan

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"smpcheck/vectors"
)

// The versions at which the official decoder was asked.
const (
	firstOfficial = 6
	lastOfficial  = 18
)

// message plans what official files know about commands or responses; its value is the
// word in the names of operations and fields.
type message string

const (
	command  message = "command"
	response message = "response"
)

// errOfficial is in the chain of every error about an official test that contradicts
// itself.
var errOfficial = errors.New("plan: the test contradicts itself")

// encoded plans a test of a value that has the bytes of output at some versions, which
// are all versions with these bytes.
func (m message) encoded(b builder, t *vectors.Test, value any) ([]Call, []uint16, error) {
	var in struct {
		Versions []uint16 `json:"versions"`
	}
	if err := json.Unmarshal(t.Inputs, &in); err != nil {
		return nil, nil, err
	}
	name := string(m)
	c := collector{b: b}
	for _, version := range in.Versions {
		c.expect("encode_"+name, fields{"version": version, name: value, "encoded": t.Output})
	}
	c.expect(name+"_versions", fields{name: value, "encoded": t.Output, "range": []int{firstOfficial, lastOfficial}, "same": in.Versions})
	return c.calls, in.Versions, c.err
}

// decoded plans what decoders of all versions make of the output.
func (m message) decoded(b builder, t *vectors.Test) ([]Call, error) {
	c := collector{b: b}
	for version := uint16(firstOfficial); version <= lastOfficial; version++ {
		expected, ok := t.DecodeAtVersion[version]
		at := fields{"version": version, "encoded": t.Output}
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: nothing about decoding at version %d", errOfficial, version)
		case expected.Result == "error":
			c.malformed(m, at, expected.Error)
		case expected.Result != "ok":
			return nil, fmt.Errorf("%w: decoding at version %d gives %q", errOfficial, version, expected.Result)
		case expected.Reencoded != nil:
			at["reencoded"] = expected.Reencoded
			c.expect("recode_"+string(m), at)
		default:
			at["reencoded"] = t.Output
			c.expect("recode_"+string(m), at)
		}
	}
	return c.calls, c.err
}

// same plans that the bytes of output are decoded to the value.
func (m message) same(b builder, t *vectors.Test, versions []uint16, value any) ([]Call, error) {
	c := collector{b: b}
	for _, version := range versions {
		c.expect("decode_"+string(m), fields{"version": version, "encoded": t.Output, string(m): value})
	}
	return c.calls, c.err
}

// parsed plans a test of the groups parse and mutated.
func (m message) parsed(b builder, t *vectors.Test) ([]Call, error) {
	var in struct {
		Group    string       `json:"group"`
		Command  vectors.Hex  `json:"command_bytes"`
		Response vectors.Hex  `json:"response_bytes"`
		Original *vectors.Hex `json:"original"`
		Version  uint16       `json:"version"`
	}
	if err := t.Inputs.Decode(&in); err != nil {
		return nil, err
	}
	bytes := in.Command
	if m == response {
		bytes = in.Response
	}
	if !strings.HasSuffix(t.ID, "/v"+strconv.Itoa(int(in.Version))) {
		return nil, fmt.Errorf("%w: the id is not that of version %d", errOfficial, in.Version)
	}
	c := collector{b: b}
	at := fields{"version": in.Version, "encoded": bytes}
	if t.Invalid() {
		c.malformed(m, at, t.Error)
	} else {
		at["reencoded"] = t.Output
		c.expect("recode_"+string(m), at)
		c.expect(string(m)+"_error", fields{"version": in.Version, "encoded": bytes, "error": nil})
	}
	if in.Original != nil {
		if err := sameChange(t.ID, *in.Original, bytes); err != nil {
			return nil, err
		}
		c.expect("recode_"+string(m), fields{"version": in.Version, "encoded": *in.Original, "reencoded": *in.Original})
	}
	return c.calls, c.err
}

// changes are those of the group mutated by their names in ids.
var changes = map[string]func(string) string{
	"cut last":       func(s string) string { return s[:len(s)-1] },
	"append 00":      func(s string) string { return s + "\x00" },
	"append 0":       func(s string) string { return s + "0" },
	"append T":       func(s string) string { return s + "T" },
	"append space":   func(s string) string { return s + " " },
	"two spaces":     func(s string) string { tag, _, _ := strings.Cut(s, " "); return tag + " " + s[len(tag):] },
	"tag only":       func(s string) string { tag, _, _ := strings.Cut(s, " "); return tag },
	"lower case tag": lowerTag,
}

func lowerTag(s string) string {
	tag, _, _ := strings.Cut(s, " ")
	return strings.ToLower(tag) + s[len(tag):]
}

// sameChange checks that the change with the name in the id leads from one to the other.
func sameChange(id string, original, changed vectors.Hex) error {
	parts := strings.Split(id, "/")
	change, ok := changes[parts[len(parts)-2]]
	if ok && len(original) > 0 && change(string(original)) != string(changed) {
		return fmt.Errorf("%w: the original bytes differ by another change than the id says", errOfficial)
	}
	return nil
}

// presence plans a test of the parts around a command or response. The id names them.
func (m message) presence(b builder, t *vectors.Test, operation, id string, in fields) ([]Call, error) {
	if t.ID != id {
		return nil, fmt.Errorf("%w: the inputs are those of %q", errOfficial, id)
	}
	var call Call
	var err error
	class, known := credentialClasses[t.Error]
	switch {
	case t.Invalid() && known:
		call, err = b.refuse(operation, class, in)
	case !t.Invalid() && string(t.Output) == `"ok"`:
		in["accepted"] = true
		call, err = b.expect(operation, in)
	default:
		err = fmt.Errorf("%w: output %s, error %q", errOfficial, t.Output, t.Error)
	}
	return []Call{call}, err
}

// credentialClasses are the classes of refusals by the names that the protocol has.
var credentialClasses = map[string]string{
	"CMD NO_AUTH": "NoAuthorization", "CMD NO_ENTITY": "NoEntity", "CMD HAS_AUTH": "UnexpectedCredentials",
}

// given is "no" and a name, or the name alone.
func given(name string, is bool) string {
	if is {
		return name
	}
	return "no" + name
}

// collector makes calls and keeps the first error.
type collector struct {
	b     builder
	calls []Call
	err   error
}

func (c *collector) add(call Call, err error) {
	if c.err == nil {
		c.err = err
	}
	c.calls = append(c.calls, call)
}

func (c *collector) expect(operation string, values fields) { c.add(c.b.expect(operation, values)) }

// malformed plans that bytes are refused, and what the protocol calls that.
func (c *collector) malformed(m message, at fields, name string) {
	c.add(c.b.refuse("decode_"+string(m), "", at))
	c.expect(string(m)+"_error", fields{"version": at["version"], "encoded": at["encoded"], "error": name})
}

// object is a JSON object of which fields are renamed, added and taken away.
type object map[string]json.RawMessage

// set puts a value into a field. Values are those of official files, or made of them.
func (o object) set(name string, value any) error {
	text, err := json.Marshal(value)
	o[name] = text
	return err
}

// take removes a field and reads it; the error is nil when it is not there.
func (o object) take(name string, into any) error {
	text, ok := o[name]
	if !ok {
		return nil
	}
	delete(o, name)
	return json.Unmarshal(text, into)
}

// nulls adds fields that are missing.
func (o object) nulls(names ...string) {
	for _, name := range names {
		if _, ok := o[name]; !ok {
			o[name] = json.RawMessage("null")
		}
	}
}

func (o object) isNull(name string) bool { return len(o[name]) == 0 || string(o[name]) == "null" }

// lost are the fields of an official value that are not sent at a version, as paths.
func lost(value object, version uint16) []string {
	var paths []string
	for _, part := range partVersions {
		if inner, isObject := part.in(value); isObject && version < part.since && !inner.isNull(part.name) {
			paths = append(paths, "inputs."+strings.Join(append(slices.Clone(part.path), part.name), "."))
		}
	}
	return paths
}

// part is a field of a command or response that is sent from a version on.
type part struct {
	tag   string
	path  []string // where the object with the field is
	name  string
	since uint16
}

var partVersions = []part{
	{"NEW", nil, "ntf_creds", 17},
	{"NEW", nil, "queue_req_data", 9},
	{"NEW", []string{"queue_req_data"}, "link_id", 15},
	{"NEW", []string{"queue_req_data"}, "sender_id", 15},
	{"NEW", []string{"queue_req_data"}, "link_data", 15},
	{"IDS", nil, "queue_mode", 9},
	{"IDS", nil, "link_id", 15},
	{"IDS", nil, "service_id", 16},
	{"IDS", nil, "server_ntf_creds", 17},
	{"SOK", nil, "service_id", 16},
}

// in returns the object with the part and whether there is one in the value.
func (p part) in(value object) (object, bool) {
	var tag string
	for _, field := range []message{command, response} {
		if text, ok := value[string(field)]; ok {
			_ = json.Unmarshal(text, &tag) // what is no text has no parts
		}
	}
	if tag != p.tag {
		return nil, false
	}
	for _, name := range p.path {
		var inner object
		if json.Unmarshal(value[name], &inner) != nil || inner == nil {
			return nil, false
		}
		value = inner
	}
	return value, true
}

// without returns the object without some fields.
func (o object) without(names ...string) object {
	rest := object{}
	for name, value := range o {
		if !slices.Contains(names, name) {
			rest[name] = value
		}
	}
	return rest
}
