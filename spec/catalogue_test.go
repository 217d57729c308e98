package spec

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// headings are the sections of the documents that records may name.
var headings = map[string][]string{
	"simplex-messaging.md": {
		"Abstract", "Introduction", "SMP Model", "Out-of-band messages", "Simplex queue",
		"SMP queue URI", "SMP procedure", "Fast SMP procedure", "SMP qualities and features",
		"Cryptographic algorithms", "Deniable client authentication scheme",
		"Simplex queue IDs", "Router security requirements", "Message delivery notifications",
		"Client services", "Service roles", "Service certificates", "Service subscriptions",
		"SMP Transmission and transport block structure", "SMP commands",
		"Correlating responses with commands", "Command verification", "Keep-alive command",
		"Recipient commands", "Create queue command", "Subscribe to queue",
		"Subscribe to multiple queues", "Secure queue by recipient", "Set queue recipient keys",
		"Set short link", "Delete short link", "Enable notifications command",
		"Disable notifications command", "Get message command", "Acknowledge message delivery",
		"Suspend queue", "Delete queue", "Get queue state", "Sender commands",
		"Secure queue by sender", "Send message", "Proxying sender commands",
		"Request proxied session", "Send command via proxy", "Forward command to destination router",
		"Short link commands", "Set link key", "Get link data", "Notifier commands",
		"Subscribe to queue notifications", "Subscribe to multiple queue notifications",
		"Router messages", "Link response", "Queue subscription response",
		"Service subscription response", "All service messages received", "Deliver queue message",
		"Deliver message notification", "Subscription END notification",
		"Service subscription END notification", "Queue deleted notification", "Error responses",
		"OK response", "Resolver commands", "Resolve name command", "Name record response",
		"Transport connection with the SMP router", "General transport protocol considerations",
		"TLS transport encryption", "Router certificate", "ALPN to agree handshake version",
		"Transport handshake", "Additional transport privacy",
	},
}

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
		"nameless check":     {record + "  checks: [somewhere]\n", "vector:"},
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
	c, err := LoadFS(fstest.MapFS{"new.yaml": {Data: []byte(record + "  notes: Notes.\n  checks: [\"vector: commands\"]\n")}})
	require.NoError(t, err)
	r, ok := c.Lookup("SMP-NEW-X")
	require.True(t, ok)
	assert.Equal(t, &Record{
		ID: "SMP-NEW-X", Title: "A title", Role: Relay, Level: Must, Versions: Versions{6, 20},
		Summary: "A summary.", Source: Source{"simplex-messaging.md", "Create queue command"},
		Notes: "Notes.", Checks: []string{"vector: commands"}, Topic: "new",
	}, r)
}
