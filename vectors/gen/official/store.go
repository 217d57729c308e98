package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// plainReader unpacks r when the name ends in .gz.
func plainReader(name string, r io.Reader) (io.Reader, error) {
	if !strings.HasSuffix(name, ".gz") {
		return r, nil
	}
	return gzip.NewReader(r)
}

// store writes text to name, or packed to name.gz when it is longer than limit,
// and removes the other form.
func store(name string, text []byte, limit int, progress io.Writer) error {
	other := name + ".gz"
	if len(text) > limit {
		packed, err := pack(text)
		if err != nil {
			return err
		}
		name, other, text = other, name, packed
	}
	if err := os.WriteFile(name, text, 0o644); err != nil {
		return err
	}
	if err := os.Remove(other); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	_, err := fmt.Fprintf(progress, "%8d %s\n", len(text), filepath.Base(name))
	return err
}

// pack compresses without name and time, so that the same text gives the same
// bytes.
func pack(text []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// line is the compact JSON of a value on one line, keys sorted.
func line(v any) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil { // only values that were decoded from JSON come here
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// field is one member of an object that is written in a given order.
type field struct {
	name  string
	value string // JSON text
}

// writeObject writes the members one a line, indented by depth+1 spaces.
func writeObject(b *bytes.Buffer, depth int, fields []field) {
	indent := strings.Repeat(" ", depth+1)
	b.WriteString("{\n")
	for i, f := range fields {
		fmt.Fprintf(b, "%s%s: %s", indent, line(f.name), f.value)
		if i < len(fields)-1 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
	}
	b.WriteString(indent[1:] + "}")
}

// list is the JSON text of a list with one element a line.
func list(depth int, elements []string) string {
	indent := "\n" + strings.Repeat(" ", depth+1)
	return "[" + indent + strings.Join(elements, ","+indent) + indent[:len(indent)-1] + "]"
}
