package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"smpcheck/spec"
)

// Format names a form of the report.
type Format string

// The formats.
const (
	TextFormat  Format = "text"
	JSONFormat  Format = "json"
	JUnitFormat Format = "junit"
	HTMLFormat  Format = "html"
)

// Formats returns all formats.
func Formats() []Format { return []Format{TextFormat, JSONFormat, JUnitFormat, HTMLFormat} }

// Destination says in which format a report is written and where.
type Destination struct {
	Format Format
	// File is a file name, or "-" for standard output.
	File string
}

// ParseDestination reads "FORMAT=FILE". The error names the formats that exist.
func ParseDestination(text string) (Destination, error) {
	format, file, _ := strings.Cut(text, "=")
	if !slices.Contains(Formats(), Format(format)) {
		return Destination{}, fmt.Errorf("report format %q is none of %v", format, Formats())
	}
	if file == "" {
		return Destination{}, fmt.Errorf("report %q names no file; expected FORMAT=FILE, with - for standard output", text)
	}
	return Destination{Format: Format(format), File: file}, nil
}

// Write writes the report in the format. Colour concerns the text format alone.
func (d *Document) Write(w io.Writer, format Format, catalogue *spec.Catalogue, colour bool) error {
	switch format {
	case TextFormat:
		return d.Text(w, catalogue, colour)
	case JSONFormat:
		return d.JSON(w)
	case JUnitFormat:
		return d.JUnit(w, catalogue)
	case HTMLFormat:
		return d.HTML(w, catalogue)
	}
	return fmt.Errorf("report format %q is none of %v", format, Formats())
}
