// Command smprelay runs the reference relay of smpcheck: an SMP relay that
// keeps everything in memory, or with --store its queues in a file. It prints its
// address on standard output, on one line and nothing else, logs to standard
// error, and ends on SIGINT or SIGTERM. The commands block, unblock and stats talk
// to a running relay.
//
// Exit codes: 0 ended by a signal, 1 could not run, 2 wrong usage or a
// configuration that is not safe.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	paceGarbage()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
