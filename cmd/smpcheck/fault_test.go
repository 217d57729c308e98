package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault/all"
	"smpcheck/conformance/report"
	"smpcheck/conformance/residue"
	"smpcheck/conformance/target"
)

// TestMain makes the test binary be the program where a fault needs a process of its own.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == mutantName {
		main()
		return
	}
	os.Exit(m.Run())
}

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
	for _, f := range all.Faults() {
		config, err := embeddedConfig()
		require.NoError(t, err)
		if f.Config(config).Names != nil {
			continue
		}
		s := relaySuite()
		open, err := (&runFlags{fault: f.ID}).subject(nil, s, s.names)
		require.NoError(t, err)
		tested, err := open(t.Context())
		require.NoError(t, err)
		require.True(t, tested.names.Off)
		require.NoError(t, tested.close())
		return
	}
	require.Fail(t, "no fault switches the names off")
}

// What a relay writes and keeps is searched, as mutants does.
func TestFaultsOfWhatARelayKeeps(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ fault, run, requirement, kind string }{
		{"privacy/commands-logged", "relay/privacy/output-commands", "SMP-PRIVACY-OUTPUT", "embedded"},
		{"privacy/journal", "relay/privacy/disk-waiting", "SMP-PRIVACY-MEMORY", "exec"},
	} {
		t.Run(test.fault, func(t *testing.T) {
			t.Parallel()
			if test.kind == "exec" && residue.Readable(os.Getpid()) != nil {
				t.Log("no process can be searched here")
				return
			}
			r := smpcheck(t, relaySuite(), "relay", "--fault", test.fault, "--run", test.run, "--versions", "9", "--report", "json=-")
			var d report.Document
			require.NoError(t, json.Unmarshal([]byte(r.stdout), &d), r.stderr)
			require.Equal(t, []string{test.requirement}, d.Cases[0].Violated, d.Cases[0].Detail)
			assert.Equal(t, target.Kind(test.kind), d.Target.Kind)
			assert.Contains(t, d.Command, "--fault "+test.fault)
			assert.NotContains(t, d.Command, "smp://")
		})
	}
}
