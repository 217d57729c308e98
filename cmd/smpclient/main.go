// Smpclient is a messenger for a terminal: it talks to the official SimpleX
// applications, and to itself.
//
// It exits with 0 if all went well; 1 if what was asked for failed; 2 if it was called
// wrongly, a link is malformed, or nobody has the name; 3 if a relay cannot be reached
// or has another identity than expected.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"smpcheck/cmd/smpclient/control"
	"smpcheck/cmd/smpclient/session"
	"smpcheck/reference/agent"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], &app{
		Streams:       control.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr},
		inputTerminal: isTerminal(os.Stdin), terminal: isTerminal(os.Stdout), progress: isTerminal(os.Stderr),
		open: func(ctx context.Context, config agent.Config) (session.Agent, error) { return agent.Open(ctx, config) },
	}))
}

// isTerminal reports whether a file is a terminal that knows control sequences.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb"
}
