package build

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"smpcheck/vectors"
)

// maxFile is the size of the largest file that may be written, in bytes.
const maxFile = 2_500_000

// Write writes the file and its schema into the folder of the vectors.
func Write(folder string, f *vectors.File) error {
	text, err := marshal(f)
	if err != nil {
		return err
	}
	schema, err := Schema(f)
	if err != nil {
		return err
	}
	if len(text) > maxFile {
		return fmt.Errorf("vectors of %s: %d bytes are more than %d", f.Kind, len(text), maxFile)
	}
	if err := os.WriteFile(filepath.Join(folder, "generated", f.Kind+".json"), text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "schema", "generated", f.Kind+".json"), schema, 0o644)
}

// marshal returns indented JSON that ends with a line feed.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	err := e.Encode(v)
	return b.Bytes(), err
}
