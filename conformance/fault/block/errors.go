package block

import (
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// errorsFaults are mistakes in error answers.
var errorsFaults = slices.Concat(neighbours(), errorOrderFaults, stateFaults, answerFaults)

// neighbours are relays that answer one error in the place of another that is like it.
func neighbours() []fault.Fault {
	as := func(id, story string, right, wrong *smp.Error, breaks []string, cases ...string) fault.Fault {
		return fault.Fault{ID: "error/" + id, Story: story, Breaks: breaks, Cases: cases, Apply: fault.ConfusesErrors(right, wrong)}
	}
	session := as("session-as-block", "A transmission with another session identifier is malformed for this connection.",
		smp.ErrSession, smp.ErrBlock, []string{"SMP-TX-SESSION-WRONG"}, "relay/transmission/session-id-wrong")
	session.Versions = beforeAuthenticators
	return []fault.Fault{
		session,
		as("block-as-auth", "An authorization of an unknown size is one that nothing can verify.",
			smp.ErrBlock, smp.ErrAuth, []string{"SMP-AUTH-SIZE", "SMP-BLOCK-BATCH-MALFORMED"},
			"relay/authorization/size", "relay/block/batch-malformed"),
		as("no-auth-as-auth", "A missing authorization is answered like a wrong one.",
			smp.ErrCmdNoAuth, smp.ErrAuth, []string{"SMP-AUTH-NO-AUTH"},
			"relay/authorization/unauthorised-sub", "relay/authorization/unauthorised-new"),
		as("has-auth-as-syntax", "A command with credentials that it must not have does not follow the grammar.",
			smp.ErrCmdHasAuth, smp.ErrCmdSyntax, []string{"SMP-AUTH-HAS-AUTH"},
			"relay/ping/credentials", "relay/authorization/entity-new"),
		as("no-entity-as-has-auth", "The two errors about entity ids are mixed up.",
			smp.ErrCmdNoEntity, smp.ErrCmdHasAuth, []string{"SMP-AUTH-NO-ENTITY"}, "relay/authorization/no-entity-send"),
		as("auth-as-internal", "What the store does not find is a failure of the relay.",
			smp.ErrAuth, smp.ErrInternal, []string{"SMP-AUTH-UNKNOWN-QUEUE", "SMP-AUTH-ID-KIND"},
			"relay/authorization/unknown-queue-sub", "relay/authorization/id-kind-sub"),
		as("quota-as-large", "A message that the queue has no room for is too large.",
			smp.ErrQuota, smp.ErrLargeMsg, []string{"SMP-SEND-QUOTA"}, "relay/quota/refused"),
		as("large-as-quota", "A message that is too large exceeds the quota of its queue.",
			smp.ErrLargeMsg, smp.ErrQuota, []string{"SMP-SEND-TOO-LARGE"}, "relay/send/too-large"),
		as("no-msg-as-auth", "An acknowledgement of what was not delivered is not authorized.",
			smp.ErrNoMsg, smp.ErrAuth, []string{"SMP-ACK-WRONG-ID"}, "relay/ack/wrong-id"),
		as("prohibited-as-auth", "A command that is not allowed at the time is not authorized.",
			smp.ErrCmdProhibited, smp.ErrAuth, []string{"SMP-GET-AFTER-SUB"}, "relay/get/after-sub"),
	}
}

// errorOrderFaults are relays that check the credentials, the queue and the command in another
// order.
var errorOrderFaults = []fault.Fault{
	{
		ID:     "error/credentials-before-syntax",
		Story:  "Whether there is an authorization is looked at before the parameters are parsed.",
		Breaks: []string{"SMP-ERR-SYNTAX-BEFORE-AUTH"},
		Cases:  []string{"relay/error/syntax-before-auth"},
		Apply: fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if fault.Failed(r, smp.ErrCmdSyntax) && len(r.Transmission.Authorization) == 0 {
				r.Err = smp.ErrCmdNoAuth
			}
		}),
	},
	{
		ID:     "error/authorization-before-syntax",
		Story:  "The queue is found and the authorization verified before the parameters are parsed.",
		Breaks: []string{"SMP-ERR-SYNTAX-BEFORE-AUTH"},
		Cases:  []string{"relay/error/syntax-before-auth"},
		Apply: looksFirst(func(r *relay.Request) bool {
			return fault.Failed(r, smp.ErrCmdSyntax) && len(r.Transmission.Authorization) > 0
		}, func(_ *relay.Request, err *smp.Error) bool { return err != nil }),
	},
	{
		ID:     "error/queue-before-credentials",
		Story:  "The queue is looked up before anything else, so an unknown one is reported first.",
		Breaks: []string{"SMP-ERR-CREDENTIALS-BEFORE-AUTH"},
		Cases:  []string{"relay/error/credentials-before-auth"},
		Apply: looksFirst(func(r *relay.Request) bool { return fault.Failed(r, smp.ErrCmdNoAuth) },
			func(r *relay.Request, _ *smp.Error) bool { return r.Queue == nil }),
	},
	{
		ID:     "error/credentials-before-name",
		Story:  "What has no authorization is refused before the command is looked at.",
		Breaks: []string{"SMP-ERR-UNKNOWN-FIRST"},
		Cases:  []string{"relay/error/unknown-first"},
		Apply: fault.Unknowns(func(_ *relay.Session, r *relay.Request) {
			if len(r.Transmission.Authorization) == 0 {
				r.Err = smp.ErrCmdNoAuth
			}
		}),
	},
	{
		ID:     "error/queue-before-name",
		Story:  "The authorization is verified before the name of the command is looked at.",
		Breaks: []string{"SMP-ERR-UNKNOWN-FIRST"},
		Cases:  []string{"relay/error/unknown-first"},
		Apply: looksFirst(func(r *relay.Request) bool {
			return fault.Failed(r, smp.ErrCmdUnknown) && len(r.Transmission.Authorization) > 0
		}, func(_ *relay.Request, err *smp.Error) bool { return err != nil }),
	},
	{
		ID:     "error/size-before-authorization",
		Story:  "The size of a message is checked first, because that is cheap.",
		Breaks: []string{"SMP-ERR-LARGE-AFTER-AUTH"},
		Cases:  []string{"relay/error/large-after-auth"},
		Apply: fault.RefusesWith(func(s *relay.Session, r *relay.Request) *smp.Error {
			if send, ok := r.Command.(smp.SEND); ok && len(send.Body) > smp.MaxMessageLength(s.Version()) {
				return smp.ErrLargeMsg
			}
			return smp.ErrAuth
		}),
	},
}

// stateFaults are relays that look at the state of a queue before the authorization.
var stateFaults = []fault.Fault{
	beforeAuth("ack", "An acknowledgement is compared with what was delivered before it is verified.", smp.ErrNoMsg,
		func(_ *relay.Session, r *relay.Request) bool {
			_, ok := r.Command.(smp.ACK)
			return ok && r.Queue.Mailbox().Len() == 0
		}),
	beforeAuth("get", "GET is refused to a connection that has subscribed, before it is verified.", smp.ErrCmdProhibited,
		func(s *relay.Session, r *relay.Request) bool {
			_, ok := r.Command.(smp.GET)
			return ok && r.Queue.Subscriber() == s
		}),
	beforeAuth("off", "OFF of a queue that is suspended has nothing to do, and nothing to verify.", smp.ErrCmdProhibited,
		func(_ *relay.Session, r *relay.Request) bool {
			_, ok := r.Command.(smp.OFF)
			return ok && r.Queue.Record().Suspended()
		}),
}

// beforeAuth is a relay that answers AUTH only if a state is not there: it looks at the
// state first.
func beforeAuth(id, story string, answer *smp.Error, state func(*relay.Session, *relay.Request) bool) fault.Fault {
	return fault.Fault{
		ID:     "error/state-before-" + id,
		Story:  story,
		Breaks: []string{"SMP-ERR-AUTH-BEFORE-STATE"},
		Cases:  []string{"relay/error/auth-before-state"},
		Apply: fault.Stages(func(st *relay.Stages) {
			authorise, execute := st.Authorise, st.Execute
			var late sync.Map // requests that Execute has to refuse, since the state needs the lock
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := authorise(s, r)
				if err == nil || r.Queue == nil {
					return err
				}
				late.Store(r, nil)
				return nil
			}
			st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
				if _, refused := late.LoadAndDelete(r); !refused {
					return execute(s, r)
				}
				if state(s, r) {
					return fault.Refuse(r, answer)
				}
				return fault.Refuse(r, smp.ErrAuth)
			}
		}),
	}
}

// looksFirst has requests that concerns picks authorised as if they were OFF although
// they were refused, and those that refused picks then answered AUTH.
func looksFirst(concerns func(*relay.Request) bool, refused func(*relay.Request, *smp.Error) bool) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		decode := st.Decode
		st.Decode = func(s *relay.Session, content []byte) []relay.Request {
			requests := decode(s, content)
			for i := range requests {
				r := &requests[i]
				if !concerns(r) {
					continue
				}
				stand := relay.Request{Transmission: r.Transmission, Command: smp.OFF{}}
				if err := st.Authorise(s, &stand); refused(&stand, err) {
					r.Err = smp.ErrAuth
				}
			}
			return requests
		}
	})
}
