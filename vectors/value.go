package vectors

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// Value is a JSON value of which the form depends on the kind of the file and on
// the group.
type Value []byte

// Decode decodes the value into the pointer into. A field that into has no place
// for is an error, so that no test passes because it overlooked an input; whoever
// wants only some fields uses encoding/json on the bytes. A null value leaves
// into as it is.
func (v Value) Decode(into any) error {
	if err := decodeStrict(v, into); err != nil {
		return fmt.Errorf("vectors: value does not fit %T: %w", into, err)
	}
	return nil
}

// IsNull reports whether the value is absent or null.
func (v Value) IsNull() bool { return len(v) == 0 || string(v) == "null" }

// UnmarshalJSON keeps a copy of the JSON text.
func (v *Value) UnmarshalJSON(text []byte) error {
	*v = append((*v)[:0], text...)
	return nil
}

// MarshalJSON returns the JSON text.
func (v Value) MarshalJSON() ([]byte, error) {
	if len(v) == 0 {
		return []byte("null"), nil
	}
	return json.RawMessage(v).MarshalJSON()
}

// Hex is bytes that are written as lower-case hexadecimal text. A JSON null gives
// nil, an empty text gives an empty slice that is not nil.
type Hex []byte

var errUpperCase = errors.New("vectors: expected lower-case hexadecimal digits, found an upper-case letter")

// UnmarshalText decodes lower-case hexadecimal text of even length.
func (h *Hex) UnmarshalText(text []byte) error {
	if strings.ContainsAny(string(text), "ABCDEF") {
		return errUpperCase
	}
	b := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(b, text); err != nil {
		return fmt.Errorf("vectors: expected hexadecimal text: %w", err)
	}
	*h = b
	return nil
}

// MarshalText encodes the bytes as lower-case hexadecimal text.
func (h Hex) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// String returns the bytes as lower-case hexadecimal text.
func (h Hex) String() string { return hex.EncodeToString(h) }

// Key is a test key pair.
type Key struct {
	PrivateDER Hex `json:"private_der"` // PKCS #8
	PublicDER  Hex `json:"public_der"`  // SubjectPublicKeyInfo
	PublicRaw  Hex `json:"public_raw"`  // the bare key: 32, 56 or 57 bytes
}
