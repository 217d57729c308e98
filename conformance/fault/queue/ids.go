package queue

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/directory"
	"smpcheck/reference/keys"
	"smpcheck/reference/relay"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

var idsFaults = []fault.Fault{
	{
		ID:     "ids/short",
		Story:  "Ids have 8 bytes, which is enough to be unique.",
		Breaks: []string{"SMP-IDS-LENGTH"},
		Cases:  []string{"relay/ids/length"},
		Apply:  fault.QueueIDs(func(id []byte) []byte { return id[:8] }),
	},
	{
		ID:     "ids/long",
		Story:  "Ids are SHA-256 hashes and not cut to the 24 bytes that an id may have.",
		Breaks: []string{"SMP-IDS-LENGTH"},
		Cases:  []string{"relay/ids/length"},
		Apply:  fault.QueueIDs(func(id []byte) []byte { h := sha256.Sum256(id); return h[:] }),
	},
	{
		ID:     "ids/equal",
		Story:  "A queue has one id, and the command says which party uses it.",
		Breaks: []string{"SMP-IDS-DIFFERENT"},
		Cases:  []string{"relay/ids/different"},
		Apply:  publishes(func(ids smp.IDS) []byte { return ids.RecipientID }),
	},
	{
		ID:     "ids/two-spaces",
		Story:  "Ids are unique among recipients and among senders, and both take them from the same list.",
		Breaks: []string{"SMP-IDS-UNIQUE"},
		Cases:  []string{"relay/ids/random"},
		Apply: func(c *relay.Config) {
			var mu sync.Mutex
			var before []byte
			publishes(func(ids smp.IDS) []byte {
				mu.Lock()
				defer mu.Unlock()
				published := before
				if before = ids.RecipientID; published == nil {
					return ids.SenderID
				}
				return published
			})(c)
		},
	},
	{
		ID:     "ids/sequential",
		Story:  "Ids are the keys of database rows, which count up.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/ids/random"},
		Apply: func(c *relay.Config) {
			var last atomic.Uint64
			fault.QueueIDs(func(id []byte) []byte { return binary.BigEndian.AppendUint64(make([]byte, 16), last.Add(1)) })(c)
		},
	},
	{
		ID:     "ids/time-based",
		Story:  "Ids are UUIDs that begin with the time, so that indexes grow at one end.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/ids/random"},
		Apply:  fault.QueueIDs(beginWithTime),
	},
	{
		ID:     "ids/node-prefix",
		Story:  "Ids begin with the number of the machine, so that several machines share one address.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/ids/random"},
		Apply:  fault.QueueIDs(func(id []byte) []byte { copy(id, "node-017"); return id }),
	},
	derivedSender("numbered", "The sender's id is the recipient's with another last byte.", func(id []byte) []byte {
		id[len(id)-1]++
		return id
	}),
	derivedSender("hashed", "The sender's id is a hash of the recipient's, which nobody can invert.", func(id []byte) []byte {
		h := sha512.Sum512(id)
		return h[:24]
	}),
	derivedSender("masked", "The sender's id is the recipient's with a secret mask of the relay.", func() func(id []byte) []byte {
		mask := fault.Random(64)
		return func(id []byte) []byte {
			for i := range id {
				id[i] ^= mask[i]
			}
			return id
		}
	}()),
	derivedSender("backwards", "The sender's id is the recipient's with its bytes in the other order.", func(id []byte) []byte {
		slices.Reverse(id)
		return id
	}),
	{
		ID:     "ids/of-key",
		Story:  "The recipient's id is the fingerprint of the key that NEW brings.",
		Breaks: []string{"SMP-IDS-RANDOM", "SMP-NEW-SAME-KEYS"},
		Cases:  []string{"relay/ids/random", "relay/ids/same-keys"},
		Apply: fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
			if c, ok := r.Command.(smp.NEW); ok && kind == relay.RecipientID {
				h := sha256.Sum256(c.AuthKey.SPKI())
				return h[:24], nil
			}
			return next(s, r, kind)
		}),
	},
	{
		ID:     "ids/reused-after-deletion",
		Story:  "The ids of a deleted queue go back to the list from which new queues get theirs.",
		Breaks: []string{"SMP-IDS-UNIQUE"},
		Cases:  []string{"relay/ids/deleted"},
		Apply:  reusesIDs,
	},
}

// derivedSender is a relay whose sender ids come from recipient ids.
func derivedSender(name, story string, derive func([]byte) []byte) fault.Fault {
	return fault.Fault{
		ID:     "ids/sender-" + name,
		Story:  story,
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/ids/random"},
		Apply:  fault.DerivedSenderIDs(func(id []byte) []byte { return derive(bytes.Clone(id)) }),
	}
}

// beginWithTime puts the time into the first 8 bytes of an id.
func beginWithTime(id []byte) []byte {
	binary.BigEndian.PutUint64(id, uint64(time.Now().UnixMicro())<<8)
	return id
}

// reusesIDs gives new queues the ids of those that were deleted before.
func reusesIDs(c *relay.Config) {
	var mu sync.Mutex
	free := make(map[relay.IDKind][][]byte)
	fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.DEL, next fault.Execute) []relay.Output {
		outs := next(s, r)
		if fault.RepliedWith[smp.OK](outs) {
			mu.Lock()
			defer mu.Unlock()
			free[relay.RecipientID] = append(free[relay.RecipientID], r.Queue.RecipientID())
			free[relay.SenderID] = append(free[relay.SenderID], r.Queue.SenderID())
		}
		return outs
	})(c)
	fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if ids := free[kind]; len(ids) > 0 {
			free[kind] = ids[1:]
			return ids[0], nil
		}
		return next(s, r, kind)
	})(c)
}

var idsAnswerFaults = []fault.Fault{
	{
		ID:     "ids/entity-repeated",
		Story:  "Every answer about a queue has the recipient's id as its entity, IDS too.",
		Breaks: []string{"SMP-IDS-EMPTY-ENTITY"},
		Cases:  []string{"relay/ids/entity"},
		Apply: fault.Handles(func(s *relay.Session, r *relay.Request, _ smp.NEW, next fault.Execute) []relay.Output {
			outs := next(s, r)
			if ids, ok := outs[0].Response.(smp.IDS); ok {
				outs[0].EntityID = ids.RecipientID
			}
			return outs
		}),
	},
	{
		ID:     "ids/dh-key-of-another",
		Story:  "IDS is made with a new key pair, and messages are encrypted with that of the queue.",
		Breaks: []string{"SMP-IDS-DH-KEY"},
		Cases:  []string{"relay/ids/dh-key"},
		Apply: idsWith(func(_ *relay.Request, ids *smp.IDS) {
			ids.ServerDHKey = fault.NewKey(keys.X25519).Public()
		}),
	},
	{
		ID:     "ids/dh-key-of-the-relay",
		Story:  "The relay has one key pair for all queues.",
		Breaks: []string{"SMP-IDS-DH-FRESH"},
		Cases:  []string{"relay/ids/dh-key-fresh"},
		Apply: func(c *relay.Config) {
			key := fault.NewKey(keys.X25519)
			fault.Seals(func(x *fault.Sealer) { x.Key = func() keys.PrivateKey { return key } })(c)
		},
	},
	{
		ID:     "ids/same-keys-same-queue",
		Story:  "NEW with a known key is a repetition and is answered with the queue that exists.",
		Breaks: []string{"SMP-NEW-SAME-KEYS"},
		Cases:  []string{"relay/ids/same-keys"},
		Apply: fault.Remembering(func(created *fault.Notes[keys.PublicKey, smp.IDS]) func(*relay.Config) {
			return fault.Handles(func(s *relay.Session, r *relay.Request, c smp.NEW, next fault.Execute) []relay.Output {
				if ids, ok := created.Get(c.AuthKey); ok {
					return fault.Reply(r, ids)
				}
				outs := next(s, r)
				if ids, ok := outs[0].Response.(smp.IDS); ok {
					created.Set(c.AuthKey, ids)
				}
				return outs
			})
		}),
	},
	{
		ID:       "ids/sender-secure-lost",
		Story:    "IDS says of every queue that its sender may not secure it.",
		Breaks:   []string{"SMP-IDS-FORM-V9"},
		Cases:    []string{"relay/ids/sender-secure"},
		Versions: wire.Versions(smp.VersionSenderKeys, smp.VersionShortLinks-1),
		Apply:    idsWith(func(_ *relay.Request, ids *smp.IDS) { ids.Mode = smp.Contact }),
	},
	{
		ID:       "ids/queue-mode-lost",
		Story:    "The queue mode is for the relay, and IDS never has one.",
		Breaks:   []string{"SMP-IDS-QUEUE-MODE"},
		Cases:    []string{"relay/ids/queue-mode"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply:    idsWith(func(_ *relay.Request, ids *smp.IDS) { ids.Mode = 0 }),
	},
	{
		ID:       "ids/queue-mode-invented",
		Story:    "A queue without a mode is called a contact queue in IDS.",
		Breaks:   []string{"SMP-IDS-QUEUE-MODE"},
		Cases:    []string{"relay/ids/queue-mode"},
		Versions: fault.Since(smp.VersionShortLinks),
		Apply: idsWith(func(_ *relay.Request, ids *smp.IDS) {
			if ids.Mode == 0 {
				ids.Mode = smp.Contact
			}
		}),
	},
	misspelledIDS("newest", "SMP-IDS-FORM-V6", "relay/ids/form-6", wire.Versions(smp.MinVersion, smp.VersionSenderKeys-1),
		"IDS says also to the oldest clients whether the sender may secure the queue.", func(ids smp.IDS) ([]byte, error) {
			return smp.EncodeResponse(smp.VersionSenderKeys, ids)
		}),
	misspelledIDS("secure-flag", "SMP-IDS-FORM-V15", "relay/ids/form-15", wire.Versions(smp.VersionShortLinks, smp.VersionNotifierKeys-1),
		"IDS still says whether the sender may secure the queue, in the place of the mode.", func(ids smp.IDS) ([]byte, error) {
			return smp.EncodeResponse(smp.VersionShortLinks-1, ids)
		}),
	misspelledIDS("notifier-early", "SMP-IDS-FORM-V15", "relay/ids/form-15", wire.Versions(smp.VersionShortLinks, smp.VersionNotifierKeys-1),
		"IDS has a place for the notifier before clients know of one.", func(ids smp.IDS) ([]byte, error) {
			return smp.EncodeResponse(smp.VersionNotifierKeys, ids)
		}),
	misspelledIDS("as-before", "SMP-IDS-FORM-V17", "relay/ids/form", fault.Since(smp.VersionNotifierKeys), "IDS at version 17 is as at version 16: without a place for the notifier.", func(ids smp.IDS) ([]byte, error) {
		return smp.EncodeResponse(smp.VersionNotifierKeys-1, ids)
	}),
	misspelledIDS("trailing-byte", "SMP-IDS-FORM-V17", "relay/ids/form", fault.Since(smp.VersionNotifierKeys), "Every field of IDS has a place for what is absent, and one more is kept for the next version.", func(ids smp.IDS) ([]byte, error) {
		text, err := smp.EncodeResponse(smp.MaxVersion, ids)
		return append(text, '0'), err
	}),
	unasked("link", "SMP-IDS-NO-LINK", "Every queue gets a link id, in case the client stores link data later.", func(ids *smp.IDS) {
		ids.LinkID = fault.Random(fault.IDSize)
	}),
	unasked("service", "SMP-IDS-NO-SERVICE", "A client that is no service gets a service id of its own.", func(ids *smp.IDS) {
		ids.ServiceID = fault.Random(fault.IDSize)
	}),
	unasked("notifier", "SMP-IDS-NO-NOTIFIER", "Every queue gets a notifier, in case the client enables notifications later.", func(ids *smp.IDS) {
		ids.Notifier = &smp.NotifierCredentials{NotifierID: fault.Random(fault.IDSize), ServerDHKey: ids.ServerDHKey}
	}),
}

// misspelledIDS is a relay whose IDS has another form at some versions.
func misspelledIDS(name, breaks, noticing string, versions wire.VersionRange, story string, encode func(smp.IDS) ([]byte, error)) fault.Fault {
	return fault.Fault{
		ID:       "ids/form-" + name,
		Story:    story,
		Breaks:   []string{breaks},
		Cases:    []string{noticing},
		Versions: versions,
		Apply: fault.Together(fault.Stages(fault.Spells), fault.Alters[smp.NEW](func(s *relay.Session, _ *relay.Request, ids smp.IDS) smp.Response {
			text, err := encode(ids)
			if err != nil || !versions.Contains(s.Version()) {
				return ids
			}
			return fault.Spelled{Response: ids, Text: string(text)}
		})),
	}
}

// unasked is a relay whose IDS has a field that the client did not ask for.
func unasked(name, requirement, story string, add func(*smp.IDS)) fault.Fault {
	return fault.Fault{
		ID:       "ids/unasked-" + name,
		Story:    story,
		Breaks:   []string{requirement},
		Cases:    []string{"relay/ids/nothing-unasked"},
		Versions: fault.Since(smp.VersionNotifierKeys),
		Apply:    idsWith(func(_ *relay.Request, ids *smp.IDS) { add(ids) }),
	}
}

// idsWith changes the answer to NEW.
func idsWith(change func(r *relay.Request, ids *smp.IDS)) func(*relay.Config) {
	return fault.Alters[smp.NEW](func(_ *relay.Session, r *relay.Request, ids smp.IDS) smp.Response {
		change(r, &ids)
		return ids
	})
}

// publishes tells clients another sender id than the one under which the relay knows the
// queue.
func publishes(senderID func(ids smp.IDS) []byte) func(*relay.Config) {
	return fault.Stages(func(st *relay.Stages) {
		var real fault.Notes[string, []byte]
		next := st.Execute
		st.Execute = func(s *relay.Session, r *relay.Request) []relay.Output {
			outs := next(s, r)
			for i := range outs {
				if ids, ok := outs[i].Response.(smp.IDS); ok {
					published := senderID(ids)
					real.Set(string(published), ids.SenderID)
					ids.SenderID = published
					outs[i].Response = ids
				}
			}
			return outs
		}
		directory.LooksUp(st, func(r *relay.Request) []byte {
			switch r.Command.(type) {
			case smp.SEND, smp.SKEY:
				id, _ := real.Get(string(r.Transmission.EntityID))
				return id
			}
			return nil
		})
	})
}
