package smp

import (
	"crypto/sha3"
	"errors"
	"fmt"
	"sync"

	"smpcheck/reference/box"
	"smpcheck/reference/wire"
)

// Sizes of messages in bytes.
const (
	// PaddedRcvMessage is the length to which the content of MSG is padded
	// before it is encrypted, at every version. The document says 16050.
	PaddedRcvMessage = 16106
	// MaxRcvBody is the longest body that fits the content of MSG, the limit
	// of the oldest versions.
	MaxRcvBody = 16088
	// PaddedNMsgMeta is the length to which the content of NMSG is padded.
	PaddedNMsgMeta = 128
	// PaddedForwarded is the length to which the blocks inside PFWD and PRES
	// are padded.
	PaddedForwarded = 16226
	// SenderIDSize is the length of a sender id that the client computes.
	SenderIDSize = 24
)

// MaxMessageLength is the longest body of SEND at version v: 16088, from
// version 8 on 16064, from version 11 on 16048. A longer one is ErrLargeMsg.
// The document gives the last; the others are the official implementation's.
func MaxMessageLength(v uint16) int {
	switch {
	case v >= VersionBlockEncryption:
		return 16048
	case v >= VersionProxy:
		return 16064
	}
	return MaxRcvBody
}

// SenderID returns the sender id of a queue that is created with link data by
// NEW with the given correlation id: the first 24 bytes of its SHA3-384. SMP,
// "Create queue command".
func SenderID(correlationID []byte) []byte {
	sum := sha3.Sum384(correlationID)
	return sum[:SenderIDSize]
}

// RcvMessage is the content of MSG. SMP, "Deliver queue message".
type RcvMessage struct {
	// Quota marks that the queue was full; there is nothing but a timestamp.
	Quota bool
	// Timestamp is when the relay received the message, in seconds since
	// 1970-01-01.
	Timestamp int64
	// Notify is the message flag of SEND.
	Notify bool
	// Body is that of SEND, at most MaxRcvBody bytes.
	Body []byte
}

// quotaTag introduces the marker of a full queue.
const quotaTag = "QUOTA"

// ErrRcvMessage: the decrypted content of MSG or NMSG is malformed.
var ErrRcvMessage = errors.New("malformed message content")

// Encode returns the encoding of m. It fails with ErrLargeMsg if the body is
// longer than MaxRcvBody.
func (m RcvMessage) Encode() ([]byte, error) { return m.Append(nil) }

// Append appends the encoding of m to dst.
func (m RcvMessage) Append(dst []byte) ([]byte, error) {
	if len(m.Body) > MaxRcvBody {
		return nil, fmt.Errorf("message body of %d bytes, at most %d: %w", len(m.Body), MaxRcvBody, ErrLargeMsg)
	}
	w := wire.NewWriter(dst)
	if m.Quota {
		w.String(quotaTag + " ")
		w.Int64(m.Timestamp)
		return w.Bytes()
	}
	w.Int64(m.Timestamp)
	putFlags(w, m.Notify)
	w.Raw(m.Body)
	return w.Bytes()
}

// DecodeRcvMessage decodes the decrypted and unpadded content of MSG. Whatever
// starts as a marker of a full queue is taken for one. The result aliases b.
func DecodeRcvMessage(b []byte) (RcvMessage, error) {
	r := wire.NewReader(b)
	var m RcvMessage
	if len(b) >= len(quotaTag)+1+8 && r.Literal(quotaTag+" ") {
		m = RcvMessage{Quota: true, Timestamp: r.Int64()}
	} else {
		m = RcvMessage{Timestamp: r.Int64(), Notify: readFlags(r), Body: r.Rest()}
	}
	if err := r.Close(); err != nil {
		return RcvMessage{}, fmt.Errorf("%w: %w", ErrRcvMessage, err)
	}
	return m, nil
}

// Seal encodes, pads and encrypts m for the recipient: the result has 16122
// bytes. key is agreed between the keys of NEW and IDS, the message id is the
// nonce.
func (m RcvMessage) Seal(messageID []byte, key *box.Key) ([]byte, error) {
	content := scratch.Get().(*[BlockSize]byte)
	defer scratch.Put(content)
	b, err := m.Append(content[:0])
	if err != nil {
		return nil, err
	}
	padded := scratch.Get().(*[BlockSize]byte)
	defer scratch.Put(padded)
	text, err := wire.Pad(padded[:0], b, PaddedRcvMessage)
	if err != nil {
		return nil, err
	}
	nonce := CorrelationNonce(messageID)
	defer clear(b)
	defer clear(text)
	return box.Seal(make([]byte, 0, PaddedRcvMessage+box.Overhead), text, &nonce, key), nil
}

// scratch holds what is encoded or verified for the time of one call.
var scratch = sync.Pool{New: func() any { return new([BlockSize]byte) }}

// OpenRcvMessage decrypts and decodes the body of MSG. It returns box.ErrOpen,
// an error of wire.Unpad or ErrRcvMessage.
func OpenRcvMessage(msg MSG, key *box.Key) (RcvMessage, error) {
	nonce := CorrelationNonce(msg.ID)
	b, err := box.OpenPadded(msg.Body, &nonce, key)
	if err != nil {
		return RcvMessage{}, err
	}
	return DecodeRcvMessage(b)
}

// NMsgMeta is the content of NMSG. SMP, "Deliver message notification".
type NMsgMeta struct {
	MessageID []byte
	// Timestamp as in RcvMessage.
	Timestamp int64
}

// Encode returns the encoding of m. It fails if the id is longer than 255
// bytes.
func (m NMsgMeta) Encode() ([]byte, error) {
	w := wire.NewWriter(nil)
	w.Short(m.MessageID)
	w.Int64(m.Timestamp)
	return w.Bytes()
}

// DecodeNMsgMeta decodes the decrypted and unpadded content of NMSG. Bytes
// after the timestamp are ignored, to allow extension. The result aliases b.
func DecodeNMsgMeta(b []byte) (NMsgMeta, error) {
	r := wire.NewReader(b)
	m := NMsgMeta{MessageID: r.Short(), Timestamp: r.Int64()}
	if err := r.Err(); err != nil {
		return NMsgMeta{}, fmt.Errorf("%w: %w", ErrRcvMessage, err)
	}
	return m, nil
}

// Seal encodes, pads and encrypts m for the recipient: NMSG with 144 bytes.
// key is agreed between the keys of NKEY and NID.
func (m NMsgMeta) Seal(nonce box.Nonce, key *box.Key) (NMSG, error) {
	b, err := m.Encode()
	if err != nil {
		return NMSG{}, err
	}
	sealed, err := box.SealPadded(nil, b, PaddedNMsgMeta, &nonce, key)
	return NMSG{Nonce: nonce, Meta: sealed}, err
}

// OpenNMsgMeta decrypts and decodes the metadata of NMSG. It returns
// box.ErrOpen, an error of wire.Unpad or ErrRcvMessage.
func OpenNMsgMeta(msg NMSG, key *box.Key) (NMsgMeta, error) {
	b, err := box.OpenPadded(msg.Meta, &msg.Nonce, key)
	if err != nil {
		return NMsgMeta{}, err
	}
	return DecodeNMsgMeta(b)
}
