package privacy

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math/big"
	"sync"
	"sync/atomic"
	"time"

	"smpcheck/conformance/fault"
	"smpcheck/conformance/fault/internal/framing"
	"smpcheck/reference/relay"
)

// idFaults are ids that are different and tell something all the same.
var idFaults = []fault.Fault{
	{
		ID:     "privacy/sender-added",
		Story:  "The sender's id is the recipient's plus a secret number of the relay, so that one column is enough.",
		Breaks: []string{"CLAIM-QUEUE-IDS-UNRELATED"},
		Cases:  []string{"relay/privacy/ids-unrelated"},
		Apply: func(c *relay.Config) {
			secret := fault.Random(fault.IDSize)
			fault.DerivedSenderIDs(func(id []byte) []byte { return sum(id, secret) })(c)
		},
	},
	{
		ID:     "privacy/ids-chained",
		Story:  "Each id is the hash of the one before of its kind, so that randomness is needed only at the start.",
		Breaks: []string{"CLAIM-QUEUE-IDS-UNRELATED"},
		Cases:  []string{"relay/privacy/ids-unrelated"},
		Apply: fault.Remembering(func(last *fault.Notes[relay.IDKind, []byte]) func(*relay.Config) {
			return fault.MakesIDs(func(s *relay.Session, r *relay.Request, kind relay.IDKind, next fault.NewID) ([]byte, error) {
				id, err := next(s, r, kind)
				return last.Update(kind, func(before []byte) []byte {
					if before == nil {
						return id
					}
					h := sha256.Sum256(before)
					return h[:24]
				}), err
			})
		}),
	},
	{
		ID:     "privacy/message-of-queue",
		Story:  "The id of a message begins with ten bytes of its queue's id, so that its row is found without an index.",
		Breaks: []string{"SMP-MSG-ID-RANDOM"},
		Cases:  []string{"relay/privacy/message-ids"},
		Apply: fault.MessageIDs(func(r *relay.Request, id []byte) []byte {
			copy(id, r.Queue.SenderID()[8:18])
			return id
		}),
	},
	countingIDs("queue", "SMP-IDS-RANDOM", relay.RecipientID),
	countingIDs("sender", "SMP-IDS-RANDOM", relay.SenderID),
	countingIDs("notifier", "SMP-NTF-ID-SEPARATE", relay.NotifierID),
	countingIDs("message", "SMP-MSG-ID-RANDOM", relay.MessageID),
	{
		ID:     "privacy/ids-short-time",
		Story:  "Ids are 4 bytes of time in seconds and 20 random bytes, as in some databases.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/privacy/ids-balance"},
		Apply: fault.QueueIDs(func(id []byte) []byte {
			binary.BigEndian.PutUint32(id, uint32(time.Now().Unix()))
			return id
		}),
	},
	{
		ID:     "privacy/ids-hexadecimal",
		Story:  "Ids are 12 random bytes in hexadecimal, as they are shown.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/privacy/ids-balance"},
		Apply:  fault.QueueIDs(func(id []byte) []byte { return []byte(hex.EncodeToString(id[:12])) }),
	},
	{
		ID:     "privacy/ids-of-letters",
		Story:  "Random bytes that are no printable characters are drawn again, so that ids can stand in files.",
		Breaks: []string{"SMP-IDS-RANDOM"},
		Cases:  []string{"relay/privacy/ids-balance"},
		Apply: fault.QueueIDs(func(id []byte) []byte {
			for i := range id {
				for id[i] < ' ' || id[i] > '~' {
					_, _ = rand.Read(id[i : i+1]) // it never fails
				}
			}
			return bytes.ToLower(id)
		}),
	},
}

// countingIDs is a relay whose ids of a kind have a counter in four bytes and are random
// otherwise.
func countingIDs(name, requirement string, kind relay.IDKind) fault.Fault {
	return fault.Fault{
		ID:     "privacy/counted-" + name,
		Story:  "Four bytes of each id of this kind (" + name + ") count up, so that the table grows at its end, and the others are random.",
		Breaks: []string{requirement},
		Cases:  []string{"relay/privacy/ids-order"},
		Apply: func(c *relay.Config) {
			var last atomic.Uint32
			fault.ChangesIDs(func(k relay.IDKind) bool { return k == kind }, func(_ *relay.Request, id []byte) []byte {
				binary.BigEndian.PutUint32(id[4:], last.Add(3))
				return id
			})(c)
		},
	}
}

// sum adds two numbers of the same length and drops what is carried.
func sum(a, b []byte) []byte {
	z := new(big.Int).Add(new(big.Int).SetBytes(a), new(big.Int).SetBytes(b))
	z.Mod(z, new(big.Int).Lsh(big.NewInt(1), uint(8*len(a))))
	return z.FillBytes(make([]byte, len(a)))
}

// staleBlocks pads each block with what the buffer held before.
func staleBlocks() framing.Steps {
	var mu sync.Mutex
	var buffer []byte
	return framing.Steps{Pad: func(content []byte, size int) ([]byte, error) {
		mu.Lock()
		defer mu.Unlock()
		if len(content) > size-2 {
			return nil, framing.ErrShort
		}
		block := append(bytes.Clone(buffer), bytes.Repeat([]byte{'#'}, size)...)[:size]
		binary.BigEndian.PutUint16(block, uint16(len(content)))
		copy(block[2:], content)
		buffer = block
		return bytes.Clone(block), nil
	}}
}
