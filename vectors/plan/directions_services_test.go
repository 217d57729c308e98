package plan_test

import "testing"

// Credentials in the hello and the answer to them, which are both sides of the handshake,
// signatures of commands, subscriptions and their answers. SUBS, NSUBS and ALLS at the
// versions of the tests are bare names.
func TestServicesGoBothWays(t *testing.T) {
	t.Parallel()
	requireBothWays(t, []scope{
		{"handshake", "service", 5}, {"handshake", "service v16", 1}, {"transmissions", "service command", 1},
		{"responses", "SOK", 2}, {"responses", "SOKS", 1}, {"responses", "ENDS", 1},
	})
}
