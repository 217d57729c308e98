package spec

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEveryRecordLoadsAndNamesAKnownHeading(t *testing.T) {
	t.Parallel()
	c, err := Load()
	require.NoError(t, err)
	assert.GreaterOrEqual(t, len(c.Records()), 120)
	for _, r := range c.Records() {
		assert.Contains(t, headings[r.Source.Document], r.Source.Heading, r.ID)
		found, ok := c.Lookup(r.ID)
		assert.True(t, ok && found == r, r.ID)
	}
}

const record = `
- id: SMP-NEW-X
  title: A title
  role: relay
  level: must
  versions: 6-20
  summary: A summary.
  source:
    document: simplex-messaging.md
    heading: Create queue command
`

func TestLoadRefusesWhatBreaksTheFormat(t *testing.T) {
	t.Parallel()
	replaced := func(old, with string) string { return strings.Replace(record, old, with, 1) }
	for name, test := range map[string]struct{ text, want string }{
		"unknown field":      {record + "  colour: red\n", "colour"},
		"duplicate":          {record + record, "already"},
		"lower-case id":      {replaced("SMP-NEW-X", "smp-new-x"), "joined by hyphens"},
		"one word":           {replaced("SMP-NEW-X", "SMP"), "joined by hyphens"},
		"empty title":        {replaced("A title", `""`), "title is empty"},
		"empty summary":      {replaced("A summary.", `" "`), "summary is empty"},
		"unknown level":      {replaced("must", "always"), "none of"},
		"unknown role":       {replaced("relay", "router"), "router"},
		"no versions":        {replaced("  versions: 6-20\n", ""), "versions are missing"},
		"reversed versions":  {replaced("6-20", "20-6"), "ends before it starts"},
		"version of letters": {replaced("6-20", "six"), "not a version number"},
		"observed, no notes": {replaced("must", "observed"), "needs notes"},
		"nameless check":     {record + "  checks: [somewhere]\n", "vector"},
		"no heading":         {replaced("    heading: Create queue command\n", ""), "source heading is empty"},
		"empty record":       {"-\n", "empty"},
		"no list":            {"id: SMP-NEW-X\n", "requirements in x.yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := LoadFS(fstest.MapFS{"x.yaml": {Data: []byte(test.text)}})
			assert.ErrorContains(t, err, test.want)
		})
	}
}

func TestARecordKeepsItsFields(t *testing.T) {
	t.Parallel()
	c, err := LoadFS(fstest.MapFS{"new.yaml": {Data: []byte(record + "  notes: Notes.\n  checks: [\"vector: commands/NEW\"]\n")}})
	require.NoError(t, err)
	r, ok := c.Lookup("SMP-NEW-X")
	require.True(t, ok)
	assert.Equal(t, &Record{
		ID: "SMP-NEW-X", Title: "A title", Role: Relay, Level: Must, Versions: Versions{Min: 6, Max: 20},
		Summary: "A summary.", Source: Source{"simplex-messaging.md", "Create queue command"},
		Notes: "Notes.", Checks: []Check{"vector: commands/NEW"}, Topic: "new",
	}, r)
}
