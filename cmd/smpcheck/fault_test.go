package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/report"
)

func TestRelayWithAFault(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, relaySuite(), "relay", "--fault", "send/unauthorized-as-no-auth", "--run", "relay/send/secured-unauthorised", "--versions", "9", "--report", "json=-")
	require.Equal(t, exitViolated, r.code, r.stderr)
	var d report.Document
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &d))
	assert.Equal(t, "send/unauthorized-as-no-auth", d.Target.Fault)
	assert.Equal(t, []string{"SMP-SEND-SECURED-UNAUTHORIZED"}, d.Cases[0].Violated)

	r = smpcheck(t, relaySuite(), "relay", "--fault", "send/unauthorized-as-no-auth", "--run", "relay/ping/pong", "--versions", "9")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, strings.SplitN(r.stdout, "\n", 2)[0], "(embedded, fault send/unauthorized-as-no-auth)")
}

func TestFaultsThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"address":       {[]string{fakeAddress, "--fault", "good/mistaken"}, "expected no address"},
		"exec":          {[]string{"--exec", "x", "--fault", "good/mistaken"}, "no --exec"},
		"another topic": {[]string{"--fault", "bad/mistaken"}, `no fault has the id "bad/mistaken"; is it good/mistaken?`},
		"part":          {[]string{"--fault", "good/mistake"}, "is it good/mistaken?"},
		"topic":         {[]string{"--fault", "good/bad"}, "smpcheck list 'good/*' lists"},
		"nothing":       {[]string{"--fault", "wrong"}, "smpcheck list '*/*' lists"},
	} {
		r := smpcheck(t, fakeSuite(), append([]string{"relay"}, test.args...)...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
	}
}

// A fault may switch a role off, and what was known about it then holds no more.
func TestFaultWithoutNames(t *testing.T) {
	t.Parallel()
	for _, f := range fault.All() {
		config, err := embeddedConfig()
		require.NoError(t, err)
		if f.Config(config).Names != nil {
			continue
		}
		s, err := (&runFlags{fault: f.ID}).withFault(nil, relaySuite())
		require.NoError(t, err)
		require.True(t, s.names.Off)
		return
	}
	require.Fail(t, "no fault switches the names off")
}
