package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/conformance/report"
)

func mergeCommand(s suite) *cobra.Command {
	var reports []string
	cmd := &cobra.Command{
		Use:   "merge [flags] FILE...",
		Short: "Join the JSON reports of all shards of a run",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("no file; merge takes the JSON reports of all shards of a run")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return mergeReports(cmd, args, reports, s) },
	}
	cmd.Flags().StringArrayVar(&reports, "report", nil, reportUsage)
	return cmd
}

// mergeReports writes the report of the whole run, and ends as the run would have.
func mergeReports(cmd *cobra.Command, files, reports []string, s suite) (err error) {
	registry, err := s.registry()
	if err != nil {
		return err
	}
	destinations, err := parseDestinations(reports)
	if err != nil {
		return err
	}
	merged, err := readShards(files)
	if err != nil {
		return err
	}
	out, err := openOutputs(cmd.OutOrStdout(), destinations, "")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	if err := out.writeReports(merged, registry.Catalogue()); err != nil {
		return broken("%w", err)
	}
	return judge(merged)
}

// readShards reads the files and joins them. A file without a report is one of a run that
// broke; every other error is one of usage.
func readShards(files []string) (*report.Document, error) {
	var shards []report.Named
	for _, name := range files {
		d, err := readReport(name)
		if errors.Is(err, report.ErrEmpty) {
			return nil, broken("%s: %w", name, err)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		shards = append(shards, report.Named{File: name, Document: d})
	}
	return report.Merge(shards)
}

func readReport(name string) (*report.Document, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer file.Close()
	return report.Read(file)
}
