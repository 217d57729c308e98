package drive

import (
	crand "crypto/rand"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"smpcheck/conformance/target"
	"smpcheck/fuzz/program"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/relay/names"
	"smpcheck/reference/wire"
)

// quota of the relays of the tests, in messages.
const quota = 8

// scale is that of the tests: no deadline is to pass on a machine that is very slow.
const scale = 6

// credentials are those of all relays of the tests.
var credentials = sync.OnceValues(func() (keys.Credentials, error) { return keys.NewCredentials(crand.Reader, keys.Ed25519, 2) })

// startRelay starts the reference relay and returns how to run programs against it.
func startRelay(t testing.TB, change func(relay.Config) relay.Config) (Config, *relay.Endpoint) {
	t.Helper()
	own, err := credentials()
	require.NoError(t, err)
	directory, err := names.Parse([]byte(`{}`))
	require.NoError(t, err)
	config := relay.Config{
		Credentials: own, Quota: quota,
		Proxy: &relay.ProxyConfig{AllowPrivate: true},
		Names: &relay.NamesConfig{Resolver: directory},
	}
	if change != nil {
		config = change(config)
	}
	endpoint, err := relay.Listen(t.Context(), "127.0.0.1:0", config)
	require.NoError(t, err)
	t.Cleanup(func() { endpoint.Close() })
	server, err := target.ParseAddress(endpoint.Address())
	require.NoError(t, err)
	server.Password = string(config.Password)
	return Config{Server: server, Versions: wire.Versions(6, 20), TLS: "1.3", Scale: scale}, endpoint
}

// at is the configuration for one version.
func (c Config) at(version uint16) Config {
	c.Versions = wire.Versions(version, version)
	return c
}

// generated is the program of a seed.
func generated(seed uint64) program.Program {
	return program.Generate(rand.New(rand.NewPCG(seed, 1)), nil)
}

// parse reads a program.
func parse(t testing.TB, text string) program.Program {
	t.Helper()
	p, err := program.Parse(text)
	require.NoError(t, err)
	return p
}

// runs runs a program that has to end without an error.
func runs(t testing.TB, cfg Config, text string) Outcome {
	t.Helper()
	out, err := Run(t.Context(), cfg, parse(t, text))
	require.NoError(t, err)
	return out
}

// answersTo are the answers to commands with a tag in the pairs of an outcome.
func (o Outcome) answersTo(tag string) (answers []string) {
	for _, p := range o.Pairs {
		if p.Command == tag {
			answers = append(answers, p.Answer)
		}
	}
	return answers
}

// rules are the rules of the breaches of an outcome.
func (o Outcome) rules() (rules []string) {
	for _, b := range o.Breaches {
		rules = append(rules, string(b.Kind)+" "+b.Rule)
	}
	return rules
}
