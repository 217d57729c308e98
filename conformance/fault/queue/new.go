package queue

import (
	"bytes"
	"slices"

	"smpcheck/conformance/fault"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
)

// createFaults are mistakes in creating queues and their ids.
var createFaults = slices.Concat(newFaults, newFormFaults, passwordFaults, idsFaults, idsAnswerFaults)

var newFaults = []fault.Fault{
	{
		ID:     "new/sender-unknown-before-sub",
		Story:  "The sender's id of a new queue is entered into the index of ids by the first SUB.",
		Breaks: []string{"SMP-NEW-CREATES"},
		Cases:  []string{"relay/new/creates"},
		Apply: fault.Remembering(func(known *fault.Notes[string, bool]) func(*relay.Config) {
			return fault.Together(
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SUB, next fault.Execute) []relay.Output {
					known.Set(string(r.Queue.SenderID()), true)
					return next(s, r)
				}),
				fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
					if _, ok := known.Get(string(r.Queue.SenderID())); !ok {
						return fault.Refuse(r, smp.ErrAuth)
					}
					return next(s, r)
				}),
			)
		}),
	},
	{
		ID:     "new/ed25519-refused",
		Story:  "Since authenticators exist, a recipient's key has to be X25519.",
		Breaks: []string{"SMP-NEW-ED25519"},
		Cases:  []string{"relay/new/creates"},
		Apply:  refusesForm(func(c smp.NEW, _ []byte) bool { return c.AuthKey.Algorithm() == keys.Ed25519 }),
	},
	{
		ID:       "new/x25519-refused",
		Story:    "The recipient's key is parsed as a signature key, and X25519 is none.",
		Breaks:   []string{"SMP-NEW-X25519"},
		Cases:    []string{"relay/new/x25519", "relay/new/x25519-wrong"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply:    refusesForm(func(c smp.NEW, _ []byte) bool { return c.AuthKey.Algorithm() == keys.X25519 }),
	},
	{
		ID:       "new/x25519-unverified",
		Story:    "The key in NEW cannot verify an authenticator, since it is no key for signatures, so NEW is not verified.",
		Breaks:   []string{"SMP-AUTH-WRONG-KEY"},
		Cases:    []string{"relay/new/x25519-wrong"},
		Versions: fault.Since(smp.VersionAuthenticators),
		Apply: fault.Verifies(func(_ *relay.Session, r *relay.Request, key keys.PublicKey) bool {
			return fault.IsOneOf(r, "NEW") && key.Algorithm() == keys.X25519
		}),
	},
	{
		ID:     "new/dh-key-unchecked",
		Story:  "The bytes of the second key are stored and its algorithm is never looked at.",
		Breaks: []string{"SMP-NEW-DH-KEY"},
		Cases:  []string{"relay/new/dh-key"},
		Apply:  fault.Rewrites("NEW", func(_ uint16, command []byte) []byte { return withKey(command, 1, keys.X25519) }),
	},
	{
		ID:     "new/auth-key-unchecked",
		Story:  "A recipient's key of any algorithm is stored, also of one by which nothing can be authorized.",
		Breaks: []string{"SMP-NEW-KEY-OTHER"},
		Cases:  []string{"relay/new/key-x448"},
		Apply: fault.Together(
			fault.Rewrites("NEW", func(_ uint16, command []byte) []byte { return withKey(command, 0, keys.Ed25519) }),
			fault.Verifies(func(_ *relay.Session, r *relay.Request, _ keys.PublicKey) bool { return fault.IsOneOf(r, "NEW") }),
		),
	},
	{
		ID:     "new/subscribe-ignored",
		Story:  "Clients are expected to send SUB for their new queue, whatever the mode in NEW.",
		Breaks: []string{"SMP-NEW-SUBSCRIBE"},
		Cases:  []string{"relay/new/subscribe"},
		Apply:  creates(func(c smp.NEW) smp.NEW { c.Subscribe = false; return c }),
	},
	{
		ID:     "new/always-subscribed",
		Story:  "Whoever creates a queue is taken for its subscriber, whatever the mode in NEW.",
		Breaks: []string{"SMP-NEW-CREATE-ONLY"},
		Cases:  []string{"relay/new/create-only"},
		Apply:  creates(func(c smp.NEW) smp.NEW { c.Subscribe = true; return c }),
	},
	{
		ID:       "new/sender-secure-ignored",
		Story:    "The flag by which the recipient lets the sender secure the queue is read and not stored.",
		Breaks:   []string{"SMP-NEW-SENDER-SECURE"},
		Cases:    []string{"relay/new/sender-secure"},
		Versions: fault.Since(smp.VersionSenderKeys),
		Apply:    storesMode(func(smp.QueueMode) smp.QueueMode { return smp.Contact }),
	},
	{
		ID:       "new/contact-like-messaging",
		Story:    "The queue mode is repeated in IDS, and a contact queue is like any other.",
		Breaks:   []string{"SMP-NEW-CONTACT"},
		Cases:    []string{"relay/new/contact"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    storesMode(func(smp.QueueMode) smp.QueueMode { return smp.Messaging }),
	},
	{
		ID:       "new/contact-needs-sender-key",
		Story:    "A contact queue takes messages only from senders that have a key.",
		Breaks:   []string{"SMP-NEW-CONTACT"},
		Cases:    []string{"relay/new/contact"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.SEND, next fault.Execute) []relay.Output {
			if record := r.Queue.Record(); record.Mode == smp.Contact && record.SenderKey.IsZero() {
				return fault.Refuse(r, smp.ErrAuth)
			}
			return next(s, r)
		}),
	},
	{
		ID:       "new/link-sender-id-unchecked",
		Story:    "The sender id that comes with link data is used as it is.",
		Breaks:   []string{"SMP-NEW-LINK-SENDER-ID"},
		Cases:    []string{"relay/new/link-sender-id"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    chosenSenderIDs,
	},
}

// creates changes what a new queue is asked to be.
func creates(change func(smp.NEW) smp.NEW) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
		r.Command = change(c)
		return next(s, r)
	})
}

// storesMode creates queues in another mode than they are asked for, and says in IDS what
// they were asked for.
func storesMode(mode func(smp.QueueMode) smp.QueueMode) func(*relay.Config) {
	return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
		var asked smp.QueueMode
		if c.Request != nil {
			asked = c.Request.Mode
			request := *c.Request
			request.Mode = mode(asked)
			c.Request = &request
		} else if stored := mode(0); stored != smp.Contact {
			c.Request = &smp.QueueRequest{Mode: stored}
		}
		r.Command = c
		outs := next(s, r)
		if ids, ok := outs[0].Response.(smp.IDS); ok {
			ids.Mode = asked
			outs[0].Response = ids
		}
		return outs
	})
}

// chosenSenderIDs gives a queue the sender id that came with its link.
func chosenSenderIDs(c *relay.Config) {
	var chosen fault.Notes[*relay.Request, []byte]
	fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
		if c.Request != nil && c.Request.Link != nil {
			chosen.Set(r, bytes.Clone(c.Request.Link.SenderID))
			request := *c.Request
			request.Link = nil
			c.Request = &request
			r.Command = c
		}
		return next(s, r)
	})(c)
	fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
		if kind == relay.SenderID {
			if id, ok := chosen.Take(r); ok {
				return id, nil
			}
		}
		return next(s, r, kind)
	})(c)
}

// withKey puts a new key of the algorithm into the place of the first or second key in
// NEW.
func withKey(command []byte, place int, alg keys.Algorithm) []byte {
	at := len("NEW ")
	for range place {
		if at < len(command) {
			at += 1 + int(command[at])
		}
	}
	if at >= len(command) || at+1+int(command[at]) > len(command) {
		return nil
	}
	spki := fault.NewKey(alg).Public().SPKI()
	rest := command[at+1+int(command[at]):]
	return slices.Concat(command[:at], []byte{byte(len(spki))}, spki, rest)
}
