package codec

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
	"smpcheck/vectors"
)

var commandsAndResponses = area{
	operations: map[string]handler{
		"encode_command":             operation(encodeCommand),
		"decode_command":             operation(decodeCommand),
		"recode_command":             operation(recodeCommand),
		"decode_command_throughout":  operation(decodeCommandThroughout),
		"decode_response_throughout": operation(decodeResponseThroughout),
		"command_error":              operation(commandError),
		"command_versions":           operation(commandVersions),
		"check_credentials":          operation(checkCredentials),
		"encode_response":            operation(encodeResponse),
		"decode_response":            operation(decodeResponse),
		"recode_response":            operation(recodeResponse),
		"response_error":             operation(responseError),
		"response_versions":          operation(responseVersions),
		"pass_response":              operation(passResponse),
		"check_entity":               operation(checkEntity),
	},
	classes: []class{
		{smp.ErrUnknownTag, "UnknownTag"},
		{smp.ErrNoParameters, "MissingParameters"},
		{errMissingPart, "MissingPart"},
		{smp.ErrCmdNoAuth, "NoAuthorization"},
		{smp.ErrCmdNoEntity, "NoEntity"},
		{smp.ErrCmdHasAuth, "UnexpectedCredentials"},
		{smp.ErrMode, "UnknownMode"},
		{smp.ErrFlags, "MalformedFlags"},
		{smp.ErrPassword, "PasswordCharacter"},
		{smp.ErrIDsHash, "HashLength"},
		{smp.ErrJSON, "MalformedJSON"},
		{smp.ErrName, "MalformedName"},
		{smp.ErrNameText, "TooLong"},
		{smp.ErrNameAccount, "MalformedAccount"},
		{smp.ErrUnknownCode, "UnknownCode"},
		{smp.ErrSigned, "MalformedSigned"},
		{smp.ErrEmptyList, "EmptyList"},
		{smp.ErrKeyAlgorithm, "WrongKeyType"},
		{keys.ErrEncoding, "MalformedKey"},
		{wire.ErrHost, "MalformedHost"},
	},
}

// errMissingPart: a part that a version sends is null.
var errMissingPart = errors.New("a part is missing that this version sends")

// encodedAt are bytes at a version.
type encodedAt struct {
	Version uint16      `json:"version"`
	Encoded vectors.Hex `json:"encoded"`
}

type recodedBytes struct {
	Reencoded vectors.Hex `json:"reencoded"`
}

// wireError is the name of a protocol error; null for none.
type wireError struct {
	Error *string `json:"error"`
}

// decodingError is the answer to bytes that a decoder refuses.
func decodingError(err error) wireError {
	answer := smp.AnswerTo(err)
	if answer == nil {
		return wireError{}
	}
	name := answer.Error()
	return wireError{&name}
}

type accepted struct {
	Accepted bool `json:"accepted"`
}

// acceptedUnless returns e as an error, if it is one.
func acceptedUnless(e *smp.Error) (accepted, error) {
	if e != nil {
		return accepted{}, e
	}
	return accepted{true}, nil
}

type sameVersions struct {
	Same []uint16 `json:"same"`
}

// versionsWith returns the versions in a range at which encode gives the bytes. A version
// at which it fails is none of them.
func versionsWith(bytes vectors.Hex, within versions, encode func(version uint16) ([]byte, error)) (sameVersions, error) {
	known, err := within.wire()
	if err != nil {
		return sameVersions{}, err
	}
	same := []uint16{}
	for v := int(known.Min); v <= int(known.Max); v++ {
		if b, err := encode(uint16(v)); err == nil && slices.Equal(b, bytes) {
			same = append(same, uint16(v))
		}
	}
	return sameVersions{same}, nil
}

// encodedWithin are bytes at all versions of a range.
type encodedWithin struct {
	Encoded vectors.Hex `json:"encoded"`
	Range   versions    `json:"range"`
}

// throughout are the versions of a range, and the lowest of them.
type throughout struct {
	Version uint16 `json:"version"`
	sameVersions
}

// decodeThroughout decodes bytes at all versions of a range and returns what they are at
// the lowest.
func decodeThroughout[T any](in encodedWithin, decode func(encodedAt) (T, error)) (lowest T, at throughout, err error) {
	within, err := in.Range.wire()
	if err != nil {
		return lowest, at, err
	}
	at = throughout{within.Min, sameVersions{[]uint16{}}}
	var first []byte
	for v := int(within.Min); v <= int(within.Max); v++ {
		decoded, err := decode(encodedAt{uint16(v), in.Encoded})
		if err != nil {
			return lowest, at, err
		}
		text, err := json.Marshal(decoded)
		if err != nil {
			return lowest, at, err
		}
		if first == nil {
			lowest, first = decoded, text
		}
		if !slices.Equal(first, text) {
			return lowest, at, badRequest("the bytes mean something else at version %d", v)
		}
		at.Same = append(at.Same, uint16(v))
	}
	return lowest, at, nil
}

// jsonForm is the JSON form of the commands or responses with one tag.
type jsonForm[T any] struct {
	parse func(version uint16, text json.RawMessage) (T, error)
	show  func(version uint16, value T) any
}

// formParser makes values of the parts of a JSON form. It keeps the first error.
type formParser struct {
	version uint16
	err     error
}

func (p *formParser) fail(err error) {
	if p.err == nil {
		p.err = err
	}
}

// jsonFormOf makes a form of a structure F, the fields of which are those of the JSON object,
// and the functions between it and a value C, which is a T.
func jsonFormOf[T, F, C any](parse func(*formParser, F) C, show func(version uint16, value C) F) jsonForm[T] {
	return jsonForm[T]{
		parse: func(version uint16, text json.RawMessage) (value T, err error) {
			var f F
			if err := decodeObject(text, &f); err != nil {
				return value, badRequest("%w", err)
			}
			p := formParser{version: version}
			value = any(parse(&p, f)).(T)
			return value, p.err
		},
		show: func(version uint16, value T) any { return show(version, any(value).(C)) },
	}
}

// decodeObject decodes a JSON object that has no other fields than into.
func decodeObject(text json.RawMessage, into any) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	return decode(fields, into)
}

// jsonFormFor finds the form for a JSON object by the field that holds its tag.
func jsonFormFor[T any](forms map[string]jsonForm[T], field string, text json.RawMessage) (jsonForm[T], error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return jsonForm[T]{}, badRequest("%w", err)
	}
	var tag string
	if err := json.Unmarshal(fields[field], &tag); err != nil {
		return jsonForm[T]{}, badRequest("field %q: %w", field, err)
	}
	found, ok := forms[tag]
	if !ok {
		return jsonForm[T]{}, badRequest("field %q: %w", field, fmt.Errorf("%q is no tag", tag))
	}
	return found, nil
}
