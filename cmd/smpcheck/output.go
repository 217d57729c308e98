package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"smpcheck/conformance/report"
	"smpcheck/spec"
)

// outputs are the open files of a run.
type outputs struct {
	stdout       io.Writer
	reports      []output
	expectations io.Writer
	files        []*os.File
}

// output is where a report goes.
type output struct {
	format report.Format
	writer io.Writer
}

// openOutputs makes the files of reports and expectations, so that a name which cannot
// be written is known before the run. A report as text goes to standard output unless
// another report does. An empty name stands for no expectation file.
func openOutputs(stdout io.Writer, destinations []report.Destination, expectations string) (*outputs, error) {
	if err := differentFiles(destinations, expectations); err != nil {
		return nil, err
	}
	o := &outputs{stdout: stdout}
	toStdout := func(d report.Destination) bool { return d.File == "-" }
	if !slices.ContainsFunc(destinations, toStdout) {
		o.reports = append(o.reports, output{report.TextFormat, stdout})
	}
	for _, d := range destinations {
		if toStdout(d) {
			o.reports = append(o.reports, output{d.Format, stdout})
			continue
		}
		file, err := o.create(d.File)
		if err != nil {
			return nil, errors.Join(err, o.close())
		}
		o.reports = append(o.reports, output{d.Format, file})
	}
	if expectations != "" {
		file, err := o.create(expectations)
		if err != nil {
			return nil, errors.Join(err, o.close())
		}
		o.expectations = file
	}
	return o, nil
}

// differentFiles returns an error if two outputs have the same place, unless it is the null
// device.
func differentFiles(destinations []report.Destination, expectations string) error {
	users := make(map[string]string)
	if expectations != "" {
		users[filepath.Clean(expectations)] = "--write-expect " + expectations
	}
	for _, d := range destinations {
		if d.File == os.DevNull {
			continue
		}
		user := fmt.Sprintf("--report %s=%s", d.Format, d.File)
		if other, taken := users[filepath.Clean(d.File)]; taken {
			return fmt.Errorf("%s and %s would write to the same place", other, user)
		}
		users[filepath.Clean(d.File)] = user
	}
	return nil
}

// create makes a file that close closes.
func (o *outputs) create(name string) (*os.File, error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create the output file: %w", err)
	}
	o.files = append(o.files, file)
	return file, nil
}

// writeReports writes the files before what goes to standard output, whose reader may
// leave early.
func (o *outputs) writeReports(d *report.Document, catalogue *spec.Catalogue) error {
	toStdout := func(r output) bool { return r.writer == o.stdout }
	reports := slices.DeleteFunc(slices.Clone(o.reports), toStdout)
	for _, r := range o.reports {
		if toStdout(r) {
			reports = append(reports, r)
		}
	}
	for _, r := range reports {
		colour := toStdout(r) && isTerminal(o.stdout) && os.Getenv("NO_COLOR") == ""
		if err := d.Write(r.writer, r.format, catalogue, colour); err != nil {
			return err
		}
	}
	return nil
}

// close closes the files. Standard output stays open.
func (o *outputs) close() error {
	var errs []error
	for _, file := range o.files {
		if err := file.Close(); err != nil {
			errs = append(errs, broken("close the output file: %w", err))
		}
	}
	o.files = nil
	return errors.Join(errs...)
}

// isTerminal reports whether w is a terminal.
func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
