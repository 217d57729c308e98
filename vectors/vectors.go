// Package vectors gives access to the known answers for the SimpleX Messaging
// Protocol: what goes in, what has to come out, and what has to be refused.
//
// The files are embedded, so whoever imports the module has them too. Official files
// hold values that the official implementation produced; the code under test had no
// part in them. Generated files hold values of this project's reference implementation,
// with the values in between, and many inputs that have to be refused. The form of the
// files is described by the JSON Schemas in the folder schema and in README.md, for
// readers in any language.
//
// The package check puts all of them to a codec and reports what it gets wrong, the
// package plan tells how each can be used. A test of one's own walks a file like this:
//
//	f, err := vectors.Load("commands")
//	for _, g := range f.Groups {
//		for _, test := range g.Tests {
//			var in struct { … }
//			err := test.Inputs.Decode(&in)
//			…
//		}
//	}
package vectors

//go:generate go run ./gen/reference -to .

import (
	"bytes"
	"compress/gzip"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// ErrNotFound is returned when no embedded file has the name that was asked for.
var ErrNotFound = errors.New("vectors: file not found")

const (
	officialDir  = "official"
	generatedDir = "generated"
	recordingDir = "official/recordings"
	operationDir = "operations"
)

//go:embed official/*.json official/*.json.gz official/recordings/*.json.gz
//go:embed generated/*.json operations/*.json
var files embed.FS

// Names lists the vector files in alphabetical order, as Load takes them: those of the
// official implementation and those of our own, together.
func Names() []string {
	all := append(OfficialNames(), names(generatedDir)...)
	slices.Sort(all)
	return all
}

// OfficialNames lists the files with values of the official implementation.
func OfficialNames() []string { return names(officialDir) }

// RecordingNames lists the recordings in alphabetical order, as LoadRecording
// takes them.
func RecordingNames() []string { return names(recordingDir) }

// Load reads the vector file with the given name, such as "commands". Each call
// returns a fresh copy. It returns ErrNotFound for an unknown name, and an error
// that names the file when its form is wrong.
func Load(name string) (*File, error) {
	if slices.Contains(names(generatedDir), name) {
		return load[File](generatedDir, name)
	}
	if !slices.Contains(OfficialNames(), name) {
		return nil, notFound(name, Names())
	}
	return load[File](officialDir, name)
}

func notFound(name string, list []string) error {
	return fmt.Errorf("%w: %q is none of %s", ErrNotFound, name, strings.Join(list, ", "))
}

// LoadRecording reads the recording with the given name, such as "raw-v18". Each
// call returns a fresh copy. It returns ErrNotFound for an unknown name.
func LoadRecording(name string) (*Recording, error) { return load[Recording](recordingDir, name) }

func names(dir string) []string {
	entries, err := files.ReadDir(dir)
	if err != nil { // the folder is embedded at build time
		panic(err)
	}
	var list []string
	for _, e := range entries {
		base := strings.TrimSuffix(e.Name(), ".gz")
		if name, ok := strings.CutSuffix(base, ".json"); ok {
			list = append(list, name)
		}
	}
	slices.Sort(list)
	return list
}

func load[T any](dir, name string) (*T, error) {
	if !slices.Contains(names(dir), name) {
		return nil, notFound(name, names(dir))
	}
	data, err := read(path.Join(dir, name+".json"))
	if err != nil {
		return nil, fmt.Errorf("vectors: reading %s: %w", name, err)
	}
	into := new(T)
	if err := decodeStrict(data, into); err != nil {
		return nil, fmt.Errorf("vectors: decoding %s: %w", name, err)
	}
	return into, nil
}

// read returns the content of a file that is stored as it is or with gzip.
func read(name string) ([]byte, error) {
	data, err := files.ReadFile(name)
	if !errors.Is(err, fs.ErrNotExist) {
		return data, err
	}
	packed, err := files.ReadFile(name + ".gz")
	if err != nil {
		return nil, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// decodeStrict decodes exactly one JSON value and refuses fields that into has
// no place for.
func decodeStrict(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("expected one JSON value, found more after it")
	}
	return nil
}
