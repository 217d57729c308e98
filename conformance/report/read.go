package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// ErrEmpty says that there is no report in a file, as a run leaves it that ended before
// it had one.
var ErrEmpty = errors.New("the file is empty: the run that made it ended before it had a report")

// Read reads the JSON form of a report. Anything that Schema does not allow is an error.
func Read(r io.Reader) (*Document, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, ErrEmpty
	}
	if err := validate(text); err != nil {
		return nil, err
	}
	var d Document
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("it is no report: %w", err)
	}
	if s := d.Shard; s != nil && (s.Index > s.Count || s.Index > s.Of) {
		return nil, fmt.Errorf("it says that it is shard %d/%d of %d cases", s.Index, s.Count, s.Of)
	}
	return &d, nil
}

// validate checks a text against Schema. The error names the first place that is wrong.
func validate(text []byte) error {
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema))
	if err != nil {
		return err
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("report.json", schema); err != nil {
		return err
	}
	compiled, err := compiler.Compile("report.json")
	if err != nil {
		return err
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("it is no JSON: %w", err)
	}
	err = compiled.Validate(parsed)
	if invalid, ok := errors.AsType[*jsonschema.ValidationError](err); ok {
		return fmt.Errorf("it is no JSON report of this smpcheck: %s", firstCause(invalid))
	}
	return err
}

// firstCause is the innermost first reason of an error, on one line.
func firstCause(invalid *jsonschema.ValidationError) string {
	for len(invalid.Causes) > 0 {
		invalid = slices.MinFunc(invalid.Causes, func(a, b *jsonschema.ValidationError) int {
			return slices.Compare(a.InstanceLocation, b.InstanceLocation)
		})
	}
	text := invalid.Error()
	if at := strings.LastIndex(text, "\n- "); at >= 0 {
		text = text[at+3:]
	}
	return strings.Join(strings.Fields(text), " ")
}
