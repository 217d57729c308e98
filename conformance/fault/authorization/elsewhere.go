package authorization

import (
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
)

// elsewhereFaults take authorizations that are right for something else.
var elsewhereFaults = []fault.Fault{
	{
		ID:     "authorization/any-key-of-queue",
		Story:  "A queue has a list of keys, those of recipient and sender, and each is good for every command.",
		Breaks: []string{"SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/sender-key"},
		Apply: fault.Together(
			directory.AlsoBy("DEL", directory.SenderKey),
			directory.AlsoBy("OFF", directory.SenderKey),
			directory.AlsoBy("GET", directory.SenderKey),
			directory.AlsoBy("ACK", directory.SenderKey),
		),
	},
	{
		ID:     "authorization/get-by-sender",
		Story:  "The sender may look whether its messages have been received, so its key authorizes GET.",
		Breaks: []string{"SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/sender-key"},
		Apply:  directory.AlsoBy("GET", directory.SenderKey),
	},
	{
		ID:     "authorization/first-of-block",
		Story:  "All transmissions of a block are of one client, so only the first that is authorized is verified.",
		Breaks: []string{"SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/each-in-block"},
		Apply:  fault.Remembering(verifiesFirst),
	},
}

// verifiesFirst verifies the first authorization of a block. The correlation ids of the
// others are in later.
func verifiesFirst(later *fault.Notes[string, bool]) func(*relay.Config) {
	return fault.Together(
		fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			requests, authorized := next(s, content), false
			for i := range requests {
				t := &requests[i].Transmission
				if requests[i].Err != nil || len(t.Authorization) == 0 {
					continue
				}
				if authorized {
					later.Set(string(t.CorrelationID), true)
				}
				authorized = true
			}
			return requests
		}),
		fault.Stages(func(st *relay.Stages) {
			next := st.Verify
			st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
				if _, found := later.Take(string(r.Transmission.CorrelationID)); found {
					return !key.IsZero()
				}
				return next(s, r, key)
			}
		}),
	)
}
