package regression

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"runtime/debug"
	"strings"

	"smpcheck/reference/smp"
	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/plan"
)

// VectorKind is the kind of all vectors of this package, the first part of their ids.
const VectorKind = "regression"

// vectorFormat is the format of the files of package vectors.
const vectorFormat = "smpcheck-vectors-1"

// foundFlag is the flag of every vector.
const foundFlag = "Found"

// vectorID is the kind, the operation and a name.
var vectorID = regexp.MustCompile(`^` + VectorKind + `/([a-z0-9_]+)/([a-z0-9]+(-[a-z0-9]+)*)$`)

// NewVector is what a vector is made of.
type NewVector struct {
	// ID is "regression/OPERATION/name".
	ID string
	// What says in a line for people what is remarkable about the inputs.
	What string
	// Inputs are those of the operation.
	Inputs map[string]json.RawMessage
	// Refuse is the class of the refusal that the inputs have to earn. If it is empty, the
	// answer of the codec is what has to be answered.
	Refuse string
}

// Make returns the file with the one vector. The codec is the one whose answers are
// trusted, now that the finding is fixed; its panic is an error.
func (n NewVector) Make(ctx context.Context, codec check.Adapter) (*vectors.File, error) {
	parts := vectorID.FindStringSubmatch(n.ID)
	if parts == nil {
		return nil, fmt.Errorf("the id %q is not %s/OPERATION/name, the name in lower-case words joined by hyphens", n.ID, VectorKind)
	}
	if strings.TrimSpace(n.What) == "" {
		return nil, errors.New("the vector has no title")
	}
	operation := parts[1]
	test := vectors.Test{ID: strings.TrimPrefix(n.ID, VectorKind+"/"), What: n.What, Flags: []string{foundFlag}}
	var err error
	if test.Inputs, err = json.Marshal(n.Inputs); err != nil {
		return nil, err
	}
	if n.Refuse != "" {
		test.Result, test.Operation, test.Error = vectors.Invalid, operation, n.Refuse
	} else if err := n.ask(ctx, codec, operation, &test); err != nil {
		return nil, err
	}
	if test.Checksum, err = test.Sum(); err != nil {
		return nil, err
	}
	file := newVectorFile()
	file.Count = 1
	file.Groups = []vectors.Group{{
		Name: operation, What: "inputs of " + operation + " that a codec once got wrong",
		Operations: []string{operation}, Tests: []vectors.Test{test},
	}}
	return file, checkVector(file)
}

func newVectorFile() *vectors.File {
	return &vectors.File{
		Format: vectorFormat, Kind: VectorKind, What: "inputs that a fuzzer has found",
		Source: vectors.Source{
			Repository: "smpcheck", Version: "1", CodeLicence: "MIT",
			Note: "the inputs are those of a fuzzer, the answers those of the reference implementation after it was corrected",
		},
		Versions: [2]uint16{smp.MinVersion, smp.MaxVersion},
		Notes:    []string{"Each was a finding once."},
		Flags:    map[string]string{foundFlag: "Some codec has crashed here, or answered wrongly."},
	}
}

// ask has the codec answer the inputs and puts the answer into the test.
func (n NewVector) ask(ctx context.Context, codec check.Adapter, operation string, test *vectors.Test) error {
	answer, err := do(ctx, codec, operation, n.Inputs)
	var refusal *check.Refusal
	switch {
	case errors.As(err, &refusal) && refusal.Class == check.BadRequest:
		return fmt.Errorf("the inputs are not those of %s: %s", operation, refusal.Detail)
	case errors.As(err, &refusal):
		test.Result, test.Operation, test.Error = vectors.Invalid, operation, refusal.Class
		return nil
	case err != nil:
		return fmt.Errorf("operation %s: %w", operation, err)
	}
	dictionary, err := vectors.Operations()
	if err != nil {
		return err
	}
	output, intermediate := make(map[string]json.RawMessage), make(map[string]json.RawMessage)
	for name, value := range answer {
		if _, ok := dictionary.Operations[operation].Output[name]; ok {
			output[name] = value
		} else {
			intermediate[name] = value
		}
	}
	test.Result = vectors.Valid
	if test.Output, err = json.Marshal(output); err != nil {
		return err
	}
	if len(intermediate) > 0 {
		test.Intermediate, err = json.Marshal(intermediate)
	}
	return err
}

// do asks the codec; a panic is an error with the place where it began.
func do(ctx context.Context, codec check.Adapter, operation string, inputs map[string]json.RawMessage) (answer map[string]json.RawMessage, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the codec panics, so its answer is unknown (%v, at %s); expected a corrected codec or the class of the refusal", reason, panicPlace(debug.Stack()))
		}
	}()
	return codec.Do(ctx, operation, inputs)
}

// panicPlace is the file and line that a stack of a recovered panic began at.
func panicPlace(stack []byte) string {
	lines := strings.Split(string(stack), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "panic(") && i+3 < len(lines) {
			place, _, _ := strings.Cut(strings.TrimSpace(lines[i+3]), " ")
			return place
		}
	}
	return "an unknown place"
}

// checkVector fails unless the file has the form of one vector of this package.
func checkVector(f *vectors.File) error {
	switch {
	case f.Kind != VectorKind:
		return fmt.Errorf("the kind of the vectors is %q, expected %q", f.Kind, VectorKind)
	case !f.Generated():
		return fmt.Errorf("the repository of the source is %q, expected smpcheck", f.Source.Repository)
	case f.Count != 1 || len(f.Groups) != 1 || len(f.Groups[0].Tests) != 1:
		return errors.New("the file has another number of vectors than one")
	}
	g := &f.Groups[0]
	t := &g.Tests[0]
	parts := vectorID.FindStringSubmatch(f.Kind + "/" + t.ID)
	switch {
	case parts == nil:
		return fmt.Errorf("the id %q is not OPERATION/name", t.ID)
	case parts[1] != g.Name || len(g.Operations) != 1 || g.Operations[0] != g.Name || t.Invalid() && t.Operation != g.Name:
		return fmt.Errorf("the id %q, its group %q and its operations do not name the same operation", t.ID, g.Name)
	case t.Result != vectors.Valid && t.Result != vectors.Invalid:
		return fmt.Errorf("the result is %q, expected %q or %q", t.Result, vectors.Valid, vectors.Invalid)
	case t.Invalid() != (t.Error != ""):
		return errors.New("inputs that are refused have the class of the error, others have none")
	}
	for _, flag := range t.Flags {
		if f.Flags[flag] == "" {
			return fmt.Errorf("the flag %q is not explained", flag)
		}
	}
	if sum, err := t.Sum(); err != nil || sum != t.Checksum {
		return fmt.Errorf("the vector was changed: its checksum is %q, its values give %q", t.Checksum, sum)
	}
	dictionary, err := vectors.Operations()
	if err != nil {
		return err
	}
	if _, known := dictionary.Errors[t.Error]; t.Invalid() && !known {
		return fmt.Errorf("no class of errors is called %q; vectors/OPERATIONS.md lists them", t.Error)
	}
	_, err = plan.Calls(f, g, t)
	return err
}
