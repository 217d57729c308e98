package queue

import (
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// secureFaults are mistakes in securing queues: KEY and SKEY.
var secureFaults = slices.Concat(securingFaults, keyFaults, skeyFaults)

var securingFaults = []fault.Fault{
	{
		ID:     "key/unsigned-still-accepted",
		Story:  "A sender key makes the relay accept signed messages, besides those that are not signed.",
		Breaks: []string{"SMP-KEY-SECURES", "SMP-SEND-SECURED-UNAUTHORIZED"},
		Cases:  []string{"relay/key/secures", "relay/send/secured-unauthorised"},
		Apply: fault.Stages(func(st *relay.Stages) {
			next := st.Authorise
			st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
				err := next(s, r)
				if _, ok := r.Command.(smp.SEND); ok && r.Queue != nil && len(r.Transmission.Authorization) == 0 {
					return nil
				}
				return err
			}
		}),
	},
	{
		ID:     "key/any-signature",
		Story:  "A secured queue wants messages to be signed, and by whom is the business of the recipient.",
		Breaks: []string{"SMP-KEY-SECURES", "SMP-SEND-SECURED-WRONG-KEY"},
		Cases:  []string{"relay/key/secures", "relay/send/secured-wrong-key"},
		Apply:  fault.Unchecked("SEND"),
	},
}

var keyFaults = []fault.Fault{
	{
		ID:     "key/not-stored",
		Story:  "KEY is answered and its key is not stored.",
		Breaks: []string{"SMP-KEY-SECURES"},
		Cases:  []string{"relay/key/secures"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.KEY, _ fault.Execute) []relay.Output {
			return fault.Reply(r, smp.OK{})
		}),
	},
	emptiesQueue[smp.KEY]("key", wire.VersionRange{}),
	{
		ID:       "key/answered-sok",
		Story:    "KEY is answered as SUB is.",
		Breaks:   []string{"SMP-KEY-OK"},
		Cases:    []string{"relay/key/secures"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    answeredWith[smp.KEY](smp.SOK{}),
	},
	{
		ID:       "key/x25519-refused",
		Story:    "KEY takes the key of a signature, and X25519 makes none.",
		Breaks:   []string{"SMP-KEY-X25519"},
		Cases:    []string{"relay/key/x25519"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    refusesForm(func(c smp.KEY, _ []byte) bool { return c.SenderKey.Algorithm() == keys.X25519 }),
	},
	{
		ID:     "key/either-id",
		Story:  "KEY is about the sender and is taken under the sender's id too.",
		Breaks: []string{"SMP-KEY-RECIPIENT-ID"},
		Cases:  []string{"relay/key/sender-id"},
		Apply:  directory.EitherID("KEY", directory.RecipientID),
	},
	{
		ID:     "key/wrong-id-unknown",
		Story:  "KEY under an id that no recipient has is answered as an internal error.",
		Breaks: []string{"SMP-KEY-RECIPIENT-ID"},
		Cases:  []string{"relay/key/sender-id"},
		Apply:  instead("KEY", smp.ErrAuth, smp.ErrInternal),
	},
	{
		ID:     "key/repeated-refused",
		Story:  "KEY is allowed once, whatever its key.",
		Breaks: []string{"SMP-KEY-REPEATED"},
		Cases:  []string{"relay/key/repeated"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.KEY, next fault.Execute) []relay.Output {
			if !r.Queue.Record().SenderKey.IsZero() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:     "key/replaces",
		Story:  "The last KEY counts.",
		Breaks: []string{"SMP-KEY-CHANGED"},
		Cases:  []string{"relay/key/changed"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, c smp.KEY, _ fault.Execute) []relay.Output {
			setSenderKey(r.Queue, c.SenderKey)
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:     "key/changed-ignored",
		Story:  "KEY of a secured queue is answered OK, and the first key stays.",
		Breaks: []string{"SMP-KEY-CHANGED"},
		Cases:  []string{"relay/key/changed"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.KEY, next fault.Execute) []relay.Output {
			next(s, r)
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:     "key/malformed-ignored",
		Story:  "A key that cannot be parsed counts as none, and KEY without a key does nothing.",
		Breaks: []string{"SMP-KEY-MALFORMED"},
		Cases:  []string{"relay/key/malformed"},
		Apply:  ignoresKeys(func(spki []byte) bool { return len(spki) < 44 }),
	},
	{
		ID:     "key/malformed-is-auth",
		Story:  "A key that cannot be parsed authorizes nothing, so the answer is AUTH.",
		Breaks: []string{"SMP-KEY-MALFORMED", "SMP-KEY-OTHER"},
		Cases:  []string{"relay/key/malformed", "relay/key/x448"},
		Apply:  instead("KEY", smp.ErrCmdSyntax, smp.ErrAuth),
	},
	{
		ID:     "key/any-algorithm",
		Story:  "KEY takes a key of any algorithm that the library can parse.",
		Breaks: []string{"SMP-KEY-OTHER"},
		Cases:  []string{"relay/key/x448"},
		Apply:  ignoresKeys(func(spki []byte) bool { return len(spki) > 44 }),
	},
	{
		ID:       "key/refused-after-skey",
		Story:    "A queue that its sender has secured is none that the recipient secures.",
		Breaks:   []string{"SMP-KEY-SENDER-SECURED"},
		Cases:    []string{"relay/key/after-skey"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.KEY, next fault.Execute) []relay.Output {
			if record := r.Queue.Record(); record.Mode == smp.Messaging && !record.SenderKey.IsZero() {
				return fault.Refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "key/overrides-skey",
		Story:    "The recipient has the last word about who may send.",
		Breaks:   []string{"SMP-KEY-SENDER-SECURED"},
		Cases:    []string{"relay/key/after-skey"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.KEY, next fault.Execute) []relay.Output {
			if record := r.Queue.Record(); record.Mode == smp.Messaging {
				setSenderKey(r.Queue, c.SenderKey)
			}
			return next(s, r)
		}),
	},
}

// ignoresKeys answers OK to KEY with a key that is none, and does nothing.
func ignoresKeys(those func(spki []byte) bool) func(*relay.Config) {
	return fault.Together(
		fault.Misreads("KEY", func(_ uint16, command []byte) smp.Command {
			if at := len("KEY ") + 1; len(command) < at || those(command[at:]) {
				return smp.KEY{}
			}
			return nil
		}),
		fault.Handles(func(s *relay.Session, r *relay.Request, c smp.KEY, next fault.Execute) []relay.Output {
			if c.SenderKey.IsZero() {
				return fault.Reply(r, smp.OK{})
			}
			return next(s, r)
		}),
	)
}

// emptiesQueue is a relay that drops messages when the queue is secured.
func emptiesQueue[C smp.Command](topic string, versions wire.VersionRange) fault.Fault {
	return fault.Fault{
		ID:       topic + "/drops-messages",
		Story:    "What came before the queue was secured may be from anybody and is dropped.",
		Breaks:   []string{"SMP-MSG-KEPT"},
		Cases:    []string{"relay/" + topic + "/keeps-messages"},
		Versions: versions,
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			r.Queue.Mailbox().Clear()
			return next(s, r)
		}),
	}
}

func setSenderKey(q *relay.Queue, key keys.PublicKey) {
	q.Change(func(r *relay.Record) { r.SenderKey = key })
}

var skeyFaults = []fault.Fault{
	{
		ID:       "skey/not-stored",
		Story:    "SKEY is answered and its key is not stored.",
		Breaks:   []string{"SMP-SKEY-SECURES"},
		Cases:    []string{"relay/skey/secures", "relay/skey/x25519"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.SKEY, _ fault.Execute) []relay.Output {
			return fault.Reply(r, smp.OK{})
		}),
	},
	emptiesQueue[smp.SKEY]("skey", fault.Since(smp.VersionSenderKeys)),
	{
		ID:       "skey/answered-sok",
		Story:    "SKEY is answered as SUB is.",
		Breaks:   []string{"SMP-SKEY-OK"},
		Cases:    []string{"relay/skey/secures"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    answeredWith[smp.SKEY](smp.SOK{}),
	},
	{
		ID:       "skey/x25519-refused",
		Story:    "SKEY has to be signed, and an authenticator is no signature.",
		Breaks:   []string{"SMP-SKEY-SECURES"},
		Cases:    []string{"relay/skey/x25519"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    refusesForm(func(c smp.SKEY, _ []byte) bool { return c.SenderKey.Algorithm() == keys.X25519 }),
	},
	{
		ID:       "skey/either-id",
		Story:    "SKEY is taken under any id of the queue.",
		Breaks:   []string{"SMP-SKEY-SENDER-ID"},
		Cases:    []string{"relay/skey/recipient-id"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    directory.EitherID("SKEY", directory.SenderID),
	},
	{
		ID:       "skey/unverified",
		Story:    "SKEY of an unsecured queue has nobody yet who could authorize it.",
		Breaks:   []string{"SMP-SKEY-AUTHORIZED"},
		Cases:    []string{"relay/skey/other-key"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    fault.Unchecked("SKEY"),
	},
	{
		ID:       "skey/by-recipient",
		Story:    "The recipient's key authorizes everything that is about the queue, SKEY too.",
		Breaks:   []string{"SMP-SKEY-AUTHORIZED"},
		Cases:    []string{"relay/skey/other-key"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    directory.AlsoBy("SKEY", directory.RecipientKey),
	},
	{
		ID:       "skey/any-queue",
		Story:    "The sender of any queue may secure it, whether the recipient allows that or not.",
		Breaks:   []string{"SMP-SKEY-NOT-ALLOWED"},
		Cases:    []string{"relay/skey/not-allowed"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    storesMode(func(smp.QueueMode) smp.QueueMode { return smp.Messaging }),
	},
	{
		ID:       "skey/any-old-queue",
		Story:    "A queue that was created before there was a mode is one that its sender may secure.",
		Breaks:   []string{"SMP-SKEY-BEFORE-9"},
		Cases:    []string{"relay/skey/before-9"},
		Versions: wire.Versions(smp.MinVersion, smp.VersionSenderKeys-1),
		Apply:    storesMode(func(smp.QueueMode) smp.QueueMode { return smp.Messaging }),
	},
	{
		ID:       "skey/not-allowed-is-prohibited",
		Story:    "SKEY that the queue does not allow is answered as a command that must not be used.",
		Breaks:   []string{"SMP-SKEY-NOT-ALLOWED", "SMP-SKEY-CHANGED"},
		Cases:    []string{"relay/skey/not-allowed", "relay/skey/changed"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    instead("SKEY", smp.ErrAuth, smp.ErrCmdProhibited),
	},
	{
		ID:       "skey/repeated-refused",
		Story:    "SKEY is allowed once, whatever its key.",
		Breaks:   []string{"SMP-SKEY-REPEATED"},
		Cases:    []string{"relay/skey/repeated"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SKEY, next fault.Execute) []relay.Output {
			if !r.Queue.Record().SenderKey.IsZero() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "skey/replaces",
		Story:    "The last SKEY counts, since it is authorized by the key that it brings.",
		Breaks:   []string{"SMP-SKEY-CHANGED"},
		Cases:    []string{"relay/skey/changed"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    fault.Together(fault.Stages(authorisesOwnKeys), fault.Handles(replaceSenderKey)),
	},
	{
		ID:       "skey/overrides-key",
		Story:    "Whether the sender has secured the queue is noted apart from the key of KEY, and the first SKEY counts.",
		Breaks:   []string{"SMP-SKEY-CHANGED"},
		Cases:    []string{"relay/skey/after-key"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Remembering(func(secured *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(fault.Stages(authorisesOwnKeys), fault.Handles(
				func(s *relay.Session, r *relay.Request, c smp.SKEY, next fault.Execute) []relay.Output {
					if again, _ := secured.Swap(string(r.Queue.RecipientID()), true); again {
						return next(s, r)
					}
					return replaceSenderKey(s, r, c, next)
				}))
		}),
	},
	{
		ID:       "skey/refused-after-key",
		Story:    "A queue that the recipient has secured is none that the sender secures.",
		Breaks:   []string{"SMP-SKEY-REPEATED"},
		Cases:    []string{"relay/skey/after-key"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply: fault.Remembering(func(byRecipient *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.KEY, next fault.Execute) []relay.Output {
					byRecipient.Set(string(r.Queue.RecipientID()), true)
					return next(s, r)
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SKEY, next fault.Execute) []relay.Output {
					if secured, _ := byRecipient.Get(string(r.Queue.RecipientID())); secured {
						return fault.Refuse(r, smp.ErrAuth)
					}
					return next(s, r)
				}),
			)
		}),
	},
}

// authorisesOwnKeys takes SKEY that its own key authorizes, whatever the queue.
func authorisesOwnKeys(st *relay.Stages) {
	next := st.Authorise
	st.Authorise = func(s *relay.Session, r *relay.Request) *smp.Error {
		err := next(s, r)
		if c, ok := r.Command.(smp.SKEY); ok && r.Queue != nil && st.Verify(s, r, c.SenderKey) {
			return nil
		}
		return err
	}
}

func replaceSenderKey(_ *relay.Session, r *relay.Request, c smp.SKEY, _ fault.Execute) []relay.Output {
	if r.Queue.Record().Mode != smp.Messaging {
		return fault.Refuse(r, smp.ErrAuth)
	}
	setSenderKey(r.Queue, c.SenderKey)
	return fault.Reply(r, smp.OK{})
}
