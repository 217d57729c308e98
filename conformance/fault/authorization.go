package fault

import (
	"slices"
	"strings"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// guardedCommands are commands that have to be authorized, and the versions that have
// them.
var guardedCommands = []struct {
	tag  string
	from uint16
}{
	{"SUB", 6}, {"KEY", 6}, {"RKEY", 15}, {"ACK", 6}, {"GET", 6}, {"OFF", 6}, {"DEL", 6}, {"QUE", 6},
	{"SKEY", 9}, {"NEW", 6},
}

var authorizationFaults = slices.Concat(
	uncheckedCommands(), emptyAuthorizations(), otherUnchecked,
	byEitherID(), forUnknownQueues(), inexactIDs, schemeFaults, authenticatorFaults, coverageFaults, credentialFaults,
)

// otherUnchecked are relays that do not verify commands with cases of their own.
var otherUnchecked = []Fault{
	{
		ID:     "authorization/send-unchecked",
		Story:  "Whoever signs a SEND may send to a secured queue, with whatever key.",
		Breaks: []string{"SMP-SEND-SECURED-WRONG-KEY", "SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/wrong-key-send"},
		Apply:  uncheckedVerify("SEND"),
	},
	{
		ID:     "authorization/nkey-unchecked",
		Story:  "Everybody may replace the notifier of a queue, since notifications have no content.",
		Breaks: []string{"SMP-NTF-NKEY-AUTHORIZED"},
		Cases:  []string{"relay/notify/nkey-authorised"},
		Apply:  uncheckedVerify("NKEY"),
	},
	{
		ID:       "authorization/lset-unchecked",
		Story:    "The data of a link are taken from everybody, since they are public.",
		Breaks:   []string{"SMP-LINK-LSET-AUTHORIZED"},
		Cases:    []string{"relay/link/lset-authorised"},
		Versions: wire.Versions(smp.VersionShortLinks, smp.MaxVersion),
		Apply:    uncheckedVerify("LSET"),
	},
}

// uncheckedVerify takes every authorization of one command for a queue that exists.
func uncheckedVerify(tag string) func(*relay.Config) {
	return verifies(func(t string, key keys.PublicKey) bool { return t == tag && !key.IsZero() })
}

// uncheckedCommands are relays that execute a command whoever has authorized it.
func uncheckedCommands() (faults []Fault) {
	for _, c := range guardedCommands {
		name := strings.ToLower(c.tag)
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-unchecked",
			Story:    "The authorization of " + c.tag + " is parsed and not verified.",
			Breaks:   []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-WRONG-KEY"},
			Cases:    []string{"relay/authorization/wrong-key-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply:    uncheckedVerify(c.tag),
		})
	}
	return faults
}

// emptyAuthorizations are relays that execute a command without any authorization.
func emptyAuthorizations() (faults []Fault) {
	for _, c := range guardedCommands {
		name := strings.ToLower(c.tag)
		breaks := []string{"SMP-" + c.tag + "-AUTHORIZED", "SMP-AUTH-NO-AUTH"}
		if c.tag != "NEW" { // which is for no queue
			breaks = append(breaks, "SMP-AUTH-REQUIRED")
		}
		faults = append(faults, Fault{
			ID:       "authorization/" + name + "-may-be-empty",
			Story:    "An empty authorization of " + c.tag + " is taken for one that needs no check.",
			Breaks:   breaks,
			Cases:    []string{"relay/authorization/unauthorised-" + name},
			Versions: wire.Versions(c.from, smp.MaxVersion),
			Apply:    mayBeEmpty(c.tag),
		})
	}
	return faults
}

// mayBeEmpty takes a command that has no authorization.
func mayBeEmpty(tag string) func(*relay.Config) {
	return stages(func(st *relay.Stages) {
		redecides(st, func(v uint16, r *relay.Request) {
			if len(r.Transmission.Authorization) > 0 || !isTagged(r.Transmission.Command, tag) {
				return
			}
			if command, err := smp.DecodeCommand(v, r.Transmission.Command); err == nil {
				r.Command, r.Err = command, nil
			}
		})
		verify := st.Verify
		st.Verify = func(s *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			empty := isOneOf(r, tag) && len(r.Transmission.Authorization) == 0
			return empty && !key.IsZero() || verify(s, r, key)
		}
	})
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
