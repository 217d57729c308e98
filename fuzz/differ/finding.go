package differ

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// Schema is the JSON Schema, draft 2020-12, of a Finding.
//
//go:embed schema.json
var Schema []byte

const (
	// findingFormat is the format of the file of a finding.
	findingFormat = "smpcheck-difference-1"
	// findingFile is its name in the folder.
	findingFile = "finding.json"
	// maxFinding is how many bytes it may have.
	maxFinding = 4 << 20
)

// fileForm is the form of a finding in its file.
type fileForm struct {
	Format       string    `json:"format"`
	ID           string    `json:"id"`
	Rule         string    `json:"rule"`
	In           string    `json:"in"`
	Command      string    `json:"command"`
	Sent         string    `json:"sent"`
	Op           int       `json:"op"`
	Shown        [2]string `json:"shown"`
	Blames       [2]string `json:"blames"`
	Requirements [2]string `json:"requirements"`
	Program      []string  `json:"program"`
	Original     []string  `json:"original"`
	Seed         uint64    `json:"seed"`
	Versions     [2]uint16 `json:"versions"`
	AfterMS      int64     `json:"after_ms"`
	Programs     int       `json:"programs"`
	Stable       int       `json:"stable"`
	Tried        int       `json:"tried"`
}

// MarshalJSON returns the form of the file.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(fileForm{
		Format: findingFormat, ID: f.ID, Rule: f.Rule, In: f.In, Command: f.Command, Sent: f.Sent, Op: f.Op,
		Shown: f.Shown, Blames: f.Blames, Requirements: f.Requirements, Program: lines(f.Program), Original: lines(f.Original),
		Seed: f.Seed, Versions: [2]uint16{f.Versions.Min, f.Versions.Max}, AfterMS: f.After.Milliseconds(),
		Programs: f.Programs, Stable: f.Stable, Tried: f.Tried,
	})
}

// lines are the lines of a program.
func lines(p program.Program) []string { return strings.Split(strings.TrimSpace(p.String()), "\n") }

// UnmarshalJSON reads the form of the file, and nothing else.
func (f *Finding) UnmarshalJSON(text []byte) error {
	var form fileForm
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&form); err != nil {
		return err
	}
	p, err := program.Parse(strings.Join(form.Program, "\n"))
	if err != nil {
		return err
	}
	original, err := program.Parse(strings.Join(form.Original, "\n"))
	switch {
	case err != nil:
		return err
	case form.Format != findingFormat:
		return fmt.Errorf("the format is %q, expected %q", form.Format, findingFormat)
	case len(p.Ops) == 0:
		return errors.New("the program is empty")
	case form.Rule == "":
		return errors.New("the finding does not say what differs")
	case form.Versions[0] == 0 || form.Versions[0] > form.Versions[1]:
		return fmt.Errorf("the versions are %v, expected the lowest and the highest", form.Versions)
	}
	*f = Finding{
		ID: form.ID, Rule: form.Rule, In: form.In, Command: form.Command, Sent: form.Sent, Op: form.Op,
		Shown: form.Shown, Blames: form.Blames, Requirements: form.Requirements, Program: p, Original: original,
		Seed: form.Seed, Versions: wire.Versions(form.Versions[0], form.Versions[1]), After: time.Duration(form.AfterMS) * time.Millisecond,
		Programs: form.Programs, Stable: form.Stable, Tried: form.Tried,
	}
	return nil
}

func loadFinding(path string) (Finding, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, findingFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return Finding{}, errors.Unwrap(err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFinding+1))
	if err != nil {
		return Finding{}, err
	}
	if len(text) > maxFinding {
		return Finding{}, fmt.Errorf("the file has more than %d bytes", maxFinding)
	}
	var f Finding
	return f, json.Unmarshal(text, &f)
}

// save writes the folder of a finding into another one, if there is one.
func save(dir string, f Finding) error {
	if dir == "" {
		return nil
	}
	folder := filepath.Join(dir, f.ID)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("the findings: %w", err)
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", " ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(f); err != nil {
		return fmt.Errorf("the findings: %w", err)
	}
	err := errors.Join(
		replace(filepath.Join(folder, "README.md"), []byte(f.readme(folder))),
		replace(filepath.Join(folder, findingFile), text.Bytes()),
	)
	if err != nil {
		return fmt.Errorf("the findings: %w", err)
	}
	return nil
}

// replace writes a file at once: whoever reads it finds all of it, or what was there before.
func replace(name string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(content)
	if err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
