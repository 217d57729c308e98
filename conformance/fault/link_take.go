package fault

import (
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkTakeFaults are mistakes in what LKEY, SKEY, KEY and messages mean for each other.
var linkTakeFaults = []Fault{
	linkFault("lkey-after-skey-refused", "LKEY knows the keys that it has set itself, and not those of SKEY and KEY.",
		"SMP-LINK-LKEY-AFTER-SKEY", "lkey-after-skey", linkApart()),
	linkFault("lkey-after-skey-shows", "LKEY with any key is answered if it was SKEY or KEY that secured the queue.",
		"SMP-LINK-LKEY-AFTER-SKEY", "lkey-after-skey", linkShownApart()),
	linkFault("skey-after-lkey-refused", "SKEY is refused once LKEY has secured the queue, with the same key too.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey", linkLocked[smp.SKEY]()),
	linkFault("key-after-lkey-refused", "KEY is refused once LKEY has secured the queue, with the same key too.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey", linkLocked[smp.KEY]()),
	linkFault("skey-after-lkey-replaces", "The key of LKEY is for the link alone, and SKEY sets another one.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey",
		linkOverrules(func(x *linkCall, c smp.SKEY) []relay.Output {
			if x.r.Queue.Link() == nil || !x.signedBy(c.SenderKey) {
				return nil
			}
			x.setsKey(c.SenderKey)
			return x.answers(smp.OK{})
		})),
	linkFault("key-after-lkey-replaces", "KEY of the recipient has the last word about who took the invitation.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey",
		linkExecutes(func(x *linkCall, c smp.KEY) []relay.Output {
			if x.r.Queue.Link() != nil {
				x.setsKey(c.SenderKey)
			}
			return x.does(c)
		})),
	linkFault("lkey-contact-shows", "LKEY for an address is answered with its data, since everybody may read them.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact", linkContactKey(func(*linkCall, keys.PublicKey) {})),
	linkFault("lkey-contact-secures", "LKEY takes an address as it takes an invitation.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact", linkContactKey((*linkCall).setsKey)),
	linkFault("lkey-contact-refused-late", "LKEY secures an address before it looks at the mode and refuses.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact",
		linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().Mode == smp.Contact {
				x.setsKey(c.SenderKey)
			}
			return nil
		})),

	linkFault("data-kept", "The data of an invitation stay when the one who took it sends messages.",
		"SMP-LINK-DATA-DROPPED", "data-dropped", linkOutlives("SEND")),
	linkFault("data-dropped-early", "The first message drops the data of an invitation, also that of a stranger.",
		"SMP-LINK-DATA-DROPPED", "data-dropped", linkDropping(smp.Messaging)),
	linkFault("data-dropped-by-refused", "A message drops the data of an invitation also if it is refused.",
		"SMP-LINK-DATA-DROPPED", "data-dropped",
		linkOverrules(func(x *linkCall, _ smp.SEND) []relay.Output {
			x.does(smp.LDEL{})
			return nil
		})),
}

// linkContactKey answers LKEY for addresses.
func linkContactKey(set func(*linkCall, keys.PublicKey)) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Contact || !x.signedBy(c.SenderKey) {
			return nil
		}
		set(x, c.SenderKey)
		return x.shows()
	})
}

// linkApart refuses LKEY for queues that another command has secured.
func linkApart() func(*relay.Config) {
	taken := &linkTaken{}
	return taken.notes(linkExecutes(func(x *linkCall, c smp.LKEY) []relay.Output {
		if !x.r.Queue.Record().SenderKey.IsZero() && !taken.has(x.r.Queue) {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	}))
}

// linkShownApart answers LKEY for queues that another command has secured.
func linkShownApart() func(*relay.Config) {
	taken := &linkTaken{}
	return taken.notes(linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Messaging || taken.has(x.r.Queue) || !x.signedBy(c.SenderKey) {
			return nil
		}
		return x.shows()
	}))
}

// linkLocked refuses commands of one kind for queues that LKEY has secured.
func linkLocked[C smp.Command]() func(*relay.Config) {
	taken := &linkTaken{}
	return taken.notes(linkExecutes(func(x *linkCall, c C) []relay.Output {
		if taken.has(x.r.Queue) {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	}))
}
