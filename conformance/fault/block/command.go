package block

import (
	"bytes"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// commandFaults are mistakes about commands that are unknown or malformed.
var commandFaults = []fault.Fault{
	{
		ID:     "transmission/unknown-as-syntax",
		Story:  "A command that the parser does not know is a mistake of syntax.",
		Breaks: []string{"SMP-TX-UNKNOWN"},
		Cases:  []string{"relay/transmission/unknown-command"},
		Apply:  fault.ConfusesErrors(smp.ErrCmdUnknown, smp.ErrCmdSyntax),
	},
	{
		ID:     "transmission/unknown-ignored",
		Story:  "A command from the future is ignored, without an answer.",
		Breaks: []string{"SMP-TX-UNKNOWN"},
		Cases:  []string{"relay/transmission/unknown-command"},
		Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
			requests := next(s, content)
			kept := requests[:0]
			for i := range requests {
				if !fault.Failed(&requests[i], smp.ErrCmdUnknown) {
					kept = append(kept, requests[i])
				}
			}
			return kept
		}),
	},
	{
		ID:     "transmission/name-by-prefix",
		Story:  "A command is recognised by its first letters, whatever letters follow.",
		Breaks: []string{"SMP-TX-UNKNOWN-SUFFIX"},
		Cases:  []string{"relay/transmission/unknown-suffix"},
		Apply: fault.Unknowns(func(s *relay.Session, r *relay.Request) {
			for _, name := range []string{"PING", "SUB", "DEL"} {
				if bytes.HasPrefix(r.Transmission.Command, []byte(name)) {
					fault.ServeAs(s, r, []byte(name))
				}
			}
		}),
	},
	{
		ID:     "transmission/name-trimmed",
		Story:  "White space around a command is trimmed.",
		Breaks: []string{"SMP-TX-UNKNOWN-SUFFIX"},
		Cases:  []string{"relay/transmission/unknown-suffix"},
		Apply: fault.Unknowns(func(s *relay.Session, r *relay.Request) {
			fault.ServeAs(s, r, bytes.TrimSpace(r.Transmission.Command))
		}),
	},
	{
		ID:     "transmission/lower-case-accepted",
		Story:  "Names of commands are compared without regard to case.",
		Breaks: []string{"SMP-TX-CASE"},
		Cases:  []string{"relay/transmission/lower-case"},
		Apply: fault.Unknowns(func(s *relay.Session, r *relay.Request) {
			fault.ServeAs(s, r, bytes.ToUpper(r.Transmission.Command))
		}),
	},
	{
		ID:     "transmission/relay-name-prohibited",
		Story:  "Commands and responses have one parser, and a response from a client is prohibited rather than unknown.",
		Breaks: []string{"SMP-TX-RELAY-NAME"},
		Cases:  []string{"relay/transmission/relay-name"},
		Apply: fault.Unknowns(func(s *relay.Session, r *relay.Request) {
			if _, err := smp.DecodeResponse(s.Version(), r.Transmission.Command); err == nil {
				r.Err = smp.ErrCmdProhibited
			}
		}),
	},
	{
		ID:     "transmission/syntax-as-unknown",
		Story:  "A command whose parameters cannot be parsed is none that the relay knows.",
		Breaks: []string{"SMP-TX-SYNTAX"},
		Cases:  []string{"relay/transmission/syntax"},
		Apply:  fault.ConfusesErrors(smp.ErrCmdSyntax, smp.ErrCmdUnknown),
	},
	{
		ID:     "transmission/send-without-parameters",
		Story:  "Parameters that are missing have their zero value, so that SEND alone sends an empty message.",
		Breaks: []string{"SMP-TX-SYNTAX"},
		Cases:  []string{"relay/transmission/syntax"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdSyntax) && string(r.Transmission.Command) == "SEND" {
				r.Command, r.Err = smp.SEND{}, nil
			}
		}),
	},
	{
		ID:     "transmission/ack-with-cut-id",
		Story:  "An id at the end of a command is as long as what is there, whatever its length says.",
		Breaks: []string{"SMP-TX-SYNTAX"},
		Cases:  []string{"relay/transmission/syntax"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if id, ok := bytes.CutPrefix(r.Transmission.Command, []byte("ACK ")); ok && fault.Failed(r, smp.ErrCmdSyntax) && len(id) > 0 {
				r.Command, r.Err = smp.ACK{MsgID: id[1:]}, nil
			}
		}),
	},
	{
		ID:     "transmission/trailing-ignored",
		Story:  "What follows the last parameter is left for later versions to define, and ignored.",
		Breaks: []string{"SMP-TX-TRAILING"},
		Cases:  []string{"relay/transmission/trailing"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			const most = 4
			for n := 1; n <= most && fault.Failed(r, smp.ErrCmdSyntax) && n <= len(r.Transmission.Command); n++ {
				fault.ServeAs(s, r, r.Transmission.Command[:len(r.Transmission.Command)-n])
			}
		}),
	},
}

// withParameters are relays that take a command which has no parameters with some.
func withParameters() (faults []fault.Fault) {
	for _, tag := range []string{"SUB", "GET", "QUE", "NDEL", "OFF", "DEL"} {
		faults = append(faults, fault.Fault{
			ID:     "transmission/" + strings.ToLower(tag) + "-parameters-ignored",
			Story:  tag + " has no parameters, so what follows it is not looked at.",
			Breaks: []string{"SMP-TX-TRAILING"},
			Cases:  []string{"relay/transmission/trailing"},
			Apply:  fault.Rewrites(tag, func(uint16, []byte) []byte { return []byte(tag) }),
		})
	}
	return faults
}

// pingFaults are mistakes about PING.
var pingFaults = []fault.Fault{
	{
		ID:     "ping/answered-ok",
		Story:  "PING is answered like every command that has succeeded.",
		Breaks: []string{"SMP-PING-PONG"},
		Cases:  []string{"relay/ping/pong"},
		Apply:  pongs(func(out *relay.Output) { out.Response = smp.OK{} }),
	},
	{
		ID:     "ping/pong-with-entity",
		Story:  "PONG has the correlation id of its PING in both of its ids.",
		Breaks: []string{"SMP-PING-PONG"},
		Cases:  []string{"relay/ping/pong"},
		Apply:  pongs(func(out *relay.Output) { out.EntityID = out.CorrelationID }),
	},
	{
		ID:     "ping/credentials-ignored",
		Story:  "PING needs no credentials, and those that are there are not looked at.",
		Breaks: []string{"SMP-PING-UNSIGNED", "SMP-AUTH-HAS-AUTH"},
		Cases:  []string{"relay/ping/credentials"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdHasAuth) && fault.TagOf(s, r) == "PING" {
				fault.Serve(s, r)
			}
		}),
	},
	{
		ID:     "ping/signed-accepted",
		Story:  "Only the entity id of PING has to be empty, and a signature does no harm.",
		Breaks: []string{"SMP-PING-UNSIGNED", "SMP-AUTH-HAS-AUTH"},
		Cases:  []string{"relay/ping/credentials"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdHasAuth) && fault.TagOf(s, r) == "PING" && len(r.Transmission.EntityID) == 0 {
				fault.Serve(s, r)
			}
		}),
	},
	{
		ID:     "ping/parameters-ignored",
		Story:  "What follows PING is payload, as in other protocols that have a PING.",
		Breaks: []string{"SMP-PING-PARAMETERS"},
		Cases:  []string{"relay/ping/parameters"},
		Apply: fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
			if r.Err != nil && bytes.HasPrefix(r.Transmission.Command, []byte("PING ")) {
				fault.ServeAs(s, r, []byte("PING"))
			}
		}),
	},
	{
		ID:     "ping/many-ignored",
		Story:  "A client that sends more than 100 PINGs is taken for an attacker, and the others are not answered.",
		Breaks: []string{"SMP-PING-MANY"},
		Cases:  []string{"relay/ping/many"},
		Apply:  countsPings(func(n int) int { return min(1, max(0, 101-n)) }),
	},
	{
		ID:     "ping/answered-twice",
		Story:  "A worker that was slow to answer is asked again, and both answers are sent.",
		Breaks: []string{"SMP-PING-MANY"},
		Cases:  []string{"relay/ping/many"},
		Apply: countsPings(func(n int) int {
			if n == 50 {
				return 2
			}
			return 1
		}),
	},
}

// pongs changes every PONG.
func pongs(change func(*relay.Output)) func(*relay.Config) {
	return fault.ChangesOutputs(func(_ *relay.Session, out *relay.Output) {
		if _, ok := out.Response.(smp.PONG); ok {
			change(out)
		}
	})
}

// countsPings answers the nth PING of a session as often as times says.
func countsPings(times func(n int) int) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		next, counts := st.Execute, new(fault.PerSession[int])
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			if _, ok := r.Command.(smp.PING); !ok {
				return next(s, r)
			}
			count := counts.Of(s) // of use to one goroutine, which executes
			*count++
			var outs []relay.Output
			for range times(*count) {
				outs = append(outs, next(s, r)...)
			}
			return outs
		}
	})
}
