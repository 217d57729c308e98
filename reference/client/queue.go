package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"smpcheck/reference/box"
	"smpcheck/reference/keys"
	"smpcheck/reference/smp"
	"smpcheck/reference/wire"
)

// Queue is what a recipient knows of a queue: all that is needed to subscribe
// to it, to control it and to decrypt what it delivers, over any connection to
// its relay. It is a value; MarshalBinary and UnmarshalBinary store it. It never
// prints its contents.
type Queue struct {
	// RecipientID and SenderID are the ids that the relay gave, 16 to 24 bytes.
	RecipientID, SenderID []byte
	// Key authorizes the recipient's commands.
	Key keys.PrivateKey
	// Mode of the queue; 0 if its version of SMP has none.
	Mode smp.QueueMode

	delivery box.Key
}

// NewQueue returns the queue that the answer to a NEW describes. key is the private part of the
// AuthKey in NEW, dh that of its DHKey. It returns the errors of box.Agree if
// the relay's key is of no use.
func NewQueue(ids smp.IDS, key, dh keys.PrivateKey) (Queue, error) {
	delivery, err := box.Agree(dh, ids.ServerDHKey)
	if err != nil {
		return Queue{}, fmt.Errorf("agreeing on the delivery key: %w", err)
	}
	return Queue{
		RecipientID: bytes.Clone(ids.RecipientID),
		SenderID:    bytes.Clone(ids.SenderID),
		Key:         key,
		Mode:        ids.Mode,
		delivery:    delivery,
	}, nil
}

// DeliveryKey opens the boxes that the relay delivers. SMP, "Deliver queue
// message".
func (q Queue) DeliveryKey() box.Key { return q.delivery }

// Decrypt opens what a MSG of the queue holds: the sender's message, or the
// marker that the queue was full. It returns the errors of smp.OpenRcvMessage.
func (q Queue) Decrypt(message smp.MSG) (smp.RcvMessage, error) {
	return smp.OpenRcvMessage(message, &q.delivery)
}

// Sender returns what a sender with the given key needs; the zero key is for
// queues that are not secured.
func (q Queue) Sender(key keys.PrivateKey) SenderQueue {
	return SenderQueue{SenderID: q.SenderID, Key: key}
}

// Format hides the queue whatever the verb: it holds secrets.
func (q Queue) Format(f fmt.State, _ rune) { io.WriteString(f, "queue") }

// SenderQueue is what a sender knows of a queue.
type SenderQueue struct {
	// SenderID is the id under which the relay takes messages.
	SenderID []byte
	// Key authorizes the sender's commands once the queue is secured with its
	// public part; zero before.
	Key keys.PrivateKey
}

// storedForm is the first byte of stored queues; another form gets another one.
const (
	storedQueue  = 'q'
	storedSender = 's'
)

// ErrStored: the bytes are no stored queue.
var ErrStored = errors.New("not a stored queue")

// MarshalBinary returns the queue with its private key and delivery key, for
// UnmarshalBinary. Whoever has it can read and delete the queue.
func (q Queue) MarshalBinary() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Byte(storedQueue)
	w.Short(q.RecipientID)
	w.Short(q.SenderID)
	w.Short(q.Key.PKCS8())
	w.Byte(byte(q.Mode))
	w.Raw(q.delivery[:])
	return w.Bytes()
}

// UnmarshalBinary reads what MarshalBinary made. Anything else is ErrStored and
// leaves q as it is.
func (q *Queue) UnmarshalBinary(b []byte) error {
	r := openStored(b, storedQueue)
	stored := Queue{RecipientID: bytes.Clone(r.Short()), SenderID: bytes.Clone(r.Short()), Key: readPrivate(r)}
	stored.Mode = smp.QueueMode(r.Byte())
	copy(stored.delivery[:], r.Take(box.KeySize))
	if err := closeStored(r); err != nil {
		return err
	}
	*q = stored
	return nil
}

// MarshalBinary returns the queue with its private key, for UnmarshalBinary.
func (q SenderQueue) MarshalBinary() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Byte(storedSender)
	w.Short(q.SenderID)
	w.Short(q.Key.PKCS8())
	return w.Bytes()
}

// UnmarshalBinary reads what MarshalBinary made. Anything else is ErrStored and
// leaves q as it is.
func (q *SenderQueue) UnmarshalBinary(b []byte) error {
	r := openStored(b, storedSender)
	stored := SenderQueue{SenderID: bytes.Clone(r.Short()), Key: readPrivate(r)}
	if err := closeStored(r); err != nil {
		return err
	}
	*q = stored
	return nil
}

func openStored(b []byte, form byte) *wire.Reader {
	r := wire.NewReader(b)
	if got := r.Byte(); r.Err() == nil && got != form {
		r.Fail(fmt.Errorf("first byte is 0x%02x, expected 0x%02x", got, form))
	}
	return r
}

func closeStored(r *wire.Reader) error {
	if err := r.Close(); err != nil {
		return fmt.Errorf("%w: %w", ErrStored, err)
	}
	return nil
}

// readPrivate reads a PKCS #8 key with a one-byte length; length 0 is no key.
func readPrivate(r *wire.Reader) keys.PrivateKey {
	der := r.Short()
	if r.Err() != nil || len(der) == 0 {
		return keys.PrivateKey{}
	}
	k, err := keys.ParsePrivate(der)
	if err != nil {
		r.Fail(err)
	}
	return k
}
