package fault

import (
	"bytes"
	"sync"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkSetFaults are mistakes in what LSET may change.
var linkSetFaults = []Fault{
	linkFault("lset-new-refused", "LSET updates links, and those of queues that have none come with NEW only.",
		"SMP-LINK-LSET-OK", "lset",
		linkSets(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if had == nil {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("lset-new-forgotten", "LSET for a queue without link says OK and stores nothing.",
		"SMP-LINK-LSET-SETS", "lset",
		linkSets(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if had == nil {
				return x.answers(smp.OK{})
			}
			return x.does(c)
		})),
	linkFault("lset-answers-lnk", "LSET is answered with the link that it has set.",
		"SMP-LINK-LSET-OK", "lset",
		linkSets(func(x *linkCall, c smp.LSET, _ *relay.Link) []relay.Output {
			x.does(c)
			return x.shows()
		})),
	linkFault("lset-update-forgotten", "LSET for a queue with a link says OK and leaves the old data.",
		"SMP-LINK-LSET-UPDATES", "lset-updates owners",
		linkUpdates(func(x *linkCall, _ smp.LSET, _ *relay.Link) []relay.Output { return x.answers(smp.OK{}) })),
	linkFault("lset-update-refused", "Link data are written once, and user data too.",
		"SMP-LINK-LSET-UPDATES", "lset-updates owners",
		linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			return x.refuses(smp.ErrAuth)
		})),
	linkFault("lset-repeated-refused", "LSET with the data that the link has is refused, as there is nothing to do.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if bytes.Equal(c.Data.User, had.Data.User) {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("lset-longer-refused", "User data are replaced in their place, and cannot become longer.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.User) > len(had.Data.User) {
				return x.refuses(smp.ErrLargeMsg)
			}
			return x.does(c)
		})),
	linkFault("lset-shorter-mixed", "User data are replaced in their place, so that the end of longer old data stays.",
		"SMP-LINK-LSET-UPDATES", "lset-updates",
		linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.User) < len(had.Data.User) {
				c.Data.User = append(bytes.Clone(c.Data.User), had.Data.User[len(c.Data.User):]...)
			}
			return x.does(c)
		})),
	linkFault("lnk-cached", "A connection that has read a link gets the same data for ever.",
		"SMP-LINK-LSET-UPDATES", "lset-updates", linkStale()),

	linkFault("lset-other-id-renames", "LSET with another link id renames the link.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id", linkOtherID((*linkCall).setsAnew)),
	linkFault("lset-other-id-ignored", "LSET for a queue with a link does not look at its link id.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		linkOtherID(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			c.LinkID = had.ID
			return x.does(c)
		})),
	linkFault("lset-other-id-loses", "LSET removes the old link before it finds that the link id is another one.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		linkOtherID(func(x *linkCall, _ smp.LSET, _ *relay.Link) []relay.Output {
			x.does(smp.LDEL{})
			return x.refuses(smp.ErrAuth)
		})),
	linkFault("lset-other-id-prohibited", "LSET with another link id is answered with CMD PROHIBITED.",
		"SMP-LINK-LSET-OTHER-ID", "lset-other-id",
		linkOtherID(func(x *linkCall, _ smp.LSET, _ *relay.Link) []relay.Output {
			return x.refuses(smp.ErrCmdProhibited)
		})),

	linkFault("lset-fixed-replaced", "LSET replaces the fixed data too.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed", linkOtherFixed((*linkCall).setsAnew)),
	linkFault("lset-fixed-length", "LSET compares the lengths of the fixed data.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		linkOtherFixed(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.Fixed) != len(had.Data.Fixed) {
				return x.does(c)
			}
			return x.setsAnew(c, had)
		})),
	linkFault("lset-fixed-start", "LSET compares as much of the fixed data as it has, so that a part is enough.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		linkOtherFixed(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if !bytes.HasPrefix(had.Data.Fixed, c.Data.Fixed) {
				return x.does(c)
			}
			return x.setsAnew(c, had)
		})),
	linkFault("lset-fixed-empty", "LSET without fixed data is taken for one that leaves them as they are.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		linkOtherFixed(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if len(c.Data.Fixed) == 0 {
				c.Data.Fixed = had.Data.Fixed
			}
			return x.does(c)
		})),
	linkFault("lset-fixed-late", "LSET replaces the user data before it finds that the fixed data differ.",
		"SMP-LINK-LSET-OTHER-FIXED", "lset-other-fixed",
		linkOtherFixed(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			c.Data.Fixed = had.Data.Fixed
			x.does(c)
			return x.refuses(smp.ErrAuth)
		})),
	linkFault("lset-messaging-refused", "LSET is for addresses, and refused for invitations.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		linkSets(func(x *linkCall, c smp.LSET, _ *relay.Link) []relay.Output {
			if x.r.Queue.Record().Mode == smp.Messaging {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("lset-taken-updated", "LSET changes the link of an invitation that was taken.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		linkUpdates(func(x *linkCall, c smp.LSET, _ *relay.Link) []relay.Output { return x.setsUnsecured(c) })),
	linkFault("lset-secured-set", "LSET gives a link to a messaging queue that has its sender already.",
		"SMP-LINK-LSET-MESSAGING", "lset-messaging",
		linkSets(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
			if had != nil {
				return x.does(c)
			}
			return x.setsUnsecured(c)
		})),
}

// linkSets changes how LSET is executed; had is the link of the queue, nil for none.
func linkSets(f func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return linkExecutes(func(x *linkCall, c smp.LSET) []relay.Output { return f(x, c, x.r.Queue.Link()) })
}

// linkUpdates is linkSets for queues that have a link.
func linkUpdates(f func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return linkSets(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
		if had == nil {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// linkOtherID is linkUpdates for another link id.
func linkOtherID(f func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
		if bytes.Equal(c.LinkID, had.ID) {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// linkOtherFixed is linkUpdates for the same link id and other fixed data.
func linkOtherFixed(f func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output) func(*relay.Config) {
	return linkUpdates(func(x *linkCall, c smp.LSET, had *relay.Link) []relay.Output {
		if !bytes.Equal(c.LinkID, had.ID) || bytes.Equal(c.Data.Fixed, had.Data.Fixed) {
			return x.does(c)
		}
		return f(x, c, had)
	})
}

// setsAnew executes LSET as if the queue had no link.
func (x *linkCall) setsAnew(c smp.LSET, _ *relay.Link) []relay.Output {
	x.does(smp.LDEL{})
	return x.does(c)
}

// setsUnsecured executes LSET as if the queue had no sender key.
func (x *linkCall) setsUnsecured(c smp.LSET) []relay.Output {
	key := x.r.Queue.Record().SenderKey
	x.setsKey(keys.PublicKey{})
	defer x.setsKey(key)
	return x.does(c)
}

// linkStale keeps LNK for each connection and link id.
func linkStale() func(*relay.Config) {
	type read struct {
		s  *relay.Session
		id string
	}
	var cache sync.Map // of smp.LNK by read
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		return linkChanged(next(s, r), func(lnk *smp.LNK) {
			first, _ := cache.LoadOrStore(read{s, string(r.Transmission.EntityID)}, *lnk)
			*lnk = first.(smp.LNK)
		})
	})
}
