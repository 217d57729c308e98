package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheSuiteAgreesWithTheCatalogue(t *testing.T) {
	t.Parallel()
	_, err := relaySuite().registry()
	assert.NoError(t, err)
}

func TestExitCodesOfTheOtherCommands(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		args   []string
		want   int
		output string
	}{
		"no command":       {nil, 2, "no command"},
		"unknown command":  {[]string{"fly"}, 2, `unknown command "fly"`},
		"unknown flag":     {[]string{"--fly"}, 2, "unknown flag: --fly"},
		"help":             {[]string{"--help"}, 0, "relay"},
		"help of relay":    {[]string{"relay", "--help"}, 0, "--timeout-scale"},
		"version":          {[]string{"version"}, 0, "smpcheck " + version},
		"version argument": {[]string{"version", "x"}, 2, "unknown command"},

		"list":                 {[]string{"list"}, 0, "SMP-BLOCK-SIZE"},
		"list cases":           {[]string{"list", "relay/good/*"}, 0, "Title of relay/good/one"},
		"list requirements":    {[]string{"list", "SMP-PING-*"}, 0, "SMP-PING-PONG"},
		"list faults":          {[]string{"list", "good/*"}, 0, "Somebody was mistaken."},
		"list nothing":         {[]string{"list", "relay/none/*"}, 2, "relay/none/*"},
		"list two":             {[]string{"list", "a", "b"}, 2, "at most 1"},
		"explain":              {[]string{"explain", "relay/bad/odd"}, 0, "SMP-TX-ORDER"},
		"explain fault":        {[]string{"explain", "good/mistaken"}, 0, "must be noticed by case: relay/good/one"},
		"explain its rules":    {[]string{"explain", "good/mistaken"}, 0, "SMP-PING-PONG"},
		"explain its versions": {[]string{"explain", "good/mistaken"}, 0, "versions 7-9"},
		"explain its case":     {[]string{"explain", "relay/good/one"}, 0, "must notice: good/mistaken (Somebody was mistaken.)"},
		"explain broken rule":  {[]string{"explain", "SMP-PING-PONG"}, 0, "broken by fault: good/mistaken"},
		"explain hidden":       {[]string{"explain", "SMP-ERR-BLOCKED-SEND"}, 0, "hidden from clients: only the operator"},
		"explain nothing":      {[]string{"explain"}, 2, "accepts 1 arg"},
		"explain unknown":      {[]string{"explain", "SMP-NONE"}, 2, `"SMP-NONE"`},
		"explain requirement":  {[]string{"explain", "SMP-PING-PONG"}, 0, "tested by case: relay/bad/broken"},
		"explain with a check": {[]string{"explain", "SMP-HS-SESSION-CHECK"}, 0, "tested by test: reference/transport"},
		"explain without":      {[]string{"explain", "SMP-LIMIT-EXPIRY"}, 0, "not tested: "},
		"explain notes":        {[]string{"explain", "SMP-GET-EMPTY"}, 0, "The text defines no answer."},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := smpcheck(t, fakeSuite(), test.args...)
			assert.Equal(t, test.want, r.code, r.stderr)
			if test.want == 0 {
				assert.Contains(t, r.stdout, test.output)
				assert.Empty(t, r.stderr)
				return
			}
			assert.Contains(t, r.stderr, test.output)
			assert.Equal(t, 1, lines(r.stderr))
			assert.Empty(t, r.stdout)
		})
	}
}

func TestListAsJSONIsOneDocument(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), "list", "--json")
	var found struct {
		Cases []struct {
			ID       string
			Versions string
		}
		Requirements []struct{ ID, Level, Topic string }
		Faults       []struct {
			ID, Story, Versions string
			Breaks, Cases       []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
	require.Len(t, found.Cases, 8)
	assert.Equal(t, "relay/good/one", found.Cases[0].ID)
	assert.Equal(t, "6-20", found.Cases[0].Versions)
	assert.Greater(t, len(found.Requirements), 100)
	require.Len(t, found.Faults, 1)
	assert.Equal(t, "7-9", found.Faults[0].Versions)
	assert.Equal(t, fakeFault.Cases, found.Faults[0].Cases)
}

func TestExplainAsJSONIsOneDocument(t *testing.T) {
	t.Parallel()
	r := smpcheck(t, fakeSuite(), "explain", "relay/good/two", "--json")
	var e struct {
		Case  struct{ ID string }
		Rules []struct {
			ID     string
			Source struct{ Document, Heading string }
			Cases  []string
		}
	}
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &e))
	assert.Equal(t, "relay/good/two", e.Case.ID)
	require.Len(t, e.Rules, 1)
	assert.Equal(t, "simplex-messaging.md", e.Rules[0].Source.Document)
	assert.Equal(t, []string{"relay/good/two", "relay/bad/odd"}, e.Rules[0].Cases)
}
