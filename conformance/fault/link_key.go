package fault

import (
	"sync"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkKeyFaults are mistakes in who may take an invitation with LKEY.
var linkKeyFaults = []Fault{
	linkFault("lkey-not-securing", "LKEY shows the link data and leaves securing to SKEY.",
		"SMP-LINK-LKEY-SECURES", "lkey",
		linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
			before := x.r.Queue.Record().SenderKey
			outs := x.does(c)
			x.setsKey(before)
			return outs
		})),
	linkFault("lkey-ok", "LKEY is answered with OK, as SKEY is, and the data wait for LGET.",
		"SMP-LINK-LKEY-LNK", "lkey",
		linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
			x.does(c)
			return x.answers(smp.OK{})
		})),
	linkFault("lkey-signatures-only", "LKEY takes keys for signatures only, and not those for authenticators.",
		"SMP-LINK-LKEY-LNK", "lkey",
		linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
			if c.SenderKey.Algorithm() == keys.X25519 {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("lkey-once", "LKEY is refused once the queue is secured, with the same key too.",
		"SMP-LINK-LKEY-REPEATED", "lkey-repeated",
		linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
			if !x.r.Queue.Record().SenderKey.IsZero() {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("lkey-one-connection", "LKEY can be repeated on the same connection only.",
		"SMP-LINK-LKEY-REPEATED", "lkey-repeated", linkOneConnection[smp.LKEY]()),
	linkFault("lkey-drops-data", "LKEY drops the link data once they were sent, whether the answer arrives or not.",
		"SMP-LINK-LKEY-REPEATED SMP-LINK-DATA-DROPPED", "lkey-repeated data-dropped",
		linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
			outs := x.does(c)
			x.does(smp.LDEL{})
			return outs
		})),
	linkFault("lkey-replaces", "LKEY with another key replaces the key of the queue.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed", linkOtherKey((*linkCall).setsKey)),
	linkFault("lkey-shows", "LKEY with another key leaves the queue to the first one and shows the data to both.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed", linkOtherKey(func(*linkCall, keys.PublicKey) {})),
	linkFault("lkey-known-unverified", "LKEY with the key that the queue has is answered without looking at the authorization.",
		"SMP-LINK-LKEY-CHANGED", "lkey-changed",
		linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().SenderKey != c.SenderKey {
				return nil
			}
			return x.does(c)
		})),
	linkFault("lkey-race", "LKEY looks for the key of the queue first and sets it later, without a lock between.",
		"SMP-LINK-LKEY-CHANGED SMP-LINK-LKEY-SECURES", "lkey-race", linkRace),

	linkFault("lkey-unverified", "The authorization of LKEY is parsed and not verified.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		unchecked("LKEY")),
	linkFault("lkey-may-be-empty", "An empty authorization of LKEY is taken for one that needs no check.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised", linkUnsigned[smp.LKEY]()),
	linkFault("lkey-unsigned-auth", "LKEY without authorization is answered with AUTH, as one that does not verify.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		linkDecodes(func(r *relay.Request, _ smp.LKEY) { r.Err = smp.ErrAuth })),
	linkFault("lkey-by-recipient", "LKEY may be authorized by the recipient in the place of the key in it.",
		"SMP-LINK-LKEY-AUTHORIZED", "lkey-authorised",
		linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
			if !x.byRecipient() {
				return nil
			}
			return x.does(c)
		})),
}

// linkOtherKey shows link data to those who come with a second key.
func linkOtherKey(set func(*linkCall, keys.PublicKey)) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Messaging || x.r.Queue.Link() == nil || !x.signedBy(c.SenderKey) {
			return nil
		}
		set(x, c.SenderKey)
		return x.shows()
	})
}

// linkRaceTime is how long LKEY is between the check of a key and its use.
const linkRaceTime = 150 * time.Millisecond

// linkRace sets the key of each LKEY for which the queue had none when it came.
func linkRace(config *relay.Config) {
	next := config.Stages.Authorise
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := next(s, r)
		if _, ok := r.Command.(smp.LKEY); ok && err == nil {
			<-time.After(linkRaceTime)
		}
		return err
	}
	linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
		x.setsKey(c.SenderKey)
		return x.does(c)
	})(config)
}

// linkTaken remembers which queues LKEY has secured.
type linkTaken struct{ queues sync.Map }

// has reports whether LKEY has secured the queue.
func (t *linkTaken) has(q *relay.Queue) bool {
	_, ok := t.queues.Load(q)
	return ok
}

// notes remembers what LKEY secures and changes how other commands are executed.
func (t *linkTaken) notes(other func(*relay.Config)) func(*relay.Config) {
	notes := linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
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
