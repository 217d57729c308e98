package names

import (
	"bytes"
	"context"
	"strings"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// answerFaults are mistakes in answering RSLV.
var answerFaults = []fault.Fault{
	withoutNames("not-found", "A relay without a resolver finds no name.", smp.ErrNameNotFound),
	withoutNames("unknown", "A relay without a resolver does not know the command.", smp.ErrCmdUnknown),
	withoutNames("prohibited", "A relay without a resolver does not allow the command.", smp.ErrCmdProhibited),
	withoutNames("resolver", "A relay without a resolver says that the resolver has failed.", smp.ResolverError("no resolver")),
	notFound("auth", "A name that is not registered is answered like a queue that is not there.", smp.ErrAuth,
		[]string{"SMP-NAME-ANSWER", "SMP-NAME-NOT-FOUND"}, "relay/names/answer", "relay/names/unregistered", "relay/names/beside"),
	notFound("internal", "A name that is not registered is taken for a failure of the relay.", smp.ErrInternal,
		[]string{"SMP-NAME-ANSWER", "SMP-NAME-NOT-FOUND"}, "relay/names/answer", "relay/names/unregistered", "relay/names/beside"),
	notFound("no-resolver", "A relay that finds no name says that it resolves none.", smp.ErrNameNoResolver,
		[]string{"SMP-NAME-NOT-FOUND"}, "relay/names/unregistered"),
	{
		ID:     "names/not-found-unanswered",
		Story:  "A name that is not registered is not answered.",
		Breaks: []string{"SMP-NAME-ANSWER", "SMP-NAME-NOT-FOUND"},
		Cases:  []string{"relay/names/answer", "relay/names/unregistered", "relay/names/beside"},
		Apply: resolves(func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response {
			answer := next(ctx, s, c)
			if _, failed := answer.(smp.ERR); failed {
				return nil
			}
			return answer
		}),
	},
	{
		ID:     "names/domain-no-resolver",
		Story:  "A name below a domain that the relay does not know is answered as if the relay had no resolver.",
		Breaks: []string{"SMP-NAME-NOT-FOUND"},
		Cases:  []string{"relay/names/unregistered"},
		Apply: resolves(func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response {
			if !strings.HasSuffix(c.Domain, ".testing") {
				return smp.ERR{Err: smp.ErrNameNoResolver}
			}
			return next(ctx, s, c)
		}),
	},
	{
		ID:     "names/nearest-name",
		Story:  "A name that is not registered gets the record of another one in its domain.",
		Breaks: []string{"SMP-NAME-NOT-FOUND"},
		Cases:  []string{"relay/names/unregistered"},
		Apply: resolves(func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response {
			answer := next(ctx, s, c)
			if _, failed := answer.(smp.ERR); failed && strings.HasSuffix(c.Domain, ".testing") {
				return next(ctx, s, smp.RSLV{Domain: "smpcheck.testing"})
			}
			return answer
		}),
	},
	{
		ID:     "names/forwarded-not-found",
		Story:  "A lookup that comes through a proxy is made without its name.",
		Breaks: []string{"SMP-NAME-RSLV-FORWARDED"},
		Cases:  []string{"relay/names/forwarded"},
		Apply: resolves(func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response {
			if s.Forwarded() {
				c.Domain = ""
			}
			return next(ctx, s, c)
		}),
	},
	{
		ID:     "names/entity",
		Story:  "RNAME has an entity id, made of the name.",
		Breaks: []string{"SMP-NAME-RNAME-ENTITY"},
		Cases:  []string{"relay/names/entity"},
		Apply: fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			if bytes.HasPrefix(t.Command, []byte("RNAME ")) {
				t.EntityID = bytes.Clone(t.CorrelationID)
			}
		}),
	},
	{
		ID:     "names/case-echoed",
		Story:  "The record has the name as the client has written it.",
		Breaks: []string{"SMP-NAME-RSLV-CASE"},
		Cases:  []string{"relay/names/case"},
		Apply:  caseEchoed,
	},
}

// withoutNames is a relay without resolver that answers RSLV with something else.
func withoutNames(id, story string, answer *smp.Error) fault.Fault {
	return fault.Fault{
		ID:     "names/no-resolver-" + id,
		Story:  story,
		Breaks: []string{"SMP-NAME-NO-RESOLVER"},
		Cases:  []string{"relay/names/no-resolver"},
		Apply:  fault.Together(func(c *relay.Config) { c.Names = nil }, refusesNames(answer, func(*relay.Session, string) bool { return true })),
	}
}

// notFound is a relay with another error for names that are not registered.
func notFound(id, story string, by *smp.Error, breaks []string, noticing ...string) fault.Fault {
	return fault.Fault{
		ID: "names/not-found-" + id, Story: story, Breaks: breaks, Cases: noticing,
		Apply: resolves(func(ctx context.Context, s *relay.Session, c smp.RSLV, next resolve) smp.Response {
			answer := next(ctx, s, c)
			if e, ok := answer.(smp.ERR); ok && e.Err.Equal(smp.ErrNameNotFound) {
				return smp.ERR{Err: by}
			}
			return answer
		}),
	}
}

// caseEchoed writes names into their records as they came.
func caseEchoed(c *relay.Config) {
	echoes := newEchoes()
	fault.Together(
		fault.ChangesRequests(func(_ *relay.Session, r *relay.Request) {
			if name, ok := nameIn(r); ok {
				echoes.came(r.Transmission.CorrelationID, name)
			}
		}),
		fault.ChangesTransmissions(func(_ *relay.Session, t *smp.Transmission) {
			name, ok := echoes.take(t.CorrelationID)
			if ok && bytes.HasPrefix(t.Command, []byte("RNAME ")) {
				t.Command = bytes.ReplaceAll(t.Command, []byte(strings.ToLower(name)), []byte(name))
			}
		}))(c)
}
