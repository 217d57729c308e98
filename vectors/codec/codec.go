// Package codec answers the operations of the vectors with the reference implementation.
// It is the adapter that every vector is checked with, and the one that makes the
// generated vectors.
package codec

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"

	"smpcheck/vectors/check"
)

// handler does one operation.
type handler func(inputs map[string]json.RawMessage) (map[string]json.RawMessage, error)

// class gives the name of the dictionary to an error of the reference implementation.
type class struct {
	err  error
	name string
}

// area is a part of the dictionary: one file of operations.
type area struct {
	operations map[string]handler
	classes    []class // the first that errors.Is finds counts
}

// areas are all parts, in the order in which their classes are tried.
var areas = []area{
	handshakes,
	certificates,
	address,
	agent,
	transmissions,
	commandsAndResponses,
	blocks,
	layers,
	proxied,
	boxes,
	digest,
	key,
	encoding,
	queueURIs,
	links,
	linkData,
	kem,
	doubleRatchet,
	conversations,
	padding,
	base,
}

// Codec answers operations. Its zero value is not ready; see New.
type Codec struct {
	operations map[string]handler
	classes    []class
}

// New returns the codec of the reference implementation.
func New() *Codec {
	c := &Codec{operations: map[string]handler{}}
	for _, a := range areas {
		maps.Copy(c.operations, a.operations)
		c.classes = append(c.classes, a.classes...)
	}
	return c
}

// Do does one operation, as check.Adapter says.
func (c *Codec) Do(_ context.Context, operation string, inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
	do, ok := c.operations[operation]
	if !ok {
		return nil, check.ErrUnsupported
	}
	answer, err := do(inputs)
	if err != nil {
		return nil, c.refusal(err)
	}
	return answer, nil
}

// errBadRequest marks inputs that are not those of the operation.
var errBadRequest = errors.New("bad request")

// badRequest returns an error for inputs that are not those of the operation.
func badRequest(format string, args ...any) error {
	return fmt.Errorf("%w: %w", errBadRequest, fmt.Errorf(format, args...))
}

// unclassified is the class of an error that no area names. The tests of the package see
// to it that no vector leads to one.
const unclassified = "Unclassified"

// refusal turns an error of the reference implementation into the answer to a request.
func (c *Codec) refusal(err error) *check.Refusal {
	r := &check.Refusal{Class: unclassified, Detail: err.Error()}
	if errors.Is(err, errBadRequest) {
		r.Class = check.BadRequest
		return r
	}
	for _, known := range c.classes {
		if errors.Is(err, known.err) {
			r.Class = known.name
			return r
		}
	}
	return r
}

// operation makes a handler of a function from a structure of inputs to a structure of
// answers. The JSON fields of both are those that the dictionary lists.
func operation[In, Out any](do func(In) (Out, error)) handler {
	return func(inputs map[string]json.RawMessage) (map[string]json.RawMessage, error) {
		var in In
		if err := decode(inputs, &in); err != nil {
			return nil, badRequest("%w", err)
		}
		out, err := do(in)
		if err != nil {
			return nil, err
		}
		text, err := json.Marshal(out)
		if err != nil {
			return nil, err
		}
		var answer map[string]json.RawMessage
		return answer, json.Unmarshal(text, &answer)
	}
}

func decode(inputs map[string]json.RawMessage, into any) error {
	text, err := json.Marshal(inputs)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("expected one JSON object")
	}
	return nil
}
