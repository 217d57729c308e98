package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/fuzz/regression"
	"smpcheck/vectors/codec"
)

// promoteFlags are the flags of the command promote, as they were given.
type promoteFlags struct {
	id, title, cases string
	requirements     []string
	vector           string
	inputs           []string
	refuse           string
}

func promoteCommand(s suite) *cobra.Command {
	var f promoteFlags
	cmd := &cobra.Command{
		Use:   "promote [flags] FILE",
		Short: "Make a conformance case of a finding, or a vector of a fuzz input",
		Long: `Make a conformance case of a finding, or a vector of a fuzz input.

FILE is the finding.json of a finding of fuzz relay, or the folder that has it: it becomes a
case, which relay --cases runs. With --vector FILE is the input of a native fuzz target, from
testdata/fuzz, or any bytes: it becomes a vector, which vectors --cases checks. The id is for
ever, and none that is used.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0], s) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.id, "id", "", "`ID` of the case, such as relay/fuzz/late-message, or of the vector, such as regression/decode_block/no-count")
	flags.StringVar(&f.title, "title", "", "the rule as one `SENTENCE` (default what was expected)")
	flags.StringSliceVar(&f.requirements, "requirement", nil, "the `ID` of the requirement that the case tests (default that of the finding); repeatable")
	flags.StringVar(&f.cases, "cases", "cases", "write into `DIR`")
	flags.StringVar(&f.vector, "vector", "", "make a vector for this `OPERATION`; vectors/OPERATIONS.md lists them")
	flags.StringSliceVar(&f.inputs, "inputs", nil, "with --vector, the `NAMES` of the inputs that the values of FILE are, in their order; NAME=VALUE for another one, - leaves a value out")
	flags.StringVar(&f.refuse, "refuse", "", "with --vector, the inputs have to be refused as `CLASS` (default what the reference codec answers)")
	return cmd
}

func (f *promoteFlags) run(cmd *cobra.Command, file string, s suite) error {
	if f.id == "" {
		return errors.New("--id is missing; an id is for ever, such as relay/fuzz/late-message")
	}
	made := f.makeCase
	if f.vector != "" {
		made = f.makeVector
	} else if len(f.inputs) > 0 || f.refuse != "" {
		return errors.New("--inputs and --refuse are about vectors; expected --vector")
	}
	name, runs, err := made(cmd, file, s)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s\n%s\n", name, runs); err != nil {
		return broken("write the name: %w", err)
	}
	return nil
}

// makeCase writes the case and returns its file and the command that runs it.
func (f *promoteFlags) makeCase(_ *cobra.Command, file string, s suite) (name, runs string, err error) {
	registry, err := s.registry()
	if err != nil {
		return "", "", err
	}
	finding, err := readFinding(file)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", file, err)
	}
	c, err := regression.NewCase{ID: f.id, Title: f.title, Requirements: f.requirements}.Make(finding, registry.Catalogue())
	if err != nil {
		return "", "", err
	}
	if name, err = regression.AddCase(f.cases, c, registry); err != nil {
		return "", "", err
	}
	return name, fmt.Sprintf("smpcheck relay --cases %s --run %s", f.cases, f.id), nil
}

// makeVector writes the vector and returns its file and the command that checks it.
func (f *promoteFlags) makeVector(cmd *cobra.Command, file string, _ suite) (name, runs string, err error) {
	if len(f.requirements) > 0 {
		return "", "", errors.New("--requirement is about cases; a requirement names its vectors")
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", "", err
	}
	values, err := regression.ParseInput(text)
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", file, err)
	}
	inputs, err := regression.BindInputs(f.vector, f.inputs, values)
	if err != nil {
		return "", "", err
	}
	title := f.title
	if title == "" {
		title = "an input that a fuzzer has found"
	}
	vector, err := regression.NewVector{ID: f.id, What: title, Inputs: inputs, Refuse: f.refuse}.Make(cmd.Context(), codec.New())
	if err != nil {
		return "", "", err
	}
	if name, err = regression.AddVector(f.cases, vector); err != nil {
		return "", "", err
	}
	return name, fmt.Sprintf("smpcheck vectors --cases %s --run %s", f.cases, f.id), nil
}
