package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"smpcheck/conformance"
	"smpcheck/conformance/report"
	"smpcheck/conformance/trace"
)

// makeTraceFolder makes the folder for traces, if one is named.
func makeTraceFolder(folder string) error {
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return fmt.Errorf("make the trace folder: %w", err)
	}
	return nil
}

// traceFiles returns what writes the conversations of the runs.
func (f *runFlags) traceFiles(repeat report.Invocation) traceFiles {
	extent := trace.FileExtent
	if f.traceRaw {
		extent = trace.RawExtent
	}
	return traceFiles{f.trace, extent, repeat}
}

// traceFiles writes the conversations of runs into files of a folder.
type traceFiles struct {
	folder string
	extent trace.Extent
	repeat report.Invocation
}

// write makes the two files of a run: its id with dots for slashes and its version, with
// the ending txt for readers and jsonl for programs.
func (f traceFiles) write(c *conformance.Case, run conformance.Run, conversation *trace.Recording) error {
	decoded := conversation.Decode(f.extent)
	hide := func(text string) string { return trace.HideText(text, f.repeat.Server.Password) }
	head := trace.Header{
		Case: c.ID, Version: run.Version, Verdict: string(run.Verdict),
		Expected: hide(run.Expected), Actual: hide(run.Actual), Detail: hide(run.Detail),
		Seed: f.repeat.Seed, Command: f.repeat.Command(c.ID, run.Version),
	}
	name := filepath.Join(f.folder, fmt.Sprintf("%s.v%d", strings.ReplaceAll(c.ID, "/", "."), run.Version))
	return errors.Join(
		writeFile(name+".txt", func(w io.Writer) error { return decoded.Text(w, head) }),
		writeFile(name+".jsonl", func(w io.Writer) error { return decoded.WriteLines(w, head) }),
	)
}

// writeFile makes a file with what write writes.
func writeFile(name string, write func(io.Writer) error) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
