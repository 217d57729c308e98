package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// usageError is an error of the command line, or an unsafe configuration.
type usageError struct{ error }

// Unwrap returns the error without its kind.
func (e usageError) Unwrap() error { return e.error }

func usage(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// options are the flags.
type options struct {
	listen, host, dir       string
	store                   string
	versions                string
	password, passwordFile  string
	quota, chain            int
	messageTTL              time.Duration
	tls12                   bool
	maxConnections          int
	maxQueues               int
	proxy                   proxyOptions
	handshakeTime, idleTime time.Duration
	logLevel                string
	names                   namesOptions
	control                 string

	// given reports whether a flag was given.
	given func(name string) bool
}

// run is the program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	cmd := newCommand(stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	fmt.Fprintf(stderr, "smprelay: %s\n", strings.ReplaceAll(err.Error(), "\n", ": "))
	if errors.As(err, &usageError{}) {
		return exitUsage
	}
	return exitFailure
}

// newCommand is the program. Without a subcommand it serves.
func newCommand(stdout, stderr io.Writer) *cobra.Command {
	cmd := serveCommand("smprelay", stdout, stderr)
	cmd.SilenceErrors, cmd.SilenceUsage = true, true
	cmd.CompletionOptions.DisableDefaultCmd = true
	cmd.SetOut(stdout)
	cmd.SetErr(stderr)
	cmd.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	cmd.AddCommand(serveCommand("serve", stdout, stderr))
	cmd.AddCommand(controlCommands(stdout)...)
	return cmd
}

func serveCommand(name string, stdout, stderr io.Writer) *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   name,
		Short: "Run an SMP relay",
		Long: `Run an SMP relay.

It prints its address, smp://FINGERPRINT@HOST:PORT, on standard output and
serves until it gets SIGINT or SIGTERM. With --control its operator can use
the commands block, unblock and stats meanwhile.

Everything is kept in memory only: when the relay ends, queues and messages are
gone, and no trace of them is on the disk. With --store FILE queues survive:
their ids, keys, modes, links and notifiers, the services that they belong to,
and whether they are suspended or blocked. Messages, notifications,
subscriptions and times of use are never written, and no command is logged.

The memory of the process is what is in use and, as garbage that is not yet
collected, up to 40 % of that, at least 16 MiB. The environment variables GOGC
and GOMEMLIMIT replace this rule by those of the Go runtime: GOGC=10 keeps less
garbage and takes more time of the processor.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o := o
			o.given = cmd.Flags().Changed
			if !o.given("chain") {
				o.chain = 0
			}
			if cmd.Flags().Changed("store") && o.store == "" {
				return usage("--store needs the name of a file")
			}
			return serve(cmd.Context(), o, stdout, stderr)
		},
	}
	o.register(cmd)
	return cmd
}

// noArguments refuses arguments.
func noArguments(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage("unexpected argument %q, expected flags only", args[0])
	}
	return nil
}

// register declares the flags of the relay.
func (o *options) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.listen, "listen", ":5223", "`address` to listen at, host:port; port 0 takes a free one")
	f.StringVar(&o.host, "host", "", "`name` of the host in the printed address (default: that of --listen)")
	f.StringVar(&o.dir, "dir", "", "`directory` that keeps the identity of the relay (default: a new identity)")
	f.StringVar(&o.store, "store", "", "`file` that keeps queues, but no messages (default: everything in memory only)")
	f.IntVar(&o.chain, "chain", defaultChain, "number of certificates of a new identity: 2, 3 or 4")
	f.StringVar(&o.versions, "versions", "6-20", "`range` of SMP versions to offer, such as 6-20 or 9")
	f.BoolVar(&o.tls12, "tls12", false, "accept TLS 1.2 too")
	f.StringVar(&o.password, "password", "", "`password` that clients need to create queues and to use the proxy; others on this machine can see it")
	f.StringVar(&o.passwordFile, "password-file", "", "`file` with the password on its first line")
	f.IntVar(&o.quota, "quota", relay.DefaultQuota, "`number` of messages that a queue takes")
	f.DurationVar(&o.messageTTL, "message-ttl", relay.DefaultMessageTTL, "`time` that a message is kept")
	f.IntVar(&o.maxConnections, "max-connections", relay.DefaultMaxConnections, "`number` of connections served at a time")
	f.IntVar(&o.maxQueues, "max-queues", relay.DefaultMaxQueues, "`number` of queues")
	o.proxy.register(cmd)
	f.DurationVar(&o.handshakeTime, "handshake-timeout", relay.DefaultHandshakeTimeout, "`time` for the handshake of a connection")
	f.DurationVar(&o.idleTime, "idle-timeout", relay.DefaultIdleTimeout, "`time` after which a silent connection is closed")
	f.StringVar(&o.logLevel, "log-level", "info", "what to log: debug, info, warn or error")
	o.names.register(cmd)
	f.StringVar(&o.control, "control", "", "`socket` for the commands block, unblock and stats, in a directory of mode 0700 (default: none)")
}

// config checks the flags and makes a configuration of them, without
// credentials.
func (o options) config(stderr io.Writer) (relay.Config, error) {
	versions, err := parseVersions(o.versions)
	if err != nil {
		return relay.Config{}, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.logLevel)); err != nil {
		return relay.Config{}, usage("--log-level %q, expected debug, info, warn or error", o.logLevel)
	}
	for _, f := range []struct {
		name     string
		positive bool
	}{
		{"quota", o.quota > 0},
		{"message-ttl", o.messageTTL > 0},
		{"max-connections", o.maxConnections > 0},
		{"max-queues", o.maxQueues > 0},
		{"handshake-timeout", o.handshakeTime > 0},
		{"idle-timeout", o.idleTime > 0},
		{"proxy-connect-timeout", o.proxy.connect > 0},
		{"proxy-command-timeout", o.proxy.command > 0},
		{"names-timeout", o.names.timeout > 0},
	} {
		if !f.positive {
			return relay.Config{}, usage("--%s has to be positive", f.name)
		}
	}
	if err := checkListen(o.listen); err != nil {
		return relay.Config{}, err
	}
	if o.chain != 0 && (o.chain < 2 || o.chain > 4) {
		return relay.Config{}, usage("--chain %d, expected 2, 3 or 4", o.chain)
	}
	if err := o.contradiction(versions); err != nil {
		return relay.Config{}, err
	}
	password, err := o.readPassword()
	if err != nil {
		return relay.Config{}, err
	}
	proxy, err := o.proxy.config()
	if err != nil {
		return relay.Config{}, err
	}
	names, err := o.names.config()
	if err != nil {
		return relay.Config{}, err
	}
	return relay.Config{
		Versions:         versions,
		TLS12:            o.tls12,
		Password:         password,
		Quota:            o.quota,
		MessageTTL:       o.messageTTL,
		MaxConnections:   o.maxConnections,
		MaxQueues:        o.maxQueues,
		Proxy:            proxy,
		Names:            names,
		HandshakeTimeout: o.handshakeTime,
		IdleTimeout:      o.idleTime,
		Logger:           slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level})),
	}, nil
}

// checkListen refuses what can be no address to listen at.
func checkListen(address string) error {
	_, port, err := net.SplitHostPort(address)
	if err == nil {
		_, err = net.LookupPort("tcp", port)
	}
	if err != nil {
		return usage("--listen %q, expected host:port with a port from 0 to 65535", address)
	}
	return nil
}

// parseVersions reads "6-20" or "9".
func parseVersions(text string) (wire.VersionRange, error) {
	supported := wire.Versions(smp.MinVersion, smp.MaxVersion)
	low, high, isRange := strings.Cut(text, "-")
	if !isRange {
		high = low
	}
	from, errFrom := strconv.ParseUint(low, 10, 16)
	to, errTo := strconv.ParseUint(high, 10, 16)
	versions := wire.Versions(uint16(from), uint16(to))
	common, ok := supported.Common(versions)
	if errFrom != nil || errTo != nil || !ok || common != versions {
		return wire.VersionRange{}, usage("--versions %q, expected one version or a range within %v", text, supported)
	}
	return versions, nil
}

// serve runs the relay until ctx ends.
func serve(ctx context.Context, o options, stdout, stderr io.Writer) (err error) {
	config, err := o.config(stderr)
	if err != nil {
		return err
	}
	if config.Credentials, err = identity(o.dir, o.chain); err != nil {
		return err
	}
	closeStore, err := o.openStore(&config, stderr)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeStore()) }()
	admin, err := listenControl(o.control)
	if err != nil {
		return err
	}
	e, err := relay.Listen(ctx, o.listen, config)
	o.endProgress(stderr)
	if err != nil {
		return errors.Join(err, admin.Close())
	}
	admin.serve(ctx, e.Relay)
	o.logStart(config, e)
	_, err = fmt.Fprintln(stdout, e.AddressAt(o.host))
	if err == nil {
		err = e.Wait()
	}
	err = errors.Join(err, admin.Close(), e.Close())
	config.Logger.Info("relay stopped")
	return err
}
