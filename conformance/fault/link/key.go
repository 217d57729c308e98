package link

import (
	"sync"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// keyFaults are mistakes in who may take an invitation with LKEY.
var keyFaults = []fault.Fault{
	mistake("lkey-not-securing", "LKEY shows the link data and leaves securing to SKEY.",
		"SMP-LINK-LKEY-SECURES", "lkey",
		executes(func(x *call, c smp.LKEY) []relay.Output {
			before := x.r.Queue.Record().SenderKey
			outs := x.does(c)
			x.setsKey(before)
			return outs
		})),
	mistake("lkey-ok", "LKEY is answered with OK, as SKEY is, and the data wait for LGET.",
		"SMP-LINK-LKEY-LNK", "lkey",
		executes(func(x *call, c smp.LKEY) []relay.Output {
			x.does(c)
			return x.answers(smp.OK{})
		})),
	mistake("lkey-signatures-only", "LKEY takes keys for signatures only, and not those for authenticators.",
		"SMP-LINK-LKEY-LNK", "lkey",
		executes(func(x *call, c smp.LKEY) []relay.Output {
			if c.SenderKey.Algorithm() == keys.X25519 {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("lkey-once", "LKEY is refused once the queue is secured, with the same key too.",
		"SMP-LINK-LKEY-REPEATED", "lkey-repeated",
		executes(func(x *call, c smp.LKEY) []relay.Output {
			if !x.r.Queue.Record().SenderKey.IsZero() {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("lkey-one-connection", "LKEY can be repeated on the same connection only.",
		"SMP-LINK-LKEY-REPEATED", "lkey-repeated", oneConnection[smp.LKEY]()),
	mistake("lkey-drops-data", "LKEY drops the link data once they were sent, whether the answer arrives or not.",
		"SMP-LINK-LKEY-REPEATED SMP-LINK-DATA-DROPPED", "lkey-repeated data-dropped",
		executes(func(x *call, c smp.LKEY) []relay.Output {
			outs := x.does(c)
			x.does(smp.LDEL{})
			return outs
		})),
	mistake("lkey-replaces", "LKEY with another key replaces the key of the queue.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed", otherKey((*call).setsKey)),
	mistake("lkey-shows", "LKEY with another key leaves the queue to the first one and shows the data to both.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed", otherKey(func(*call, keys.PublicKey) {})),
	mistake("lkey-known-unverified", "LKEY with the key that the queue has is answered without looking at the authorization.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed",
		overrules(func(x *call, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().SenderKey != c.SenderKey {
				return nil
			}
			return x.does(c)
		})),
	mistake("lkey-race", "LKEY looks for the key of the queue first and sets it later, without a lock between.",
		"SMP-LINK-LKEY-CHANGED SMP-LINK-LKEY-SECURES", "lkey-race", race),

	mistake("lkey-unverified", "The authorization of LKEY is parsed and not verified.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		fault.Unchecked("LKEY")),
	mistake("lkey-may-be-empty", "An empty authorization of LKEY is taken for one that needs no check.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised", unsigned[smp.LKEY]()),
	mistake("lkey-unsigned-auth", "LKEY without authorization is answered with AUTH, as one that does not verify.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		decodes(func(r *relay.Request, _ smp.LKEY) { r.Err = smp.ErrAuth })),
	mistake("lkey-by-recipient", "LKEY may be authorized by the recipient in the place of the key in it.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		overrules(func(x *call, c smp.LKEY) []relay.Output {
			if !x.byRecipient() {
				return nil
			}
			return x.does(c)
		})),
}

// otherKey shows link data to those who come with a second key.
func otherKey(set func(*call, keys.PublicKey)) func(*relay.Config) {
	return overrules(func(x *call, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Messaging || x.r.Queue.Link() == nil || !x.signedBy(c.SenderKey) {
			return nil
		}
		set(x, c.SenderKey)
		return x.shows()
	})
}

// raceTime is how long LKEY is between the check of a key and its use.
const raceTime = 150 * time.Millisecond

// race sets the key of each LKEY for which the queue had none when it came.
func race(config *relay.Config) {
	next := config.Stages.Authorise
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := next(s, r)
		if _, ok := r.Command.(smp.LKEY); ok && err == nil {
			<-time.After(raceTime)
		}
		return err
	}
	executes(func(x *call, c smp.LKEY) []relay.Output {
		x.setsKey(c.SenderKey)
		return x.does(c)
	})(config)
}

// taken remembers which queues LKEY has secured.
type taken struct{ queues sync.Map }

// has reports whether LKEY has secured the queue.
func (t *taken) has(q *relay.Queue) bool {
	_, ok := t.queues.Load(q)
	return ok
}

// notes remembers what LKEY secures and changes how other commands are executed.
func (t *taken) notes(other func(*relay.Config)) func(*relay.Config) {
	notes := executes(func(x *call, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().SenderKey.IsZero() {
			t.queues.Store(x.r.Queue, true)
		}
		return x.does(c)
	})
	return func(config *relay.Config) {
		notes(config)
		other(config)
	}
}
