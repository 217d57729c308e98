// Package plan turns test vectors into calls of operations, so that one runner can put
// every vector, of whatever form, to any codec.
package plan

import (
	"encoding/json"
	"errors"
	"fmt"

	"smpcheck/vectors"
)

// Call is one use of a test: an operation with its inputs, and what has to come of it.
type Call struct {
	Operation *vectors.Operation
	Inputs    map[string]json.RawMessage // exactly the fields of the operation
	// Output and Intermediate hold what has to be answered. Fields of the operation that
	// are missing here are not compared. Both are nil when the inputs have to be refused.
	Output       map[string]json.RawMessage
	Intermediate map[string]json.RawMessage
	// Refuse says that the inputs have to be refused.
	Refuse bool
	// Error is the class of the refusal; empty when any will do.
	Error string
}

// ErrNoPlan is returned for a test that the package does not know how to use.
var ErrNoPlan = errors.New("plan: no use for the test is known")

// Calls returns all uses of a test: for a valid one each operation that it has the values
// for, for an invalid one those that have to refuse it. There is at least one.
func Calls(f *vectors.File, g *vectors.Group, t *vectors.Test) ([]Call, error) {
	dictionary, err := vectors.Operations()
	if err != nil {
		return nil, err
	}
	b := builder{dictionary}
	var calls []Call
	if len(g.Operations) > 0 {
		calls, err = b.named(g, t)
	} else if planner, ok := official[f.Kind]; ok {
		calls, err = planner(b, g, t)
	} else {
		err = ErrNoPlan
	}
	if err == nil && len(calls) == 0 {
		err = ErrNoPlan
	}
	if err != nil {
		return nil, fmt.Errorf("%s %q: %w", f.Kind, t.ID, err)
	}
	return calls, nil
}

// builder makes calls of the operations in a dictionary.
type builder struct{ *vectors.Dictionary }

// named plans a test of which the fields have the names that the operations give them.
func (b builder) named(g *vectors.Group, t *vectors.Test) ([]Call, error) {
	fields := map[string]json.RawMessage{}
	for _, section := range []vectors.Value{t.Inputs, t.Intermediate, t.Output} {
		if section.IsNull() {
			continue
		}
		var part map[string]json.RawMessage
		if err := json.Unmarshal(section, &part); err != nil {
			return nil, err
		}
		for name, value := range part {
			fields[name] = value
		}
	}
	if t.Invalid() {
		call, err := b.refuse(t.Operation, t.Error, fields)
		return []Call{call}, err
	}
	var calls []Call
	for _, name := range g.Operations {
		call, err := b.expect(name, fields)
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, nil
}

// refuse returns a call of an operation that has to refuse the fields, which may be raw
// JSON or any value that has a JSON form.
func (b builder) refuse(operation, class string, fields any) (Call, error) {
	call, all, err := b.start(operation, fields)
	if err != nil {
		return Call{}, err
	}
	if len(all) != len(call.Inputs) {
		return Call{}, fmt.Errorf("operation %s: expected no fields but %v", operation, call.Operation.Inputs.Names())
	}
	call.Refuse, call.Error = true, class
	return call, nil
}

// expect returns a call of an operation that finds inputs and answers among the fields.
func (b builder) expect(operation string, fields any) (Call, error) {
	call, all, err := b.start(operation, fields)
	if err != nil {
		return Call{}, err
	}
	call.Output = pick(call.Operation.Output, all)
	call.Intermediate = pick(call.Operation.Intermediate, all)
	if len(call.Output) == 0 {
		return Call{}, fmt.Errorf("operation %s: nothing to compare the answer with", operation)
	}
	return call, nil
}

func (b builder) start(operation string, fields any) (Call, map[string]json.RawMessage, error) {
	known, ok := b.Dictionary.Operations[operation]
	if !ok {
		return Call{}, nil, fmt.Errorf("operation %q is not in the dictionary", operation)
	}
	all, err := rawFields(fields)
	if err != nil {
		return Call{}, nil, err
	}
	inputs := pick(known.Inputs, all)
	for _, name := range known.Inputs.Names() {
		if _, ok := inputs[name]; !ok {
			return Call{}, nil, fmt.Errorf("operation %s: input %s is missing", operation, name)
		}
	}
	return Call{Operation: known, Inputs: inputs}, all, nil
}

func rawFields(fields any) (map[string]json.RawMessage, error) {
	if raw, ok := fields.(map[string]json.RawMessage); ok {
		return raw, nil
	}
	text, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	return all, json.Unmarshal(text, &all)
}

func pick(names vectors.Fields, from map[string]json.RawMessage) map[string]json.RawMessage {
	picked := make(map[string]json.RawMessage, len(names))
	for name := range names {
		if value, ok := from[name]; ok {
			picked[name] = value
		}
	}
	return picked
}
