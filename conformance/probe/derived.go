package probe

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"
	"slices"

	"smpcheck/conformance"
	"smpcheck/reference/keys"
)

// hashes are functions of which a relay's author may think to make one id of
// another.
var hashes = []struct {
	name string
	sum  func([]byte) []byte
}{
	{"MD5", func(b []byte) []byte { h := md5.Sum(b); return h[:] }},
	{"SHA-1", func(b []byte) []byte { h := sha1.Sum(b); return h[:] }},
	{"SHA-256", func(b []byte) []byte { h := sha256.Sum256(b); return h[:] }},
	{"SHA-384", func(b []byte) []byte { h := sha512.Sum384(b); return h[:] }},
	{"SHA-512", func(b []byte) []byte { h := sha512.Sum512(b); return h[:] }},
	{"SHA3-256", func(b []byte) []byte { h := sha3.Sum256(b); return h[:] }},
	{"SHA3-384", func(b []byte) []byte { h := sha3.Sum384(b); return h[:] }},
	{"SHA3-512", func(b []byte) []byte { h := sha3.Sum512(b); return h[:] }},
}

// ExpectUnrelatedIDs fails the case if one id of a queue can be computed from the
// other one: as its hash, or by the same mask as in another queue.
func ExpectUnrelatedIDs(t *conformance.T, queues []*Queue) {
	pairs := make([][2][]byte, len(queues))
	for i, q := range queues {
		pairs[i] = [2][]byte{q.RecipientID, q.SenderID}
	}
	expectUnrelated(t, "recipient", "sender", pairs)
}

// ExpectUnrelatedNotifierIDs is ExpectUnrelatedIDs for the ids of notifiers and those
// of the two other parties.
func ExpectUnrelatedNotifierIDs(t *conformance.T, notifiers []*Notifier) {
	recipients, senders := make([][2][]byte, len(notifiers)), make([][2][]byte, len(notifiers))
	for i, n := range notifiers {
		recipients[i] = [2][]byte{n.Queue.RecipientID, n.ID}
		senders[i] = [2][]byte{n.Queue.SenderID, n.ID}
	}
	expectUnrelated(t, "recipient", "notifier", recipients)
	expectUnrelated(t, "sender", "notifier", senders)
}

// expectUnrelated takes the ids of two parties for each queue.
func expectUnrelated(t *conformance.T, first, second string, pairs [][2][]byte) {
	expected := "ids of " + first + " and " + second + " that have nothing to do with each other"
	var masks [][]byte
	for _, ids := range pairs {
		if startsAs(backwards(ids[0]), ids[1]) {
			t.Failf(expected, "the %s's id is the %s's backwards", second, first)
		}
		for _, h := range hashes {
			if startsAs(h.sum(ids[0]), ids[1]) {
				t.Failf(expected, "the %s's id is the %s of the %s's", second, h.name, first)
			}
			if startsAs(h.sum(ids[1]), ids[0]) {
				t.Failf(expected, "the %s's id is the %s of the %s's", first, h.name, second)
			}
		}
		mask := exclusiveOr(ids[0], ids[1])
		for _, other := range masks {
			if run := commonRun(mask, other); len(run) > 0 {
				t.Fail(expected, fmt.Sprintf("%x xor %x holds %x as in another queue", ids[0], ids[1], run))
			}
		}
		masks = append(masks, mask)
	}
}

// ExpectUnrelatedToKeys fails the case if an id of a queue is, or is the hash of, a key
// that NEW and IDS have.
func ExpectUnrelatedToKeys(t *conformance.T, queues []*Queue) {
	for _, q := range queues {
		for what, key := range map[string]keys.PublicKey{
			"the recipient's key": q.Key.Public(), "the recipient's key to agree": q.DHKey.Public(), "the relay's key": q.IDS.ServerDHKey,
		} {
			expectNotFrom(t, q, what, key.SPKI())
			expectNotFrom(t, q, what, key.Raw())
		}
	}
}

// expectNotFrom fails the case if an id of the queue is a part of the bytes, or their hash.
func expectNotFrom(t *conformance.T, q *Queue, what string, source []byte) {
	for whose, id := range map[string][]byte{"recipient": q.RecipientID, "sender": q.SenderID} {
		if bytes.Contains(source, id) {
			t.Failf("ids that have nothing to do with keys", "the %s's id is a part of %s", whose, what)
		}
		for _, h := range hashes {
			if startsAs(h.sum(source), id) {
				t.Failf("ids that have nothing to do with keys", "the %s's id is the %s of %s", whose, h.name, what)
			}
		}
	}
}

func backwards(id []byte) []byte {
	b := bytes.Clone(id)
	slices.Reverse(b)
	return b
}

// startsAs reports whether the shorter of two byte strings, of 8 bytes at least,
// is the start of the other.
func startsAs(a, b []byte) bool {
	const least = 8
	n := min(len(a), len(b))
	return n >= least && bytes.Equal(a[:n], b[:n])
}

func exclusiveOr(a, b []byte) []byte {
	x := make([]byte, min(len(a), len(b)))
	for i := range x {
		x[i] = a[i] ^ b[i]
	}
	return x
}
