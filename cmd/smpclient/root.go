package main

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
)

// app is one call of the program, with its flags.
type app struct {
	control.Streams
	// inputTerminal, terminal and progress tell which of the streams are terminals.
	inputTerminal, terminal, progress bool
	open                              func(context.Context, agent.Config) (session.Agent, error)

	// session is set if the process that has the profile open executes the command.
	session *session.Session
	// ref is what a script put beside its command; every line of the answer has it.
	ref []byte
	// args are the arguments without the name of the program.
	args []string

	profile, logLevel string
	json              bool

	screen *screen
}

// run executes a command line and returns the exit code.
func run(ctx context.Context, args []string, a *app) int {
	a.args = args
	if a.screen == nil {
		a.screen = new(screen)
	}
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	if exit, ok := errors.AsType[*exitError](err); ok {
		return exit.code
	}
	if slices.Contains(args, "--json") {
		a.json = true
	}
	return a.fail(explain(ctx, err))
}

// fail tells about the error that ends a command, and returns the exit code.
func (a *app) fail(err error) int {
	code, text := exitCode(err), sentence(err)
	if a.json {
		// Where standard output is gone there is standard error.
		_ = a.print(errorLine{text, code}, "")
	}
	a.complain(err)
	return code
}

// errorLine is the end of a command that failed.
type errorLine struct {
	Error string `json:"error"`
	Exit  int    `json:"exit"`
}

// sentence is an error on one line, with nothing in it that moves the cursor.
func sentence(err error) string {
	return plain(strings.ReplaceAll(err.Error(), "\n", "; "))
}

// command is the tree of commands.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "smpclient",
		Short: "Write to people over SMP relays",
		Long: `Write to people over SMP relays.

  smpclient init --name alice --server smp://FINGERPRINT@HOST:PORT
  smpclient invite             prints a link for one person, and waits
  smpclient join LINK          uses the link of somebody else
  smpclient chat bob           type and read

A profile is a directory; --profile or $SMPCLIENT_PROFILE names it. While listen,
chat or invite runs, it executes the other commands that are called for its profile.

With --json every line on standard output is one JSON object.`,
		Args:               cobra.ArbitraryArgs,
		SilenceUsage:       true,
		SilenceErrors:      true,
		DisableSuggestions: true,
		RunE: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("no command; smpclient --help lists them")
			}
			return usage("unknown command %q; smpclient --help lists them", args[0])
		},
	}
	root.SetIn(a.In)
	root.SetOut(a.Out)
	root.SetErr(a.Err)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.profile, "profile", "", "`DIR` of the profile (default $SMPCLIENT_PROFILE or the user's folder of settings)")
	flags.BoolVar(&a.json, "json", false, "print JSON, one object on each line")
	flags.StringVar(&a.logLevel, "log-level", "error", "log to standard error: debug, info, warn or error")
	root.AddCommand(
		a.initCommand(), a.configCommand(),
		a.inviteCommand(), a.addressCommand(), a.joinCommand(),
		a.requestsCommand(), a.acceptCommand(), a.rejectCommand(),
		a.contactsCommand(), a.renameCommand(), a.infoCommand(), a.historyCommand(),
		a.sendCommand(), a.listenCommand(), a.chatCommand(),
		a.switchCommand(), a.syncCommand(), a.deleteCommand(),
		a.versionCommand(),
	)
	return root
}

// arguments returns a check for from least to most arguments, which names calls them.
func arguments(least, most int, names string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) >= least && (most < 0 || len(args) <= most):
			return nil
		case names == "":
			return usage("%s takes no arguments, got %q", cmd.Name(), args[0])
		}
		return usage("%d arguments, expected smpclient %s %s", len(args), cmd.Name(), names)
	}
}

// version is the version of the client, which a process that executes the commands
// of another one has to share.
const version = "0.1.0"

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  arguments(0, 0, ""),
		RunE: func(*cobra.Command, []string) error {
			return a.print(struct {
				Version string `json:"version"`
			}{version}, "smpclient "+version)
		},
	}
}
