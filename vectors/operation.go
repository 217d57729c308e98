package vectors

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
)

// Operation is one function of a codec as the vectors see it: named fields go in, named
// fields come out. An adapter answers operations; the folder operations describes them
// for readers in any language.
type Operation struct {
	Name   string `json:"-"`
	What   string `json:"what"`
	Inputs Fields `json:"inputs"` // all of them are given
	// Intermediate values are those at which an author would get stuck. An adapter may
	// leave out any of them; what it gives has to be right.
	Intermediate Fields `json:"intermediate,omitempty"`
	Output       Fields `json:"output"` // all of them have to be answered
}

// Fields are the names of fields with their types. A type is the name of a Type, with
// "[]" behind it for each level of lists and "?" at the end if it may be null.
type Fields map[string]string

// Names returns the names of the fields in alphabetical order.
func (f Fields) Names() []string {
	names := make([]string, 0, len(f))
	for name := range f {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Type says how values of a field are written in JSON.
type Type struct {
	What   string          `json:"what"`
	Schema json.RawMessage `json:"schema"` // a JSON Schema; refers to other types as "#/$defs/NAME"
}

// Dictionary is all that a third party has to know to run the vectors: operations, the
// types of their fields, and the classes of errors.
type Dictionary struct {
	Types      map[string]Type       `json:"types"`
	Errors     map[string]string     `json:"errors"` // class and what it means
	Operations map[string]*Operation `json:"operations"`
}

// Operations returns the dictionary that is built into the program, the same one every
// time. The error names the file and the entry that is malformed, used twice or refers
// to a type that does not exist.
func Operations() (*Dictionary, error) { return operations() }

var operations = sync.OnceValues(func() (*Dictionary, error) {
	d := &Dictionary{Types: map[string]Type{}, Errors: map[string]string{}, Operations: map[string]*Operation{}}
	for _, name := range names(operationDir) {
		part := Dictionary{}
		data, err := read(path.Join(operationDir, name+".json"))
		if err == nil {
			err = decodeStrict(data, &part)
		}
		if err == nil {
			err = d.add(part)
		}
		if err != nil {
			return nil, fmt.Errorf("vectors: operations in %s: %w", name, err)
		}
	}
	for name, operation := range d.Operations {
		if err := d.validate(operation); err != nil {
			return nil, fmt.Errorf("vectors: operation %s: %w", name, err)
		}
	}
	return d, nil
})

func (d *Dictionary) add(part Dictionary) error {
	for name, t := range part.Types {
		if _, used := d.Types[name]; used || t.What == "" || len(t.Schema) == 0 {
			return fmt.Errorf("type %s is incomplete or was there before", name)
		}
		d.Types[name] = t
	}
	for class, what := range part.Errors {
		if _, used := d.Errors[class]; used || what == "" {
			return fmt.Errorf("error class %s is not explained or was there before", class)
		}
		d.Errors[class] = what
	}
	for name, operation := range part.Operations {
		if _, used := d.Operations[name]; used || operation.What == "" {
			return fmt.Errorf("operation %s is not explained or was there before", name)
		}
		operation.Name = name
		d.Operations[name] = operation
	}
	return nil
}

func (d *Dictionary) validate(o *Operation) error {
	seen := map[string]bool{}
	for _, fields := range []Fields{o.Inputs, o.Intermediate, o.Output} {
		for name, of := range fields {
			if _, ok := d.Types[BaseType(of)]; !ok {
				return fmt.Errorf("field %s has the unknown type %q", name, of)
			}
			if seen[name] {
				return fmt.Errorf("field %s is there twice", name)
			}
			seen[name] = true
		}
	}
	return nil
}

// BaseType returns the name of a field's type without the marks of lists and null.
func BaseType(of string) string {
	return strings.TrimRight(strings.TrimSuffix(of, "?"), "[]")
}
