package plan_test

import "testing"

// NKEY, its answer, the event and what is sealed in it; NDEL and NSUB are bare names.
// Metadata with an extension, which no relay makes, are taken apart only.
func TestNotificationsGoBothWays(t *testing.T) {
	t.Parallel()
	requireBothWays(t, []scope{
		{"commands", "NKEY", 2}, {"responses", "NID", 1}, {"responses", "NMSG", 1}, {"message_layers", "nmsg", 3},
	}, "nmsg/parse")
}
