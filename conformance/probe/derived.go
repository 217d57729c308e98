package probe

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"fmt"

	"smpcheck/conformance"
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
	const expected = "ids of recipient and sender that have nothing to do with each other"
	var masks [][]byte
	for _, q := range queues {
		for _, h := range hashes {
			if startsAs(h.sum(q.RecipientID), q.SenderID) {
				t.Failf(expected, "the sender's id is the %s of the recipient's", h.name)
			}
			if startsAs(h.sum(q.SenderID), q.RecipientID) {
				t.Failf(expected, "the recipient's id is the %s of the sender's", h.name)
			}
		}
		mask := exclusiveOr(q.RecipientID, q.SenderID)
		for _, other := range masks {
			if run := commonRun(mask, other); len(run) > 0 {
				t.Fail(expected, fmt.Sprintf("%x xor %x holds %x as in another queue", q.RecipientID, q.SenderID, run))
			}
		}
		masks = append(masks, mask)
	}
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
