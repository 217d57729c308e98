package load_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/load"
	"smpcheck/conformance/target"
	"smpcheck/reference/link"
	"smpcheck/reference/relay"
)

// start starts a relay and returns its address.
func start(t testing.TB, config relay.Config) link.Server {
	t.Helper()
	config.Credentials = identity(t)
	e, err := relay.Listen(t.Context(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, e.Close()) })
	return address(t, e.Address())
}

func address(t testing.TB, text string) link.Server {
	t.Helper()
	server, err := target.ParseAddress(text)
	require.NoError(t, err)
	return server
}

// options are those of a load that ends after the given number of operations.
func options(t testing.TB, server link.Server, mix string, operations int) load.Options {
	t.Helper()
	m, err := load.ParseMix(mix)
	require.NoError(t, err)
	return load.Options{
		Target: server, Mix: m, Connections: 3, Queues: 4, Size: 100, Embedded: true, Seed: 7,
		Operations: operations, Duration: time.Minute, Timeout: time.Minute,
	}
}

// timing returns the timing of an operation, zero if it did not happen.
func timing(r *load.Report, o load.Operation) load.Timing {
	for _, t := range r.Operations {
		if t.Operation == o {
			return t
		}
	}
	return load.Timing{}
}

// phase returns a phase, zero if there was none.
func phase(r *load.Report, name string) load.Phase {
	for _, p := range r.Phases {
		if p.Name == name {
			return p
		}
	}
	return load.Phase{}
}
