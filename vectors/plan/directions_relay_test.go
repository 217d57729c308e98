package plan_test

import "testing"

// What a relay says and understands besides notifications and services, and the layers of
// private routing and of delivery. Nonces are derived, and contents of MSG that no relay
// makes are taken apart only.
func TestRelayGoesBothWays(t *testing.T) {
	t.Parallel()
	requireBothWays(t, []scope{
		{"responses", "IDS", 84}, {"responses", "ERR", 39}, {"responses", "INFO", 4}, {"responses", "MSG", 3},
		{"responses", "DELD", 2}, {"responses", "END", 1}, {"responses", "PONG", 1}, {"responses", "PKEY", 1},
		{"responses", "RRES", 1}, {"responses", "parse", 1},
		{"commands", "NEW", 138}, {"commands", "SEND", 7}, {"commands", "ACK", 3}, {"commands", "SKEY", 2},
		{"commands", "LKEY", 2}, {"commands", "LSET", 2}, {"commands", "RKEY", 2}, {"commands", "PRXY", 2},
		{"commands", "PFWD", 2}, {"commands", "RFWD", 2}, {"commands", "SUBS", 1}, {"commands", "NSUBS", 1},
		{"message_layers", "proxy", 15}, {"message_layers", "rcv", 10},
	}, "rcv/nonce", "rcv/parse")
}
