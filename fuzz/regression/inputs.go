package regression

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"smpcheck/vectors"
)

// skipped stands for a value of a fuzz input that no input of the operation is made of.
const skipped = "-"

// BindInputs gives values of a fuzz input to the inputs of an operation. Each of the names
// takes the next value, in their order; NAME=VALUE takes VALUE, as text, a number, bytes in
// hexadecimal form or JSON, by the type of the input; "-" leaves a value out. Every input
// of the operation and every value has to be used.
func BindInputs(operation string, names []string, values []any) (map[string]json.RawMessage, error) {
	dictionary, err := vectors.Operations()
	if err != nil {
		return nil, err
	}
	known, ok := dictionary.Operations[operation]
	if !ok {
		return nil, fmt.Errorf("no operation is called %q; vectors/OPERATIONS.md lists them", operation)
	}
	inputs := make(map[string]json.RawMessage)
	for _, name := range names {
		name, text, fixed := strings.Cut(name, "=")
		if !fixed && len(values) == 0 {
			return nil, fmt.Errorf("the fuzz input has no value left for %q", name)
		}
		if !fixed && name == skipped {
			values = values[1:]
			continue
		}
		of, ok := known.Inputs[name]
		if _, used := inputs[name]; !ok || used {
			return nil, fmt.Errorf("input %q of %s: expected each of %s once", name, operation, strings.Join(known.Inputs.Names(), ", "))
		}
		if fixed {
			inputs[name], err = fromText(of, text)
		} else {
			inputs[name], err = fromValue(of, values[0])
			values = values[1:]
		}
		if err != nil {
			return nil, fmt.Errorf("input %q of %s, of the type %s: %w", name, operation, of, err)
		}
	}
	switch {
	case len(values) > 0:
		return nil, fmt.Errorf("%d values of the fuzz input are left; %q leaves one out", len(values), skipped)
	case len(inputs) < len(known.Inputs):
		return nil, fmt.Errorf("operation %s needs the inputs %s", operation, strings.Join(known.Inputs.Names(), ", "))
	}
	return inputs, nil
}

// fromValue is a value of a fuzz input as the type wants it.
func fromValue(of string, value any) (json.RawMessage, error) {
	switch base(of) {
	case "bytes":
		switch v := value.(type) {
		case []byte:
			return json.Marshal(hex.EncodeToString(v))
		case string:
			return json.Marshal(hex.EncodeToString([]byte(v)))
		}
	case "text":
		switch v := value.(type) {
		case []byte:
			return jsonText(string(v))
		case string:
			return jsonText(v)
		}
	case "number", "word16":
		if n, ok := natural(value); ok {
			return json.Marshal(n)
		}
	case "int64":
		switch v := value.(type) {
		case int64:
			return json.Marshal(strconv.FormatInt(v, 10))
		case uint64:
			if v <= math.MaxInt64 {
				return json.Marshal(strconv.FormatUint(v, 10))
			}
		}
	case "boolean":
		if v, ok := value.(bool); ok {
			return json.Marshal(v)
		}
	}
	return nil, fmt.Errorf("it cannot be made of a %T", value)
}

// natural is a number that is not negative.
func natural(value any) (uint64, bool) {
	switch v := value.(type) {
	case int64:
		return uint64(v), v >= 0
	case uint64:
		return v, true
	}
	return 0, false
}

// fromText is what stands behind NAME= as the type wants it.
func fromText(of, text string) (json.RawMessage, error) {
	if strings.HasSuffix(of, "?") && text == "null" {
		return json.RawMessage(text), nil
	}
	switch base(of) {
	case "bytes":
		var h vectors.Hex
		if err := h.UnmarshalText([]byte(text)); err != nil {
			return nil, err
		}
		return json.Marshal(h)
	case "text":
		return jsonText(text)
	case "int64":
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%q is no integer", text)
		}
		return json.Marshal(strconv.FormatInt(n, 10))
	}
	if !json.Valid([]byte(text)) {
		return nil, fmt.Errorf("%q is no JSON value", text)
	}
	return json.RawMessage(text), nil
}

// base is what the value of a type is made of, empty for lists and structures.
func base(of string) string {
	of = strings.TrimSuffix(of, "?")
	switch of {
	case "bytes16", "bytes24":
		return "bytes"
	case "bytes", "text", "number", "word16", "int64", "boolean":
		return of
	}
	return ""
}

func jsonText(text string) (json.RawMessage, error) {
	if !utf8.ValidString(text) {
		return nil, errors.New("it is not UTF-8")
	}
	return json.Marshal(text)
}
