package engine

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/planted"
	"smpcheck/reference/relay"
)

// Environment variables that make this program something else than a test: a relay with the
// named fault, or a fuzzer of one that writes to a folder.
const (
	relayVariable = "SMPCHECK_TEST_RELAY"
	fuzzVariable  = "SMPCHECK_TEST_FUZZ"
)

// healthy is the name of no fault.
const healthy = "healthy"

func TestMain(m *testing.M) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	switch {
	case os.Getenv(relayVariable) != "":
		serve(ctx, os.Getenv(relayVariable))
	case os.Getenv(fuzzVariable) != "":
		fuzz(ctx, os.Getenv(fuzzVariable))
	default:
		stop()
		os.Exit(m.Run())
	}
}

func serve(ctx context.Context, id string) {
	f, found := planted.Lookup(id)
	if !found {
		f.Apply = func(*relay.Config) {}
	}
	if err := planted.Serve(ctx, f, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// relayCommand starts a relay with a fault.
func relayCommand(id string) target.Command {
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return target.Command{"env", relayVariable + "=" + id, self}
}

// fuzz is a fuzzer that runs until somebody ends it: fault and folder are in the text. It
// prints a line when programs run, and one when it ends.
func fuzz(ctx context.Context, text string) {
	id, folder, _ := strings.Cut(text, "@")
	var begun sync.Once
	r, err := Run(ctx, Options{
		Command: relayCommand(id), Findings: folder, Scale: scale,
		Status: func(Status) { begun.Do(func() { fmt.Println("running") }) },
	})
	fmt.Println("interrupted:", r.Interrupted, "error:", err)
}

// scale gives a busy machine time.
const scale = 4

// onRelay returns a bench with a relay that has a fault.
func onRelay(t *testing.T, id string) *host {
	t.Helper()
	h, err := newHost(t.Context(), Options{Command: relayCommand(id), Model: true, Prompt: true, Quota: planted.Quota, Scale: scale}.withDefaults())
	require.NoError(t, err)
	t.Cleanup(h.close)
	return h
}
