package link

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// deleteFaults are mistakes in LDEL, and in what DEL means for a link.
var deleteFaults = []fault.Fault{
	mistake("ldel-forgotten", "LDEL says OK and removes nothing.",
		"SMP-LINK-LDEL-REMOVES", "ldel",
		executes(func(x *call, _ smp.LDEL) []relay.Output { return x.answers(smp.OK{}) })),
	mistake("ldel-data-kept", "LDEL takes the link from the queue and leaves the data in a table of their own.",
		"SMP-LINK-LDEL-REMOVES", "ldel", outlives("LDEL")),
	mistake("ldel-cached", "LDEL leaves the data in the cache of those that were read.",
		"SMP-LINK-LDEL-REMOVES", "ldel", cached("LDEL")),
	mistake("ldel-answers-lnk", "LDEL is answered with the link that it removes.",
		"SMP-LINK-LDEL-OK", "ldel",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			outs := x.shows()
			x.does(c)
			return outs
		})),
	mistake("ldel-invitation-refused", "LDEL is for addresses, and refused for invitations.",
		"SMP-LINK-LDEL-OK", "ldel",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			if x.r.Queue.Record().Mode == smp.Messaging {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("ldel-deletes", "LDEL deletes the queue with its link.",
		"SMP-LINK-LDEL-KEEPS-QUEUE", "ldel",
		executes(func(x *call, _ smp.LDEL) []relay.Output { return x.does(smp.DEL{}) })),
	mistake("ldel-suspends", "LDEL ends the address, so that nobody can send to it any more.",
		"SMP-LINK-LDEL-KEEPS-QUEUE", "ldel",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			x.does(smp.OFF{})
			return x.does(c)
		})),
	mistake("ldel-repeated-refused", "LDEL for a queue without link is refused.",
		"SMP-LINK-LDEL-REPEATED", "ldel-repeated",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			if x.r.Queue.Link() == nil {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("ldel-taken-refused", "LDEL is refused for an invitation that was taken, as LSET is.",
		"SMP-LINK-LDEL-TAKEN", "ldel-taken",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			if record := x.r.Queue.Record(); record.Mode == smp.Messaging && !record.SenderKey.IsZero() {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("ldel-frees", "LDEL makes a new invitation possible: it forgets the key of the one who took the last one.",
		"SMP-LINK-LDEL-TAKEN", "ldel-taken",
		executes(func(x *call, c smp.LDEL) []relay.Output {
			x.setsKey(keys.PublicKey{})
			return x.does(c)
		})),
	mistake("ldel-fixed-kept", "The fixed data of a queue stay after LDEL, and LSET compares with them.",
		"SMP-LINK-LDEL-AGAIN", "ldel-again",
		tombstone(func(c, last smp.LSET) bool { return bytes.Equal(c.Data.Fixed, last.Data.Fixed) })),
	mistake("ldel-id-kept", "A queue has one link id for ever, also after LDEL.",
		"SMP-LINK-LDEL-AGAIN", "ldel-again",
		tombstone(func(c, last smp.LSET) bool { return bytes.Equal(c.LinkID, last.LinkID) })),
	mistake("ldel-id-reserved", "A link id that was deleted cannot be had by another queue.",
		"SMP-LINK-LDEL-AGAIN", "ldel-again", reserved()),

	mistake("del-data-kept", "DEL deletes the queue and leaves its link data in a table of their own.",
		"SMP-LINK-QUEUE-DELETED", "queue-deleted", outlives("DEL")),
	mistake("del-cached", "DEL leaves the link data in the cache of those that were read.",
		"SMP-LINK-QUEUE-DELETED", "queue-deleted", cached("DEL")),
	mistake("lget-gone-told", "LGET for a link that was deleted is told so, with another error than for one that never was.",
		"SMP-LINK-GONE-SAME", "queue-deleted", gone[smp.LGET]()),
	mistake("lkey-gone-told", "LKEY for a link that was deleted is told so, with another error than for one that never was.",
		"SMP-LINK-GONE-SAME", "queue-deleted", gone[smp.LKEY]()),
}

// tombstone refuses LSET unless it agrees with what LDEL has removed from the queue.
func tombstone(agrees func(c, last smp.LSET) bool) func(*relay.Config) {
	var removed sync.Map // of smp.LSET by *relay.Queue
	notes := executes(func(x *call, c smp.LDEL) []relay.Output {
		if link := x.r.Queue.Link(); link != nil {
			removed.Store(x.r.Queue, smp.LSET{LinkID: link.ID, Data: link.Data})
		}
		return x.does(c)
	})
	refuses := executes(func(x *call, c smp.LSET) []relay.Output {
		if last, ok := removed.Load(x.r.Queue); ok && !agrees(c, last.(smp.LSET)) {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	})
	return func(config *relay.Config) {
		notes(config)
		refuses(config)
	}
}

// reserved leaves link ids to the queues that had them first.
func reserved() func(*relay.Config) {
	var owners sync.Map // of *relay.Queue by link id
	notes := executes(func(x *call, c smp.LDEL) []relay.Output {
		if link := x.r.Queue.Link(); link != nil {
			owners.Store(string(link.ID), x.r.Queue)
		}
		return x.does(c)
	})
	refuses := executes(func(x *call, c smp.LSET) []relay.Output {
		if q, ok := owners.Load(string(c.LinkID)); ok && q != x.r.Queue {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	})
	return func(config *relay.Config) {
		notes(config)
		refuses(config)
	}
}

// gone answers commands of one kind for links of deleted queues with another error.
func gone[C smp.Command]() func(*relay.Config) {
	var gone sync.Map // of true by link id
	notes := executes(func(x *call, c smp.DEL) []relay.Output {
		if link := x.r.Queue.Link(); link != nil {
			gone.Store(string(link.ID), true)
		}
		return x.does(c)
	})
	refuses := refuses(func(r *relay.Request, _ C) *smp.Error {
		if _, ok := gone.Load(string(r.Transmission.EntityID)); ok {
			return smp.ErrNoMsg
		}
		return smp.ErrAuth
	})
	return func(config *relay.Config) {
		notes(config)
		refuses(config)
	}
}
