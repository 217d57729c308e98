package link

import (
	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// takeFaults are mistakes in what LKEY, SKEY, KEY and messages mean for each other.
var takeFaults = []fault.Fault{
	mistake("lkey-after-skey-refused", "LKEY knows the keys that it has set itself, and not those of SKEY and KEY.",
		"SMP-LINK-LKEY-AFTER-SKEY", "lkey-after-skey", apart()),
	mistake("lkey-after-skey-shows", "LKEY with any key is answered if it was SKEY or KEY that secured the queue.",
		"SMP-LINK-LKEY-AFTER-SKEY", "lkey-after-skey", shownApart()),
	mistake("skey-after-lkey-refused", "SKEY is refused once LKEY has secured the queue, with the same key too.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey", locked[smp.SKEY]()),
	mistake("key-after-lkey-refused", "KEY is refused once LKEY has secured the queue, with the same key too.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey", locked[smp.KEY]()),
	mistake("skey-after-lkey-replaces", "The key of LKEY is for the link alone, and SKEY sets another one.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey",
		overrules(func(x *call, c smp.SKEY) []relay.Output {
			if x.r.Queue.Link() == nil || !x.signedBy(c.SenderKey) {
				return nil
			}
			x.setsKey(c.SenderKey)
			return x.answers(smp.OK{})
		})),
	mistake("key-after-lkey-replaces", "KEY of the recipient has the last word about who took the invitation.",
		"SMP-LINK-LKEY-AFTER-SKEY", "skey-after-lkey",
		executes(func(x *call, c smp.KEY) []relay.Output {
			if x.r.Queue.Link() != nil {
				x.setsKey(c.SenderKey)
			}
			return x.does(c)
		})),
	mistake("lkey-contact-shows", "LKEY for an address is answered with its data, since everybody may read them.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact", contactKey(func(*call, keys.PublicKey) {})),
	mistake("lkey-contact-secures", "LKEY takes an address as it takes an invitation.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact", contactKey((*call).setsKey)),
	mistake("lkey-contact-refused-late", "LKEY secures an address before it looks at the mode and refuses.",
		"SMP-LINK-LKEY-CONTACT", "lkey-contact",
		overrules(func(x *call, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().Mode == smp.Contact {
				x.setsKey(c.SenderKey)
			}
			return nil
		})),

	mistake("data-kept", "The data of an invitation stay when the one who took it sends messages.",
		"SMP-LINK-DATA-DROPPED", "data-dropped", outlives("SEND")),
	mistake("data-dropped-early", "The first message drops the data of an invitation, also that of a stranger.",
		"SMP-LINK-DATA-DROPPED", "data-dropped", dropping(smp.Messaging)),
	mistake("data-dropped-by-refused", "A message drops the data of an invitation also if it is refused.",
		"SMP-LINK-DATA-DROPPED", "data-dropped",
		overrules(func(x *call, _ smp.SEND) []relay.Output {
			x.does(smp.LDEL{})
			return nil
		})),
}

// contactKey answers LKEY for addresses.
func contactKey(set func(*call, keys.PublicKey)) func(*relay.Config) {
	return overrules(func(x *call, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Contact || !x.signedBy(c.SenderKey) {
			return nil
		}
		set(x, c.SenderKey)
		return x.shows()
	})
}

// apart refuses LKEY for queues that another command has secured.
func apart() func(*relay.Config) {
	taken := &taken{}
	return taken.notes(executes(func(x *call, c smp.LKEY) []relay.Output {
		if !x.r.Queue.Record().SenderKey.IsZero() && !taken.has(x.r.Queue) {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	}))
}

// shownApart answers LKEY for queues that another command has secured.
func shownApart() func(*relay.Config) {
	taken := &taken{}
	return taken.notes(overrules(func(x *call, c smp.LKEY) []relay.Output {
		if x.r.Queue.Record().Mode != smp.Messaging || taken.has(x.r.Queue) || !x.signedBy(c.SenderKey) {
			return nil
		}
		return x.shows()
	}))
}

// locked refuses commands of one kind for queues that LKEY has secured.
func locked[C smp.Command]() func(*relay.Config) {
	taken := &taken{}
	return taken.notes(executes(func(x *call, c C) []relay.Output {
		if taken.has(x.r.Queue) {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	}))
}
