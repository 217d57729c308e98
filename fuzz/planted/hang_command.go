package planted

import (
	"context"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/client"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// hangsOfCommands are hangs that commands cause.
func hangsOfCommands() []Fault {
	return []Fault{
		{
			ID:    "hang/takeover",
			Title: "SUB keeps the queue until the earlier subscriber has left it, and that one needs the queue to leave.",
			Finds: []string{Hang},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
				if earlier := r.Queue.Subscriber(); earlier != nil && earlier != s {
					stuck()
				}
				return next(s, r)
			}),
		},
		{
			ID:    "hang/refused-link-command",
			Title: "A command for a link that is refused does not give back the lock of all links.",
			Finds: []string{Hang},
			Apply: func(c *relay.Config) {
				var links sync.Mutex
				fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
					if !fault.IsOneOf(r, "LSET", "LDEL", "LKEY", "LGET") {
						return next(s, r)
					}
					links.Lock()
					outs := next(s, r)
					if !fault.RepliedWith[smp.ERR](outs) {
						links.Unlock()
					}
					return outs
				})(c)
			},
		},
		{
			ID:    "hang/refused-key",
			Title: "A command with a wrong authorization does not give back the lock of its queue.",
			Finds: []string{Hang},
			Apply: fault.Remembering(func(locked *fault.Notes[string, bool]) func(*relay.Config) {
				return authorises(func(s *relay.Session, r *relay.Request, next authorise) *smp.Error {
					id := string(r.Transmission.EntityID)
					if kept, _ := locked.Get(id); kept {
						stuck()
					}
					err := next(s, r)
					if err != nil && r.Queue != nil {
						locked.Set(id, true)
					}
					return err
				})
			}),
		},
		{
			ID:    "hang/rest-of-batch",
			Title: "A malformed transmission ends the block: those behind it are not answered.",
			Finds: []string{Hang},
			Apply: fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
				requests := next(s, content)
				for i := range requests {
					if fault.Failed(&requests[i], smp.ErrBlock) {
						return requests[:i+1]
					}
				}
				return requests
			}),
		},
		{
			ID:    "hang/repeated-correlation-id",
			Title: "A command with the correlation id of an earlier one is taken for the same one and not answered.",
			Finds: []string{Hang},
			Apply: fault.Remembering(func(sessions *beside[relay.Session, fault.Notes[string, bool]]) func(*relay.Config) {
				return fault.Decodes(func(s *relay.Session, content []byte, next fault.Decode) []relay.Request {
					seen := sessions.of(s)
					requests := next(s, content)
					kept := requests[:0]
					for _, r := range requests {
						id := string(r.Transmission.CorrelationID)
						if again, _ := seen.Get(id); id != "" && again {
							continue
						}
						seen.Set(id, true)
						kept = append(kept, r)
					}
					return kept
				})
			}),
		},
		{
			ID:    "hang/unreached-destination",
			Title: "A relay that cannot be reached is tried for ever, and PRXY is not answered meanwhile.",
			Finds: []string{Hang},
			Apply: fault.Stages(func(st *relay.Stages) {
				next := st.Connect
				st.Connect = func(ctx context.Context, r *relay.Relay, address string, keyHash []byte) (*client.Client, error) {
					c, err := next(ctx, r, address, keyHash)
					if err != nil {
						stuck()
					}
					return c, err
				}
			}),
		},
		{
			ID:    "hang/get-waits",
			Title: "GET is answered when there is a message, as in long polling.",
			Finds: []string{Hang},
			Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.GET, next fault.Execute) []relay.Output {
				outs := next(s, r)
				if fault.RepliedWith[smp.OK](outs) {
					return nil
				}
				return outs
			}),
		},
	}
}
