package check

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line of the protocol in bytes. The longest vector needs less
// than a quarter of it.
const maxLine = 16 << 20

// request is a line to an adapter.
type request struct {
	ID        int                        `json:"id"`
	Operation string                     `json:"operation"`
	Inputs    map[string]json.RawMessage `json:"inputs"`
}

// response is a line from an adapter. Besides the id exactly one of output, error and
// unsupported is set.
type response struct {
	ID          int                        `json:"id"`
	Output      map[string]json.RawMessage `json:"output,omitempty"`
	Error       *string                    `json:"error,omitempty"`
	Detail      string                     `json:"detail,omitempty"`
	Unsupported bool                       `json:"unsupported,omitempty"`
}

// result turns the line into the results of Adapter.Do.
func (r *response) result(id int) (map[string]json.RawMessage, error) {
	given := 0
	for _, set := range []bool{r.Output != nil, r.Error != nil, r.Unsupported} {
		if set {
			given++
		}
	}
	switch {
	case r.ID != id:
		return nil, fmt.Errorf("the adapter answered request %d, expected an answer to %d", r.ID, id)
	case given != 1:
		return nil, fmt.Errorf("an answer has one of output, error and unsupported, the adapter gave %d of them", given)
	case r.Unsupported:
		return nil, ErrUnsupported
	case r.Error != nil:
		return nil, &Refusal{Class: *r.Error, Detail: r.Detail}
	}
	return r.Output, nil
}

// Serve answers requests from in with the adapter, on out, until in ends: the other side
// of Start. It is what an adapter written in Go needs in its main function.
func Serve(ctx context.Context, adapter Adapter, in io.Reader, out io.Writer) error {
	lines := newLines(in)
	encoder := json.NewEncoder(out)
	for lines.Scan() {
		var q request
		if err := strictLine(lines.Bytes(), &q); err != nil {
			return fmt.Errorf("request: %w", err)
		}
		if err := encoder.Encode(serve(ctx, adapter, q)); err != nil {
			return err
		}
	}
	return lines.Err()
}

func serve(ctx context.Context, adapter Adapter, q request) response {
	output, err := adapter.Do(ctx, q.Operation, q.Inputs)
	var refusal *Refusal
	switch {
	case errors.Is(err, ErrUnsupported):
		return response{ID: q.ID, Unsupported: true}
	case errors.As(err, &refusal):
		return response{ID: q.ID, Error: &refusal.Class, Detail: refusal.Detail}
	case err != nil:
		class := BadRequest
		return response{ID: q.ID, Error: &class, Detail: err.Error()}
	}
	return response{ID: q.ID, Output: output}
}

func newLines(r io.Reader) *bufio.Scanner {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 64<<10), maxLine)
	return lines
}

func strictLine(line []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(line))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s is not a line of the protocol: %w", shorten(line), err)
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("expected one JSON value on a line, found more")
	}
	return nil
}
