package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/conformance/load"
	"smpcheck/conformance/target"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// loadFlags are the flags of the command load, as they were given.
type loadFlags struct {
	options                 load.Options
	exec, via, password     string
	versions, mix           string
	recipientKey, senderKey string
	asJSON, failOnErrors    bool
}

func loadCommand(s suite) *cobra.Command {
	var f loadFlags
	cmd := &cobra.Command{
		Use:   "load [flags] [smp://FINGERPRINT[:PASSWORD]@HOST[:PORT]]",
		Short: "Put load on a relay and measure it; without an address, the embedded reference relay",
		Long: `Put load on a relay and measure it; without an address, the embedded reference relay.

The unit is the message cycle: SEND, the MSG that follows from it, and its ACK. Every
message is verified; one that is lost, repeated, changed or comes to another queue is a
failure. Without --rate each queue begins a cycle when the one before has ended. With it
operations begin at fixed times, and latencies count from these times even if the
operation begins late.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args, s) },
	}
	f.register(cmd)
	return cmd
}

func (f *loadFlags) register(cmd *cobra.Command) {
	flags, o := cmd.Flags(), &f.options
	flags.IntVar(&o.Connections, "connections", 10, fmt.Sprintf("make `N` connections, at most %d", load.MaxConnections))
	flags.IntVar(&o.Queues, "queues", 0, fmt.Sprintf("send to `N` queues, at most %d (default one for each connection)", load.MaxQueues))
	flags.IntVar(&o.IdleQueues, "idle-queues", 0, fmt.Sprintf("create `N` queues besides, which get no messages, at most %d", load.MaxIdleQueues))
	flags.BoolVar(&o.SubscribeIdle, "subscribe-idle", false, "subscribe to the idle queues")
	flags.Float64Var(&o.Rate, "rate", 0, "begin `N` operations a second, whatever the relay does (default: each queue one after the other)")
	flags.StringVar(&f.mix, "mix", "", "`WEIGHTS` of the operations send, proxy, create, subscribe, delete and connect, such as send=90,create=5,delete=5 (default send, with --via proxy)")
	flags.StringVar(&f.via, "via", "", "send through the proxy at `ADDRESS`")
	flags.IntVar(&o.Size, "size", 0, "send bodies of `N` bytes (default the largest that the version has)")
	flags.StringVar(&f.versions, "versions", "", "offer these SMP `VERSIONS`, such as 6-20 for all or 9")
	flags.BoolVar(&o.TLS12, "tls12", false, "accept TLS 1.2 too")
	flags.BoolVar(&o.PlainBlocks, "plain-blocks", false, "do without the encryption of blocks that version 11 introduced")
	flags.StringVar(&f.recipientKey, "recipient-key", "ed25519", "`KIND` of the recipients' keys: ed25519, ed448 or x25519")
	flags.StringVar(&f.senderKey, "sender-key", "x25519", "`KIND` of the senders' keys: ed25519, ed448 or x25519")
	flags.DurationVar(&o.Duration, "duration", 10*time.Second, "measure for so long; 0 makes connections and queues only")
	flags.IntVar(&o.Operations, "operations", 0, "end after `N` operations, if that is before the duration (default no limit)")
	flags.DurationVar(&o.WarmUp, "warm-up", 2*time.Second, "begin so long before the measurement")
	flags.DurationVar(&o.Hold, "hold", 0, "leave connections and queues alone for so long before the load")
	flags.DurationVar(&o.Timeout, "timeout", load.DefaultTimeout, "wait so long for a handshake or an answer")
	flags.DurationVar(&o.Patience, "patience", 0, "wait so long for a message after SEND was answered (default that of --timeout)")
	flags.Uint64Var(&o.Seed, "seed", 0, "repeat the choice of operations and the bodies of seed `N`")
	flags.IntSliceVar(&o.PIDs, "pid", nil, "measure the processors and memory of process `N`, the relay; repeatable")
	flags.BoolVar(&o.Keep, "keep", false, "leave the queues at the relay")
	flags.StringVar(&f.password, "password", "", "`PASSWORD` for new queues and for the proxy, instead of that in the address; others on this machine can see it")
	flags.StringVar(&f.exec, "exec", "", "start the target with `CMD`, which prints its smp:// address on a line of its own, and measure its process")
	flags.BoolVar(&f.asJSON, "json", false, "print one JSON document")
	flags.BoolVar(&f.failOnErrors, "fail-on-errors", false, "exit with 1 if an operation fails")
}

// run makes the load and writes the report.
func (f *loadFlags) run(cmd *cobra.Command, args []string, s suite) error {
	if err := f.parse(cmd); err != nil {
		return err
	}
	open, err := openTarget(args, f.exec, s)
	if err != nil {
		return err
	}
	o := f.options
	o.Embedded = len(args) == 0 && f.exec == ""
	if err := o.Check(); err != nil {
		return err
	}
	tgt, err := open(cmd.Context())
	if err != nil {
		return broken("%w", err)
	}
	defer tgt.Close()
	o.Target = tgt.Server()
	if f.password != "" {
		o.Target.Password = f.password
	}
	o.PIDs = append(o.PIDs, processOf(tgt)...)
	bar := newProgress(cmd.ErrOrStderr(), 0)
	o.Progress = bar.phase
	report, err := load.Run(cmd.Context(), o)
	bar.clear()
	switch {
	case errors.Is(err, load.ErrOptions):
		return err
	case err != nil:
		return broken("%s: %w", o.Target, errors.Join(err, obituary(tgt)))
	}
	report.Tool = load.Tool{Name: "smpcheck", Version: version}
	report.Target.Kind = string(tgt.Kind())
	if err := f.write(cmd.OutOrStdout(), report); err != nil {
		return broken("%w", err)
	}
	return f.judge(report, tgt)
}

// processOf is the process that was started as the target, none for other targets.
func processOf(tgt target.Target) []int {
	if p, ok := tgt.(interface{ PID() int }); ok {
		return []int{p.PID()}
	}
	return nil
}

// parse reads the flags that are no numbers; every error is one of usage.
func (f *loadFlags) parse(cmd *cobra.Command) (err error) {
	o := &f.options
	if !cmd.Flags().Changed("queues") {
		o.Queues = min(o.Connections, load.MaxQueues)
	}
	if err := chooseSeed(cmd, &o.Seed); err != nil {
		return err
	}
	if f.via != "" {
		server, err := target.ParseAddress(f.via)
		if err != nil {
			return fmt.Errorf("--via: %w", err)
		}
		if f.password != "" {
			server.Password = f.password
		}
		o.Via = &server
	}
	if f.mix == "" {
		f.mix = string(load.Send)
		if o.Via != nil {
			f.mix = string(load.Proxy)
		}
	}
	if o.Mix, err = load.ParseMix(f.mix); err != nil {
		return fmt.Errorf("--mix: %w", err)
	}
	if o.Versions, err = parseRange(f.versions); err != nil {
		return fmt.Errorf("--versions: %w", err)
	}
	if o.RecipientKey, err = parseKey(f.recipientKey); err != nil {
		return fmt.Errorf("--recipient-key: %w", err)
	}
	if o.SenderKey, err = parseKey(f.senderKey); err != nil {
		return fmt.Errorf("--sender-key: %w", err)
	}
	return nil
}

func (f *loadFlags) write(w io.Writer, report *load.Report) error {
	if f.asJSON {
		return writeJSON(w, report)
	}
	return report.Text(w)
}

// judge returns nil if the relay bore the load, and otherwise the error with the exit
// code of the run.
func (f *loadFlags) judge(report *load.Report, tgt target.Target) error {
	failed := int64(0)
	for _, e := range report.Errors {
		failed += e.Count
	}
	switch {
	case report.Interrupted:
		return broken("the run was interrupted")
	case report.Messages.Wrong() > 0:
		return violated(fmt.Sprintf("%d messages were lost, repeated, changed or came to another queue", report.Messages.Wrong()))
	case !report.Worked():
		return broken("%w", errors.Join(errors.New("nothing of the load worked"), obituary(tgt)))
	case f.failOnErrors && failed > 0:
		return violated(fmt.Sprintf("%d operations failed", failed))
	}
	return nil
}

// parseRange reads "6-20" or "9"; the zero range is for an empty text.
func parseRange(text string) (wire.VersionRange, error) {
	if text == "" {
		return wire.VersionRange{}, nil
	}
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	from, errFrom := strconv.ParseUint(low, 10, 16)
	to, errTo := strconv.ParseUint(high, 10, 16)
	supported := wire.Versions(smp.MinVersion, smp.MaxVersion)
	versions := wire.Versions(uint16(from), uint16(to))
	if common, ok := supported.Common(versions); errors.Join(errFrom, errTo) != nil || !ok || common != versions {
		return wire.VersionRange{}, fmt.Errorf("%q, expected one version or a range within %v", text, supported)
	}
	return versions, nil
}

// parseKey reads the name of an algorithm of keys that authorize.
func parseKey(text string) (keys.Algorithm, error) {
	for _, alg := range []keys.Algorithm{keys.Ed25519, keys.Ed448, keys.X25519} {
		if strings.EqualFold(text, alg.String()) {
			return alg, nil
		}
	}
	return 0, fmt.Errorf("%q, expected ed25519, ed448 or x25519", text)
}
