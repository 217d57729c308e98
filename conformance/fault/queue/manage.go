package queue

import (
	"bytes"
	"slices"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// manageFaults are mistakes in managing queues: RKEY, OFF, DEL, QUE.
var manageFaults = slices.Concat(rkeyFaults, offFaults, delFaults, deldFaults, queFaults)

var rkeyFaults = []fault.Fault{
	{
		ID:       "rkey/first-only",
		Story:    "A queue has one recipient key, and RKEY stores the first one of its list.",
		Breaks:   []string{"SMP-RKEY-REPLACES"},
		Cases:    []string{"relay/rkey/adds"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next fault.Execute) []relay.Output {
			r.Command = smp.RKEY{Keys: c.Keys[:1]}
			return next(s, r)
		}),
	},
	{
		ID:       "rkey/one-algorithm",
		Story:    "The keys of RKEY have to be of the same algorithm as that of NEW.",
		Breaks:   []string{"SMP-RKEY-MIXED"},
		Cases:    []string{"relay/rkey/adds"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: refusesForm(func(c smp.RKEY, _ []byte) bool {
			return slices.ContainsFunc(c.Keys, func(k keys.PublicKey) bool { return k.Algorithm() != c.Keys[0].Algorithm() })
		}),
	},
	{
		ID:       "rkey/answered-sok",
		Story:    "RKEY is answered as SUB is.",
		Breaks:   []string{"SMP-RKEY-OK"},
		Cases:    []string{"relay/rkey/adds"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    answeredWith[smp.RKEY](smp.SOK{}),
	},
	{
		ID:       "rkey/appends",
		Story:    "RKEY adds keys, and the key of NEW stays for ever.",
		Breaks:   []string{"SMP-RKEY-DROPS"},
		Cases:    []string{"relay/rkey/drops"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next fault.Execute) []relay.Output {
			r.Command = smp.RKEY{Keys: slices.Concat(c.Keys, r.Queue.Record().RecipientKeys)}
			return next(s, r)
		}),
	},
	{
		ID:       "rkey/any-queue",
		Story:    "RKEY is taken for queues of every mode.",
		Breaks:   []string{"SMP-RKEY-CONTACT-ONLY"},
		Cases:    []string{"relay/rkey/contact-only"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, c smp.RKEY, _ fault.Execute) []relay.Output {
			r.Queue.Change(func(record *relay.Record) { record.RecipientKeys = c.Keys })
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:       "rkey/refused-and-done",
		Story:    "RKEY looks at the mode of the queue after it has replaced the keys.",
		Breaks:   []string{"SMP-RKEY-CONTACT-ONLY"},
		Cases:    []string{"relay/rkey/contact-only"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.RKEY, next fault.Execute) []relay.Output {
			r.Queue.Change(func(record *relay.Record) { record.RecipientKeys = c.Keys })
			return next(s, r)
		}),
	},
	{
		ID:       "rkey/contact-only-is-prohibited",
		Story:    "RKEY of a messaging queue is answered as a command that is not allowed.",
		Breaks:   []string{"SMP-RKEY-CONTACT-ONLY"},
		Cases:    []string{"relay/rkey/contact-only"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.RKEY, next fault.Execute) []relay.Output {
			if r.Queue.Record().Mode != smp.Contact {
				return fault.Refuse(r, smp.ErrCmdProhibited)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "rkey/empty-list",
		Story:    "The list of RKEY is parsed as one of any length.",
		Breaks:   []string{"SMP-RKEY-EMPTY"},
		Cases:    []string{"relay/rkey/empty"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Misreads("RKEY", func(_ uint16, command []byte) smp.Command {
			if bytes.Equal(command, []byte("RKEY \x00")) {
				return smp.RKEY{}
			}
			return nil
		}),
	},
	{
		ID:       "rkey/empty-is-auth",
		Story:    "RKEY without a key would leave nobody who may do anything, so it is not authorized.",
		Breaks:   []string{"SMP-RKEY-EMPTY"},
		Cases:    []string{"relay/rkey/empty"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    instead("RKEY", smp.ErrCmdSyntax, smp.ErrAuth),
	},
}

var offFaults = []fault.Fault{
	{
		ID:     "off/ignored",
		Story:  "OFF is answered and noted nowhere.",
		Breaks: []string{"SMP-OFF-SEND"},
		Cases:  []string{"relay/off/suspends"},
		Apply: fault.Handles(func(_ *relay.Session, r *relay.Request, _ smp.OFF, _ fault.Execute) []relay.Output {
			return fault.Reply(r, smp.OK{})
		}),
	},
	{
		ID:       "off/answered-sok",
		Story:    "OFF is answered as SUB is.",
		Breaks:   []string{"SMP-OFF-OK"},
		Cases:    []string{"relay/off/suspends"},
		Versions: fault.Since(smp.VersionServices),
		Apply:    answeredWith[smp.OFF](smp.SOK{}),
	},
	suspendsSome("unsecured-only", "The sender of a secured queue is known and may go on after OFF.", func(r *relay.Record) bool { return r.SenderKey.IsZero() }),
	suspendsSome("secured-only", "OFF removes the sender key, and what has none stays open.", func(r *relay.Record) bool { return !r.SenderKey.IsZero() }),
	{
		ID:     "off/refused-and-stored",
		Story:  "SEND to a suspended queue is refused after the message was stored.",
		Breaks: []string{"SMP-OFF-SEND", "SMP-SEND-SUSPENDED"},
		Cases:  []string{"relay/off/suspends", "relay/send/suspended"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			if !r.Queue.Record().Suspended() {
				return next(s, r)
			}
			sendAnyway(s, r, c, next)
			return fault.Refuse(r, smp.ErrAuth)
		}),
	},
	{
		ID:     "off/deletes-messages",
		Story:  "OFF empties the queue, which is not needed any more.",
		Breaks: []string{"SMP-OFF-RECIPIENT"},
		Cases:  []string{"relay/off/recipient"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.OFF, next fault.Execute) []relay.Output {
			r.Queue.Mailbox().Clear()
			return next(s, r)
		}),
	},
	{
		ID:     "off/unsubscribes",
		Story:  "OFF ends the subscription of the queue, since nothing more comes.",
		Breaks: []string{"SMP-OFF-RECIPIENT"},
		Cases:  []string{"relay/off/subscriber"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.OFF, next fault.Execute) []relay.Output {
			r.Queue.Unsubscribe()
			return next(s, r)
		}),
	},
	refusesSuspended[smp.SUB]("sub-refused", "A suspended queue answers AUTH to everybody, also to SUB.", "recipient"),
	refusesSuspended[smp.ACK]("ack-refused", "A suspended queue answers AUTH to everybody, also to ACK.", "subscriber"),
	{
		ID:     "off/repeated-refused",
		Story:  "OFF of a suspended queue is refused, since only an active one can be suspended.",
		Breaks: []string{"SMP-OFF-REPEATED"},
		Cases:  []string{"relay/off/repeated"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.OFF, next fault.Execute) []relay.Output {
			if r.Queue.Record().Suspended() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	resumes[smp.OFF]("toggles", "OFF turns the queue off and on."),
	resumes[smp.SUB]("ended-by-sub", "A recipient that subscribes again wants messages again."),
	resumes[smp.KEY]("ended-by-key", "KEY prepares the queue for a sender and makes it active."),
	resumes[smp.GET]("ended-by-get", "A recipient that asks for messages wants messages again."),
}

// suspendsSome is a relay on which OFF stops the sender of some queues only.
func suspendsSome(name, story string, those func(*relay.Record) bool) fault.Fault {
	return fault.Fault{
		ID:     "off/" + name,
		Story:  story,
		Breaks: []string{"SMP-OFF-SEND"},
		Cases:  []string{"relay/off/suspends"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, c smp.SEND, next fault.Execute) []relay.Output {
			if those(r.Queue.Record()) {
				return next(s, r)
			}
			return sendAnyway(s, r, c, next)
		}),
	}
}

// refusesSuspended is a relay that refuses a command of the recipient after OFF.
func refusesSuspended[C smp.Command](name, story, noticing string) fault.Fault {
	return fault.Fault{
		ID:     "off/" + name,
		Story:  story,
		Breaks: []string{"SMP-OFF-RECIPIENT"},
		Cases:  []string{"relay/off/" + noticing},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			if r.Queue.Record().Suspended() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	}
}

// resumes is a relay on which a command makes a suspended queue active.
func resumes[C smp.Command](name, story string) fault.Fault {
	return fault.Fault{
		ID:     "off/" + name,
		Story:  story,
		Breaks: []string{"SMP-OFF-FINAL"},
		Cases:  []string{"relay/off/final"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ C, next fault.Execute) []relay.Output {
			suspended := r.Queue.Record().Suspended()
			outs := next(s, r)
			if suspended {
				r.Queue.Change(func(record *relay.Record) { record.SuspendedAt = time.Time{} })
			}
			return outs
		}),
	}
}

var queFaults = []fault.Fault{
	{
		ID:     "que/lines",
		Story:  "INFO is lines of names and values, as other state of the relay is.",
		Breaks: []string{"SMP-QUE-INFO"},
		Cases:  []string{"relay/que/info"},
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Alters[smp.QUE](func(_ *relay.Session, _ *relay.Request, i smp.INFO) smp.Response {
			return fault.Spelled{Response: i, Text: "INFO snd=F\nntf=F\nsize=0\n"}
		})),
	},
	{
		ID:     "que/ok",
		Story:  "QUE asks whether the queue exists and is answered OK.",
		Breaks: []string{"SMP-QUE-INFO"},
		Cases:  []string{"relay/que/info"},
		Apply:  fault.Alters[smp.QUE](func(*relay.Session, *relay.Request, smp.INFO) smp.Response { return smp.OK{} }),
	},
	wrongInfo("secured-from-mode", "qiSnd says whether the sender may secure the queue.", func(q *relay.Queue, i *smp.QueueInfo) {
		i.Secured = q.Record().Mode == smp.Messaging
	}),
	wrongInfo("notifier-always", "qiNtf says that the relay has notifications.", func(_ *relay.Queue, i *smp.QueueInfo) { i.Notifier = true }),
	wrongInfo("size-of-the-rest", "qiSize counts the messages behind the one that is next.", func(_ *relay.Queue, i *smp.QueueInfo) {
		i.Size = max(0, i.Size-1)
	}),
}

// wrongInfo is a relay whose INFO says something else about the queue.
func wrongInfo(name, story string, change func(*relay.Queue, *smp.QueueInfo)) fault.Fault {
	return fault.Fault{
		ID:     "que/" + name,
		Story:  story,
		Breaks: []string{"SMP-QUE-FIELDS"},
		Cases:  []string{"relay/que/fields"},
		Apply: fault.Alters[smp.QUE](func(_ *relay.Session, r *relay.Request, i smp.INFO) smp.Response {
			change(r.Queue, &i.Queue)
			return i
		}),
	}
}
