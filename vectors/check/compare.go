package check

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"smpcheck/vectors"
	"smpcheck/vectors/plan"
)

// judge compares an adapter's answer with what a call expects. The error is nil when the
// answer is right, and says what was expected and what came when it is not.
func judge(call plan.Call, strict bool, answer map[string]json.RawMessage, err error) error {
	var refusal *Refusal
	refused := errors.As(err, &refusal)
	switch {
	case refused && refusal.Class == BadRequest:
		return fmt.Errorf("expected an answer, the adapter does not accept the request: %s", refusal.Detail)
	case refused && !call.Refuse:
		return fmt.Errorf("expected %s, %w", object(call.Output), refusal)
	case refused:
		return judgeClass(call, strict, refusal)
	case call.Refuse:
		return fmt.Errorf("expected a refusal%s, accepted with %s", as(call.Error), object(answer))
	}
	return judgeFields(call, strict, answer)
}

func judgeClass(call plan.Call, strict bool, refusal *Refusal) error {
	if !strict || call.Error == "" || refusal.Class == call.Error {
		return nil
	}
	return fmt.Errorf("expected a refusal%s, %w", as(call.Error), refusal)
}

func judgeFields(call plan.Call, strict bool, answer map[string]json.RawMessage) error {
	for name := range answer {
		if _, known := call.Operation.Output[name]; known {
			continue
		}
		if _, known := call.Operation.Intermediate[name]; !known {
			return fmt.Errorf("the answer has the field %q, operation %s has none of this name", name, call.Operation.Name)
		}
	}
	for _, name := range call.Operation.Output.Names() {
		if err := judgeField(name, call.Output, answer, true); err != nil {
			return err
		}
	}
	for _, name := range call.Operation.Intermediate.Names() {
		if err := judgeField(name, call.Intermediate, answer, strict); err != nil {
			return err
		}
	}
	return nil
}

func judgeField(name string, want, answer map[string]json.RawMessage, required bool) error {
	expected, compared := want[name]
	actual, answered := answer[name]
	switch {
	case !answered && required:
		return fmt.Errorf("the answer lacks the field %q", name)
	case !answered || !compared:
		return nil
	}
	same, err := equal(expected, actual)
	if err != nil {
		return fmt.Errorf("field %q: %w", name, err)
	}
	if !same {
		return fmt.Errorf("field %q: expected %s, got %s", name, shorten(expected), shorten(actual))
	}
	return nil
}

// equal reports whether two JSON texts have the same value.
func equal(a, b json.RawMessage) (bool, error) {
	if bytes.Equal(a, b) {
		return true, nil
	}
	first, err := canonical(a)
	if err != nil {
		return false, err
	}
	second, err := canonical(b)
	if err != nil {
		return false, err
	}
	return bytes.Equal(first, second), nil
}

// canonical returns a text that two JSON values share only if they are equal: the package
// json sorts the fields of objects, and numbers keep their digits.
func canonical(text json.RawMessage) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

func as(class string) string {
	if class == "" {
		return ""
	}
	return " as " + class
}

// longest is the number of characters of a value that a message shows.
const longest = 200

func shorten(text json.RawMessage) string {
	if len(text) <= longest {
		return string(text)
	}
	return fmt.Sprintf("%s… (%d characters)", text[:longest], len(text))
}

func object(fields map[string]json.RawMessage) string {
	text, err := json.Marshal(fields)
	if err != nil {
		return err.Error()
	}
	return shorten(text)
}

// explained returns the explanations of a test's flags.
func explained(f *vectors.File, flags []string) map[string]string {
	texts := make(map[string]string, len(flags))
	for _, flag := range flags {
		texts[flag] = f.Flags[flag]
	}
	return texts
}
