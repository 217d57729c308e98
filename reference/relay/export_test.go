package relay

import (
	"encoding/binary"

	"smpcheck/reference/keys"
)

// StoredQueue is the record of the n-th of many secured queues.
func StoredQueue(n int) (StoredRecord, error) {
	id := func(kind byte) []byte {
		b := make([]byte, idSize)
		binary.BigEndian.PutUint64(b, uint64(n)*0x9e3779b97f4a7c15) // spread like random ids
		b[idSize-1] = kind
		return b
	}
	key, err := keys.NewPublic(keys.Ed25519, append(id(0), 0, 0, 0, 0, 0, 0, 0, 0))
	if err != nil {
		return StoredRecord{}, err
	}
	q := &Queue{recipientID: id(1), senderID: id(2), deliveryKey: [32]byte{1}}
	q.record = &Record{RecipientKeys: []keys.PublicKey{key}, SenderKey: key, Mode: 'M'}
	value, err := encodeQueue(q, q.state())
	return StoredRecord{Kind: QueueRecord, ID: q.recipientID, Value: value}, err
}
