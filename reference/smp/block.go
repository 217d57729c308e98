package smp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"smpcheck/reference/wire"
)

// Sizes of blocks in bytes. SMP, "SMP Transmission and transport block
// structure"; that of encrypted content is the official implementation's.
const (
	// BlockSize is the size of every block inside TLS.
	BlockSize = 16384
	// PlainContent is the longest content of a block that is not encrypted
	// inside TLS: two bytes are its length.
	PlainContent = BlockSize - 2
	// EncryptedContent is the longest content of an encrypted block, with 16
	// bytes for the tag. The official implementation fills blocks up to this
	// length also when they are not encrypted.
	EncryptedContent = PlainContent - 16
	// MaxTransmissions is the largest number of transmissions in a block.
	MaxTransmissions = math.MaxUint8
)

// Errors of blocks.
var (
	// ErrBlockEmpty: a block has no transmission.
	ErrBlockEmpty = errors.New("block without transmissions")
	// ErrBlockFull: the transmissions do not fit one block.
	ErrBlockFull = errors.New("transmissions do not fit the block")
)

// EncodeBlock returns the content of a block with the given transmissions:
// their number, then each with its word16 length. It fails with ErrBlockEmpty,
// or with ErrBlockFull for more than 255 transmissions or for one of more than
// 65535 bytes; the limit of the block is the caller's.
func EncodeBlock(transmissions ...[]byte) ([]byte, error) {
	n := 1
	for _, t := range transmissions {
		n += 2 + len(t)
	}
	return AppendBlock(make([]byte, 0, n), transmissions...)
}

// AppendBlock appends to dst what EncodeBlock returns.
func AppendBlock(dst []byte, transmissions ...[]byte) ([]byte, error) {
	switch {
	case len(transmissions) == 0:
		return nil, ErrBlockEmpty
	case len(transmissions) > MaxTransmissions:
		return nil, fmt.Errorf("%w: %d transmissions, at most %d", ErrBlockFull, len(transmissions), MaxTransmissions)
	}
	w := wire.NewWriter(dst)
	w.Count(len(transmissions))
	for _, t := range transmissions {
		w.Large(t)
	}
	b, err := w.Bytes()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBlockFull, err)
	}
	return b, nil
}

// BlockHead is the number of bytes in front of the transmission in a block with one
// alone: the count, which is 1, and the length.
const BlockHead = 3

// AppendBlock appends to dst the content of a block with t alone, encoded at
// version v, without building t apart. Blocks inside PFWD and PRES have this
// form too.
func (t *Transmission) AppendBlock(dst []byte, v uint16) ([]byte, error) {
	start := len(dst)
	dst, err := t.Append(append(dst, make([]byte, BlockHead)...), v)
	if err != nil {
		return nil, err
	}
	if err := PutBlockHead(dst[start:]); err != nil {
		return nil, err
	}
	return dst, nil
}

// PutBlockHead makes content, which is BlockHead bytes of any value and one
// transmission, the content of a block.
func PutBlockHead(content []byte) error {
	n := len(content) - BlockHead
	if n > math.MaxUint16 {
		return fmt.Errorf("%w: transmission of %d bytes", ErrBlockFull, n)
	}
	content[0] = 1
	binary.BigEndian.PutUint16(content[1:], uint16(n))
	return nil
}

// DecodeBlock returns the transmissions in the content of a block, after
// decryption and unpadding. No transmissions, bytes after the last one and
// lengths beyond the end are a *DecodeError with ErrBlock in its chain. The
// results alias content.
func DecodeBlock(content []byte) ([][]byte, error) {
	r := wire.NewReader(content)
	n := int(r.Byte())
	if r.Err() == nil && n == 0 {
		r.Fail(ErrBlockEmpty)
	}
	transmissions := make([][]byte, 0, n)
	for i := 0; i < n && r.Err() == nil; i++ {
		transmissions = append(transmissions, r.Large())
	}
	if err := r.Close(); err != nil {
		return nil, &DecodeError{What: "block", Answer: ErrBlock, Reason: err}
	}
	return transmissions, nil
}

// BatchedBlock is the content of one block of a batch, or the error of one
// transmission.
type BatchedBlock struct {
	// Content of the block; nil if there is an error.
	Content []byte
	// First and Count tell which of the transmissions are meant: Count of
	// them, from index First.
	First, Count int
	// Err is ErrLargeMsg for a transmission that fits no block; Count is 1.
	Err error
}

// Batch distributes transmissions over blocks whose content is at most limit
// bytes, keeping their order. Like the official implementation, which uses the
// limit EncryptedContent for all blocks, it fills blocks from the last
// transmission to the first, so that it is the first block that may be nearly
// empty. A transmission that fits no block is an error in its place, and the
// ones before it start a new block.
func Batch(transmissions [][]byte, limit int) []BatchedBlock {
	var blocks []BatchedBlock // from the last to the first
	end, size := len(transmissions), 1
	flush := func(first int) {
		if first == end {
			return
		}
		content, err := EncodeBlock(transmissions[first:end]...)
		blocks = append(blocks, BatchedBlock{Content: content, First: first, Count: end - first, Err: err})
		end, size = first, 1
	}
	for i := len(transmissions) - 1; i >= 0; i-- {
		n := 2 + len(transmissions[i])
		switch {
		case 1+n > limit:
			flush(i + 1)
			blocks = append(blocks, BatchedBlock{First: i, Count: 1, Err: ErrLargeMsg})
			end = i
		case size+n > limit || end-i > MaxTransmissions:
			flush(i + 1)
			size += n
		default:
			size += n
		}
	}
	flush(0)
	slices.Reverse(blocks)
	return blocks
}
