package model

import (
	"crypto/sha256"

	"smpcheck/fuzz/drive"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
)

// operation is a command that was sent, on its own or forwarded.
type operation struct {
	number  int
	conn    *connection
	version uint16 // at which it is executed
	drive.Sent
	queue *queue // nil for those that are about no queue that is known
	// party and maker say which id of the queue it used: maker is the operation that made
	// the notifier.
	party party
	maker int
	// allowed answers of an operation that has no queue.
	allowed []want
	// inner is what a PFWD carries.
	inner *operation
	// ghost: no answer will come, and nobody knows whether it is executed.
	ghost bool
	// failed: it was answered with an error.
	failed bool
	// unsure: others with the same correlation id are under way.
	unsure bool

	body       [sha256.Size]byte // hash of that of SEND
	authorized map[int]bool      // by key
	links      int               // version of link data that it sets
}

// party says which id of a queue an operation uses.
type party int

const (
	nobody party = iota
	recipientParty
	senderParty
	notifierParty
	linkParty
)

// partyOf is the one whose command it is.
func partyOf(c smp.Command) party {
	switch c.(type) {
	case smp.SUB, smp.KEY, smp.RKEY, smp.LSET, smp.LDEL, smp.NKEY, smp.NDEL, smp.GET, smp.ACK, smp.OFF, smp.DEL, smp.QUE:
		return recipientParty
	case smp.SEND, smp.SKEY:
		return senderParty
	case smp.NSUB:
		return notifierParty
	case smp.LKEY, smp.LGET:
		return linkParty
	}
	return nobody
}

// signed reports whether the operation has an authorization.
func (o *operation) signed() bool { return len(o.Authorization) > 0 }

// by reports whether a key authorized the operation.
func (o *operation) by(m *Model, key int) bool {
	if key == 0 || !o.signed() {
		return false
	}
	ok, known := o.authorized[key]
	if !known {
		ok = o.AuthorizedBy(m.keys[key])
		if o.authorized == nil {
			o.authorized = make(map[int]bool)
		}
		o.authorized[key] = ok
	}
	return ok
}

// byAny reports whether one of a list of keys authorized the operation.
func (o *operation) byAny(m *Model, list int) bool {
	for _, key := range m.lists[list] {
		if o.by(m, key) {
			return true
		}
	}
	return false
}

// key is the number of a key, the same for the same key.
func (m *Model) key(k keys.PublicKey) int {
	if k.IsZero() {
		return 0
	}
	n, ok := m.keyNumbers[k]
	if !ok {
		n = len(m.keys)
		m.keys = append(m.keys, k)
		m.keyNumbers[k] = n
	}
	return n
}

// keyList is the number of a list of keys.
func (m *Model) keyList(list ...keys.PublicKey) int {
	numbers := make([]int, len(list))
	for i, k := range list {
		numbers[i] = m.key(k)
	}
	m.lists = append(m.lists, numbers)
	return len(m.lists) - 1
}
