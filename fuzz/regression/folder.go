package regression

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"smpcheck/conformance"
	"smpcheck/vectors"
)

// maxFile is how many bytes a file of a folder may have: more than the longest program or
// the inputs of a block need.
const maxFile = 4 << 20

// fileEnding is the ending of the files that a folder is read from; others are left alone.
const fileEnding = ".json"

// Folder is what a folder holds.
type Folder struct {
	cases   []*Case
	vectors []*vectors.File
}

// Load reads all files of a folder whose names end in ".json", not those of folders in it.
// The error names the file: one that is of neither form, has fields that its form does
// not, has another name than its id demands, or contradicts itself. A folder without any
// case and vector is an error.
func Load(dir string) (*Folder, error) {
	f, err := load(dir)
	if err == nil && len(f.cases)+len(f.vectors) == 0 {
		err = fmt.Errorf("no case and no vector is in %s", dir)
	}
	return f, err
}

func load(dir string) (*Folder, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder of cases: %w", err)
	}
	f := &Folder{}
	for _, entry := range entries {
		if entry.IsDir() || filepath.Ext(entry.Name()) != fileEnding {
			continue
		}
		if err := f.read(filepath.Join(dir, entry.Name())); err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Join(dir, entry.Name()), err)
		}
	}
	return f, nil
}

func (f *Folder) read(name string) error {
	text, err := readFile(name)
	if err != nil {
		return err
	}
	var id string
	switch format := formatOf(text); format {
	case caseFormat:
		c, err := parseCase(text)
		if err != nil {
			return err
		}
		id, f.cases = c.ID, append(f.cases, c)
	case vectorFormat:
		file := new(vectors.File)
		if err := decodeStrict(text, file); err != nil {
			return err
		}
		if err := checkVector(file); err != nil {
			return err
		}
		id, f.vectors = vectorName(file), append(f.vectors, file)
	default:
		return fmt.Errorf("the format is %q, expected %q or %q", format, caseFormat, vectorFormat)
	}
	if want := FileName(id); filepath.Base(name) != want {
		return fmt.Errorf("its id is %s, so its name has to be %s", id, want)
	}
	return nil
}

// readFile reads a file of at most maxFile bytes.
func readFile(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("the file has more than %d bytes", maxFile)
	}
	return text, err
}

// formatOf is the field format of the JSON object at the start, empty if there is none.
func formatOf(text []byte) string {
	var head struct {
		Format string `json:"format"`
	}
	if json.NewDecoder(bytes.NewReader(text)).Decode(&head) != nil {
		return ""
	}
	return head.Format
}

// decodeStrict decodes exactly one JSON value and refuses fields that into has no place
// for.
func decodeStrict(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("expected one JSON value, found more after it")
	}
	return nil
}

// FileName is the name of the file of a case or vector: its id with dots for slashes.
func FileName(id string) string { return strings.ReplaceAll(id, "/", ".") + fileEnding }

// vectorName is the id of the one vector in a file.
func vectorName(f *vectors.File) string { return f.Kind + "/" + f.Groups[0].Tests[0].ID }

// Cases are the cases of the folder.
func (f *Folder) Cases() []*Case { return slices.Clone(f.cases) }

// Register adds the cases of the folder to those of a registry. The error says what is
// wrong with them, such as an id that another case has.
func (f *Folder) Register(r *conformance.Registry) error {
	for _, c := range f.cases {
		made, err := c.Conformance(r.Catalogue())
		if err == nil {
			err = r.Add(made)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", FileName(c.ID), err)
		}
	}
	return nil
}

// Vectors are the vectors of the folder in one file, nil if there are none.
func (f *Folder) Vectors() *vectors.File {
	if len(f.vectors) == 0 {
		return nil
	}
	all := newVectorFile()
	for _, file := range f.vectors {
		for flag, text := range file.Flags {
			all.Flags[flag] = text
		}
		all.Count += file.Count
		g := file.Groups[0]
		if at := slices.IndexFunc(all.Groups, func(known vectors.Group) bool { return known.Name == g.Name }); at >= 0 {
			all.Groups[at].Tests = append(all.Groups[at].Tests, g.Tests...)
		} else {
			g.Tests = slices.Clone(g.Tests)
			all.Groups = append(all.Groups, g)
		}
	}
	return all
}

// AddCase writes a case into a folder, which is made if it does not exist, and returns the
// name of the file. The registry has the cases that are known besides; an id that one of
// them or the folder has is refused.
func AddCase(dir string, c *Case, known *conformance.Registry) (string, error) {
	if err := c.check(); err != nil {
		return "", err
	}
	made, err := c.Conformance(known.Catalogue())
	if err != nil {
		return "", err
	}
	if err := known.Add(made); err != nil {
		return "", err
	}
	return write(dir, c.ID, c)
}

// AddVector writes the file of a vector into a folder in the same way.
func AddVector(dir string, f *vectors.File) (string, error) {
	if err := checkVector(f); err != nil {
		return "", err
	}
	return write(dir, vectorName(f), f)
}

// write makes the file of a case or vector, and never replaces one.
func write(dir, id string, v any) (name string, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("make the folder of cases: %w", err)
	}
	if _, err := load(dir); err != nil {
		return "", err
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return "", err
	}
	name = filepath.Join(dir, FileName(id))
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return "", fmt.Errorf("the id %s is used by %s; an id is for ever", id, name)
	}
	if err != nil {
		return "", err
	}
	_, err = file.Write(text.Bytes())
	return name, errors.Join(err, file.Close())
}
