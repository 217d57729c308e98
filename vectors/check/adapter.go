// Package check puts test vectors to a codec and reports what it gets wrong. The codec
// is an Adapter: Go code, or a program that answers JSON lines (see Start and Serve).
package check

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Adapter is a codec under test. It does one operation after the other.
type Adapter interface {
	// Do does an operation of the dictionary. It returns the fields of the answer, or
	// ErrUnsupported for an operation that it does not know, or a *Refusal when the
	// inputs are not acceptable. Any other error says that the adapter is broken.
	Do(ctx context.Context, operation string, inputs map[string]json.RawMessage) (map[string]json.RawMessage, error)
}

// ErrUnsupported is the answer of an adapter to an operation that it does not know.
var ErrUnsupported = errors.New("check: operation is not supported")

// Refusal is the answer of an adapter to inputs that are not acceptable.
type Refusal struct {
	Class  string // a class of the dictionary; empty when the adapter does not tell
	Detail string // for people
}

// BadRequest is the class of a refusal that concerns the form of the request and not the
// protocol. It never counts as an expected refusal.
const BadRequest = "BadRequest"

func (r *Refusal) Error() string { return fmt.Sprintf("refused as %s: %s", r.Class, r.Detail) }
