package smp

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strings"
	"unicode/utf8"

	"smpcheck/reference/wire"
)

// putJSON writes v as JSON without extra spaces.
func putJSON(w *wire.Writer, v any) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		w.Fail(fmt.Errorf("%w: %w", ErrJSON, err))
		return
	}
	w.Raw(bytes.TrimSuffix(b.Bytes(), []byte("\n")))
}

// An object reads the fields of a JSON object, whose names must match exactly;
// fields with other names are ignored. The first error stays.
type object struct {
	fields map[string]json.RawMessage
	err    error
}

// readObject reads the tail as a JSON object in UTF-8.
func readObject(r *wire.Reader) *object {
	b := r.Rest()
	if r.Err() != nil {
		return &object{err: r.Err()}
	}
	return parseObject(b)
}

func parseObject(b []byte) *object {
	o := &object{}
	if !utf8.Valid(b) {
		o.err = fmt.Errorf("%w: not UTF-8", ErrJSON)
	} else if err := json.Unmarshal(b, &o.fields); err != nil {
		o.err = fmt.Errorf("%w: %w", ErrJSON, err)
	} else if o.fields == nil {
		o.err = fmt.Errorf("%w: null, expected an object", ErrJSON)
	}
	return o
}

// report hands the first error to r.
func (o *object) report(r *wire.Reader) {
	if o.err != nil {
		r.Fail(o.err)
	}
}

// value returns a field; nil if it is absent or null.
func (o *object) value(name string) json.RawMessage {
	if v := o.fields[name]; o.err == nil && string(v) != "null" {
		return v
	}
	return nil
}

func (o *object) fail(name, want string) {
	if o.err == nil {
		o.err = fmt.Errorf("%w: field %q, expected %s", ErrJSON, name, want)
	}
}

// require reads a field that must be there into a bool or string.
func (o *object) require(name, want string, into any) {
	v := o.value(name)
	if v == nil || json.Unmarshal(v, into) != nil {
		o.fail(name, want)
	}
}

// optionalString reads a field that may be absent or null.
func (o *object) optionalString(name string, into **string) {
	if v := o.value(name); v != nil {
		var s string
		if json.Unmarshal(v, &s) != nil {
			o.fail(name, "a string or null")
		}
		*into = &s
	}
}

// optionalInt reads an integer that may be absent or null.
func (o *object) optionalInt(name string, into **int64) {
	if v := o.value(name); v != nil {
		n, ok := integer(v)
		if !ok {
			o.fail(name, "an integer or null")
		}
		*into = &n
	}
}

// strings reads a list of strings that must be there.
func (o *object) strings(name string) []string {
	var items []json.RawMessage
	v := o.value(name)
	if v == nil || json.Unmarshal(v, &items) != nil {
		o.fail(name, "a list of strings")
		return nil
	}
	list := make([]string, len(items))
	for i, item := range items {
		if item[0] != '"' || json.Unmarshal(item, &list[i]) != nil {
			o.fail(name, "a list of strings")
		}
	}
	return list
}

// maxExponent bounds the numbers that are worth evaluating.
const maxExponent = 4

// integer reads a JSON number whose value is a 64-bit integer, in whatever
// notation: 1, 1.0, 10e-1.
func integer(v json.RawMessage) (int64, bool) {
	s := string(v)
	if _, exponent, ok := strings.Cut(strings.ToLower(s), "e"); ok && len(strings.TrimLeft(exponent, "+-0")) > maxExponent {
		return 0, false
	}
	if s == "" || s[0] != '-' && (s[0] < '0' || s[0] > '9') {
		return 0, false
	}
	n, ok := new(big.Rat).SetString(s)
	if !ok || !n.IsInt() || !n.Num().IsInt64() {
		return 0, false
	}
	return n.Num().Int64(), true
}

// adopt takes over the first error of an inner object.
func (o *object) adopt(inner *object) {
	if o.err == nil {
		o.err = inner.err
	}
}
