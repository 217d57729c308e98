package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"smpcheck/conformance"
	"smpcheck/conformance/expect"
	"smpcheck/conformance/report"
	"smpcheck/conformance/target"
	"smpcheck/reference/smp"
)

func relayCommand(s suite) *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "relay [flags] [smp://FINGERPRINT@HOST[:PORT]]",
		Short: "Test a relay; without an address, the embedded reference relay",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return testRelay(cmd, args, &f, s)
		},
	}
	f.register(cmd)
	return cmd
}

// testRelay tests a relay and writes the reports.
func testRelay(cmd *cobra.Command, args []string, f *runFlags, s suite) (err error) {
	registry, err := s.registryWith(f.cases)
	if err != nil {
		return err
	}
	p, err := f.plan(cmd, registry)
	if err != nil {
		return err
	}
	names, err := f.names(args, s)
	if err != nil {
		return err
	}
	open, err := f.subject(args, s, names)
	if err != nil {
		return err
	}
	out, err := openOutputs(cmd.OutOrStdout(), p.reports, f.writeExpect)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	if err := makeTraceFolder(f.trace); err != nil {
		return err
	}
	ctx := cmd.Context()
	tested, err := open(ctx)
	if err != nil {
		return broken("%w", err)
	}
	defer func() { err = errors.Join(err, tested.close()) }()
	tgt := tested.target
	info, err := s.preflight(ctx, tgt, p.options.TimeoutScale)
	if err != nil {
		return broken("%s: %w", tgt.Server(), errors.Join(err, obituary(tgt)))
	}
	info.Names, info.Files = tested.names, tested.files
	if s.survey != nil {
		info.Capabilities = s.survey(ctx, tgt, info, p.options.TimeoutScale)
	}
	repeat := f.invocation(tgt, p.options)
	if f.trace != "" {
		p.options.Trace = f.traceFiles(repeat).write
	}
	bar := newProgress(cmd.ErrOrStderr(), len(p.cases))
	p.options.OnResult = bar.show
	outcome := conformance.Execute(ctx, p.cases, tgt, info, p.options)
	bar.clear()
	document := report.New(report.Tool{Name: "smpcheck", Version: version}, tgt, info, p.options.Seed, outcome)
	document.Target.Fault = f.fault
	document.Options, document.Shard = p.asked, p.shard
	document.Repeat(repeat)
	if err := writeExpectations(out, outcome, p.expected, tgt.Server().Password); err != nil {
		return broken("%w", err)
	}
	if err := out.writeReports(document, registry.Catalogue()); err != nil {
		return broken("%w", err)
	}
	return judge(document)
}

// subject is what a run tests, with what is known about it before it is asked.
type subject struct {
	target target.Target
	names  target.Names
	files  string
	close  func() error
}

// opener starts or finds what is tested.
type opener func(context.Context) (*subject, error)

// subject returns the function that starts or finds what the command line names. Its error
// is one of usage.
func (f *runFlags) subject(args []string, s suite, names target.Names) (opener, error) {
	if f.fault != "" {
		return f.faultOpener(args, s, names)
	}
	open, err := openTarget(args, f.exec, s)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (*subject, error) {
		tgt, err := open(ctx)
		if err != nil {
			return nil, err
		}
		return &subject{tgt, names, f.scan, tgt.Close}, nil
	}, nil
}

// openTarget returns the function that starts or finds the target of an address or a
// command, or the embedded relay. Its error is one of usage.
func openTarget(args []string, exec string, s suite) (func(context.Context) (target.Target, error), error) {
	switch {
	case len(args) == 1 && exec != "":
		return nil, errors.New("an address and --exec both name a target; expected one")
	case exec != "":
		command, err := target.ParseCommand(exec)
		if err != nil {
			return nil, err
		}
		return func(ctx context.Context) (target.Target, error) { return target.Run(ctx, command) }, nil
	case len(args) == 1:
		server, err := target.ParseAddress(args[0])
		if err != nil {
			return nil, err
		}
		return func(context.Context) (target.Target, error) { return target.At(server), nil }, nil
	}
	return func(ctx context.Context) (target.Target, error) { return target.Embed(ctx, s.embed) }, nil
}

// noNames is the value of --known-name for a relay without the names role.
const noNames = "none"

// names is what is known about the names of the target. Its error is one of usage.
func (f *runFlags) names(args []string, s suite) (target.Names, error) {
	switch {
	case f.knownName == noNames:
		return target.Names{Off: true}, nil
	case f.knownName != "":
		name, err := smp.CanonicalName(f.knownName)
		if err != nil {
			return target.Names{}, fmt.Errorf("--known-name: %w", err)
		}
		return target.Names{Known: name}, nil
	case len(args) == 0 && f.exec == "":
		return s.names, nil
	}
	return target.Names{}, nil
}

// invocation is how this run was asked for.
func (f *runFlags) invocation(t target.Target, o conformance.Options) report.Invocation {
	return report.Invocation{
		Exec: f.exec, Server: t.Server(), Embedded: t.Kind() == target.Embedded,
		Fault: f.fault, Scan: f.scan, Seed: o.Seed, TimeoutScale: o.TimeoutScale, KnownName: f.knownName, Cases: f.cases,
	}
}

// obituary is how a target has ended, nil if it has not.
func obituary(t target.Target) error {
	if text := t.Obituary(); text != "" {
		return fmt.Errorf("the target ended: %s", text)
	}
	return nil
}

func writeExpectations(out *outputs, outcome *conformance.Outcome, known expect.List, password string) error {
	if out.expectations == nil {
		return nil
	}
	list, err := expect.From(outcome, known, password)
	if err != nil {
		return err
	}
	return list.Write(out.expectations)
}
