package vectors

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// checksumSize is the number of bytes of a checksum.
const checksumSize = 8

// Sum computes the checksum of the test: the first 8 bytes of the SHA-256 of its JSON
// text without the field checksum, with the fields of all objects in alphabetical order
// and no spaces, as hexadecimal text. It notices a vector that was copied wrongly also
// where the changed value takes no part in the answer.
func (t *Test) Sum() (string, error) {
	bare := *t
	bare.Checksum = ""
	text, err := json.Marshal(bare)
	if err != nil {
		return "", fmt.Errorf("vectors: checksum of %q: %w", t.ID, err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var tree any
	if err := d.Decode(&tree); err != nil {
		return "", fmt.Errorf("vectors: checksum of %q: %w", t.ID, err)
	}
	var canonical bytes.Buffer
	e := json.NewEncoder(&canonical)
	e.SetEscapeHTML(false)
	if err := e.Encode(tree); err != nil {
		return "", fmt.Errorf("vectors: checksum of %q: %w", t.ID, err)
	}
	sum := sha256.Sum256(bytes.TrimSuffix(canonical.Bytes(), []byte("\n")))
	return hex.EncodeToString(sum[:checksumSize]), nil
}
