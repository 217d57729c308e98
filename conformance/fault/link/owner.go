package link

import (
	"bytes"
	"slices"
	"sync"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// ownerFaults are mistakes in who may use LSET and LDEL, and in their form.
var ownerFaults = []fault.Fault{
	mistake("lset-foreign-overwrites", "LSET looks its link id up and updates whatever queue has it.",
		"SMP-LINK-LSET-FOREIGN", "lset-foreign", overwrites),
	mistake("lset-foreign-ok", "LSET with a link id that is taken says OK and stores nothing.",
		"SMP-LINK-LSET-FOREIGN", "lset-foreign",
		sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			outs := x.does(c)
			if had == nil {
				return x.answers(smp.OK{})
			}
			return outs
		})),
	mistake("lset-foreign-deletes", "The link id of an LSET that was refused is kept for the queue, and LDEL removes the link of another one.",
		"SMP-LINK-LSET-FOREIGN", "lset-foreign", deletesForeign),
	mistake("lset-foreign-told", "LSET with a link id that is taken is told so, with DUPLICATE.",
		"SMP-LINK-LSET-FOREIGN", "lset-foreign",
		sets(func(x *call, c smp.LSET, had *relay.Link) []relay.Output {
			return changed(x.does(c), func(answer *smp.ERR) {
				if had == nil {
					answer.Err = smp.ErrDuplicate
				}
			})
		})),

	mistake("lset-unverified", "The authorization of LSET is parsed and not verified.",
		"SMP-LINK-LSET-AUTHORIZED", "lset-authorised",
		fault.Unchecked("LSET")),
	mistake("lset-may-be-empty", "An empty authorization of LSET is taken for one that needs no check.",
		"SMP-LINK-LSET-AUTHORIZED", "lset-authorised", unsigned[smp.LSET]()),
	mistake("lset-any-recipient", "LSET may be authorized by the recipient of any queue.",
		"SMP-LINK-LSET-AUTHORIZED", "lset-authorised", anyRecipient[smp.LSET]()),
	mistake("ldel-any-recipient", "LDEL may be authorized by the recipient of any queue.",
		"SMP-LINK-LDEL-AUTHORIZED", "ldel-authorised", anyRecipient[smp.LDEL]()),
	mistake("ldel-unverified", "The authorization of LDEL is parsed and not verified.",
		"SMP-LINK-LDEL-AUTHORIZED", "ldel-authorised",
		fault.Unchecked("LDEL")),
	mistake("ldel-may-be-empty", "An empty authorization of LDEL is taken for one that needs no check.",
		"SMP-LINK-LDEL-AUTHORIZED", "ldel-authorised", unsigned[smp.LDEL]()),
	mistake("lset-first-owner", "Of the keys of RKEY only the first may change the link.",
		"SMP-LINK-LSET-UPDATES", "owners",
		executes(func(x *call, c smp.LSET) []relay.Output {
			if !x.signedBy(x.r.Queue.Record().RecipientKeys[0]) {
				return x.refuses(smp.ErrAuth)
			}
			return x.does(c)
		})),
	mistake("ldel-old-owner", "The key of NEW may remove the link for ever, whatever RKEY says.",
		"SMP-RKEY-REPLACES", "owners", oldOwner()),

	mistake("lset-tail", "Bytes behind LSET are ignored.",
		"SMP-LINK-LSET-FORM", "lset-cut", mended("LSET", func(b []byte) []byte { return b[:len(b)-1] })),
	mistake("lset-cut-data", "The length of link data is trusted, and what is missing is zero.",
		"SMP-LINK-DATA-LENGTHS", "lset-cut", mended("LSET", func(b []byte) []byte { return append(bytes.Clone(b), 0) })),
	mistake("lset-cut-id", "An LSET that is cut in its link id is answered as one for another link.",
		"SMP-LINK-LSET-FORM", "lset-cut", malformed("LSET", smp.ErrAuth, func(b []byte) bool { return len(b) < 29 })),
	mistake("lset-bare", "LSET without anything is taken for an unknown command.",
		"SMP-LINK-LSET-FORM", "lset-cut", malformed("LSET", smp.ErrCmdUnknown, func(b []byte) bool { return len(b) == 4 })),
	mistake("ldel-tail", "Bytes behind LDEL are ignored.",
		"SMP-LINK-LDEL-FORM", "lset-cut", mended("LDEL", func([]byte) []byte { return []byte("LDEL") })),
}

// overwrites executes LSET for the queue that has the link, if there is one.
func overwrites(config *relay.Config) {
	right := config.Stages
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := right.Authorise(s, r)
		if c, ok := r.Command.(smp.LSET); ok && err == nil {
			x := call{s, r, right}
			if q := x.find(c.LinkID, smp.LGET{}); q != nil {
				r.Queue = q
			}
		}
		return err
	}
	updates((*call).setsAnew)(config)
}

// deletesForeign executes LDEL for the queue whose link id LSET had.
func deletesForeign(config *relay.Config) {
	right := config.Stages
	var noted sync.Map // of link ids by recipient id
	config.Stages.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := right.Authorise(s, r)
		if err != nil {
			return err
		}
		switch c := r.Command.(type) {
		case smp.LSET:
			noted.Store(string(r.Transmission.EntityID), c.LinkID)
		case smp.LDEL:
			x := call{s, r, right}
			if id, ok := noted.Load(string(r.Transmission.EntityID)); ok {
				if q := x.find(id.([]byte), smp.LGET{}); q != nil {
					r.Queue = q
				}
			}
		}
		return nil
	}
}

// anyRecipient takes the keys of all NEW for commands of one kind.
func anyRecipient[C smp.Command]() func(*relay.Config) {
	var mu sync.Mutex
	var all []keys.PublicKey
	notes := executes(func(x *call, c smp.NEW) []relay.Output {
		mu.Lock()
		all = append(all, c.AuthKey)
		mu.Unlock()
		return x.does(c)
	})
	overrules := overrules(func(x *call, c C) []relay.Output {
		mu.Lock()
		list := slices.Clone(all)
		mu.Unlock()
		if !x.signedBy(list...) {
			return nil
		}
		return x.does(c)
	})
	return func(config *relay.Config) {
		notes(config)
		overrules(config)
	}
}

// oldOwner takes the key of NEW for LDEL, besides those of the queue.
func oldOwner() func(*relay.Config) {
	var old sync.Map // of keys.PublicKey by recipient id
	notes := executes(func(x *call, c smp.NEW) []relay.Output {
		return changed(x.does(c), func(ids *smp.IDS) { old.Store(string(ids.RecipientID), c.AuthKey) })
	})
	overrules := overrules(func(x *call, c smp.LDEL) []relay.Output {
		key, ok := old.Load(string(x.r.Queue.RecipientID()))
		if !ok || !x.signedBy(key.(keys.PublicKey)) {
			return nil
		}
		return x.does(c)
	})
	return func(config *relay.Config) {
		notes(config)
		overrules(config)
	}
}

// mended executes malformed commands with a tag that can be decoded once they were
// mended.
func mended(tag string, mend func([]byte) []byte) func(*relay.Config) {
	return syntax(tag, func(s *relay.Session, r *relay.Request) {
		if c, err := smp.DecodeCommand(s.Version(), mend(r.Transmission.Command)); err == nil {
			r.Command, r.Err = c, nil
		}
	})
}

// malformed answers malformed commands with a tag, of which some are chosen, with
// another error.
func malformed(tag string, answer *smp.Error, some func([]byte) bool) func(*relay.Config) {
	return syntax(tag, func(_ *relay.Session, r *relay.Request) {
		if some(r.Transmission.Command) {
			r.Err = answer
		}
	})
}

// syntax changes requests with a tag that are malformed.
func syntax(tag string, change func(*relay.Session, *relay.Request)) func(*relay.Config) {
	return fault.ChangesRequests(func(s *relay.Session, r *relay.Request) {
		if r.Err != nil && r.Err.Cmd == smp.CmdSyntax && bytes.HasPrefix(r.Transmission.Command, []byte(tag)) {
			change(s, r)
		}
	})
}
