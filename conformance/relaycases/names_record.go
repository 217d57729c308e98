package relaycases

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"smpcheck/conformance"
	"smpcheck/conformance/probe"
	"smpcheck/reference/smp"
)

// maxRNAME is the longest RNAME: what a forwarded response has room for.
const maxRNAME = 16224

// SMP, "Name record response".
var nameRecordCases = []conformance.Case{
	must(conformance.Case{
		ID:    "relay/names/record",
		Title: "A record has all its fields, each of its type and length, and what is not set is shown as such",
		Requirements: []string{
			"SMP-NAME-RNAME-FORM", "SMP-NAME-SIZE", "SMP-NAME-RECORD-NAME", "SMP-NAME-RECORD-TEXTS", "SMP-NAME-RECORD-TEXTS-UNSET",
			"SMP-NAME-RECORD-LIMIT", "SMP-NAME-RECORD-CONTACT", "SMP-NAME-RECORD-CHANNEL", "SMP-NAME-RECORD-LINKS-UNSET",
			"SMP-NAME-RECORD-COINS", "SMP-NAME-RECORD-COINS-UNSET", "SMP-NAME-RECORD-OWNER", "SMP-NAME-RECORD-RESOLVER",
		},
		Versions: from(smp.VersionNames),
		Run: func(t *T) {
			a := askName(probe.Dial(t), knownName(t))
			encoded, ok := strings.CutPrefix(string(a.Command), "RNAME")
			if !ok {
				probe.Blocked(t, "RSLV was answered %s, and this case builds on RNAME", a)
			}
			t.About("SMP-NAME-SIZE")
			if len(a.Command) > maxRNAME {
				t.Failf(fmt.Sprintf("RNAME of at most %d bytes", maxRNAME), "%d bytes", len(a.Command))
			}
			expectRecord(t, expectObject(t, encoded))
		},
	}),
}

// expectObject fails the case unless a space and one JSON object come after RNAME.
func expectObject(t *T, encoded string) map[string]json.RawMessage {
	t.About("SMP-NAME-RNAME-FORM")
	var fields map[string]json.RawMessage
	object, ok := strings.CutPrefix(encoded, " ")
	if err := json.Unmarshal([]byte(object), &fields); !ok || err != nil || fields == nil || !utf8.ValidString(object) {
		t.Failf("a JSON object in UTF-8 to the end of RNAME", "%.40q", encoded)
	}
	return fields
}

// expectRecord fails the case unless the fields of a record are as they have to be.
func expectRecord(t *T, fields map[string]json.RawMessage) {
	text := func(name, requirement, unset string) {
		value, ok := stringIn(fields[name])
		if raw := fields[name]; !ok && (raw == nil || string(raw) == "null") && unset != "" {
			t.About(unset)
			t.Failf("an empty string for a "+name+" that is not set", "%s", shown(raw))
		}
		t.About(requirement)
		if !ok {
			t.Failf("a string as "+name, "%s", shown(fields[name]))
		}
		expectShort(t, name, value)
	}
	text("name", "SMP-NAME-RECORD-NAME", "")
	for _, name := range []string{"nickname", "website", "location"} {
		text(name, "SMP-NAME-RECORD-TEXTS", "SMP-NAME-RECORD-TEXTS-UNSET")
	}
	expectLinks(t, fields, "simplexContact", "SMP-NAME-RECORD-CONTACT")
	expectLinks(t, fields, "simplexChannel", "SMP-NAME-RECORD-CHANNEL")
	for _, name := range []string{"eth", "btc", "xmr", "dot"} {
		expectCoin(t, fields, name)
	}
	expectAccount(t, fields, "owner", "SMP-NAME-RECORD-OWNER")
	expectAccount(t, fields, "resolver", "SMP-NAME-RECORD-RESOLVER")
}

func expectShort(t *T, name, value string) {
	t.About("SMP-NAME-RECORD-LIMIT")
	if len(value) > smp.MaxRecordText {
		t.Failf(fmt.Sprintf("a %s of at most %d bytes", name, smp.MaxRecordText), "%d bytes", len(value))
	}
}

func expectLinks(t *T, fields map[string]json.RawMessage, name, requirement string) {
	raw := fields[name]
	if raw == nil || string(raw) == "null" {
		t.About("SMP-NAME-RECORD-LINKS-UNSET")
		t.Failf("an empty list for a "+name+" that is not set", "%s", shown(raw))
	}
	t.About(requirement)
	var links []string
	if err := json.Unmarshal(raw, &links); err != nil {
		t.Failf("a list of strings as "+name, "%s", shown(raw))
	}
}

func expectCoin(t *T, fields map[string]json.RawMessage, name string) {
	raw := fields[name]
	value, isString := stringIn(raw)
	t.About("SMP-NAME-RECORD-COINS-UNSET")
	switch {
	case raw == nil: // which another sentence of the document allows
		t.Nonstrict("null for a "+name+" that is not set", "the record has no such field")
	case isString && value == "":
		t.Fail("null for a "+name+" that is not set", "an empty string")
	}
	t.About("SMP-NAME-RECORD-COINS")
	if !isString && string(raw) != "null" {
		t.Failf("a string or null as "+name, "%s", shown(raw))
	}
	expectShort(t, name, value)
}

func expectAccount(t *T, fields map[string]json.RawMessage, name, requirement string) {
	t.About(requirement)
	value, ok := stringIn(fields[name])
	digits, prefixed := strings.CutPrefix(value, "0x")
	if !ok || !prefixed || len(digits) != 40 || strings.Trim(digits, "0123456789abcdef") != "" {
		t.Failf("0x and 40 lower-case hexadecimal digits as "+name, "%s", shown(fields[name]))
	}
}

// stringIn is a JSON string; false for another value.
func stringIn(raw json.RawMessage) (value string, ok bool) {
	if len(raw) == 0 || raw[0] != '"' {
		return "", false
	}
	return value, json.Unmarshal(raw, &value) == nil
}

// shown is a value as a report shows it.
func shown(raw json.RawMessage) string {
	if raw == nil {
		return "no such field"
	}
	return fmt.Sprintf("%.40s", raw)
}
