package fault

import (
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// recipientCommands are commands that a key of the recipient authorizes, and the versions
// that have them.
var recipientCommands = []struct {
	tag  string
	from uint16
}{
	{"SUB", 6}, {"KEY", 6}, {"RKEY", 15}, {"ACK", 6}, {"GET", 6}, {"OFF", 6}, {"DEL", 6}, {"QUE", 6},
}

var authorizationFaults = slices.Concat(uncheckedCommands(), emptyAuthorizations(), []Fault{
	{
		ID:     "authorization/new-unchecked",
		Story:  "NEW makes a queue for a key whose owner has not signed it.",
		Breaks: []string{"SMP-NEW-AUTHORIZED", "SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/wrong-key-new"},
		Apply:  verifies(func(tag string, _ keys.PublicKey) bool { return tag == "NEW" }),
	},
})

// uncheckedCommands are relays that execute a command whoever has authorized it.
func uncheckedCommands() (faults []Fault) {
	for _, c := range recipientCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-unchecked",
			Story:    "The authorization of " + c.tag + " is parsed and not verified.",
			Breaks:   []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-WRONG-KEY"},
			Cases:    []string{"relay/authorization/wrong-key-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply:    verifies(func(tag string, key keys.PublicKey) bool { return tag == c.tag && !key.IsZero() }),
		})
	}
	return faults
}

// emptyAuthorizations are relays that execute a command without any authorization.
func emptyAuthorizations() (faults []Fault) {
	for _, c := range recipientCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-may-be-empty",
			Story:    "An empty authorization of " + c.tag + " is taken for one that needs no check.",
			Breaks:   []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-NO-AUTH"},
			Cases:    []string{"relay/authorization/unauthorised-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply: stages(func(st *relay.Stages) {
				decode, verify := st.Decode, st.Verify
				st.Decode = func(s *relay.Session, content []byte) []relay.Request {
					requests := decode(s, content)
					for i := range requests {
						r := &requests[i]
						if command, err := smp.DecodeCommand(s.Version(), r.Transmission.Command); err == nil && command.Tag() == c.tag && len(r.Transmission.Authorization) == 0 {
							r.Command, r.Err = command, nil
						}
					}
					return requests
				}
				st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
					return len(r.Transmission.Authorization) == 0 && !key.IsZero() || verify(s, r, key)
				}
			}),
		})
	}
	return faults
}

// verifies takes authorizations that accepts says, besides those that are right.
func verifies(accepts func(tag string, key keys.PublicKey) bool) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		next := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return next(s, r, key) || accepts(r.Command.Tag(), key)
		}
	})
}
