package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/coverage"
	"smpcheck/vectors/check"
)

func TestExitCodesOfVectors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		want   int
		output string
	}{
		"a kind":           {[]string{"--run", "padding"}, 0, "89 pass"},
		"an id":            {[]string{"--run", "padding/pad/0-in-2"}, 0, "1 vectors (1 valid, 0 invalid): 1 pass"},
		"two patterns":     {[]string{"--run", "padding,encoding/word16/*"}, 0, "encoding"},
		"nothing matches":  {[]string{"--run", "paddle"}, 2, `no vector matches "paddle"; the kinds are`},
		"bad pattern":      {[]string{"--run", "a//b"}, 2, "empty component"},
		"argument":         {[]string{"padding"}, 2, "unknown command"},
		"bad scale":        {[]string{"--timeout-scale", "0"}, 2, "--timeout-scale 0"},
		"bad command":      {[]string{"--exec", `"`}, 2, "target command"},
		"no program":       {[]string{"--exec", "./there-is-none"}, 3, "start the adapter"},
		"adapter ends":     {[]string{"--exec", "true"}, 3, "the adapter"},
		"adapter is wrong": {[]string{"--exec", "cat", "--run", "padding"}, 3, "not a line of the protocol"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, fakeSuite(), append([]string{"vectors"}, test.args...)...)
			assert.Equal(t, test.want, r.code, r.stderr)
			if test.want == 0 {
				assert.Contains(t, r.stdout, test.output)
				assert.Empty(t, r.stderr)
				return
			}
			assert.Contains(t, r.stderr, test.output)
			assert.Equal(t, 1, lines(r.stderr))
		})
	}
}

func TestAllVectorsPassAndAreMany(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), "vectors", "--json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var report check.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	s := report.Summary
	assert.GreaterOrEqual(t, s.Tests, 2000)
	assert.GreaterOrEqual(t, 100*s.Invalid, 40*s.Tests, "too few negative vectors")
	assert.Equal(t, s.Tests, s.Pass)
	assert.Empty(t, report.Skipped)
	kinds := map[string]bool{}
	for _, k := range report.Kinds {
		kinds[k.Kind] = true
	}
	for _, kind := range []string{
		"encoding", "padding", "spki", "certificate", "server_hello", "client_hello", "smp_command", "smp_response",
		"smp_transmission", "smp_block", "secret_box", "crypto_box", "authenticator", "block_encryption", "delivery",
		"notification", "queue_envelope", "proxy", "sntrup761", "key_agreement", "ratchet_kdf", "ratchet_header",
		"ratchet_message", "conversation", "agent_message", "agent_envelope", "link_data", "queue_uri",
		"connection_link", "short_link", "version_negotiation",
	} {
		assert.True(t, kinds[kind], kind)
	}
}

func TestCoverageOfTheSuite(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, relaySuite(), "coverage", "--json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var matrix coverage.Matrix
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &matrix))
	assert.GreaterOrEqual(t, matrix.Summary.Requirements, 650)
	assert.GreaterOrEqual(t, matrix.Summary.Claims, 40)
	assert.Zero(t, matrix.Summary.Must.Unchecked)
	assert.Len(t, matrix.Rows, matrix.Summary.Requirements+matrix.Summary.Claims)
}

func TestExitCodesOfCoverage(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, relaySuite(), "coverage", "SMP-PING-*")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "SMP-PING-PONG")
	assert.NotContains(t, r.stdout, "SMP-SEND-SECURED")

	r = smpcheck(t, relaySuite(), "coverage", "SMP-NONE-*")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, `no requirement matches "SMP-NONE-*"`)

	// A suite of a few cases leaves most of the rules of relays unchecked.
	r = smpcheck(t, fakeSuite(), "coverage")
	assert.Equal(t, exitViolated, r.code)
	assert.Contains(t, r.stderr, "problems of coverage; the first: ")
	assert.Equal(t, 1, lines(r.stderr))
}
