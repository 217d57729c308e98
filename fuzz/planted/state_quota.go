package planted

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// quotaFaults are mistakes about queues that are full.
func quotaFaults() []Fault {
	return []Fault{
		{
			ID:    "state/quota-late",
			Title: "A queue takes one message more than its quota.",
			Finds: []string{Violation, Accepted},
			Apply: func(c *relay.Config) { c.Quota++ },
		},
		{
			ID:    "state/quota-early",
			Title: "A queue takes one message less than its quota.",
			Finds: []string{Violation},
			Apply: func(c *relay.Config) { c.Quota-- },
		},
		{
			ID:    "state/quota-unmarked",
			Title: "The recipient of a queue that was full is not told so.",
			Finds: []string{Violation, Accepted},
			Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				stored := next(q, m)
				if !stored {
					rearrange(q, func(all []*relay.Message) []*relay.Message {
						if all[len(all)-1].Quota {
							return all[:len(all)-1]
						}
						return all
					})
				}
				return stored
			}),
		},
		{
			ID:    "state/quota-for-ever",
			Title: "A queue that was full takes no message any more.",
			Finds: []string{Violation},
			Apply: fault.Remembering(func(full *beside[relay.Queue, bool]) func(*relay.Config) {
				return fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
					was := full.of(q)
					if *was {
						return false
					}
					stored := next(q, m)
					*was = !stored
					return stored
				})
			}),
		},
		{
			ID:    "state/quota-counts-refused",
			Title: "A message that is refused because the queue is full takes the place of the last one.",
			Finds: []string{Violation},
			Apply: fault.Stores(func(q *relay.Queue, m *relay.Message, next fault.Store) bool {
				stored := next(q, m)
				if !stored {
					rearrange(q, func(all []*relay.Message) []*relay.Message {
						if len(all) > Quota {
							all[Quota-1] = m
						}
						return all
					})
				}
				return stored
			}),
		},
	}
}
