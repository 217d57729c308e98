package names

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// echoes are names as they came, by correlation id.
type echoes struct{ names sync.Map }

func newEchoes() *echoes { return new(echoes) }

func (e *echoes) came(correlationID []byte, name string) { e.names.Store(string(correlationID), name) }

func (e *echoes) take(correlationID []byte) (string, bool) {
	name, ok := e.names.LoadAndDelete(string(correlationID))
	if !ok {
		return "", false
	}
	return name.(string), true
}

// recordFaults are mistakes in the record of a name.
var recordFaults = []fault.Fault{
	record("with-length", "The record in RNAME has a length before it.", "SMP-NAME-RNAME-FORM",
		func(encoded []byte) []byte {
			return append([]byte{byte(len(encoded) >> 8), byte(len(encoded))}, encoded...)
		}),
	record("binary", "The record in RNAME is a list of strings with lengths, as other responses are.", "SMP-NAME-RNAME-FORM",
		func([]byte) []byte { return []byte("\x10smpcheck.testing\x00\x00\x00") }),
	record("in-list", "The record in RNAME is the only element of a list.", "SMP-NAME-RNAME-FORM",
		func(encoded []byte) []byte { return append(append([]byte{'['}, encoded...), ']') }),
	record("with-space", "The record is passed on with all the white space of the resolver.", "SMP-NAME-SIZE",
		func(encoded []byte) []byte { return append(encoded, bytes.Repeat([]byte{' '}, 16230-len(encoded))...) }),
	field("name-missing", "The record leaves the name out, since the client has asked for it.", "SMP-NAME-RECORD-NAME", "name", nil),
	field("name-in-labels", "The name in the record is a list of its labels.", "SMP-NAME-RECORD-NAME", "name", []string{"smpcheck", "testing"}),
	field("website-null", "A website that is not set is null.", "SMP-NAME-RECORD-TEXTS-UNSET", "website", json.RawMessage("null")),
	field("nickname-missing", "A nickname that is not set is left out.", "SMP-NAME-RECORD-TEXTS-UNSET", "nickname", nil),
	field("location-object", "The location is an object of country and city.", "SMP-NAME-RECORD-TEXTS", "location", map[string]string{"city": ""}),
	field("text-too-long", "A text is passed on as long as the resolver has it.", "SMP-NAME-RECORD-LIMIT", "nickname", strings.Repeat("a", smp.MaxRecordText+1)),
	field("contact-single", "The contact link is a string, since there is mostly one.", "SMP-NAME-RECORD-CONTACT", "simplexContact", "https://localhost/a#AAAA"),
	field("channel-null", "A list of channel links that is not set is null.", "SMP-NAME-RECORD-LINKS-UNSET", "simplexChannel", json.RawMessage("null")),
	field("channel-missing", "A list of channel links that is not set is left out.", "SMP-NAME-RECORD-LINKS-UNSET", "simplexChannel", nil),
	field("channel-string", "The channel link is a string.", "SMP-NAME-RECORD-CHANNEL", "simplexChannel", ""),
	field("coin-object", "The address of a coin is an object with the kind of coin.", "SMP-NAME-RECORD-COINS", "btc", map[string]string{"address": ""}),
	field("coin-empty", "A coin that is not set is an empty string.", "SMP-NAME-RECORD-COINS-UNSET", "eth", ""),
	field("owner-capitals", "The owner is written with capital digits, which tell mistakes of typing.", "SMP-NAME-RECORD-OWNER", "owner",
		"0x00000000000000000000000000000000000000AB"),
	field("owner-missing", "A record whose owner nobody needs has none.", "SMP-NAME-RECORD-OWNER", "owner", nil),
	field("resolver-address", "The resolver is the address of the server that was asked.", "SMP-NAME-RECORD-RESOLVER", "resolver", "https://resolver.example"),
	field("resolver-bare", "The resolver is written without 0x.", "SMP-NAME-RECORD-RESOLVER", "resolver", strings.Repeat("0", 40)),
}

// record is a relay whose RNAME has something else in the place of the encoded record.
func record(id, story, breaks string, change func(encoded []byte) []byte) fault.Fault {
	return fault.Fault{
		ID: "names/record-" + id, Story: story, Breaks: []string{breaks}, Cases: []string{"relay/names/record"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if encoded, ok := bytes.CutPrefix(t.Command, []byte("RNAME ")); ok {
				t.Command = append([]byte("RNAME "), change(encoded)...)
			}
		}),
	}
}

// field is a relay whose records have another value in one field; nil leaves the field
// out.
func field(id, story, breaks, name string, value any) fault.Fault {
	return record(id, story, breaks, func(encoded []byte) []byte {
		var fields map[string]any
		if err := json.Unmarshal(encoded, &fields); err != nil {
			return encoded
		}
		fields[name] = value
		if value == nil {
			delete(fields, name)
		}
		changed, err := json.Marshal(fields)
		if err != nil {
			return encoded
		}
		return changed
	})
}
