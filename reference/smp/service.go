package smp

import (
	"crypto/md5"
	"fmt"

	"smpcheck/reference/wire"
)

// IDsHash is the XOR of the MD5 hashes of queue ids, by which a service and a
// relay notice that they hold different sets. The zero value is the hash of no
// queues. SMP, "Subscribe to multiple queues".
type IDsHash [md5.Size]byte

// HashIDs returns the hash of the given queue ids, in any order.
func HashIDs(ids ...[]byte) IDsHash {
	var h IDsHash
	for _, id := range ids {
		h.Toggle(id)
	}
	return h
}

// Toggle adds a queue id to the set, or takes it out if it is there.
func (h *IDsHash) Toggle(id []byte) {
	for i, b := range md5.Sum(id) {
		h[i] ^= b
	}
}

// ServiceQueues is what service subscriptions and their answers carry.
type ServiceQueues struct {
	// Count is the number of queues, UnknownCount where it was not sent.
	Count int64
	// IDsHash is the hash of their ids, from version 19.
	IDsHash IDsHash
}

// UnknownCount is the Count of a SUBS or NSUBS that was decoded below version
// 19, where the count is not sent.
const UnknownCount = -1

// SUBS subscribes a service to the messages of all its queues. It needs the
// service id and an authorization by the service key. Its parameters are sent
// from version 19. SMP, "Subscribe to multiple queues".
type SUBS struct{ ServiceQueues }

// NSUBS subscribes a service to the notifications of all its queues, as SUBS
// does. SMP, "Subscribe to multiple queue notifications".
type NSUBS struct{ ServiceQueues }

// SOK answers SUB and NSUB. Below version 16 it is encoded as OK. SMP, "Queue
// subscription response".
type SOK struct {
	// ServiceID of the service that the queue belongs to; nil for none.
	ServiceID []byte
}

// SOKS answers SUBS and NSUBS; the hash is sent from version 19. SMP, "Service
// subscription response".
type SOKS struct{ ServiceQueues }

// ENDS tells a service that its subscription ended; the hash is sent from
// version 19. SMP, "Service subscription END notification".
type ENDS struct{ ServiceQueues }

// ALLS tells a service that the messages of all its queues were delivered. SMP,
// "All service messages received".
type ALLS struct{}

// Tag returns "SUBS".
func (SUBS) Tag() string { return "SUBS" }

// Tag returns "NSUBS".
func (NSUBS) Tag() string { return "NSUBS" }

// Tag returns "SOK".
func (SOK) Tag() string { return "SOK" }

// Tag returns "SOKS".
func (SOKS) Tag() string { return "SOKS" }

// Tag returns "ENDS".
func (ENDS) Tag() string { return "ENDS" }

// Tag returns "ALLS".
func (ALLS) Tag() string { return "ALLS" }

func (c SUBS) put(w *wire.Writer, v uint16)  { putSubscription(w, v, c.ServiceQueues) }
func (c NSUBS) put(w *wire.Writer, v uint16) { putSubscription(w, v, c.ServiceQueues) }

func readSUBS(r *wire.Reader, v uint16) SUBS   { return SUBS{readSubscription(r, v)} }
func readNSUBS(r *wire.Reader, v uint16) NSUBS { return NSUBS{readSubscription(r, v)} }

// putSubscription writes the parameters of SUBS and NSUBS: none below version
// 19.
func putSubscription(w *wire.Writer, v uint16, q ServiceQueues) {
	if v >= VersionServiceCounts {
		w.Byte(' ')
		w.Int64(q.Count)
		w.Short(q.IDsHash[:])
	}
}

func readSubscription(r *wire.Reader, v uint16) ServiceQueues {
	if v < VersionServiceCounts {
		return ServiceQueues{Count: UnknownCount}
	}
	params(r)
	return ServiceQueues{Count: r.Int64(), IDsHash: readIDsHash(r)}
}

func (c SOKS) put(w *wire.Writer, v uint16) { putServiceQueues(w, v, c.ServiceQueues) }
func (c ENDS) put(w *wire.Writer, v uint16) { putServiceQueues(w, v, c.ServiceQueues) }

func readSOKS(r *wire.Reader, v uint16) SOKS { return SOKS{readServiceQueues(r, v)} }
func readENDS(r *wire.Reader, v uint16) ENDS { return ENDS{readServiceQueues(r, v)} }

// putServiceQueues writes the parameters of SOKS and ENDS: the count alone
// below version 19.
func putServiceQueues(w *wire.Writer, v uint16, q ServiceQueues) {
	w.Byte(' ')
	w.Int64(q.Count)
	if v >= VersionServiceCounts {
		w.Short(q.IDsHash[:])
	}
}

func readServiceQueues(r *wire.Reader, v uint16) ServiceQueues {
	params(r)
	q := ServiceQueues{Count: r.Int64()}
	if v >= VersionServiceCounts {
		q.IDsHash = readIDsHash(r)
	}
	return q
}

// readIDsHash reads a hash as a short string. The document gives it 16 bytes;
// the official implementation takes any length.
func readIDsHash(r *wire.Reader) (h IDsHash) {
	b := r.Short()
	if r.Err() == nil && len(b) != len(h) {
		r.Fail(fmt.Errorf("%w: %d", ErrIDsHash, len(b)))
	}
	copy(h[:], b)
	return h
}

func (c SOK) put(w *wire.Writer, _ uint16) {
	w.Byte(' ')
	putOption(w, c.ServiceID)
}

func readSOK(r *wire.Reader) SOK {
	params(r)
	return SOK{ServiceID: readOption(r)}
}

func (ALLS) put(*wire.Writer, uint16) {}
