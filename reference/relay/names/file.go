package names

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"smpcheck/reference/smp"
)

// MaxFileSize is the size of the largest file of names, in bytes.
const MaxFileSize = 16 << 20

// ErrFile: a file is no file of names; the text says why.
var ErrFile = errors.New("file of names")

var errTwice = errors.New("the name stands there twice")

// File is a resolver that knows the names of a file and no others.
type File struct{ records map[string]smp.NameRecord }

// LoadFile reads a file of names once: changes need another File. See Parse.
func LoadFile(path string) (*File, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxFileSize+1))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	return Parse(content)
}

// Parse reads the content of a file of names: one JSON object whose keys are
// names, such as "privacy.simplex", and whose values are records in the form that
// they have in RNAME. A name may have capitals and is known in lower case.
func Parse(content []byte) (*File, error) {
	if len(content) > MaxFileSize {
		return nil, fmt.Errorf("%w: more than %d bytes", ErrFile, MaxFileSize)
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	if start, err := decoder.Token(); err != nil || start != json.Delim('{') {
		return nil, fmt.Errorf("%w: expected a JSON object", ErrFile)
	}
	f := &File{records: make(map[string]smp.NameRecord)}
	for decoder.More() {
		if err := f.read(decoder); err != nil {
			return nil, fmt.Errorf("%w: entry %d: %w", ErrFile, len(f.records)+1, err)
		}
	}
	if _, err := decoder.Token(); err != nil {
		return nil, fmt.Errorf("%w: the object does not end", ErrFile)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: something follows the object", ErrFile)
	}
	return f, nil
}

// read reads one name with its record.
func (f *File) read(decoder *json.Decoder) error {
	key, err := decoder.Token()
	if err != nil {
		return err
	}
	text, _ := key.(string) // the decoder lets no other keys through
	name, err := smp.CanonicalName(text)
	if err != nil {
		return err
	}
	if _, twice := f.records[name]; twice {
		return errTwice
	}
	var value json.RawMessage
	if err := decoder.Decode(&value); err != nil {
		return err
	}
	record, err := smp.ParseNameRecord(value)
	if err != nil {
		return err
	}
	f.records[name] = record
	return nil
}

// Len is the number of names.
func (f *File) Len() int { return len(f.records) }

// Resolve returns the record of a name in lower case, or smp.ErrNameNotFound.
func (f *File) Resolve(_ context.Context, name string) (smp.NameRecord, error) {
	record, ok := f.records[name]
	if !ok {
		return smp.NameRecord{}, smp.ErrNameNotFound
	}
	return record, nil
}
