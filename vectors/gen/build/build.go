// Package build makes vector files: a generator says what goes in and what has to be
// refused, and the reference codec gives the answers.
//
// Everything is deterministic: keys and messages come from streams with a name.
package build

import (
	"context"
	"crypto/sha3"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
	"smpcheck/vectors/plan"
)

// Fields are the named inputs of an operation. Values of type []byte are written as
// hexadecimal text, all others as encoding/json does.
type Fields map[string]any

// File is a file of vectors that is being made. What goes wrong is kept until Finish.
type File struct {
	file  *vectors.File
	codec *codec.Codec
	ids   map[string]bool
	used  map[string]bool
	errs  []error
}

// New starts a file. The notes say which conventions its values follow.
func New(kind, what string, notes ...string) *File {
	return &File{
		file: &vectors.File{
			Format: "smpcheck-vectors-1", Kind: kind, What: what,
			Source: vectors.Source{
				Repository: "smpcheck", Version: "1", CodeLicence: "MIT",
				Note: "values of the reference implementation, which the official values check; all keys are test keys",
			},
			Versions: [2]uint16{6, 20}, Notes: append([]string{}, notes...), Flags: map[string]string{},
		},
		codec: codec.New(), ids: map[string]bool{}, used: map[string]bool{},
	}
}

// Flag explains a flag that tests of the file carry: a reason for which inputs are
// refused, or something remarkable about them.
func (f *File) Flag(name, text string) { f.file.Flags[name] = text }

// Group starts a group of tests. The first operation gets the inputs and makes the
// answers; each further one works on fields of the first, most often backwards.
func (f *File) Group(name, what string, operations ...string) *Group {
	f.file.Groups = append(f.file.Groups, vectors.Group{Name: name, What: what, Operations: operations})
	return &Group{file: f, at: len(f.file.Groups) - 1}
}

// Group is a group of tests that is being made.
type Group struct {
	file *File
	at   int
}

// Valid adds a test with the inputs of the first operation. Its id is that of the group,
// a slash and the given one.
func (g *Group) Valid(id, what string, inputs Fields, flags ...string) {
	g.add(g.valid(id, what, inputs, flags))
}

// Invalid adds a test whose inputs an operation of the group has to refuse with an error
// of the class. It has at least one flag.
func (g *Group) Invalid(operation, id, what string, inputs Fields, class string, flags ...string) {
	g.add(g.invalid(operation, id, what, inputs, class, flags))
}

func (g *Group) add(t vectors.Test, err error) {
	f := g.file
	if err == nil && f.ids[t.ID] {
		err = errors.New("the id is used twice")
	}
	for _, flag := range t.Flags {
		if _, explained := f.file.Flags[flag]; !explained && err == nil {
			err = fmt.Errorf("the flag %s is not explained", flag)
		}
		f.used[flag] = true
	}
	if err == nil && t.Invalid() && len(t.Flags) == 0 {
		err = errors.New("an invalid test needs a flag")
	}
	if err != nil {
		f.errs = append(f.errs, fmt.Errorf("%s %q: %w", f.file.Kind, t.ID, err))
		return
	}
	if t.Checksum, err = t.Sum(); err != nil {
		f.errs = append(f.errs, err)
	}
	f.ids[t.ID] = true
	group := &f.file.Groups[g.at]
	group.Tests = append(group.Tests, t)
	f.file.Count++
}

func (g *Group) start(id, what string, flags []string) vectors.Test {
	return vectors.Test{ID: g.file.file.Groups[g.at].Name + "/" + id, What: what, Flags: flags}
}

func (g *Group) valid(id, what string, inputs Fields, flags []string) (vectors.Test, error) {
	t := g.start(id, what, flags)
	t.Result = vectors.Valid
	raw, err := inputs.raw()
	if err != nil {
		return t, err
	}
	name := g.file.file.Groups[g.at].Operations[0]
	answer, err := g.file.codec.Do(context.Background(), name, raw)
	if err != nil {
		return t, err
	}
	dictionary, err := vectors.Operations()
	if err != nil {
		return t, err
	}
	known := dictionary.Operations[name]
	if known == nil {
		return t, fmt.Errorf("operation %q is not in the dictionary", name)
	}
	if t.Inputs, err = section(known.Inputs, raw); err != nil {
		return t, err
	}
	if len(known.Intermediate) > 0 {
		if t.Intermediate, err = section(known.Intermediate, answer); err != nil {
			return t, err
		}
	}
	if t.Output, err = section(known.Output, answer); err != nil {
		return t, err
	}
	if len(answer)+len(raw) != len(known.Inputs)+len(known.Intermediate)+len(known.Output) {
		return t, fmt.Errorf("operation %s has fields that the dictionary does not know", name)
	}
	return t, nil
}

func (g *Group) invalid(operation, id, what string, inputs Fields, class string, flags []string) (vectors.Test, error) {
	t := g.start(id, what, flags)
	t.Result, t.Operation, t.Error = vectors.Invalid, operation, class
	raw, err := inputs.raw()
	if err != nil {
		return t, err
	}
	if t.Inputs, err = json.Marshal(raw); err != nil {
		return t, err
	}
	_, err = g.file.codec.Do(context.Background(), operation, raw)
	var refusal *check.Refusal
	switch {
	case err == nil:
		return t, errors.New("expected a refusal, the codec accepts it")
	case !errors.As(err, &refusal):
		return t, err
	case refusal.Class != class:
		return t, fmt.Errorf("expected a refusal as %s: %w", class, err)
	}
	return t, nil
}

// section returns the object of the fields that a part of an operation has.
func section(names vectors.Fields, from map[string]json.RawMessage) (vectors.Value, error) {
	part := make(map[string]json.RawMessage, len(names))
	for name := range names {
		value, ok := from[name]
		if !ok {
			return nil, fmt.Errorf("field %s is missing", name)
		}
		part[name] = value
	}
	return json.Marshal(part)
}

func (fields Fields) raw() (map[string]json.RawMessage, error) {
	raw := make(map[string]json.RawMessage, len(fields))
	for name, value := range fields {
		if b, ok := value.([]byte); ok {
			value = vectors.Hex(b)
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
		raw[name] = text
	}
	return raw, nil
}

// Finish checks the file with the codec as a user will, and returns it.
func (f *File) Finish() (*vectors.File, error) {
	for name := range f.file.Flags {
		if !f.used[name] {
			f.errs = append(f.errs, fmt.Errorf("%s: the flag %s is on no test", f.file.Kind, name))
		}
	}
	for g, t := range f.file.All() {
		if _, err := plan.Calls(f.file, g, t); err != nil {
			f.errs = append(f.errs, err)
		}
	}
	if err := errors.Join(f.errs...); err != nil {
		return nil, err
	}
	report, err := check.Run(context.Background(), "the reference codec", f.codec, []*vectors.File{f.file}, check.Options{Strict: true})
	if err != nil {
		return nil, err
	}
	if !report.OK() {
		var text strings.Builder
		if err := report.WriteText(&text); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("the codec does not agree with its own vectors:\n%s", text.String())
	}
	return f.file, nil
}

// Random returns an endless stream of bytes that depends on its name alone: SHAKE256.
func Random(name string) io.Reader {
	h := sha3.NewSHAKE256()
	_, _ = h.Write([]byte(name)) // writing to a hash cannot fail
	return h
}

// Bytes returns the first n bytes of the stream with the name.
func Bytes(name string, n int) []byte {
	b := make([]byte, n)
	_, _ = io.ReadFull(Random(name), b) // the stream does not end
	return b
}
