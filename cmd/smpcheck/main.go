// Smpcheck checks implementations of the SimpleX Messaging Protocol against a
// catalogue of requirements.
//
// It exits with 0 if everything is as expected; 1 if a rule is violated, a case passes
// that was expected not to, or no case passes; 2 if it was called wrongly; 3 if the
// target cannot be reached, the harness failed or the run was interrupted.
package main

import (
	"context"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
)

// garbage is how much the heap may grow between two collections, in percent. Most of a run
// is short-lived, and the heap is small.
const garbage = 400

func main() {
	debug.SetGCPercent(garbage)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, relaySuite()))
}
