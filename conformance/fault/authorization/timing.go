package authorization

import (
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// timingRules are what a relay breaks whose time tells whether a queue exists.
var timingRules = []string{"CLAIM-HISTORY-AUTH-TIMING", "SMP-AUTH-TIMING"}

// Relays that answer as they should, and in a time that says more than the answer.
var timingFaults = []fault.Fault{
	{
		ID:     "timing/unknown-at-once",
		Story:  "A command for an unknown queue is refused before its authorization is verified, which takes its time.",
		Breaks: timingRules,
		Cases: []string{
			"relay/timing/sub", "relay/timing/key", "relay/timing/ack", "relay/timing/send",
			"relay/timing/skey", "relay/timing/nsub", "relay/timing/lkey",
		},
		Apply: verifiesSlowly(isUnknown),
	},
	{
		ID:     "timing/dummy-not-evaluated",
		Story:  "The verification of a key that nobody has, for unknown queues, is left out by a compiler that sees that its result is not used.",
		Breaks: timingRules,
		Cases:  []string{"relay/timing/sub", "relay/timing/send", "relay/timing/nsub"},
		Apply: fault.Stages(func(st *relay.Stages) {
			verify := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				return !key.IsZero() && verify(s, r, key)
			}
		}),
	},
	{
		ID:     "timing/unsecured-at-once",
		Story:  "A SEND with an authorization to a queue without a key is refused before anything is verified.",
		Breaks: []string{"SMP-AUTH-TIMING"},
		Cases:  []string{"relay/timing/send-unsecured"},
		Apply: verifiesSlowly(func(r *relay.Request, key keys.PublicKey) bool {
			return r.Queue != nil && key.IsZero() && r.Command.Tag() == "SEND"
		}),
	},
	{
		ID:       "timing/secured-at-once",
		Story:    "SKEY and LKEY for a queue that is secured already are refused before anything is verified.",
		Breaks:   timingRules,
		Cases:    []string{"relay/timing/skey", "relay/timing/lkey"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: verifiesSlowly(func(r *relay.Request, key keys.PublicKey) bool {
			return r.Queue != nil && key.IsZero() && fault.IsOneOf(r, "SKEY", "LKEY")
		}),
	},
	{
		ID:       "timing/other-algorithm-at-once",
		Story:    "An authorization that the algorithm of the key cannot have made is refused at once.",
		Breaks:   timingRules,
		Cases:    []string{"relay/timing/sub", "relay/timing/send"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: verifiesSlowly(func(r *relay.Request, key keys.PublicKey) bool {
			scheme, err := smp.SchemeOf(r.Transmission.Authorization)
			return err == nil && (key.Algorithm() == keys.X25519) != (scheme == smp.Authenticator) && !key.IsZero()
		}),
	},
	{
		ID:     "timing/wrong-key-waits",
		Story:  "Who uses a wrong key waits for the answer, so that nobody tries many.",
		Breaks: timingRules,
		Cases:  []string{"relay/timing/key", "relay/timing/ack"},
		Apply: fault.Stages(func(st *relay.Stages) {
			verify := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				right := verify(s, r, key)
				if !right && !key.IsZero() {
					<-time.After(2 * time.Millisecond)
				}
				return right
			}
		}),
	},
	{
		ID:     "timing/unknown-searched",
		Story:  "A queue that is not in memory is looked for in a file before the command is refused.",
		Breaks: timingRules,
		Cases:  []string{"relay/timing/sub", "relay/timing/nsub"},
		Apply: fault.Stages(func(st *relay.Stages) {
			verify := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				if isUnknown(r, key) {
					repeat(slowly, func() { verify(s, r, key) })
				}
				return verify(s, r, key)
			}
		}),
	},
}

// isUnknown reports whether the queue that a command names does not exist. NEW names none
// and brings its key.
func isUnknown(r *relay.Request, key keys.PublicKey) bool { return r.Queue == nil && key.IsZero() }

// slowly is how many times more work a slow step is than the verification of a signature.
const slowly = 6

// verifiesSlowly verifies with much work, and refuses what atOnce says without any.
func verifiesSlowly(atOnce func(*relay.Request, keys.PublicKey) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		verify := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			if atOnce(r, key) {
				return false
			}
			repeat(slowly, func() { verify(s, r, key) })
			return verify(s, r, key)
		}
	})
}

func repeat(n int, f func()) {
	for range n {
		f()
	}
}
