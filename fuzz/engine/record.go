package engine

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/program"
	"smpcheck/reference/wire"
)

// Schema is the JSON Schema of the file of a finding.
//
//go:embed schema.json
var Schema []byte

// findingFormat is the version of the form of findings as JSON.
const findingFormat = 1

// record is a finding as JSON.
type record struct {
	Format      int             `json:"format"`
	ID          string          `json:"id"`
	Kind        drive.Kind      `json:"kind"`
	Rule        string          `json:"rule"`
	Requirement string          `json:"requirement"`
	Command     string          `json:"command"`
	Op          int             `json:"op"`
	Expected    string          `json:"expected"`
	Actual      string          `json:"actual"`
	Place       string          `json:"place"`
	Program     program.Program `json:"program"`
	Original    program.Program `json:"original"`
	Seed        uint64          `json:"seed"`
	Versions    [2]uint16       `json:"versions"`
	TLS         string          `json:"tls"`
	Model       bool            `json:"model"`
	Quota       int             `json:"quota"`
	Prompt      bool            `json:"prompt"`
	AfterMS     int64           `json:"after_ms"`
	Operations  int             `json:"operations"`
	Shrunk      int             `json:"shrunk"`
	From        int             `json:"from"`
	Stable      int             `json:"stable"`
	Tried       int             `json:"tried"`
	Behind      []string        `json:"behind"`
	Times       int             `json:"times"`
	Detail      string          `json:"detail"`
}

// MarshalJSON returns the form of schema.json.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(record{
		Format: findingFormat, ID: f.ID, Kind: f.Kind, Rule: f.Rule, Requirement: f.Requirement,
		Command: f.Command, Op: f.Op, Expected: f.Expected, Actual: f.Actual, Place: f.Place,
		Program: f.Program, Original: f.Original, Seed: f.Seed,
		Versions: [2]uint16{f.Versions.Min, f.Versions.Max}, TLS: f.TLS,
		Model: f.Model, Quota: f.Quota, Prompt: f.Prompt,
		AfterMS: f.After.Milliseconds(), Operations: f.Operations, Shrunk: f.Shrunk, From: f.From,
		Stable: f.Stable, Tried: f.Tried, Behind: append([]string{}, f.Behind...), Times: f.Times, Detail: f.Detail,
	})
}

// errFinding says that a file is no finding.
var errFinding = errors.New("malformed finding")

// UnmarshalJSON reads the form of schema.json.
func (f *Finding) UnmarshalJSON(b []byte) error {
	var r record
	decoder := json.NewDecoder(bytes.NewReader(b))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		return fmt.Errorf("%w: %w", errFinding, err)
	}
	if r.Format != findingFormat {
		return fmt.Errorf("%w: format %d, expected %d", errFinding, r.Format, findingFormat)
	}
	if r.ID == "" || r.Kind == "" || r.Rule == "" {
		return fmt.Errorf("%w: id, kind or rule is missing", errFinding)
	}
	if r.TLS != "1.2" && r.TLS != "1.3" || r.Versions[0] > r.Versions[1] {
		return fmt.Errorf("%w: TLS %q, SMP versions %d to %d", errFinding, r.TLS, r.Versions[0], r.Versions[1])
	}
	*f = Finding{
		ID: r.ID,
		Breach: drive.Breach{
			Kind: r.Kind, Rule: r.Rule, Requirement: r.Requirement, Op: r.Op, Command: r.Command,
			Expected: r.Expected, Actual: r.Actual,
		},
		Program: r.Program, Original: r.Original, Seed: r.Seed,
		Versions: wire.Versions(r.Versions[0], r.Versions[1]), TLS: r.TLS,
		Model: r.Model, Quota: r.Quota, Prompt: r.Prompt,
		After: time.Duration(r.AfterMS) * time.Millisecond, Operations: r.Operations,
		Shrunk: r.Shrunk, From: r.From, Place: r.Place, Detail: r.Detail,
		Stable: r.Stable, Tried: r.Tried, Behind: r.Behind, Times: r.Times,
	}
	return nil
}

// Names of the files of a finding.
const (
	findingFile = "finding.json"
	readmeFile  = "README.md"
	traceFile   = "trace.txt"
	stderrFile  = "stderr.txt"
)

// maxFinding is the size of the largest file that can be a finding, in bytes.
const maxFinding = 4 << 20

func loadFinding(path string) (Finding, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, findingFile)
	}
	file, err := os.Open(path)
	if err != nil {
		return Finding{}, err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxFinding+1))
	if err != nil {
		return Finding{}, err
	}
	if len(b) > maxFinding {
		return Finding{}, fmt.Errorf("%s: %w: more than %d bytes", path, errFinding, maxFinding)
	}
	var f Finding
	if err := json.Unmarshal(b, &f); err != nil {
		return Finding{}, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}
