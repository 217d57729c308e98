package fault

import (
	"bytes"
	"sync"

	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// linkReadFaults are mistakes in LGET and in LNK.
var linkReadFaults = []Fault{
	linkFault("lnk-recipient-id", "LNK has the recipient id of the queue in the place of the sender id.",
		"SMP-LINK-LGET-LNK SMP-LINK-LKEY-LNK", "lget lkey",
		linkAnswers(func(r *relay.Request, lnk *smp.LNK) { lnk.SenderID = r.Queue.RecipientID() })),
	linkFault("lnk-swapped", "LNK has the user data before the fixed data.",
		"SMP-LINK-LNK-UNCHANGED", "lget lkey",
		linkAnswers(func(_ *relay.Request, lnk *smp.LNK) {
			lnk.Data.Fixed, lnk.Data.User = lnk.Data.User, lnk.Data.Fixed
		})),
	linkFault("lnk-as-text", "Link data are kept as text, without the bytes that are no UTF-8.",
		"SMP-LINK-LNK-UNCHANGED", "lget lkey",
		linkAnswers(func(_ *relay.Request, lnk *smp.LNK) { lnk.Data.User = bytes.ToValidUTF8(lnk.Data.User, nil) })),
	linkFault("lnk-without-entity", "LNK has no entity id, since a link is not a queue.",
		"SMP-LINK-LNK-ENTITY", "lnk-entity", linkEntity(func(*relay.Queue) []byte { return nil })),
	linkFault("lnk-sender-entity", "LNK has the sender id of the queue as entity id.",
		"SMP-LINK-LNK-ENTITY", "lnk-entity", linkEntity((*relay.Queue).SenderID)),
	linkFault("lnk-longer", "LNK ends with the id of a service, as IDS does.",
		"SMP-LINK-LNK-FORM", "every-version", linkLonger),
	linkFault("lget-versions", "A link is read with the version only that its owner had.",
		"SMP-LINK-LGET-MANY", "every-version", linkVersions()),

	linkFault("lget-once", "Link data are deleted once they were read, of an address too.",
		"SMP-LINK-LGET-MANY", "lget lget-reads contact-kept",
		linkExecutes(func(x *linkCall, c smp.LGET) []relay.Output {
			outs := x.does(c)
			x.does(smp.LDEL{})
			return outs
		})),
	linkFault("lget-one-connection", "The first connection that reads a link is the only one that may.",
		"SMP-LINK-LGET-MANY", "lget lget-reads", linkOneConnection[smp.LGET]()),
	linkFault("lget-secures", "Reading an address takes it, so that messages without signature are refused from then on.",
		"SMP-LINK-LGET-READS", "lget-reads",
		linkExecutes(func(x *linkCall, c smp.LGET) []relay.Output {
			x.setsKey(x.r.Queue.Record().RecipientKeys[0])
			return x.does(c)
		})),
	linkFault("send-drops-address", "The first message drops the link data of an address too.",
		"SMP-LINK-LGET-MANY", "contact-kept lget-reads", linkDropping(smp.Contact)),

	linkFault("lget-invitation", "LGET reads the link of an invitation that nobody has taken.",
		"SMP-LINK-LGET-MESSAGING", "lget-messaging",
		linkReads(func(r *relay.Record) bool { return r.Mode == smp.Messaging && r.SenderKey.IsZero() })),
	linkFault("lget-taken-invitation", "LGET reads the link of an invitation that was taken, since it is no secret any more.",
		"SMP-LINK-LGET-MESSAGING", "lget-messaging",
		linkReads(func(r *relay.Record) bool { return r.Mode == smp.Messaging && !r.SenderKey.IsZero() })),
	linkFault("no-mode-is-contact", "A queue without mode is an address for ever, also when it is secured.",
		"SMP-LINK-NO-MODE", "no-mode",
		linkReads(func(r *relay.Record) bool { return r.Mode == 0 })),
	linkFault("no-mode-unreadable", "The link of a queue without mode cannot be read, since it is not an address.",
		"SMP-LINK-NO-MODE", "no-mode",
		linkExecutes(func(x *linkCall, c smp.LGET) []relay.Output {
			if x.r.Queue.Record().Mode == 0 {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	linkFault("no-mode-is-messaging", "LKEY takes a queue without mode, since it is not an address.",
		"SMP-LINK-NO-MODE", "no-mode",
		linkOverrules(func(x *linkCall, c smp.LKEY) []relay.Output {
			if x.r.Queue.Record().Mode != 0 || !x.signedBy(c.SenderKey) {
				return nil
			}
			return x.does(c)
		})),

	linkFault("lget-signature-ignored", "The authorization of LGET is ignored.",
		"SMP-LINK-LGET-UNSIGNED", "lget-signed",
		linkDecodes(func(r *relay.Request, c smp.LGET) {
			if r.Err.Cmd == smp.CmdHasAuth {
				r.Command, r.Err = c, nil
			}
		})),
	linkFault("lget-signature-auth", "LGET with an authorization is answered with AUTH, as one that does not verify.",
		"SMP-LINK-LGET-UNSIGNED", "lget-signed",
		linkDecodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdHasAuth {
				r.Err = smp.ErrAuth
			}
		})),
	linkFault("lget-no-entity-auth", "LGET without a link id is answered with AUTH, as one for an unknown link.",
		"SMP-LINK-LGET-NO-ENTITY", "lget-no-entity",
		linkDecodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdNoEntity {
				r.Err = smp.ErrAuth
			}
		})),
	linkFault("lget-no-entity-syntax", "LGET without a link id is taken for a malformed command.",
		"SMP-LINK-LGET-NO-ENTITY", "lget-no-entity",
		linkDecodes(func(r *relay.Request, _ smp.LGET) {
			if r.Err.Cmd == smp.CmdNoEntity {
				r.Err = smp.ErrCmdSyntax
			}
		})),
}

// linkReads shows links to LGET that it must not have.
func linkReads(also func(*relay.Record) bool) func(*relay.Config) {
	return linkOverrules(func(x *linkCall, _ smp.LGET) []relay.Output {
		if x.r.Queue.Link() == nil || !also(x.r.Queue.Record()) {
			return nil
		}
		return x.shows()
	})
}

// linkDropping drops links of queues of a mode when a message comes.
func linkDropping(mode smp.QueueMode) func(*relay.Config) {
	return linkExecutes(func(x *linkCall, c smp.SEND) []relay.Output {
		if x.r.Queue.Record().Mode == mode {
			x.does(smp.LDEL{})
		}
		return x.does(c)
	})
}

// linkOneConnection answers commands of one kind for the first connection alone that
// sends one with the same entity id.
func linkOneConnection[C smp.Command]() func(*relay.Config) {
	var first sync.Map // of *relay.Session by entity id
	return linkExecutes(func(x *linkCall, c C) []relay.Output {
		if s, _ := first.LoadOrStore(string(x.r.Transmission.EntityID), x.s); s != x.s {
			return x.refuses(smp.ErrAuth)
		}
		return x.does(c)
	})
}

// linkEntity changes the entity id of LNK.
func linkEntity(id func(*relay.Queue) []byte) func(*relay.Config) {
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		outs := next(s, r)
		for i := range outs {
			if _, ok := outs[i].Response.(smp.LNK); ok {
				outs[i].EntityID = id(r.Queue)
			}
		}
		return outs
	})
}

// linkVersions answers LGET at the version of NEW or of the last LSET alone.
func linkVersions() func(*relay.Config) {
	var versions sync.Map // of uint16 by link id
	return executes(func(s *relay.Session, r *relay.Request, next execute) []relay.Output {
		switch c := r.Command.(type) {
		case smp.LSET:
			versions.Store(string(c.LinkID), s.Version())
		case smp.LGET:
			if v, ok := versions.Load(string(r.Transmission.EntityID)); ok && v != s.Version() {
				x := linkCall{s: s, r: r}
				return x.refuses(smp.ErrAuth)
			}
		}
		return linkChanged(next(s, r), func(ids *smp.IDS) { versions.Store(string(ids.LinkID), s.Version()) })
	})
}

// linkLonger writes an empty short string behind LNK.
func linkLonger(config *relay.Config) {
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
