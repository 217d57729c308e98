package link

import (
	"bytes"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// readFaults are mistakes in LGET and in LNK.
var readFaults = []fault.Fault{
	mistake("lnk-recipient-id", "LNK has the recipient id of the queue in the place of the sender id.",
		"SMP-LINK-LGET-LNK SMP-LINK-LKEY-LNK", "lget lkey",
		answers(func(r *relay.Request, lnk *smp.LNK) { lnk.SenderID = r.Queue.RecipientID() })),
	mistake("lnk-swapped", "LNK has the user data before the fixed data.",
		"SMP-LINK-LNK-UNCHANGED", "lget lkey",
		answers(func(_ *relay.Request, lnk *smp.LNK) {
			lnk.Data.Fixed, lnk.Data.User = lnk.Data.User, lnk.Data.Fixed
		})),
	mistake("lnk-as-text", "Link data are kept as text, without the bytes that are no UTF-8.",
		"SMP-LINK-LNK-UNCHANGED", "lget lkey",
		answers(func(_ *relay.Request, lnk *smp.LNK) { lnk.Data.User = bytes.ToValidUTF8(lnk.Data.User, nil) })),
	mistake("lnk-without-entity", "LNK has no entity id, since a link is not a queue.",
		"SMP-LINK-LNK-ENTITY", "lnk-entity", entity(func(*relay.Queue) []byte { return nil })),
	mistake("lnk-sender-entity", "LNK has the sender id of the queue as entity id.",
		"SMP-LINK-LNK-ENTITY", "lnk-entity", entity((*relay.Queue).SenderID)),
	mistake("lnk-longer", "LNK ends with the id of a service, as IDS does.",
		"SMP-LINK-LNK-FORM", "every-version", longer),
	mistake("lget-versions", "A link is read with the version only that its owner had.",
		"SMP-LINK-LGET-MANY", "every-version", versions()),

	mistake("lget-once", "Link data are deleted once they were read, of an address too.",
		"SMP-LINK-LGET-MANY", "lget lget-reads contact-kept",
		executes(func(x *call, c smp.LGET) []relay.Output {
			outs := x.does(c)
			x.does(smp.LDEL{})
			return outs
		})),
	mistake("lget-one-connection", "The first connection that reads a link is the only one that may.",
		"SMP-LINK-LGET-MANY", "lget lget-reads", oneConnection[smp.LGET]()),
	mistake("lget-secures", "Reading an address takes it, so that messages without signature are refused from then on.",
		"SMP-LINK-LGET-READS", "lget-reads",
		executes(func(x *call, c smp.LGET) []relay.Output {
			x.setsKey(x.r.Queue.Record().RecipientKeys[0])
			return x.does(c)
		})),
	mistake("send-drops-address", "The first message drops the link data of an address too.",
		"SMP-LINK-LGET-MANY", "contact-kept lget-reads", dropping(smp.Contact)),

	mistake("suspended-hidden", "OFF ends an address, so that its link is unknown from then on.",
		"SMP-LINK-SUSPENDED", "suspended", whileSuspended[smp.LGET]()),
	mistake("suspended-untaken", "An invitation cannot be taken after OFF, since nobody could send to it.",
		"SMP-LINK-SUSPENDED", "suspended", whileSuspended[smp.LKEY]()),
	mistake("suspended-unchanged", "LSET is refused for a queue that is suspended.",
		"SMP-LINK-SUSPENDED", "suspended", whileSuspended[smp.LSET]()),
	mistake("lget-invitation", "LGET reads the link of an invitation that nobody has taken.",
		"SMP-LINK-LGET-MESSAGING", "lget-messaging",
		reads(func(r *relay.Record) bool { return r.Mode == smp.Messaging && r.SenderKey.IsZero() })),
	mistake("lget-taken-invitation", "LGET reads the link of an invitation that was taken, since it is no secret any more.",
		"SMP-LINK-LGET-MESSAGING", "lget-messaging",
		reads(func(r *relay.Record) bool { return r.Mode == smp.Messaging && !r.SenderKey.IsZero() })),
	mistake("no-mode-is-contact", "A queue without mode is an address for ever, also when it is secured.",
		"SMP-LINK-NO-MODE", "no-mode",
		reads(func(r *relay.Record) bool { return r.Mode == 0 })),
	mistake("no-mode-unreadable", "The link of a queue without mode cannot be read, since it is not an address.",
		"SMP-LINK-NO-MODE", "no-mode",
		executes(func(x *call, c smp.LGET) []relay.Output {
			if x.r.Queue.Record().Mode == 0 {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("no-mode-is-messaging", "LKEY takes a queue without mode, since it is not an address.",
		"SMP-LINK-NO-MODE", "no-mode",
		overrules(func(x *call, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().Mode != 0 || !x.signedBy(c.SenderKey) {
				return nil
			}
			return x.does(c)
		})),

	mistake("lget-signature-ignored", "The authorization of LGET is ignored.",
		"SMP-LINK-LGET-UNSIGNED", "lget-signed",
		decodes(func(r *relay.Request, c smp.LGET) {
			if r.Err.Cmd == smp.CmdHasAuth {
				r.Command, r.Err = c, nil
			}
		})),
	mistake("lget-signature-auth", "LGET with an authorization is answered with AUTH, as one that does not verify.",
		"SMP-LINK-LGET-UNSIGNED", "lget-signed",
		decodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdHasAuth {
				r.Err = smp.ErrAuth
			}
		})),
	mistake("lget-no-entity-auth", "LGET without a link id is answered with AUTH, as one for an unknown link.",
		"SMP-LINK-LGET-NO-ENTITY", "lget-no-entity",
		decodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdNoEntity {
				r.Err = smp.ErrAuth
			}
		})),
	mistake("lget-no-entity-syntax", "LGET without a link id is taken for a malformed command.",
		"SMP-LINK-LGET-NO-ENTITY", "lget-no-entity",
		decodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdNoEntity {
				r.Err = smp.ErrCmdSyntax
			}
		})),
}

// reads shows links to LGET that it must not have.
func reads(also func(*relay.Record) bool) func(*relay.Config) {
	return overrules(func(x *call, _ smp.LGET) []relay.Output {
		if x.r.Queue.Link() == nil || !also(x.r.Queue.Record()) {
			return nil
		}
		return x.shows()
	})
}

// dropping drops links of queues of a mode when a message comes.
func dropping(mode smp.QueueMode) func(*relay.Config) {
	return executes(func(x *call, c smp.SEND) []relay.Output {
		if x.r.Queue.Record().Mode == mode {
			x.does(smp.LDEL{})
		}
		return x.does(c)
	})
}

// oneConnection answers commands of one kind for the first connection alone that
// sends one with the same entity id.
func oneConnection[C smp.Command]() func(*relay.Config) {
	var first sync.Map // of *relay.Session by entity id
	return executes(func(x *call, c C) []relay.Output {
		if s, _ := first.LoadOrStore(string(x.r.Transmission.EntityID), x.s); s != x.s {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	})
}

// entity changes the entity id of LNK.
func entity(id func(*relay.Queue) []byte) func(*relay.Config) {
	return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			if _, ok := outs[i].Response.(smp.LNK); ok {
				outs[i].EntityID = id(r.Queue)
			}
		}
		return outs
	})
}

// versions answers LGET at the version of NEW or of the last LSET alone.
func versions() func(*relay.Config) {
	var versions sync.Map // of uint16 by link id
	return fault.Executes(func(s *relay.Session, r *relay.Request, next fault.Execute) []relay.Output {
		switch c := r.Command.(type) {
		case smp.LSET:
			versions.Store(string(c.LinkID), s.Version())
		case smp.LGET:
			if v, ok := versions.Load(string(r.Transmission.EntityID)); ok && v != s.Version() {
				x := call{s: s, r: r}
				return x.refuses(smp.ErrAuth)
			}
		}
		return changed(next(s, r), func(ids *smp.IDS) { versions.Store(string(ids.LinkID), s.Version()) })
	})
}

// longer writes an empty short string behind LNK.
func longer(config *relay.Config) {
	next := config.Stages.Encode
	config.Stages.Encode = func(s *relay.Session, outs []relay.Output) ([][]byte, error) {
		contents, err := next(s, outs)
		if err != nil || len(outs) != 1 {
			return contents, err
		}
		if _, ok := outs[0].Response.(smp.LNK); !ok {
			return contents, nil
		}
		contents[0], err = smp.EncodeBlock(append(bytes.Clone(contents[0][smp.BlockHead:]), 0))
		return contents, err
	}
}

// whileSuspended refuses commands of one kind for queues that are suspended.
func whileSuspended[C smp.Command]() func(*relay.Config) {
	return executes(func(x *call, c C) []relay.Output {
		if record := x.r.Queue.Record(); record.Suspended() {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	})
}
