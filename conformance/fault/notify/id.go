package notify

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/binary"
	"slices"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/reference/relay"
)

// idFaults are notifier ids that are too short, too long, or linked to others.
var idFaults = slices.Concat(unsizedNotifierIDs(), linkedNotifierIDs())

func unsizedNotifierIDs() (faults []fault.Fault) {
	for _, f := range []struct {
		name, story string
		size        int
	}{
		{"short", "Eight bytes are taken to be enough for a notifier id, because its key protects it.", 8},
		{"long", "A notifier id is made like a key, with 32 bytes.", 32},
	} {
		faults = append(faults, fault.Fault{
			ID: "notify/id-" + f.name, Story: f.story,
			Breaks: []string{"SMP-NTF-ID-LENGTH"},
			Cases:  []string{"relay/notify/id-length"},
			Apply: notifierIDs(func(_ *relay.Session, _ *relay.Queue, id []byte) []byte {
				sum := sha256.Sum256(id)
				return sum[:f.size]
			}),
		})
	}
	return faults
}

// linkedNotifierIDs are relays whose notifier ids tell to which queue they belong, or which
// of them belong together.
func linkedNotifierIDs() (faults []fault.Fault) {
	for _, f := range []struct {
		name, story string
		make        func() func(s *relay.Session, q *relay.Queue, id []byte) []byte
	}{
		{"hash-of-recipient", "The notifier id is the SHA-256 of the recipient's id, so that it need not be stored.", ofQueue(func(q *relay.Queue) []byte {
			sum := sha256.Sum256(q.RecipientID())
			return sum[:24]
		})},
		{"hash-of-sender", "The notifier id is the SHA-512 of the sender's id.", ofQueue(func(q *relay.Queue) []byte {
			sum := sha512.Sum512(q.SenderID())
			return sum[:24]
		})},
		{"sha3-of-recipient", "The notifier id is derived from the recipient's id as a client derives a sender id, with SHA3-384.", ofQueue(func(q *relay.Queue) []byte {
			sum := sha3.Sum384(q.RecipientID())
			return sum[:24]
		})},
		{"after-sender", "The notifier id is the sender's id with another last byte.", ofQueue(func(q *relay.Queue) []byte {
			id := bytes.Clone(q.SenderID())
			id[len(id)-1]++
			return id
		})},
		{"rotated-recipient", "The notifier id is the recipient's id with its halves exchanged.", ofQueue(func(q *relay.Queue) []byte {
			half := len(q.RecipientID()) / 2
			return slices.Concat(q.RecipientID()[half:], q.RecipientID()[:half])
		})},
		{"masked-recipient", "The notifier id is the recipient's id, combined with a secret of the relay by exclusive or.", ofQueue(func(q *relay.Queue) []byte {
			mask := sha256.Sum256([]byte("the secret of the relay"))
			id := bytes.Clone(q.RecipientID())
			for i := range id {
				id[i] ^= mask[i]
			}
			return id
		})},
		{"counter", "Notifier ids are numbers in a row with random bytes in front.", numbered},
		{"time", "Notifier ids begin with the time, so that a database can sort them.", func() func(*relay.Session, *relay.Queue, []byte) []byte {
			return func(_ *relay.Session, _ *relay.Queue, id []byte) []byte {
				return append(binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixNano())), id[8:]...)
			}
		}},
		{"of-connection", "Notifier ids that one connection asks for begin with the same bytes.", func() func(*relay.Session, *relay.Queue, []byte) []byte {
			return func(s *relay.Session, _ *relay.Queue, id []byte) []byte {
				return append(bytes.Clone(s.Conn().SessionID()[:8]), id[8:]...)
			}
		}},
	} {
		faults = append(faults, fault.Fault{
			ID: "notify/id-" + f.name, Story: f.story,
			Breaks: []string{"SMP-NTF-ID-SEPARATE"},
			Cases:  []string{"relay/notify/id-separate"},
			Apply:  func(c *relay.Config) { notifierIDs(f.make())(c) },
		})
	}
	return faults
}

// ofQueue makes the id of a notifier from what the queue has; NEW makes random ones.
func ofQueue(id func(*relay.Queue) []byte) func() func(*relay.Session, *relay.Queue, []byte) []byte {
	return func() func(*relay.Session, *relay.Queue, []byte) []byte {
		return func(_ *relay.Session, q *relay.Queue, random []byte) []byte {
			if q == nil {
				return random
			}
			return id(q)
		}
	}
}

func numbered() func(*relay.Session, *relay.Queue, []byte) []byte {
	var last atomic.Uint64
	start := sha256.Sum256([]byte("random bytes"))
	return func(*relay.Session, *relay.Queue, []byte) []byte {
		return binary.BigEndian.AppendUint64(bytes.Clone(start[:16]), last.Add(1))
	}
}
