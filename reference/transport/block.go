package transport

import (
	"fmt"
	"sync"

	"smpcheck/reference/box"
	"smpcheck/reference/wire"
)

// Sizes of blocks in bytes.
const (
	// BlockSize is the size of every block inside TLS.
	BlockSize = 16384
	// MaxPlainContent is the longest content of a block that is not encrypted.
	MaxPlainContent = BlockSize - 2
	// MaxEncryptedContent is the longest content of an encrypted block.
	MaxEncryptedContent = MaxPlainContent - box.Overhead
)

// scratch holds padded texts and received blocks for the time of one call.
var scratch = sync.Pool{New: func() any { return new([BlockSize]byte) }}

// BlockSealer makes the blocks of one direction. The zero value makes plain
// blocks. It is not safe for concurrent use.
type BlockSealer struct{ chain *box.Chain }

// BlockOpener takes the blocks of one direction apart. The zero value expects
// plain blocks. It is not safe for concurrent use.
type BlockOpener struct{ chain *box.Chain }

// ServerBlocks returns the two directions of the relay's side of a connection
// with block encryption. secret is the raw X25519 secret of the session keys.
// Official implementation, SMP version 11.
func ServerBlocks(secret, sessionID []byte) (BlockSealer, BlockOpener, error) {
	first, second, err := box.NewChains(secret, sessionID)
	if err != nil {
		return BlockSealer{}, BlockOpener{}, err
	}
	return BlockSealer{&first}, BlockOpener{&second}, nil
}

// ClientBlocks returns the two directions of the client's side; see
// ServerBlocks.
func ClientBlocks(secret, sessionID []byte) (BlockSealer, BlockOpener, error) {
	first, second, err := box.NewChains(secret, sessionID)
	if err != nil {
		return BlockSealer{}, BlockOpener{}, err
	}
	return BlockSealer{&second}, BlockOpener{&first}, nil
}

// MaxContent is the length of the longest content of a block: MaxPlainContent
// or MaxEncryptedContent.
func (s *BlockSealer) MaxContent() int {
	if s.chain == nil {
		return MaxPlainContent
	}
	return MaxEncryptedContent
}

func (s *BlockSealer) check(content []byte) error {
	if len(content) > s.MaxContent() {
		return fmt.Errorf("%w: content of %d bytes, at most %d fit", ErrLargeMessage, len(content), s.MaxContent())
	}
	return nil
}

// Seal appends to dst the block with the given content. A content that does not
// fit is ErrLargeMessage; the keys then do not advance (in the official
// implementation they do, after which the two sides are out of step).
func (s *BlockSealer) Seal(dst, content []byte) ([]byte, error) {
	if err := s.check(content); err != nil {
		return dst, err
	}
	if s.chain == nil {
		return wire.Pad(dst, content, BlockSize)
	}
	key, nonce, err := s.chain.NextKey()
	if err != nil {
		return dst, err
	}
	buf := scratch.Get().(*[BlockSize]byte)
	defer scratch.Put(buf)
	padded, err := wire.Pad(buf[:0], content, BlockSize-box.Overhead)
	if err != nil {
		return dst, err
	}
	defer clear(padded)
	return box.Seal(dst, padded, &nonce, &key), nil
}

// Open returns a copy of the content of a block. It returns ErrBlock for
// another length than BlockSize, and ErrLargeMessage for a block that does not
// decrypt or whose length prefix points beyond it; the keys advance in both of
// the latter cases, as in the official implementation.
func (o *BlockOpener) Open(block []byte) ([]byte, error) {
	if len(block) != BlockSize {
		return nil, fmt.Errorf("%w: %d bytes, expected %d", ErrBlock, len(block), BlockSize)
	}
	padded := block
	if o.chain != nil {
		key, nonce, err := o.chain.NextKey()
		if err != nil {
			return nil, err
		}
		buf := scratch.Get().(*[BlockSize]byte)
		defer scratch.Put(buf)
		if padded, err = box.Open(buf[:0], block, &nonce, &key); err != nil {
			return nil, wrap(ErrLargeMessage, err)
		}
		defer clear(padded) // the pool must not keep what was inside
	}
	content, err := wire.Unpad(padded)
	if err != nil {
		return nil, wrap(ErrLargeMessage, err)
	}
	return append(make([]byte, 0, len(content)), content...), nil
}
