package conformance

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/reference/wire"
	"smpcheck/spec"
)

func pass(*T) {}

func TestAddRefusesCasesThatContradictThemselves(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*Case)
		want   string
	}{
		"two components":      {func(c *Case) { c.ID = "relay/name" }, "role/topic/name"},
		"four components":     {func(c *Case) { c.ID = "relay/a/b/c" }, "role/topic/name"},
		"capitals":            {func(c *Case) { c.ID = "relay/new/Name" }, "role/topic/name"},
		"underscore":          {func(c *Case) { c.ID = "relay/new/a_b" }, "role/topic/name"},
		"hyphen at the end":   {func(c *Case) { c.ID = "relay/new/a-" }, "role/topic/name"},
		"other role":          {func(c *Case) { c.ID = "client/new/a" }, `starts with "client"`},
		"used id":             {func(c *Case) { c.ID = "relay/new/used" }, "used twice"},
		"empty title":         {func(c *Case) { c.Title = " " }, "title is empty"},
		"no requirement":      {func(c *Case) { c.Requirements = nil }, "no requirement"},
		"unknown requirement": {func(c *Case) { c.Requirements = []string{"SMP-TEST-NONE"} }, "SMP-TEST-NONE"},
		"level of no rule":    {func(c *Case) { c.Level = spec.Should }, `level is "should"`},
		"reversed versions":   {func(c *Case) { c.Versions = wire.VersionRange{Min: 9, Max: 8} }, "ends before"},
		"unassigned version":  {func(c *Case) { c.Versions = wire.Versions(13, 13) }, "no version of SMP"},
		"negative timeout":    {func(c *Case) { c.Timeout = -time.Second }, "negative"},
		"no function":         {func(c *Case) { c.Run = nil }, "no function"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := testRegistry(t)
			require.NoError(t, r.Add(testCase("relay/new/used", pass)))
			c := testCase("relay/new/other", pass)
			test.change(&c)
			assert.ErrorContains(t, r.Add(c), test.want)
			assert.Len(t, r.Cases(), 1)
		})
	}
}

func TestAddNamesEveryFault(t *testing.T) {
	t.Parallel()
	err := testRegistry(t).Add(testCase("relay/a", pass), testCase("relay/b", pass))
	assert.ErrorContains(t, err, `"relay/a"`)
	assert.ErrorContains(t, err, `"relay/b"`)
}

func TestSelect(t *testing.T) {
	t.Parallel()
	r := testRegistry(t)
	for _, id := range []string{"relay/new/created", "relay/new/unauthorised", "relay/sub/created", "relay/sub/end"} {
		require.NoError(t, r.Add(testCase(id, pass)))
	}
	for name, test := range map[string]struct {
		run, skip, want []string
	}{
		"all":                  {nil, nil, []string{"relay/new/created", "relay/new/unauthorised", "relay/sub/created", "relay/sub/end"}},
		"exact":                {[]string{"relay/sub/end"}, nil, []string{"relay/sub/end"}},
		"one component":        {[]string{"relay/*/created"}, nil, []string{"relay/new/created", "relay/sub/created"}},
		"part of one":          {[]string{"relay/new/un*"}, nil, []string{"relay/new/unauthorised"}},
		"any components":       {[]string{"**/created"}, nil, []string{"relay/new/created", "relay/sub/created"}},
		"any at the end":       {[]string{"relay/new/**"}, nil, []string{"relay/new/created", "relay/new/unauthorised"}},
		"none in between":      {[]string{"relay/**/sub/**/end"}, nil, []string{"relay/sub/end"}},
		"several keep order":   {[]string{"relay/sub/end", "relay/new/created"}, nil, []string{"relay/new/created", "relay/sub/end"}},
		"skip":                 {nil, []string{"relay/new/*"}, []string{"relay/sub/created", "relay/sub/end"}},
		"skip part of the run": {[]string{"relay/new/*"}, []string{"**/created"}, []string{"relay/new/unauthorised"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cases, err := r.Select(test.run, test.skip)
			require.NoError(t, err)
			var ids []string
			for _, c := range cases {
				ids = append(ids, c.ID)
			}
			assert.Equal(t, test.want, ids)
		})
	}
}

func TestSelectRefusesPatternsThatMatchNothing(t *testing.T) {
	t.Parallel()
	r := testRegistry(t)
	require.NoError(t, r.Add(testCase("relay/new/created", pass)))
	for _, pattern := range []string{"relay/new/gone", "*", "relay/*", "", "relay//created", "relay/[", "relay/new/"} {
		_, err := r.Select([]string{pattern}, nil)
		assert.Error(t, err, "run %q", pattern)
		_, err = r.Select(nil, []string{pattern})
		assert.Error(t, err, "skip %q", pattern)
	}
}

func TestCitingFindsTheCasesOfARequirement(t *testing.T) {
	t.Parallel()
	r := testRegistry(t)
	other := testCase("relay/new/b", pass)
	other.Level, other.Requirements = spec.Should, []string{"SMP-TEST-SHOULD"}
	require.NoError(t, r.Add(testCase("relay/new/a", pass), other))
	citing := r.Citing("SMP-TEST-SHOULD")
	require.Len(t, citing, 1)
	assert.Equal(t, "relay/new/b", citing[0].ID)
	assert.Empty(t, r.Citing("SMP-TEST-MAY"))
}
