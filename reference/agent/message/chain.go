package message

import (
	"bytes"
	"crypto/sha256"
	"fmt"
)

// Hash is the hash by which the next message and a receipt name an agent message:
// SHA-256 of its encoding as EncodeMessage returns it, before padding and encryption.
// The documents do not say which hash this is; the official agent does it so.
func Hash(encoded []byte) []byte {
	sum := sha256.Sum256(encoded)
	return sum[:]
}

// Chain is the last agent message of one direction of a connection: its number and its
// hash. The zero value is the start of the chain. Numbers count per connection, whatever
// queue a message takes, and begin with the connection info of the confirmation, which
// has number 1 although it carries no header.
type Chain struct {
	// ID is the number of the last message, 0 for none.
	ID int64
	// Hash is the Hash of the last message, empty for none.
	Hash []byte
}

// Next is the header of the message that follows.
func (c Chain) Next() Header { return Header{ID: c.ID + 1, PreviousHash: c.Hash} }

// Advance makes the message with number id the last one; encoded is its encoding. A
// receiver advances by the sender's number also when Check found a fault, so that one
// fault is reported once.
func (c *Chain) Advance(id int64, encoded []byte) { *c = Chain{ID: id, Hash: Hash(encoded)} }

// Check tells how the header of a received message fits after the last one. A fault of
// the number is found before a fault of the hash.
func (c Chain) Check(h Header) Integrity {
	switch next := c.ID + 1; {
	case h.ID < c.ID:
		return Integrity{Verdict: BadID, From: h.ID, To: h.ID}
	case h.ID == c.ID:
		return Integrity{Verdict: Duplicate, From: h.ID, To: h.ID}
	case h.ID > next:
		return Integrity{Verdict: Skipped, From: next, To: h.ID - 1}
	case !bytes.Equal(h.PreviousHash, c.Hash):
		return Integrity{Verdict: BadHash, From: h.ID, To: h.ID}
	}
	return Integrity{Verdict: OK, From: h.ID, To: h.ID}
}

// Verdict is the outcome of Chain.Check.
type Verdict uint8

// The verdicts.
const (
	OK        Verdict = iota + 1 // the message follows the last one
	Skipped                      // messages between it and the last one are missing
	BadID                        // its number is lower than the last one
	BadHash                      // its number is the next one, its previous hash is not the last message's
	Duplicate                    // its number is that of the last one
)

var verdictNames = map[Verdict]string{
	OK: "ok", Skipped: "skipped", BadID: "bad id", BadHash: "bad hash", Duplicate: "duplicate",
}

// String names the verdict: "ok", "skipped", "bad id", "bad hash" or "duplicate".
func (v Verdict) String() string {
	if name, ok := verdictNames[v]; ok {
		return name
	}
	return fmt.Sprintf("verdict %d", uint8(v))
}

// Integrity is a verdict and the numbers that it is about: the first and the last
// missing message for Skipped, twice the message's own number otherwise.
type Integrity struct {
	Verdict  Verdict
	From, To int64
}
