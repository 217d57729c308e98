package notify

import (
	"bytes"

	"smpcheck/conformance/fault"
	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

var keyFaults = []fault.Fault{
	{
		ID:     "notify/nkey-ok",
		Story:  "NKEY is answered with OK, as other commands that set a key.",
		Breaks: []string{"SMP-NTF-NID-ANSWER"},
		Cases:  []string{"relay/notify/nkey-nid"},
		Apply: fault.Alters[smp.NKEY](func(*relay.Session, *relay.Request, smp.NID) smp.Response {
			return smp.OK{}
		}),
	},
	{
		ID:     "notify/nkey-unknown",
		Story:  "The relay knows notifiers only from NEW and has no NKEY.",
		Breaks: []string{"SMP-NTF-NID-ANSWER"},
		Cases:  []string{"relay/notify/nkey-nid"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.NKEY, _ fault.Execute) []relay.Output {
			return fault.Refuse(r, smp.ErrCmdUnknown)
		}),
	},
	{
		ID:     "notify/nid-under-notifier-id",
		Story:  "NID is sent under the id that it has made.",
		Breaks: []string{"SMP-NTF-NID-ENTITY"},
		Cases:  []string{"relay/notify/nkey-nid"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				if nid, ok := outs[i].Response.(smp.NID); ok {
					outs[i].EntityID = nid.NotifierID
				}
			}
			return outs
		}),
	},
	{
		ID:     "notify/nkey-keeps-recipient-key",
		Story:  "The relay stores the key that authorized NKEY in the place of the one in it.",
		Breaks: []string{"SMP-NTF-NKEY-ENABLES", "SMP-NTF-NSUB-OTHER-KEYS"},
		Cases:  []string{"relay/notify/nkey-enables", "relay/notify/nsub-other-keys"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if n := r.Queue.Notifier(); n != nil {
				n.AuthKey = r.Queue.Record().RecipientKeys[0]
			}
			return outs
		}),
	},
	{
		ID:     "notify/nkey-without-effect",
		Story:  "NKEY makes an id and forgets to enter it where NSUB looks it up.",
		Breaks: []string{"SMP-NTF-NKEY-ENABLES"},
		Cases:  []string{"relay/notify/nkey-enables"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			outs := next(s, r)
			remove := *r
			remove.Command = smp.NDEL{}
			next(s, &remove)
			return outs
		}),
	},
	{
		ID:     "notify/nkey-signature-keys-only",
		Story:  "Notifiers may have keys for signatures only, because servers need not deny anything.",
		Breaks: []string{"SMP-NTF-NKEY-AUTH-KEY"},
		Cases:  []string{"relay/notify/nkey-enables"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NKEY, next fault.Execute) []relay.Output {
			if c.AuthKey.Algorithm() == keys.X25519 {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/nkey-any-dh-key",
		Story:  "The relay takes the bytes of the second key of NKEY whatever algorithm stands in front of them.",
		Breaks: []string{"SMP-NTF-NKEY-DH-KEY"},
		Cases:  []string{"relay/notify/nkey-dh-key"},
		Apply:  takesAnyKeyLast("NKEY"),
	},
	{
		ID:     "notify/nkey-may-be-empty",
		Story:  "An NKEY without authorization is taken for one that was checked before.",
		Breaks: []string{"SMP-NTF-NKEY-AUTHORIZED"},
		Cases:  []string{"relay/notify/nkey-authorised"},
		Apply:  fault.Unsigned("NKEY"),
	},
	{
		ID:     "notify/nkey-by-notifier-key",
		Story:  "A notifier may replace its own credentials: NKEY is also verified with its key.",
		Breaks: []string{"SMP-NTF-NKEY-AUTHORIZED"},
		Cases:  []string{"relay/notify/nkey-authorised"},
		Apply:  byKeyOf(notifierKeyOf, "NKEY"),
	},
	{
		ID:     "notify/nkey-under-sender-id",
		Story:  "One table holds the ids of both parties, and NKEY finds the queue by either.",
		Breaks: []string{"SMP-NTF-NKEY-SENDER-ID"},
		Cases:  []string{"relay/notify/nkey-sender-id"},
		Apply:  foundBy("NKEY", recipientOf, is(senderOf)),
	},
	{
		ID:     "notify/nkey-under-notifier-id",
		Story:  "NKEY replaces a notifier, so it also takes the id of the one to replace.",
		Breaks: []string{"SMP-NTF-NKEY-SENDER-ID"},
		Cases:  []string{"relay/notify/nkey-sender-id"},
		Apply:  foundBy("NKEY", recipientOf, is(notifierOf)),
	},
	{
		ID:     "notify/nkey-again-keeps-secret",
		Story:  "A second NKEY replaces id and key of the notifier and leaves the secret of the metadata as it is.",
		Breaks: []string{"SMP-NTF-NMSG-KEY"},
		Cases:  []string{"relay/notify/meta-key"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			before := r.Queue.Notifier()
			outs := next(s, r)
			if now := r.Queue.Notifier(); before != nil && now != nil {
				now.MetaKey = before.MetaKey
			}
			return outs
		}),
	},
	{
		ID:     "notify/nkey-again-refused",
		Story:  "A queue has one notifier for ever, and a second NKEY is refused.",
		Breaks: []string{"SMP-NTF-NKEY-REPEATED"},
		Cases:  []string{"relay/notify/nkey-again"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NKEY, next fault.Execute) []relay.Output {
			if r.Queue.Notifier() != nil {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "notify/nkey-again-same-id",
		Story:  "A second NKEY replaces the keys of the notifier and keeps its id.",
		Breaks: []string{"SMP-NTF-NKEY-REPEATED"},
		Cases:  []string{"relay/notify/nkey-again"},
		Apply:  fault.Handles(rekeysNotifier),
	},
	{
		ID:     "notify/nkey-again-leaves-id",
		Story:  "NKEY enters the new notifier id and leaves the earlier one, which leads to the same notifier.",
		Breaks: []string{"SMP-NTF-NKEY-REPEATED"},
		Cases:  []string{"relay/notify/nkey-again"},
		Apply:  foundBy("NSUB", notifierOf, isEarlierNotifier),
	},
	{
		ID:     "notify/nkey-replaced-silent",
		Story:  "NKEY replaces a notifier that is subscribed and does not tell it.",
		Breaks: []string{"SMP-NTF-NKEY-REPLACED-EVENT"},
		Cases:  []string{"relay/notify/nkey-again-event"},
		Apply:  notifierHearsNothing[smp.NKEY](),
	},
	{
		ID:     "notify/nkey-replaced-new-id",
		Story:  "The event for a notifier that NKEY has replaced carries the id of its successor.",
		Breaks: []string{"SMP-NTF-NKEY-REPLACED-EVENT"},
		Cases:  []string{"relay/notify/nkey-again-event"},
		Apply: notifierHears[smp.NKEY](func(_ *relay.Queue, out *relay.Output) {
			id := bytes.Clone(out.EntityID)
			id[0] ^= 0x80
			out.EntityID = id
		}),
	},
	{
		ID:     "notify/dh-key-of-relay",
		Story:  "The relay has one key for the metadata of all notifications.",
		Breaks: []string{"SMP-NTF-DH-FRESH"},
		Cases:  []string{"relay/notify/dh-fresh"},
		Apply:  func(c *relay.Config) { agreesNotifiers(oneKey())(c) },
	},
	{
		ID:     "notify/dh-key-of-queue",
		Story:  "The key of the relay for notifications is made with the queue, and a second NKEY finds it there.",
		Breaks: []string{"SMP-NTF-DH-FRESH"},
		Cases:  []string{"relay/notify/dh-fresh"},
		Apply:  func(c *relay.Config) { agreesNotifiers(keyPerQueue())(c) },
	},
	{
		ID:     "notify/dh-key-of-messages",
		Story:  "The relay makes one key for a queue and agrees both secrets with it, that of messages and that of notifications.",
		Breaks: []string{"SMP-NTF-DH-FRESH", "SMP-NEW-NOTIFIER"},
		Cases:  []string{"relay/notify/dh-fresh", "relay/notify/new-ids"},
		Apply:  func(c *relay.Config) { agreesEverything(c, false) },
	},
}

// rekeysNotifier gives the notifier that a queue has other keys.
func rekeysNotifier(s *relay.Session, r *relay.Request, c smp.NKEY, next fault.Execute) []relay.Output {
	n := r.Queue.Notifier()
	if n == nil {
		return next(s, r)
	}
	own := fault.NewKey(keys.X25519)
	agreed, err := box.Agree(own, c.DHKey)
	if err != nil {
		return fault.Refuse(r, smp.ErrCrypto)
	}
	n.MetaKey, n.AuthKey = agreed, c.AuthKey
	return fault.Reply(r, smp.NID{NotifierCredentials: smp.NotifierCredentials{NotifierID: n.ID, ServerDHKey: own.Public()}})
}
