package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/mutants"
)

func TestMutants(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, relaySuite(), "mutants", "--run", "send/unauthorized-as-no-auth", "--seed", "5", "--json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var report mutants.Report
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &report))
	assert.Equal(t, uint64(5), report.Seed)
	assert.Equal(t, mutants.Killed, report.Faults[0].Verdict)

	// The fake case notices nothing.
	r = smpcheck(t, fakeSuite(), "mutants")
	assert.Equal(t, exitViolated, r.code)
	assert.Contains(t, r.stdout, "survived  good/mistaken")
	assert.Contains(t, r.stdout, "relay/good/one at version 7: pass\n")
	assert.Contains(t, r.stderr, "1 of 1 faults were not noticed")
}

func TestMutantsCalledWrongly(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args []string
		want string
	}{
		"argument":      {[]string{"good/mistaken"}, "good/mistaken"},
		"unknown fault": {[]string{"--run", "good/nothing"}, `no fault matches "good/nothing"`},
		"unknown skip":  {[]string{"--skip", "bad/*"}, `no fault matches "bad/*"`},
		"pattern":       {[]string{"--run", "good/["}, "malformed"},
		"none left":     {[]string{"--skip", "good/*"}, "no fault is left"},
		"parallel":      {[]string{"--parallel", "0"}, "--parallel 0, expected 1 or more"},
		"seed":          {[]string{"--seed", "9007199254740992"}, "--seed 9007199254740992, expected at most"},
		"scale":         {[]string{"--timeout-scale", "0"}, "--timeout-scale 0, expected more than 0"},
	} {
		r := smpcheck(t, fakeSuite(), append([]string{"mutants"}, test.args...)...)
		assert.Equal(t, exitUsage, r.code, name)
		assert.Contains(t, r.stderr, test.want, name)
		assert.Empty(t, r.stdout, name)
	}
}

func TestMutantCalledWrongly(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), mutantName, "good/nothing", t.TempDir())
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, `no fault has the id "good/nothing"`)
	r = smpcheck(t, fakeSuite(), mutantName, "good/mistaken", "/no/such/folder")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "/no/such/folder")
}
