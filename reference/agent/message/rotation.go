package message

import (
	"fmt"

	"smpcheck/reference/keys"
	"smpcheck/reference/link"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// QueueAddress names a queue that the peer sends to, sndQueueAddr.
type QueueAddress struct {
	Server   link.Server
	SenderID []byte
}

// A_QCONT tells the peer that a queue has room again after it was full. Agent protocol,
// "A_QCONT message".
type A_QCONT struct {
	// Queue is the queue that the peer sends to.
	Queue QueueAddress
}

// QADD proposes queues to send to: the first message of a rotation, from the queues'
// recipient. Agent protocol, "Rotating messaging queue".
type QADD struct {
	// Queues are 1 to 255.
	Queues []AddedQueue
}

// AddedQueue is a new queue and the one it is to replace.
type AddedQueue struct {
	Queue link.QueueURI
	// Replaced is nil if the queue comes beside the others.
	Replaced *QueueAddress
}

// QKEY answers QADD with the keys for the new queues. Agent protocol, "Rotating messaging
// queue".
type QKEY struct {
	// Queues are 1 to 255.
	Queues []QueueKey
}

// QueueKey is a queue of QADD with the keys of its sender.
type QueueKey struct {
	// Queue repeats the address, at the version that the sender chose, with the sender's
	// X25519 key in place of the recipient's.
	Queue link.QueueInfo
	// SenderKey verifies the sender's commands: X25519, Ed25519 or Ed448.
	SenderKey keys.PublicKey
}

// QUSE says that the new queues are secured and can be used. Agent protocol, "Rotating
// messaging queue".
type QUSE struct {
	// Queues are 1 to 255.
	Queues []ReadyQueue
}

// ReadyQueue is a queue that can be used.
type ReadyQueue struct {
	Queue QueueAddress
	// Primary is set for the queue that messages are to take.
	Primary bool
}

// QTEST is the first message in a new queue, if there is no other. Agent protocol,
// "Rotating messaging queue".
type QTEST struct {
	// Queues are 1 to 255.
	Queues []QueueAddress
}

// Tag returns "QC".
func (A_QCONT) Tag() string { return "QC" }

// Tag returns "QA".
func (QADD) Tag() string { return "QA" }

// Tag returns "QK".
func (QKEY) Tag() string { return "QK" }

// Tag returns "QU".
func (QUSE) Tag() string { return "QU" }

// Tag returns "QT".
func (QTEST) Tag() string { return "QT" }

func (m A_QCONT) put(w *wire.Writer) { putQueueAddress(w, m.Queue) }
func (m QADD) put(w *wire.Writer)    { putList(w, m.Queues, putAddedQueue) }
func (m QKEY) put(w *wire.Writer)    { putList(w, m.Queues, putQueueKey) }
func (m QUSE) put(w *wire.Writer)    { putList(w, m.Queues, putReadyQueue) }
func (m QTEST) put(w *wire.Writer)   { putList(w, m.Queues, putQueueAddress) }

func putQueueAddress(w *wire.Writer, a QueueAddress) {
	a.Server.Write(w)
	w.Short(a.SenderID)
}

func readQueueAddress(r *wire.Reader) QueueAddress {
	return QueueAddress{Server: link.ReadServer(r), SenderID: r.Short()}
}

func putAddedQueue(w *wire.Writer, q AddedQueue) {
	q.Queue.Write(w)
	w.Maybe(q.Replaced != nil)
	if q.Replaced != nil {
		putQueueAddress(w, *q.Replaced)
	}
}

func readAddedQueue(r *wire.Reader) AddedQueue {
	q := AddedQueue{Queue: link.ReadQueueURI(r)}
	if r.Maybe() {
		replaced := readQueueAddress(r)
		q.Replaced = &replaced
	}
	return q
}

func putQueueKey(w *wire.Writer, q QueueKey) {
	q.Queue.Write(w)
	if !authorizes(q.SenderKey) {
		w.Fail(fmt.Errorf("%w: %v as sender key", smp.ErrKeyAlgorithm, q.SenderKey.Algorithm()))
		return
	}
	w.Short(q.SenderKey.SPKI())
}

func readQueueKey(r *wire.Reader) QueueKey {
	q := QueueKey{Queue: link.ReadQueueInfo(r)}
	der := r.Short()
	if r.Err() != nil {
		return QueueKey{}
	}
	key, err := keys.ParsePublic(der)
	if err == nil && !authorizes(key) {
		err = fmt.Errorf("%w: %v as sender key", smp.ErrKeyAlgorithm, key.Algorithm())
	}
	if err != nil {
		r.Fail(err)
		return QueueKey{}
	}
	q.SenderKey = key
	return q
}

// authorizes reports whether k can authorize commands of a sender.
func authorizes(k keys.PublicKey) bool {
	return k.Algorithm() == keys.X25519 || k.Algorithm().CanSign()
}

func putReadyQueue(w *wire.Writer, q ReadyQueue) {
	putQueueAddress(w, q.Queue)
	w.Bool(q.Primary)
}

func readReadyQueue(r *wire.Reader) ReadyQueue {
	return ReadyQueue{Queue: readQueueAddress(r), Primary: r.Bool()}
}
