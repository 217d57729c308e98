package main

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/expect"
	"smpcheck/conformance/profile"
	"smpcheck/conformance/report"
	"smpcheck/spec"
)

// maxSeed is the largest seed: the largest integer that every JSON reader keeps.
const maxSeed = 1<<53 - 1

// reportUsage describes the flag --report.
const reportUsage = "write a report as `FORMAT=FILE`: text, json, junit or html; - is standard output; repeatable"

// casesUsage describes the flag --cases.
const casesUsage = "know the cases in `DIR` besides, which promote has made"

// runFlags are the flags of commands that run cases, as they were given.
type runFlags struct {
	run, skip    []string
	profile      string
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
	traceRaw     bool
	exec         string
	knownName    string
	scan         string
	fault        string
	cases        string
}

func (f *runFlags) register(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringSliceVar(&f.run, "run", nil, "run the cases whose ids match `PATTERN` (* one component, ** any); repeatable")
	flags.StringSliceVar(&f.skip, "skip", nil, "leave out the cases whose ids match `PATTERN`; repeatable")
	flags.StringVar(&f.profile, "profile", "", "run the cases of the profile `NAME`; list --profiles names them")
	flags.StringVar(&f.expect, "expect", "", "read the known failures of the target from `FILE`")
	flags.StringVar(&f.writeExpect, "write-expect", "", "write the failures of this run to `FILE`, for --expect")
	flags.StringVar(&f.versions, "versions", "", "run at these SMP `VERSIONS`, such as 6-20 for all or 6,9,11-12 (default: the edges of each rule and those where forms change)")
	flags.StringVar(&f.level, "level", "", "run the cases of this `LEVEL` and stronger: must, claim, should, observed, may")
	flags.IntVar(&f.parallel, "parallel", 0, "run `N` cases at once (default six times the processors)")
	flags.StringVar(&f.shard, "shard", "", "run part `I/N` of the selected cases")
	flags.Uint64Var(&f.seed, "seed", 0, "repeat the random choices of the run with seed `N`; keys and ids are new in each run")
	flags.Float64Var(&f.timeoutScale, "timeout-scale", 1, "multiply every deadline by `X`")
	flags.BoolVar(&f.failOnSkip, "fail-on-skip", false, "exit with 1 if a case is skipped")
	flags.StringArrayVar(&f.reports, "report", nil, reportUsage)
	flags.StringVar(&f.trace, "trace", "", "write the decoded conversation of every case to files in `DIR`")
	flags.BoolVar(&f.traceRaw, "trace-raw", false, "write all bytes into the files of --trace (default: the first 64 of each layer)")
	flags.StringVar(&f.knownName, "known-name", "", "`NAME` that the relay under test resolves, or none if it resolves no names (default: not known)")
	flags.StringVar(&f.scan, "scan", "", "search `DIR`, the folder of the relay that --exec starts, for bytes of messages")
	flags.StringVar(&f.fault, "fault", "", "give the embedded relay the fault with this `ID`, to see what a report about it looks like")
	flags.StringVar(&f.cases, "cases", "", casesUsage)
	flags.StringVar(&f.exec, "exec", "", "start the target with `CMD`, which prints its smp:// address on a line of its own")
}

// plan is what the flags ask for.
type plan struct {
	cases    []*conformance.Case
	options  conformance.Options
	expected expect.List
	reports  []report.Destination
	// asked is what the report says about the flags, shard which part of the run it is.
	asked report.Options
	shard *report.Shard
}

// plan checks the flags; every error is one of usage.
func (f *runFlags) plan(cmd *cobra.Command, registry *conformance.Registry) (*plan, error) {
	if err := checkNumbers(cmd, f.parallel, &f.seed, f.timeoutScale); err != nil {
		return nil, err
	}
	p := &plan{asked: f.describe(), options: conformance.Options{Seed: f.seed, TimeoutScale: f.timeoutScale, Parallel: f.parallel}}
	if err := f.checkScan(); err != nil {
		return nil, err
	}
	if f.traceRaw && f.trace == "" {
		return nil, errors.New("--trace-raw is about the files of --trace; expected --trace")
	}
	if f.versions != "" {
		versions, err := conformance.ParseVersions(f.versions)
		if err != nil {
			return nil, err
		}
		p.options.Versions, p.asked.Versions = versions, versions
	}
	if err := f.selectCases(p, registry); err != nil {
		return nil, err
	}
	var err error
	if p.reports, err = parseDestinations(f.reports); err != nil {
		return nil, err
	}
	return p, f.readExpectations(p, registry)
}

// parseDestinations reads the values of --report.
func parseDestinations(texts []string) ([]report.Destination, error) {
	var destinations []report.Destination
	for _, text := range texts {
		destination, err := report.ParseDestination(text)
		if err != nil {
			return nil, err
		}
		destinations = append(destinations, destination)
	}
	return destinations, nil
}

// checkNumbers checks the flags of all commands that run cases, and chooses a seed if none
// was given.
func checkNumbers(cmd *cobra.Command, parallel int, seed *uint64, timeoutScale float64) error {
	if cmd.Flags().Changed("parallel") && parallel < 1 {
		return fmt.Errorf("--parallel %d, expected 1 or more", parallel)
	}
	if err := chooseSeed(cmd, seed); err != nil {
		return err
	}
	return checkTimeoutScale(timeoutScale)
}

// chooseSeed checks the flag --seed, and chooses a seed if it was not given.
func chooseSeed(cmd *cobra.Command, seed *uint64) error {
	if !cmd.Flags().Changed("seed") {
		*seed = randomSeed()
	}
	if *seed > maxSeed {
		return fmt.Errorf("--seed %d, expected at most %d", *seed, uint64(maxSeed))
	}
	return nil
}

// checkScan refuses a folder that is none, and one for a relay whose files are out of reach.
func (f *runFlags) checkScan() error {
	if f.scan == "" {
		return nil
	}
	if f.exec == "" {
		return errors.New("--scan searches what a relay keeps that --exec starts; expected --exec")
	}
	info, err := os.Stat(f.scan)
	if err != nil {
		return fmt.Errorf("--scan: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("--scan %s: expected a folder", f.scan)
	}
	return nil
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
	if f.profile != "" {
		if err := f.applyProfile(p); err != nil {
			return err
		}
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
		p.shard = &report.Shard{Index: shard.Index, Count: shard.Count, Of: len(p.cases)}
		p.cases = shard.Of(p.cases)
	}
	if len(p.cases) == 0 {
		return errors.New("no case is left to run")
	}
	return nil
}

// applyProfile limits the cases and the versions to those of the profile.
func (f *runFlags) applyProfile(p *plan) error {
	found, err := profile.Find(f.profile)
	if err != nil {
		return err
	}
	if p.cases, err = found.Select(p.cases); err != nil {
		return err
	}
	p.options.Versions, err = found.VersionsAmong(p.options.Versions)
	return err
}

func (f *runFlags) readExpectations(p *plan, registry *conformance.Registry) error {
	if f.expect == "" {
		return nil
	}
	text, err := os.ReadFile(f.expect)
	if err != nil {
		return fmt.Errorf("expectations: %w", err)
	}
	p.expected, err = expect.Read(bytes.NewReader(text))
	if err == nil {
		err = p.expected.Check(registry)
	}
	if err != nil {
		return fmt.Errorf("expectations in %s: %w", f.expect, err)
	}
	p.options.Expect = p.expected
	p.asked.Expectations = fmt.Sprintf("%x", sha256.Sum256(text))
	return nil
}

// describe is what the report says about the flags.
func (f *runFlags) describe() report.Options {
	return report.Options{
		Profile: f.profile, Run: append([]string{}, f.run...), Skip: append([]string{}, f.skip...), Level: f.level,
		Versions: []uint16{}, TimeoutScale: f.timeoutScale, FailOnSkip: f.failOnSkip, KnownName: f.knownName,
	}
}

// randomSeed returns a seed of at most maxSeed. crypto/rand.Read never fails.
func randomSeed() uint64 {
	var b [8]byte
	rand.Read(b[:])
	return binary.BigEndian.Uint64(b[:]) & maxSeed
}
