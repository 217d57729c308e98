package authorization

import (
	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// credentialFaults are mistakes about credentials that are missing or superfluous, and
// about what refusals tell.
var credentialFaults = []fault.Fault{
	{
		ID:     "authorization/new-with-entity",
		Story:  "NEW needs no entity id, so one that is there is ignored.",
		Breaks: []string{"SMP-AUTH-HAS-AUTH", "SMP-NEW-NO-ENTITY"},
		Cases:  []string{"relay/authorization/entity-new"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdHasAuth) && fault.TagOf(s, r) == "NEW" {
				fault.Serve(s, r)
			}
		}),
	},
	{
		ID:     "authorization/empty-id-looked-up",
		Story:  "An empty id is looked up like every other one, and no queue has it.",
		Breaks: []string{"SMP-AUTH-NO-AUTH"},
		Cases:  []string{"relay/authorization/no-entity"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdNoAuth) && len(r.Transmission.EntityID) == 0 && fault.TagOf(s, r) != "NEW" {
				r.Err = smp.ErrAuth
			}
		}),
	},
	{
		ID:     "authorization/send-empty-id-looked-up",
		Story:  "SEND without an entity id is a message for a queue that nobody has.",
		Breaks: []string{"SMP-AUTH-NO-ENTITY"},
		Cases:  []string{"relay/authorization/no-entity-send"},
		Apply:  fault.ConfusesErrors(smp.ErrCmdNoEntity, smp.ErrAuth),
	},
	{
		ID:     "authorization/send-no-entity-as-no-auth",
		Story:  "Whatever a command lacks is answered NO_AUTH.",
		Breaks: []string{"SMP-AUTH-NO-ENTITY"},
		Cases:  []string{"relay/authorization/no-entity-send"},
		Apply:  fault.ConfusesErrors(smp.ErrCmdNoEntity, smp.ErrCmdNoAuth),
	},
	{
		ID:     "authorization/id-size-answered",
		Story:  "An id of another size than the relay makes is called a mistake of syntax.",
		Breaks: []string{"SMP-AUTH-SAME-ERROR"},
		Cases:  []string{"relay/authorization/same-error"},
		Apply: fault.RefusesWith(func(_ *relay.Session, r *relay.Request) *smp.Error {
			if n := len(r.Transmission.EntityID); n > 0 && n != 24 {
				return smp.ErrCmdSyntax
			}
			return smp.ErrAuth
		}),
	},
	{
		ID:     "authorization/other-party-prohibited",
		Story:  "A command with the id of the other party is answered PROHIBITED, which tells that there is a queue.",
		Breaks: []string{"SMP-AUTH-SAME-ERROR", "SMP-AUTH-ID-KIND"},
		Cases:  []string{"relay/authorization/same-error", "relay/authorization/id-kind-del", "relay/authorization/id-kind-send"},
		Apply: fault.Stages(func(st *relay.Stages) {
			var known directory.Queues
			known.Note(st)
			authorise := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := authorise(s, r)
				if err != nil && r.Queue == nil && known.Other(r.Transmission.EntityID) != nil {
					return smp.ErrCmdProhibited
				}
				return err
			}
		}),
	},
	{
		ID:     "authorization/unknown-queue-named",
		Story:  "There is an error of its own for a queue that does not exist, as in many systems.",
		Breaks: []string{"SMP-AUTH-SAME-ERROR", "SMP-AUTH-UNKNOWN-QUEUE"},
		Cases:  []string{"relay/authorization/same-error", "relay/authorization/unknown-queue-send"},
		Apply:  fault.Remembering(namesUnknownQueues),
	},
	{
		ID:     "authorization/wrong-key-told",
		Story:  "A client whose key is wrong learns that, so that it need not look for a queue that is there.",
		Breaks: []string{"SMP-AUTH-SAME-ERROR", "SMP-AUTH-WRONG-KEY"},
		Cases:  []string{"relay/authorization/same-error", "relay/authorization/wrong-key-off"},
		Apply: fault.RefusesWith(func(_ *relay.Session, r *relay.Request) *smp.Error {
			if r.Queue != nil && len(r.Transmission.Authorization) > 0 {
				return smp.ErrCmdNoAuth
			}
			return smp.ErrAuth
		}),
	},
}

// namesUnknownQueues answers commands for unknown queues with an error that the protocol
// does not have.
func namesUnknownQueues(unknown *fault.Notes[string, bool]) func(*relay.Config) {
	return fault.Together(
		fault.Stages(func(st *relay.Stages) {
			authorise := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := authorise(s, r)
				if err != nil && err.Equal(smp.ErrAuth) && r.Queue == nil {
					unknown.Set(string(r.Transmission.CorrelationID), true)
				}
				return err
			}
		}),
		fault.Reencodes(func(s *relay.Session, t *smp.Transmission) uint16 {
			if _, found := unknown.Take(string(t.CorrelationID)); found {
				t.Command = []byte("ERR NO_QUEUE")
			}
			return s.Version()
		}),
	)
}
