package relay

import (
	"bytes"
	"fmt"
	"time"

	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/transport"
	"smpcheck/reference/wire"
)

// recordVersion is the first byte of every record. It stands for the form of a
// record, a list of fields; a new field is no new version, since a relay that does
// not know it refuses the record.
const recordVersion = 1

// queueState is what is stored about a queue and can change. Its fields are values
// that do not change once a queue has them, so that two states are equal if == says
// so: what is to be stored about a queue has to be in Record, or be a pointer here
// and in Queue.state and Queue.restore.
type queueState struct {
	record          *Record
	link            *Link
	service         *service // that messages belong to
	notifier        *notifications
	notifierService *service // that notifications belong to
}

// state is the present state.
func (q *Queue) state() queueState {
	s := queueState{record: q.record, link: q.link, service: q.service(), notifier: q.notifier}
	if q.notifier != nil {
		s.notifierService = q.notifier.service
	}
	return s
}

// restore makes s the state again.
func (q *Queue) restore(s queueState) {
	q.record, q.link, q.notifier = s.record, s.link, s.notifier
	if q.notifier != nil {
		q.notifier.service = s.notifierService
	}
	q.setService(s.service)
}

// queueField is a part of the stored record of a queue: a tag, which is never used
// for something else, and what put wrote, if the queue has it.
type queueField struct {
	tag  byte
	has  func(queueState) bool
	put  func(*wire.Writer, *Queue, queueState)
	read func(*wire.Reader, *Queue)
}

// queueFields are all that is stored about a queue besides its recipient id, in
// the order of their tags. A field of Queue, Record or Link that is missing here
// fails TestPropertyRecords.
var queueFields = []queueField{
	{
		tag:  1,
		has:  always,
		put:  func(w *wire.Writer, q *Queue, _ queueState) { w.Short(q.senderID) },
		read: func(r *wire.Reader, q *Queue) { q.senderID = bytes.Clone(r.Short()) },
	},
	{
		tag:  2,
		has:  always,
		put:  func(w *wire.Writer, q *Queue, _ queueState) { w.Raw(q.deliveryKey[:]) },
		read: func(r *wire.Reader, q *Queue) { copy(q.deliveryKey[:], r.Take(len(q.deliveryKey))) },
	},
	{
		tag:  3,
		has:  always,
		put:  func(w *wire.Writer, _ *Queue, s queueState) { putKeys(w, s.record.RecipientKeys) },
		read: func(r *wire.Reader, q *Queue) { q.record.RecipientKeys = readKeys(r) },
	},
	{
		tag:  4,
		has:  func(s queueState) bool { return !s.record.SenderKey.IsZero() },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { putKey(w, s.record.SenderKey) },
		read: func(r *wire.Reader, q *Queue) { q.record.SenderKey = readKey(r) },
	},
	{
		tag:  5,
		has:  func(s queueState) bool { return s.record.Mode != 0 },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { w.Byte(byte(s.record.Mode)) },
		read: func(r *wire.Reader, q *Queue) { q.record.Mode = readMode(r) },
	},
	{
		tag:  6,
		has:  func(s queueState) bool { return s.record.Suspended() },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { putDay(w, s.record.SuspendedAt) },
		read: func(r *wire.Reader, q *Queue) { q.record.SuspendedAt = readDay(r) },
	},
	{
		tag: 7,
		has: func(s queueState) bool { return s.link != nil },
		put: func(w *wire.Writer, _ *Queue, s queueState) {
			w.Short(s.link.ID)
			w.Large(s.link.Data.Fixed)
			w.Large(s.link.Data.User)
		},
		read: func(r *wire.Reader, q *Queue) {
			id := r.Short()
			q.link = newLink(id, smp.LinkData{Fixed: r.Large(), User: r.Large()})
		},
	},
	{
		tag:  8,
		has:  func(s queueState) bool { return s.record.Blocked() },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { putBlocking(w, s.record.Blocking) },
		read: func(r *wire.Reader, q *Queue) { q.record.Blocking = readBlocking(r) },
	},
	{
		tag:  9,
		has:  func(s queueState) bool { return s.notifier != nil },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { putNotifier(w, &s.notifier.Notifier) },
		read: func(r *wire.Reader, q *Queue) { q.notifier = &notifications{Notifier: readNotifier(r)} },
	},
	{
		tag:  10,
		has:  func(s queueState) bool { return s.service != nil },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { w.Short(s.service.ID) },
		read: func(r *wire.Reader, q *Queue) { q.setService(readService(r, transport.RoleMessaging)) },
	},
	{
		tag:  11,
		has:  func(s queueState) bool { return s.notifierService != nil },
		put:  func(w *wire.Writer, _ *Queue, s queueState) { w.Short(s.notifierService.ID) },
		read: readNotifierService,
	},
}

func always(queueState) bool { return true }

// encodeQueue returns what is stored about q in the given state, which need not be
// the present one. The lock is not needed.
func encodeQueue(q *Queue, s queueState) ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Byte(recordVersion)
	for _, f := range queueFields {
		if f.has(s) {
			w.Byte(f.tag)
			f.put(w, q, s)
		}
	}
	return w.Bytes()
}

// decodeQueue makes the queue of a stored record, without messages. Of its services
// it knows id and role. It shares nothing with its arguments. It returns ErrRecord.
func decodeQueue(recipientID, record []byte) (*Queue, error) {
	q := &Queue{recipientID: bytes.Clone(recipientID), record: &Record{}}
	r := wire.NewReader(record)
	if version := r.Byte(); r.Err() == nil && version != recordVersion {
		return nil, fmt.Errorf("%w: version %d of a queue, expected %d", ErrRecord, version, recordVersion)
	}
	for _, f := range queueFields {
		if tag, ok := r.Peek(); ok && tag == f.tag {
			r.Byte()
			f.read(r, q)
		}
	}
	if tag, ok := r.Peek(); ok && r.Err() == nil {
		return nil, fmt.Errorf("%w: field %d of a queue is unknown or in the wrong place", ErrRecord, tag)
	}
	if err := r.Close(); err != nil {
		return nil, fmt.Errorf("%w: queue: %w", ErrRecord, err)
	}
	if q.notifier != nil && len(q.notifier.ID) == 0 {
		return nil, fmt.Errorf("%w: notifier without id", ErrRecord)
	}
	if len(q.recipientID) == 0 || len(q.senderID) == 0 || len(q.record.RecipientKeys) == 0 || q.deliveryKey == [32]byte{} {
		return nil, fmt.Errorf("%w: queue without ids or keys", ErrRecord)
	}
	return q, nil
}

func putKey(w *wire.Writer, k keys.PublicKey) {
	w.Byte(byte(k.Algorithm()))
	w.Raw(k.Raw())
}

func readKey(r *wire.Reader) keys.PublicKey {
	algorithm := keys.Algorithm(r.Byte())
	if !algorithm.CanAgree() && !algorithm.CanSign() {
		r.Fail(fmt.Errorf("%w: %v", keys.ErrAlgorithm, algorithm))
		return keys.PublicKey{}
	}
	key, err := keys.NewPublic(algorithm, r.Take(algorithm.PublicSize()))
	if err != nil {
		r.Fail(err)
	}
	return key
}

func putKeys(w *wire.Writer, list []keys.PublicKey) {
	w.Count(len(list))
	for _, k := range list {
		putKey(w, k)
	}
}

func readKeys(r *wire.Reader) []keys.PublicKey {
	list := make([]keys.PublicKey, r.Byte())
	for i := range list {
		list[i] = readKey(r)
	}
	return list
}

func readMode(r *wire.Reader) smp.QueueMode {
	mode := smp.QueueMode(r.Byte())
	if r.Err() == nil && mode != smp.Messaging && mode != smp.Contact {
		r.Fail(fmt.Errorf("%v", mode))
	}
	return mode
}

const day = 24 * 60 * 60 // in seconds

// putDay writes a time as its day: the file tells no more about when somebody did
// something. It is the day that begins next, so that nothing expires too early.
func putDay(w *wire.Writer, t time.Time) { w.Uint32(uint32((t.Unix() + day - 1) / day)) }

func readDay(r *wire.Reader) time.Time { return time.Unix(int64(r.Uint32())*day, 0) }

// What follows the reason of blocking.
const (
	noNotice = iota
	noticeForever
	noticeForSeconds // which follow
)

func putBlocking(w *wire.Writer, info *smp.BlockingInfo) {
	w.Large([]byte(info.Reason))
	switch {
	case info.Notice == nil:
		w.Byte(noNotice)
	case info.Notice.TTL == nil:
		w.Byte(noticeForever)
	default:
		w.Byte(noticeForSeconds)
		w.Int64(*info.Notice.TTL)
	}
}

func readBlocking(r *wire.Reader) *smp.BlockingInfo {
	info := &smp.BlockingInfo{Reason: smp.BlockingReason(r.Large())}
	switch r.Byte() {
	case noNotice:
	case noticeForever:
		info.Notice = &smp.ClientNotice{}
	case noticeForSeconds:
		seconds := r.Int64()
		info.Notice = &smp.ClientNotice{TTL: &seconds}
	default:
		r.Fail(fmt.Errorf("%w: notice of a blocked queue", ErrRecord))
	}
	if err := checkBlocking(info); err != nil {
		r.Fail(err)
	}
	return info
}
