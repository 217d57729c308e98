package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/all"
	"smpcheck/fuzz/drive"
	"smpcheck/fuzz/model"
	"smpcheck/reference/relay"
)

// noticed are mistakes about the state of queues, each of which random programs show.
var noticed = []string{
	"ack/deletes-nothing", "ack/id-ignored", "ack/skips-one",
	"authorization/ack-unchecked", "authorization/any-session", "authorization/nkey-unchecked", "authorization/sub-by-either-id",
	"del/event-for-itself", "del/no-event", "del/state-kept",
	"delivery/all-at-once", "delivery/flag-of-the-queue", "delivery/id-reused", "delivery/some-lost",
	"delivery/timestamp-of-delivery", "delivery/twice",
	"get/allowed-for-subscribers", "get/deletes", "get/takes-over",
	"key/drops-messages", "key/replaces",
	"link/lget-invitation", "link/lkey-replaces", "link/lset-update-forgotten",
	"notify/flag-ignored", "notify/meta-time-in-ms", "notify/nothing-waits", "notify/told-to-recipient",
	"off/deletes-messages", "off/ignored",
	"que/size-of-the-rest", "quota/free-after-one", "quota/no-marker", "quota/none", "quota/of-the-relay",
	"send/either-id", "send/suspended-accepted", "skey/any-queue", "skey/unverified",
	"sub/both-receive", "sub/displaced-goes-on", "sub/end-twice", "sub/message-of-another-queue", "sub/newest-first",
	"sub/no-end", "sub/removed-on-delivery",
}

// enough programs show each of these mistakes several times.
const enough = 200

// TestFaults tries relays that are wrong on purpose until the model notices.
func TestFaults(t *testing.T) {
	t.Parallel()
	faults := all.Faults()
	for i, id := range noticed {
		if testing.Short() && i%3 > 0 {
			continue
		}
		f, ok := fault.Lookup(faults, id)
		require.True(t, ok, "no fault %s", id)
		t.Run(id, func(t *testing.T) {
			t.Parallel()
			cfg := startRelay(t, func(c relay.Config) relay.Config { return f.Config(c) })
			var found *drive.Breach
			programs := 0
			err := model.Random(t.Context(), cfg, prompt, 1, enough, func(r model.Run) bool {
				programs++
				if len(r.Breaches) > 0 {
					found = &r.Breaches[0]
				}
				return found == nil
			})
			require.NoError(t, err)
			if assert.NotNil(t, found, "%s: %d programs show nothing", f.Story, programs) {
				t.Logf("%d programs: %s %s %s", programs, found.Kind, found.Rule, found.Command)
			}
		})
	}
}
