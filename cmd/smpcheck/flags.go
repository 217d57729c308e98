package main

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/expect"
	"smpcheck/conformance/report"
	"smpcheck/spec"
)

// maxSeed is the largest seed: the largest integer that every JSON reader keeps.
const maxSeed = 1<<53 - 1

// runFlags are the flags of commands that run cases, as they were given.
type runFlags struct {
	run, skip    []string
	expect       string
	writeExpect  string
	versions     string
	level        string
	parallel     int
	shard        string
	seed         uint64
	timeoutScale float64
	failOnSkip   bool
	reports      []string
	trace        string
	exec         string
	knownName    string
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.run, "run", nil, "run the cases whose ids match `PATTERN` (* one component, ** any); repeatable")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the cases whose ids match `PATTERN`; repeatable")
	flags.StringVar(&f.expect, "expect", "", "read the known failures of the target from `FILE`")
	flags.StringVar(&f.writeExpect, "write-expect", "", "write the failures of this run to `FILE`, for --expect")
	flags.StringVar(&f.versions, "versions", "", "run at these SMP `VERSIONS`, such as 6-20 for all or 6,9,11-12 (default: the edges of each rule and those where forms change)")
	flags.StringVar(&f.level, "level", "", "run the cases of this `LEVEL` and stronger: must, claim, should, observed, may")
	flags.IntVar(&f.parallel, "parallel", 0, "run `N` cases at once (default four times the processors)")
	flags.StringVar(&f.shard, "shard", "", "run part `I/N` of the selected cases")
	flags.Uint64Var(&f.seed, "seed", 0, "repeat the random choices of the run with seed `N`")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.failOnSkip, "fail-on-skip", false, "exit with 1 if a case is skipped")
	flags.StringArrayVar(&f.reports, "report", nil, "write a report as `FORMAT=FILE`: text, json or junit; - is standard output; repeatable")
	flags.StringVar(&f.trace, "trace", "", "write the decoded conversation of every case to files in `DIR`")
	flags.StringVar(&f.knownName, "known-name", "", "`NAME` that the relay under test resolves, or none if it resolves no names (default: not known)")
	flags.StringVar(&f.exec, "exec", "", "start the target with `CMD`, which prints its smp:// address on a line of its own")
}

// plan is what the flags ask for.
type plan struct {
	cases    []*conformance.Case
	options  conformance.Options
	expected expect.List
	reports  []report.Destination
}

// plan checks the flags; every error is one of usage.
func (f *runFlags) plan(cmd *cobra.Command, registry *conformance.Registry) (*plan, error) {
	p := &plan{options: conformance.Options{Seed: f.seed, TimeoutScale: f.timeoutScale, Parallel: f.parallel}}
	if err := f.checkNumbers(cmd); err != nil {
		return nil, err
	}
	if err := f.selectCases(p, registry); err != nil {
		return nil, err
	}
	if f.versions != "" {
		versions, err := conformance.ParseVersions(f.versions)
		if err != nil {
			return nil, err
		}
		p.options.Versions = versions
	}
	for _, text := range f.reports {
		destination, err := report.ParseDestination(text)
		if err != nil {
			return nil, err
		}
		p.reports = append(p.reports, destination)
	}
	if !cmd.Flags().Changed("seed") {
		p.options.Seed = randomSeed()
	}
	return p, f.readExpectations(p, registry)
}

func (f *runFlags) checkNumbers(cmd *cobra.Command) error {
	if cmd.Flags().Changed("parallel") && f.parallel < 1 {
		return fmt.Errorf("--parallel %d, expected 1 or more", f.parallel)
	}
	if f.seed > maxSeed {
		return fmt.Errorf("--seed %d, expected at most %d", f.seed, uint64(maxSeed))
	}
	return checkTimeoutScale(f.timeoutScale)
}

func checkTimeoutScale(scale float64) error {
	if !(scale > 0) || math.IsInf(scale, 0) || scale > 1000 {
		return fmt.Errorf("--timeout-scale %v, expected more than 0 and at most 1000", scale)
	}
	return nil
}

func (f *runFlags) selectCases(p *plan, registry *conformance.Registry) error {
	var err error
	if p.cases, err = registry.Select(f.run, f.skip); err != nil {
		return err
	}
	if f.level != "" {
		level, err := spec.ParseLevel(f.level)
		if err != nil {
			return err
		}
		p.cases = conformance.AtLevel(p.cases, level)
	}
	if f.shard != "" {
		shard, err := conformance.ParseShard(f.shard)
		if err != nil {
			return err
		}
		p.cases = shard.Of(p.cases)
	}
	if len(p.cases) == 0 {
		return errors.New("no case is left to run")
	}
	return nil
}

func (f *runFlags) readExpectations(p *plan, registry *conformance.Registry) error {
	if f.expect == "" {
		return nil
	}
	file, err := os.Open(f.expect)
	if err != nil {
		return fmt.Errorf("expectations: %w", err)
	}
	defer file.Close()
	p.expected, err = expect.Read(file)
	if err == nil {
		err = p.expected.Check(registry)
	}
	if err != nil {
		return fmt.Errorf("expectations in %s: %w", f.expect, err)
	}
	p.options.Expect = p.expected
	return nil
}

// randomSeed returns a seed of at most maxSeed. crypto/rand.Read never fails.
func randomSeed() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:]) & maxSeed
}
