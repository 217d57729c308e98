package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"smpcheck/vectors"
)

const vectorFormat = "smpcheck-vectors-1"

// kind describes one vector file in our words.
type kind struct {
	name   string
	what   string
	notes  []string
	groups map[string]string // name → what
	// anyGroup is the what of groups that groups does not name; without it they
	// are an error.
	anyGroup string
	flags    []flagRule
}

// unexplained is the flag of a refused test that no rule of its kind matches.
var unexplained = flagRule{flag: "Refused", text: "The source refused the input; error or output has its reason."}

// flagRule puts a flag on tests. A test gets the flag when all conditions that
// are set hold.
type flagRule struct {
	flag, text string
	group      string              // the group of the test
	err        string              // the error that the source gave
	errPart    string              // a part of it
	id         string              // a part of the id
	accepted   bool                // only tests without an error
	when       func(r object) bool // anything else
	optional   bool                // there may be no test that it matches
}

func (f flagRule) matches(group string, r object) bool {
	err, failed := r["expected_error"].(string)
	return (f.group == "" || f.group == group) &&
		(f.err == "" || f.err == err) &&
		strings.Contains(err, f.errPart) &&
		strings.Contains(r["id"].(string), f.id) &&
		!(f.accepted && failed) &&
		(f.when == nil || f.when(r))
}

type group struct {
	name, what string
	tests      []object
}

// file is a vector file before it is written.
type file struct {
	kind   kind
	source object
	flags  map[string]any
	groups []*group
	count  int
}

// extraFields are the members of a record that go to the test unchanged.
var extraFields = []string{
	"decode_at_version", "decode", "client_result", "server_result",
	"decoded_again", "binary", "binary_decoded_again", "decoded", "decrypt",
}

// convert groups the records of a category and checks that nothing is lost.
func convert(k kind, in object) (*file, error) {
	out := &file{kind: k, flags: map[string]any{}}
	var err error
	if out.source, err = sourceOf(in); err != nil {
		return nil, err
	}
	records, ok := in["records"].([]any)
	if !ok || fmt.Sprint(in["count"]) != fmt.Sprint(len(records)) {
		return nil, fmt.Errorf("expected %v records, found %d", in["count"], len(records))
	}
	for _, r := range records {
		if err := out.add(r.(object)); err != nil {
			return nil, err
		}
	}
	for _, f := range k.flags {
		if out.flags[f.flag] == nil && !f.optional {
			return nil, fmt.Errorf("flag %s is on no test", f.flag)
		}
	}
	if len(out.groups) != len(k.groups) && k.anyGroup == "" {
		return nil, fmt.Errorf("expected %d groups, found %d", len(k.groups), len(out.groups))
	}
	return out, nil
}

func sourceOf(in object) (object, error) {
	s, ok := in["source"].(object)
	if !ok {
		return nil, fmt.Errorf("expected a source object, found %T", in["source"])
	}
	s = maps.Clone(s)
	s["note"] = "values that the software put out, no code; all keys are test keys"
	return s, nil
}

func (f *file) add(record object) error {
	id := record["id"].(string)
	name, _, _ := strings.Cut(id, "/")
	what, ok := f.kind.groups[name]
	if !ok {
		what = f.kind.anyGroup
	}
	if what == "" {
		return fmt.Errorf("record %q: group %q is not described", id, name)
	}
	test := testOf(record)
	for _, rule := range f.kind.flags {
		if rule.matches(name, record) {
			f.flag(test, rule)
		}
	}
	if test["result"] == "invalid" && test["flags"] == nil {
		f.flag(test, unexplained)
	}
	if back := recordOf(test); !reflect.DeepEqual(back, record) {
		return fmt.Errorf("record %q loses something: %s", id, line(back))
	}
	var err error
	if test["checksum"], err = checksum(test); err != nil {
		return err
	}
	i := slices.IndexFunc(f.groups, func(g *group) bool { return g.name == name })
	if i < 0 {
		i = len(f.groups)
		f.groups = append(f.groups, &group{name: name, what: what})
	}
	f.groups[i].tests = append(f.groups[i].tests, test)
	f.count++
	return nil
}

// checksum returns the checksum that readers of the test compute.
func checksum(test object) (string, error) {
	text, err := json.Marshal(test)
	if err != nil {
		return "", err
	}
	var t vectors.Test
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&t); err != nil {
		return "", err
	}
	return t.Sum()
}

// flag puts the flag of a rule on a test.
func (f *file) flag(test object, rule flagRule) {
	f.flags[rule.flag] = rule.text
	flags, _ := test["flags"].([]any)
	if !slices.Contains(flags, any(rule.flag)) {
		test["flags"] = append(flags, rule.flag)
	}
}

// testOf gives a record the form of a test, without flags.
func testOf(record object) object {
	test := object{"result": "valid"}
	for name, v := range record {
		if name == "expected_error" {
			name = "error"
		}
		test[name] = v
	}
	if refused(record) {
		test["result"] = "invalid"
	}
	return test
}

// recordOf is the inverse of testOf.
func recordOf(test object) object {
	record := object{}
	for name, v := range test {
		switch name {
		case "result", "flags":
		case "error":
			record["expected_error"] = v
		default:
			record[name] = v
		}
	}
	return record
}

// refused reports whether the source refused the input: with an error, or with
// an answer in which there is nothing or only the text of an error.
func refused(record object) bool {
	if _, failed := record["expected_error"]; failed {
		return true
	}
	switch out := record["output"].(type) {
	case nil:
		return true
	case object:
		if _, failed := out["error"].(string); failed && len(out) == 1 {
			return true
		}
		for _, v := range out {
			if v != nil && v != "exception" {
				return false
			}
		}
		return true
	}
	return false
}

// text is the JSON text of the file: the header and one member of a test a line.
func (f *file) text() []byte {
	groups := make([]string, len(f.groups))
	for i, g := range f.groups {
		tests := make([]string, len(g.tests))
		for j, t := range g.tests {
			tests[j] = testText(t)
		}
		var b bytes.Buffer
		writeObject(&b, 2, []field{
			{"name", line(g.name)}, {"what", line(g.what)}, {"tests", list(3, tests)},
		})
		groups[i] = b.String()
	}
	notes := make([]string, len(f.kind.notes))
	for i, n := range f.kind.notes {
		notes[i] = line(n)
	}
	var flags, b bytes.Buffer
	var flagFields []field
	for _, name := range slices.Sorted(maps.Keys(f.flags)) {
		flagFields = append(flagFields, field{name, line(f.flags[name])})
	}
	writeObject(&flags, 1, flagFields)
	writeObject(&b, 0, []field{
		{"format", line(vectorFormat)},
		{"kind", line(f.kind.name)},
		{"what", line(f.kind.what)},
		{"source", line(f.source)},
		{"versions", "[6, 18]"},
		{"count", line(f.count)},
		{"notes", list(1, notes)},
		{"flags", flags.String()},
		{"groups", list(1, groups)},
	})
	b.WriteByte('\n')
	return b.Bytes()
}

func testText(t object) string {
	var fields []field
	order := append([]string{"id", "what", "inputs", "result", "error", "output", "flags"}, append(extraFields, "checksum")...)
	for _, name := range order {
		if v, ok := t[name]; ok {
			fields = append(fields, field{name, line(v)})
		}
	}
	if len(fields) != len(t) { // testOf keeps every member, so a new one would be dropped here
		panic(fmt.Sprintf("test %v has a member that is not written", t["id"]))
	}
	var b bytes.Buffer
	writeObject(&b, 4, fields)
	return b.String()
}
