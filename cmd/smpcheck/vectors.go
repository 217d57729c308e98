package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/target"
	"smpcheck/fuzz/regression"
	"smpcheck/vectors"
	"smpcheck/vectors/check"
	"smpcheck/vectors/codec"
)

// vectorFlags are the flags of the command vectors, as they were given.
type vectorFlags struct {
	exec         string
	cases        string
	run          []string
	strict       bool
	asJSON       bool
	timeoutScale float64
}

func vectorsCommand() *cobra.Command {
	var f vectorFlags
	cmd := &cobra.Command{
		Use:   "vectors",
		Short: "Check the vectors with the reference codec, or with another through an adapter",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return f.check(cmd) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.exec, "exec", "", "check the codec behind the adapter `CMD`, which answers JSON lines; see docs/vectors.md")
	flags.StringSliceVar(&f.run, "run", nil, "check the vectors whose kind, or kind/id, matches `PATTERN` (* one component, ** any); repeatable")
	flags.StringVar(&f.cases, "cases", "", "check the vectors in `DIR` besides, which promote has made")
	flags.BoolVar(&f.strict, "strict", false, "with --exec, want the class of each refusal and all intermediate values")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	return cmd
}

// check runs the vectors and writes the report, also that of a run which ended early.
func (f *vectorFlags) check(cmd *cobra.Command) (err error) {
	if err := checkTimeoutScale(f.timeoutScale); err != nil {
		return err
	}
	selected, err := f.selection()
	if err != nil {
		return err
	}
	name, adapter, stop, err := f.adapter(cmd.Context())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	bar := newProgress(cmd.ErrOrStderr(), selected.count)
	options := check.Options{
		Strict:   f.strict || f.exec == "",
		Select:   selected.match,
		Progress: func(done int) { bar.count(done, "vectors") },
	}
	report, runErr := check.Run(cmd.Context(), name, adapter, selected.files, options)
	bar.clear()
	if err := f.write(cmd, report); err != nil {
		return broken("write the report: %w", err)
	}
	switch {
	case cmd.Context().Err() != nil:
		return broken("the run was interrupted")
	case runErr != nil:
		return broken("%w", runErr)
	case report.Summary.Fail > 0:
		return violated(fmt.Sprintf("%d of %d vectors fail", report.Summary.Fail, report.Summary.Tests))
	case report.Summary.Pass == 0:
		return violated("no vector passed")
	}
	return nil
}

func (f *vectorFlags) write(cmd *cobra.Command, report *check.Report) error {
	if f.asJSON {
		return writeJSON(cmd.OutOrStdout(), report)
	}
	return report.WriteText(cmd.OutOrStdout())
}

// adapter returns the codec that is checked, its name, and how to end it.
func (f *vectorFlags) adapter(ctx context.Context) (string, check.Adapter, func() error, error) {
	if f.exec == "" {
		return "reference codec", codec.New(), func() error { return nil }, nil
	}
	command, err := target.ParseCommand(f.exec)
	if err != nil {
		return "", nil, nil, err
	}
	timeout := time.Duration(float64(check.AnswerTimeout) * f.timeoutScale)
	process, err := check.Start(ctx, command, timeout)
	if err != nil {
		return "", nil, nil, broken("%w", err)
	}
	return f.exec, process, process.Close, nil
}

// regressionVectors are the vectors in a folder. None is an error.
func regressionVectors(dir string) (*vectors.File, error) {
	folder, err := regression.Load(dir)
	if err != nil {
		return nil, fmt.Errorf("--cases: %w", err)
	}
	file := folder.Vectors()
	if file == nil {
		return nil, fmt.Errorf("--cases: no vector is in %s", dir)
	}
	return file, nil
}

// selection are the vectors that match the patterns.
type selection struct {
	files    []*vectors.File
	patterns []conformance.Pattern
	count    int
}

// selection loads the vectors. A pattern that is malformed or matches none is an error.
func (f *vectorFlags) selection() (*selection, error) {
	s := &selection{}
	for _, text := range f.run {
		pattern, err := conformance.ParsePattern(text)
		if err != nil {
			return nil, err
		}
		s.patterns = append(s.patterns, pattern)
	}
	for _, name := range vectors.Names() {
		file, err := vectors.Load(name)
		if err != nil {
			return nil, broken("%w", err)
		}
		s.files = append(s.files, file)
	}
	kinds := vectors.Names()
	if f.cases != "" {
		file, err := regressionVectors(f.cases)
		if err != nil {
			return nil, err
		}
		s.files, kinds = append(s.files, file), append(kinds, file.Kind)
	}
	matched := make([]bool, len(s.patterns))
	for _, file := range s.files {
		for _, t := range file.All() {
			if s.match(file.Kind, t.ID) {
				s.count++
			}
			for i, pattern := range s.patterns {
				matched[i] = matched[i] || matchVector(pattern, file.Kind, t.ID)
			}
		}
	}
	if i := slices.Index(matched, false); i >= 0 {
		return nil, fmt.Errorf("no vector matches %q; the kinds are %s", s.patterns[i], strings.Join(kinds, ", "))
	}
	return s, nil
}

func (s *selection) match(kind, id string) bool {
	return len(s.patterns) == 0 || slices.ContainsFunc(s.patterns, func(p conformance.Pattern) bool { return matchVector(p, kind, id) })
}

func matchVector(p conformance.Pattern, kind, id string) bool {
	return p.Match(kind) || p.Match(kind+"/"+id)
}
