package link

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// setFaults are mistakes in what LSET may change.
var setFaults = []fault.Fault{
	mistake("lset-new-refused", "LSET updates links, and those of queues that have none come with NEW only.",
		"SMP-LINK-LSET-OK", "lset",
		sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if had == nil {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("lset-new-forgotten", "LSET for a queue without link says OK and stores nothing.",
		"SMP-LINK-LSET-SETS", "lset",
		sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if had == nil {
				return x.answers(smp.OK{})
			}
			return x.does(c)
		})),
	mistake("lset-answers-lnk", "LSET is answered with the link that it has set.",
		"SMP-LINK-LSET-OK", "lset",
		sets(func(x *call, c smp.LSET, _ *relay.Link) []relay.Output {
			x.does(c)
			return x.shows()
		})),
	mistake("lset-update-forgotten", "LSET for a queue with a link says OK and leaves the old data.",
		"SMP-LINK-LSET-UPDATES", "lset-updates owners",
		updates(func(x *call, _ smp.LSET, _ *relay.Link) []relay.Output { return x.answers(smp.OK{}) })),
	mistake("lset-update-refused", "Link data are written once, and user data too.",
		"SMP-LINK-LSET-UPDATES", "lset-updates owners",
		updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			return x.refuses(smp.ErrAuth)
		})),
	mistake("lset-repeated-refused", "LSET with the data that the link has is refused, as there is nothing to do.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if bytes.Equal(c.Data.User, had.Data.User) {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("lset-longer-refused", "User data are replaced in their place, and cannot become longer.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.User) > len(had.Data.User) {
				return x.refuses(smp.ErrLargeMsg)
			}
			return x.does(c)
		})),
	mistake("lset-shorter-mixed", "User data are replaced in their place, so that the end of longer old data stays.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.User) < len(had.Data.User) {
				c.Data.User = append(bytes.Clone(c.Data.User), had.Data.User[len(c.Data.User):]...)
			}
			return x.does(c)
		})),
	mistake("lnk-cached", "A connection that has read a link gets the same data for ever.",
		"SMP-LINK-LSET-UPDATES", "lset-updates", stale()),

	mistake("lset-other-id-renames", "LSET with another link id renames the link.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id", otherID((*call).setsAnew)),
	mistake("lset-other-id-ignored", "LSET for a queue with a link does not look at its link id.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		otherID(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			c.LinkID = had.ID
			return x.does(c)
		})),
	mistake("lset-other-id-loses", "LSET removes the old link before it finds that the link id is another one.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		otherID(func(x *call, _ smp.LSET, _ *relay.Link) []relay.Output {
			x.does(smp.LDEL{})
			return x.refuses(smp.ErrAuth)
		})),
	mistake("lset-other-id-prohibited", "LSET with another link id is answered with CMD PROHIBITED.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		otherID(func(x *call, _ smp.LSET, _ *relay.Link) []relay.Output {
			return x.refuses(smp.ErrCmdProhibited)
		})),

	mistake("lset-fixed-replaced", "LSET replaces the fixed data too.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed", otherFixed((*call).setsAnew)),
	mistake("lset-fixed-length", "LSET compares the lengths of the fixed data.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		otherFixed(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.Fixed) != len(had.Data.Fixed) {
				return x.does(c)
			}
			return x.setsAnew(c, had)
		})),
	mistake("lset-fixed-start", "LSET compares as much of the fixed data as it has, so that a part is enough.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		otherFixed(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if !bytes.HasPrefix(had.Data.Fixed, c.Data.Fixed) {
				return x.does(c)
			}
			return x.setsAnew(c, had)
		})),
	mistake("lset-fixed-empty", "LSET without fixed data is taken for one that leaves them as they are.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		otherFixed(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.Fixed) == 0 {
				c.Data.Fixed = had.Data.Fixed
			}
			return x.does(c)
		})),
	mistake("lset-fixed-late", "LSET replaces the user data before it finds that the fixed data differ.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		otherFixed(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			c.Data.Fixed = had.Data.Fixed
			x.does(c)
			return x.refuses(smp.ErrAuth)
		})),
	mistake("lset-messaging-refused", "LSET is for addresses, and refused for invitations.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		sets(func(x *call, c smp.LSET, _ *relay.Link) []relay.Output {
			if x.r.Queue.Record().Mode == smp.Messaging {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("lset-taken-updated", "LSET changes the link of an invitation that was taken.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		updates(func(x *call, c smp.LSET, _ *relay.Link) []relay.Output { return x.setsUnsecured(c) })),
	mistake("lset-secured-set", "LSET gives a link to a messaging queue that has its sender already.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			if had != nil {
				return x.does(c)
			}
			return x.setsUnsecured(c)
		})),
	mistake("lset-no-mode-secured", "LSET changes the link of a secured queue without mode, since it is no invitation.",
		"SMP-LINK-NO-MODE", "no-mode",
		updates(func(x *call, c smp.LSET, _ *relay.Link) []relay.Output {
			if x.r.Queue.Record().Mode == 0 {
				return x.setsUnsecured(c)
			}
			return x.does(c)
		})),
}

// sets changes how LSET is executed; had is the link of the queue, nil for none.
func sets(f func(x *call, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return executes(func(x *call, c smp.LSET) []relay.Output { return f(x, c, x.r.Queue.Link()) })
}

// updates is sets for queues that have a link.
func updates(f func(x *call, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
		if had == nil {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// otherID is updates for another link id.
func otherID(f func(x *call, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
		if bytes.Equal(c.LinkID, had.ID) {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// otherFixed is updates for the same link id and other fixed data.
func otherFixed(f func(x *call, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return updates(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
		if !bytes.Equal(c.LinkID, had.ID) || bytes.Equal(c.Data.Fixed, had.Data.Fixed) {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// setsAnew executes LSET as if the queue had no link.
func (x *call) setsAnew(c smp.LSET, _ *relay.Link) []relay.Output {
	x.does(smp.LDEL{})
	return x.does(c)
}

// setsUnsecured executes LSET as if the queue had no sender key.
func (x *call) setsUnsecured(c smp.LSET) []relay.Output {
	key := x.r.Queue.Record().SenderKey
	x.setsKey(keys.PublicKey{})
	defer x.setsKey(key)
	return x.does(c)
}

// stale keeps LNK for each connection and link id.
func stale() func(*relay.Config) {
	type read struct {
		s  *relay.Session
		id string
	}
	var cache sync.Map // of smp.LNK by read
	return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		return changed(next(s, r), func(lnk *smp.LNK) {
			first, _ := cache.LoadOrStore(read{s, string(r.Transmission.EntityID)}, *lnk)
			*lnk = first.(smp.LNK)
		})
	})
}
